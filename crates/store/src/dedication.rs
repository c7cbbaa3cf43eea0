//! Table `dedicated_resource`: zones, pods, clusters and hosts that are kept for a domain or an account.
//!
//! Not here: where a VM may run because of it (the scheduler), and the re-check in the claim (`claim`).

use hostler_model::{AccountId, DedicatedKind, DedicationId, DomainId, Timestamp};
use rusqlite::{Row, params};
use uuid::Uuid;

use crate::columns::{parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// A place that is kept for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DedicationRow {
    /// The id of the dedication.
    pub id: DedicationId,
    /// What kind of place it is.
    pub kind: DedicatedKind,
    /// The place.
    pub resource: Uuid,
    /// The domain for which it is kept, with those below it.
    pub domain: DomainId,
    /// The account in it, if not everybody there.
    pub account: Option<AccountId>,
    /// Since when.
    pub created: Timestamp,
}

/// A dedication with names.
#[derive(Debug, Clone)]
pub struct DedicationView {
    /// The dedication.
    pub row: DedicationRow,
    /// The place's name.
    pub name: String,
    /// The domain's path.
    pub domain_path: String,
    /// The account's name.
    pub account_name: Option<String>,
}

/// Which dedications to list.
#[derive(Debug, Clone, Default)]
pub struct DedicationFilter {
    /// That of this place.
    pub resource: Option<Uuid>,
    /// Those for this domain.
    pub domain: Option<DomainId>,
    /// Those for this account.
    pub account: Option<AccountId>,
    /// Those of places whose name contains this.
    pub keyword: Option<String>,
}

/// What a place lies in and what lies in it, for a `?1` of any kind: the ids of hosts, clusters, pods and zones.
const RELATED: &str = "
    SELECT zone AS place FROM host WHERE ?1 IN (id, cluster, pod, zone) AND removed IS NULL
    UNION SELECT pod FROM host WHERE ?1 IN (id, cluster, pod, zone) AND removed IS NULL
    UNION SELECT cluster FROM host WHERE ?1 IN (id, cluster, pod, zone) AND removed IS NULL
    UNION SELECT id FROM host WHERE ?1 IN (id, cluster, pod, zone) AND removed IS NULL
    UNION SELECT zone FROM cluster WHERE ?1 IN (id, pod, zone) AND removed IS NULL
    UNION SELECT pod FROM cluster WHERE ?1 IN (id, pod, zone) AND removed IS NULL
    UNION SELECT id FROM cluster WHERE ?1 IN (id, pod, zone) AND removed IS NULL
    UNION SELECT zone FROM pod WHERE ?1 IN (id, zone) AND removed IS NULL
    UNION SELECT id FROM pod WHERE ?1 IN (id, zone) AND removed IS NULL";

/// Dedications `k` with their domains, accounts and places.
const WITH_NAMES: &str = "dedicated_resource k JOIN domain d ON d.id = k.domain LEFT JOIN account a ON a.id = k.account
    JOIN (SELECT id, name FROM zone UNION ALL SELECT id, name FROM pod UNION ALL SELECT id, name FROM cluster
        UNION ALL SELECT id, name FROM host) place ON place.id = k.resource";

/// Whether an account `a` in a domain `o` is among those for whom `k` in the domain `d` is kept.
pub(crate) const IS_TENANT: &str = "iif(k.account IS NULL,
     o.path = d.path OR substr(o.path, 1, length(d.path) + 1) = d.path || '/', k.account = a.id)";

/// Keeps a place for somebody.
///
/// # Errors
/// [`StoreError::Taken`]: it is kept already, something around it or in it is kept for others, or others have VMs there.
pub fn dedicate(tx: &Tx<'_>, row: &DedicationRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record for whom a place is kept",
        "INSERT INTO dedicated_resource (id, kind, resource, domain, account, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.id.to_string(),
            row.kind.as_str(),
            row.resource.to_string(),
            row.domain.to_string(),
            row.account.map(|id| id.to_string()),
            row.created.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => {
            return Err(StoreError::Taken(format!(
                "the {} is dedicated already; release it first",
                row.kind.word()
            )));
        }
        other => other?,
    };
    refuse_strangers(tx, row)?;
    refuse_others_around(tx, row)
}

/// Others must not have VMs there: they would run on, and could not be started again.
fn refuse_strangers(tx: &Tx<'_>, row: &DedicationRow) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT vm.instance_name AS vm, h.name AS host, a.name AS account
         FROM host h JOIN vm_run r ON r.host = h.id AND r.state <> 'Ended' JOIN vm ON vm.id = r.vm
         JOIN account a ON a.id = vm.account JOIN domain o ON o.id = a.domain
         JOIN dedicated_resource k ON k.resource = ?1 JOIN domain d ON d.id = k.domain
         WHERE ?1 IN (h.id, h.cluster, h.pod, h.zone) AND h.removed IS NULL AND NOT {IS_TENANT}
         ORDER BY vm.number LIMIT 1"
    );
    let text = |row: &Row<'_>| {
        let (vm, host, account): (String, String, String) =
            (row.get("vm")?, row.get("host")?, row.get("account")?);
        Ok(format!("{vm} of account {account} is on host {host}; move or stop it first"))
    };
    match tx.row("look for VMs of others", &sql, params![row.resource.to_string()], text)? {
        Some(text) => Err(StoreError::Taken(text)),
        None => Ok(()),
    }
}

/// Who may use a place must be able to use what it lies in: dedications that leave nobody are refused.
fn refuse_others_around(tx: &Tx<'_>, row: &DedicationRow) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT k.kind AS kind, d.path AS path FROM dedicated_resource k JOIN domain d ON d.id = k.domain
         JOIN dedicated_resource own ON own.resource = ?1 JOIN domain mine ON mine.id = own.domain
         WHERE k.resource <> ?1 AND k.resource IN ({RELATED})
             AND (k.account <> own.account
                 OR NOT (instr(mine.path || '/', d.path || '/') = 1 OR instr(d.path || '/', mine.path || '/') = 1))
         LIMIT 1"
    );
    let other =
        tx.row("look for dedications around it", &sql, params![row.resource.to_string()], |row| {
            Ok((parsed::<DedicatedKind>(row, "kind")?, row.get::<_, String>("path")?))
        })?;
    match other {
        None => Ok(()),
        Some((kind, path)) => Err(StoreError::Taken(format!(
            "a {} that it lies in, or that lies in it, is dedicated to others in the domain {path}: nobody could use both; \
             release that first",
            kind.word()
        ))),
    }
}

/// Keeps a place for nobody any more, and says for whom it was; nothing: it was not.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn dedication_end(
    tx: &Tx<'_>,
    kind: DedicatedKind,
    resource: Uuid,
) -> Result<Option<DedicationRow>, StoreError> {
    tx.row(
        "end a dedication",
        "DELETE FROM dedicated_resource WHERE kind = ?1 AND resource = ?2 RETURNING *",
        params![kind.as_str(), resource.to_string()],
        read,
    )
}

/// Dedications of one kind of place, by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn dedication_list(
    tx: &Tx<'_>,
    kind: DedicatedKind,
    filter: &DedicationFilter,
    page: Page,
) -> Result<Listed<DedicationView>, StoreError> {
    Query::new(
        "k.*, d.path, a.name AS account_name, place.name AS name",
        WITH_NAMES,
        "place.name, k.number",
    )
    .filter("k.kind = ?", Some(kind.as_str().to_owned()))
    .is("k.resource", filter.resource)
    .is("k.domain", filter.domain)
    .is("k.account", filter.account)
    .keyword(&["place.name"], filter.keyword.as_deref())
    .list(tx, "list dedications", page, |row| {
        Ok(DedicationView {
            row: read(row)?,
            name: row.get("name")?,
            domain_path: row.get("path")?,
            account_name: row.get("account_name")?,
        })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<DedicationRow> {
    Ok(DedicationRow {
        id: parsed(row, "id")?,
        kind: parsed(row, "kind")?,
        resource: parsed(row, "resource")?,
        domain: parsed(row, "domain")?,
        account: parsed_or_null(row, "account")?,
        created: time(row, "created")?,
    })
}
