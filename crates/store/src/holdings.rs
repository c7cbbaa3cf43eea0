//! What an account has, across tables: what has to go before the account can, and what goes with it.

use hostler_model::{AccountId, JobId, NetworkId, TemplateId, VmId, VmState};
use rusqlite::params;
use uuid::Uuid;

use crate::columns::parsed;
use crate::{StoreError, Tx};

/// The VMs of an account that are not expunged, and their states.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vms_of_account(tx: &Tx<'_>, account: AccountId) -> Result<Vec<(VmId, VmState)>, StoreError> {
    tx.rows(
        "list an account's VMs",
        "SELECT id, state FROM vm WHERE account = ?1 AND removed IS NULL ORDER BY number",
        params![account.to_string()],
        |row| Ok((parsed(row, "id")?, parsed(row, "state")?)),
    )
}

/// The templates of an account, and how many VMs of other accounts are made from each.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn templates_of_account(
    tx: &Tx<'_>,
    account: AccountId,
) -> Result<Vec<(TemplateId, String, i64)>, StoreError> {
    tx.rows(
        "list an account's templates",
        "SELECT t.id, t.name, (SELECT count(*) FROM vm WHERE vm.template = t.id AND vm.removed IS NULL
                AND vm.account <> t.account) AS uses
         FROM template t WHERE t.account = ?1 AND t.removed IS NULL ORDER BY t.number",
        params![account.to_string()],
        |row| Ok((parsed(row, "id")?, row.get("name")?, row.get("uses")?)),
    )
}

/// The networks of an account.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn networks_of_account(tx: &Tx<'_>, account: AccountId) -> Result<Vec<NetworkId>, StoreError> {
    tx.rows(
        "list an account's networks",
        "SELECT id FROM network WHERE account = ?1 AND removed IS NULL ORDER BY id",
        params![account.to_string()],
        |row| parsed(row, "id"),
    )
}

/// The newest job on a thing that is not finished, with its workflow.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn open_job_on(tx: &Tx<'_>, subject: Uuid) -> Result<Option<(JobId, String)>, StoreError> {
    tx.row(
        "look for a job",
        "SELECT id, kind FROM job WHERE subject = ?1 AND finished IS NULL ORDER BY number DESC LIMIT 1",
        params![subject.to_string()],
        |row| Ok((parsed(row, "id")?, row.get("kind")?)),
    )
}

/// Tables of what an account has that is no more than a row.
const ROWS: &[&str] = &["ssh_keypair"];

/// Removes what an account has that is no more than rows.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rows_of_account_remove(tx: &Tx<'_>, account: AccountId) -> Result<usize, StoreError> {
    let mut removed = 0;
    for table in ROWS {
        let sql = format!("DELETE FROM {table} WHERE account = ?1");
        removed += tx.execute("remove what an account has", &sql, params![account.to_string()])?;
    }
    let sql = "DELETE FROM resource_limit WHERE owner = ?1";
    tx.execute("remove an account's limits", sql, params![account.to_string()])?;
    let sql = "DELETE FROM project_member WHERE account = ?1";
    tx.execute("take an account out of projects", sql, params![account.to_string()])?;
    Ok(removed)
}
