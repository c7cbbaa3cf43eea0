//! What ends with an account: its groups and its user data, in all the tables that name them.
//!
//! Not here: what has to be gone before, VMs and templates above all (`account`).

use hostler_model::AccountId;
use rusqlite::params;

use crate::{StoreError, Tx};

/// In an order that leaves no row that names one that is gone.
const ENDS: &[(&str, &str)] = &[
    (
        "remove the rules of an account's security groups",
        "DELETE FROM security_rule WHERE security_group IN (SELECT id FROM security_group WHERE account = ?1)
             OR peer IN (SELECT id FROM security_group WHERE account = ?1)",
    ),
    (
        "forget who was in an account's security groups",
        "DELETE FROM vm_security_group
         WHERE security_group IN (SELECT id FROM security_group WHERE account = ?1)",
    ),
    ("remove an account's security groups", "DELETE FROM security_group WHERE account = ?1"),
    (
        "forget who was in an account's affinity groups",
        "DELETE FROM vm_affinity_group
         WHERE affinity_group IN (SELECT id FROM affinity_group WHERE account = ?1)",
    ),
    ("remove an account's affinity groups", "DELETE FROM affinity_group WHERE account = ?1"),
    ("remove an account's instance groups", "DELETE FROM instance_group WHERE account = ?1"),
    (
        "unlink an account's user data from templates",
        "UPDATE template SET user_data = NULL, user_data_policy = NULL
         WHERE user_data IN (SELECT id FROM user_data WHERE account = ?1)",
    ),
    ("remove an account's user data", "DELETE FROM user_data WHERE account = ?1"),
];

/// Removes the groups and the user data of an account that has no VM any more.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub(crate) fn groups_end(tx: &Tx<'_>, account: AccountId) -> Result<(), StoreError> {
    for (what, sql) in ENDS {
        tx.execute(what, sql, params![account.to_string()])?;
    }
    Ok(())
}
