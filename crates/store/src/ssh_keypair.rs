//! Table `ssh_keypair`: public SSH keys that VMs can be given, by name.

use hostler_model::{AccountId, SshKeyPairId, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, time};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A registered public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshKeyPairRow {
    /// Its id.
    pub id: SshKeyPairId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique in its account.
    pub name: String,
    /// SHA-256 of the key, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// One line in the form of `authorized_keys`.
    pub public_key: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// A registered key with its owner's names.
#[derive(Debug, Clone)]
pub struct SshKeyPairView {
    /// The key.
    pub row: SshKeyPairRow,
    /// The owner's name.
    pub account_name: String,
    /// The owner's domain.
    pub domain: hostler_model::DomainId,
    /// That domain's name.
    pub domain_name: String,
}

/// Which keys to list.
#[derive(Debug, Clone, Default)]
pub struct SshKeyPairFilter {
    /// This one.
    pub id: Option<SshKeyPairId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those with this fingerprint.
    pub fingerprint: Option<String>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a key.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if the account has one of that name.
pub fn ssh_keypair_add(tx: &Tx<'_>, row: &SshKeyPairRow) -> Result<(), StoreError> {
    tx.execute(
        "record an SSH key",
        "INSERT INTO ssh_keypair (id, account, name, fingerprint, public_key, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.id.to_string(),
            row.account.to_string(),
            row.name,
            row.fingerprint,
            row.public_key,
            row.created.0
        ],
    )?;
    Ok(())
}

/// The key of a name in an account.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ssh_keypair_by_name(
    tx: &Tx<'_>,
    account: AccountId,
    name: &str,
) -> Result<Option<SshKeyPairRow>, StoreError> {
    tx.row(
        "look an SSH key up",
        "SELECT * FROM ssh_keypair WHERE account = ?1 AND name = ?2",
        params![account.to_string(), name],
        read,
    )
}

/// Removes a key by name and says whether there was one. VMs that were given it keep it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ssh_keypair_remove(tx: &Tx<'_>, account: AccountId, name: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "remove an SSH key",
        "DELETE FROM ssh_keypair WHERE account = ?1 AND name = ?2",
        params![account.to_string(), name],
    )?;
    Ok(removed > 0)
}

/// Keys by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ssh_keypair_list(
    tx: &Tx<'_>,
    filter: &SshKeyPairFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<SshKeyPairView>, StoreError> {
    Query::new(
        "k.*, a.name AS account_name, d.id AS domain, d.name AS domain_name",
        "ssh_keypair k JOIN account a ON a.id = k.account JOIN domain d ON d.id = a.domain",
        "k.name, k.id",
    )
    .scope(scope)
    .is("k.id", filter.id)
    .is("k.name", filter.name.as_deref())
    .is("k.fingerprint", filter.fingerprint.as_deref())
    .keyword(&["k.name", "k.fingerprint"], filter.keyword.as_deref())
    .list(tx, "list SSH keys", page, |row| {
        Ok(SshKeyPairView {
            row: read(row)?,
            account_name: row.get("account_name")?,
            domain: parsed(row, "domain")?,
            domain_name: row.get("domain_name")?,
        })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<SshKeyPairRow> {
    Ok(SshKeyPairRow {
        id: parsed(row, "id")?,
        account: parsed(row, "account")?,
        name: row.get("name")?,
        fingerprint: row.get("fingerprint")?,
        public_key: row.get("public_key")?,
        created: time(row, "created")?,
    })
}
