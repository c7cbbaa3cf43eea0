//! Tables `installation` and `manager`: which cloud this is, and which managers serve it.

use hostler_model::{CloudId, Timestamp};
use rusqlite::params;
use uuid::Uuid;

use crate::columns::{parsed, time_or_null};
use crate::{StoreError, Tx};

/// The cloud's id, made at the first start.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn cloud_id(tx: &Tx<'_>, now: Timestamp) -> Result<CloudId, StoreError> {
    tx.execute(
        "record the cloud's id",
        "INSERT INTO installation (one, cloud, created) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
        params![Uuid::new_v4().to_string(), now.0],
    )?;
    tx.row("read the cloud's id", "SELECT cloud FROM installation", &[], |row| {
        parsed(row, "cloud")
    })?
    .ok_or_else(|| StoreError::NotFound { what: "installation", id: "1".to_owned() })
}

/// When the record was made from a backup, if it ever was.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn restored_at(tx: &Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT restored FROM installation";
    let at =
        tx.row("read when the record was restored", sql, &[], |row| time_or_null(row, "restored"))?;
    Ok(at.flatten())
}

/// The number of the manager called `name`, given at its first start: it is in every frame.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn manager_id(tx: &Tx<'_>, name: &str) -> Result<u64, StoreError> {
    tx.execute(
        "record the manager",
        "INSERT INTO manager (name) VALUES (?1) ON CONFLICT DO NOTHING",
        params![name],
    )?;
    tx.row(
        "read the manager's number",
        "SELECT id FROM manager WHERE name = ?1",
        params![name],
        |row| crate::columns::amount(row, "id"),
    )?
    .ok_or_else(|| StoreError::NotFound { what: "manager", id: name.to_owned() })
}
