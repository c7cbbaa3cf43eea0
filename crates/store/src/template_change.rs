//! What owners change of templates and ISOs: what is said of them, and who may use them (`template_share`).
//!
//! Not here: the life of a template (`template`).

use std::collections::BTreeMap;

use hostler_model::{AccountId, ProjectId, TemplateId};
use rusqlite::params;
use uuid::Uuid;

use crate::columns::{parsed_or_null, to_json};
use crate::{StoreError, Tx};

/// What is to be said anew of a template; nothing: as before.
#[derive(Debug, Clone, Default)]
pub struct TemplateUpdate {
    /// Its name.
    pub name: Option<String>,
    /// What it is, for people.
    pub display_text: Option<String>,
    /// The kind of guest: its id, and its name in `GuestOs`.
    pub os: Option<(Uuid, String)>,
    /// Machine architecture.
    pub arch: Option<String>,
    /// Whether a VM can start from it.
    pub bootable: Option<bool>,
    /// Whether its VMs' passwords can be reset.
    pub password_enabled: Option<bool>,
    /// Whether its VMs take SSH keys.
    pub ssh_key_enabled: Option<bool>,
    /// Whether its VMs can change size while they run.
    pub dynamically_scalable: Option<bool>,
    /// Whether it needs a CPU that helps.
    pub requires_hvm: Option<bool>,
    /// Its place in lists; lower comes first.
    pub sort_key: Option<i32>,
    /// The tag that hosts of its VMs must have; empty: none.
    pub host_tag: Option<String>,
    /// Choices that few need, in place of those before.
    pub details: Option<BTreeMap<String, String>>,
}

/// Changes what is said of a template.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn template_update(
    tx: &Tx<'_>,
    id: TemplateId,
    update: &TemplateUpdate,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a template",
        "UPDATE template SET name = coalesce(?2, name), display_text = coalesce(?3, display_text),
             os_type = coalesce(?4, os_type), os = coalesce(?5, os), arch = coalesce(?6, arch),
             bootable = coalesce(?7, bootable), password_enabled = coalesce(?8, password_enabled),
             ssh_key_enabled = coalesce(?9, ssh_key_enabled),
             dynamically_scalable = coalesce(?10, dynamically_scalable),
             requires_hvm = coalesce(?11, requires_hvm), sort_key = coalesce(?12, sort_key),
             host_tag = coalesce(?13, host_tag), details = coalesce(?14, details)
         WHERE id = ?1 AND removed IS NULL",
        params![
            id.to_string(),
            update.name,
            update.display_text,
            update.os.as_ref().map(|(id, _)| id.to_string()),
            update.os.as_ref().map(|(_, name)| name),
            update.arch,
            update.bootable,
            update.password_enabled,
            update.ssh_key_enabled,
            update.dynamically_scalable,
            update.requires_hvm,
            update.sort_key,
            update.host_tag,
            update.details.as_ref().map(to_json),
        ],
    )?;
    there(changed, id)
}

/// Changes who may use a template beside those that it is shared with; nothing: as before.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn template_publish(
    tx: &Tx<'_>,
    id: TemplateId,
    public: Option<bool>,
    featured: Option<bool>,
    extractable: Option<bool>,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change who may use a template",
        "UPDATE template SET is_public = coalesce(?2, is_public), is_featured = coalesce(?3, is_featured),
             is_extractable = coalesce(?4, is_extractable)
         WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), public, featured, extractable],
    )?;
    there(changed, id)
}

fn there(changed: usize, id: TemplateId) -> Result<(), StoreError> {
    match changed {
        0 => Err(StoreError::NotFound { what: "template", id: id.to_string() }),
        _ => Ok(()),
    }
}

/// Shares a template with accounts. Those that have it already keep it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn shares_add(
    tx: &Tx<'_>,
    template: TemplateId,
    accounts: &[AccountId],
) -> Result<(), StoreError> {
    tx.execute(
        "share a template",
        "INSERT OR IGNORE INTO template_share (template, account) SELECT ?1, value FROM json_each(?2)",
        params![template.to_string(), to_json(&accounts)],
    )?;
    Ok(())
}

/// Shares a template with accounts no longer; without a list, with none at all.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn shares_remove(
    tx: &Tx<'_>,
    template: TemplateId,
    accounts: Option<&[AccountId]>,
) -> Result<(), StoreError> {
    tx.execute(
        "share a template no longer",
        "DELETE FROM template_share WHERE template = ?1
             AND (?2 IS NULL OR account IN (SELECT value FROM json_each(?2)))",
        params![template.to_string(), accounts.map(|accounts| to_json(&accounts))],
    )?;
    Ok(())
}

/// With whom a template is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// An account, by its name.
    Account(String),
    /// A project.
    Project(ProjectId),
}

/// With whom a template is shared, by the names of accounts.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn shares(tx: &Tx<'_>, template: TemplateId) -> Result<Vec<Share>, StoreError> {
    tx.rows(
        "read with whom a template is shared",
        "SELECT a.name, p.id AS project FROM template_share s JOIN account a ON a.id = s.account
         LEFT JOIN project p ON p.account = a.id
         WHERE s.template = ?1 AND a.removed IS NULL ORDER BY a.name",
        params![template.to_string()],
        |row| match parsed_or_null(row, "project")? {
            Some(project) => Ok(Share::Project(project)),
            None => Ok(Share::Account(row.get("name")?)),
        },
    )
}
