//! Table `setting`: values that were set; what was never set has its default, which the manager knows.

use hostler_model::Timestamp;
use rusqlite::params;

use crate::{StoreError, Tx};

/// A value that was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingRow {
    /// Its name, such as `expunge.delay`.
    pub name: String,
    /// `global`, `zone` or `account`.
    pub scope: String,
    /// Of which zone or account; empty for `global`.
    pub scope_id: String,
    /// The value.
    pub value: String,
}

/// Every value that was set.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn setting_all(tx: &Tx<'_>) -> Result<Vec<SettingRow>, StoreError> {
    tx.rows(
        "read the settings",
        "SELECT * FROM setting ORDER BY name, scope, scope_id",
        &[],
        |row| {
            Ok(SettingRow {
                name: row.get("name")?,
                scope: row.get("scope")?,
                scope_id: row.get("scope_id")?,
                value: row.get("value")?,
            })
        },
    )
}

/// Sets a value.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn setting_put(tx: &Tx<'_>, row: &SettingRow, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a setting",
        "INSERT INTO setting (name, scope, scope_id, value, changed) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name, scope, scope_id) DO UPDATE SET value = excluded.value, changed = excluded.changed",
        params![row.name, row.scope, row.scope_id, row.value, now.0],
    )?;
    Ok(())
}

/// Forgets a value that was set. None there is fine.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn setting_remove(
    tx: &Tx<'_>,
    name: &str,
    scope: &str,
    scope_id: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "forget a setting",
        "DELETE FROM setting WHERE name = ?1 AND scope = ?2 AND scope_id = ?3",
        params![name, scope, scope_id],
    )?;
    Ok(())
}
