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

/// What goes with an account of which no more than rows is left, in an order in which nothing refers to what
/// is gone. `?1` is the account.
const ROWS: &[&str] = &[
    "DELETE FROM ssh_keypair WHERE account = ?1",
    "DELETE FROM vm_security_group
     WHERE security_group IN (SELECT id FROM security_group WHERE account = ?1)",
    "DELETE FROM security_rule
     WHERE security_group IN (SELECT id FROM security_group WHERE account = ?1)
        OR peer IN (SELECT id FROM security_group WHERE account = ?1)",
    "DELETE FROM security_group WHERE account = ?1",
    "DELETE FROM vm_affinity_group
     WHERE affinity_group IN (SELECT id FROM affinity_group WHERE account = ?1)",
    "DELETE FROM affinity_group WHERE account = ?1",
    "DELETE FROM instance_group WHERE account = ?1",
    "UPDATE template SET user_data = NULL, user_data_policy = NULL
     WHERE user_data IN (SELECT id FROM user_data WHERE account = ?1)",
    "DELETE FROM user_data WHERE account = ?1",
    "DELETE FROM resource_limit WHERE owner = ?1",
    "DELETE FROM project_member WHERE account = ?1",
];

/// Removes what an account has that is no more than rows.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rows_of_account_remove(tx: &Tx<'_>, account: AccountId) -> Result<(), StoreError> {
    for sql in ROWS {
        tx.execute("remove what an account has", sql, params![account.to_string()])?;
    }
    Ok(())
}
