//! Table `volume`: data volumes that were thrown away, since when and by whom, until they are taken back or deleted.
//!
//! One that is not wanted counts against no limit, and takes its pool's space as before.

use hostler_model::{AccountId, Timestamp, UserId, VolumeEvent, VolumeId};
use rusqlite::params;

use crate::columns::parsed;
use crate::volume::{VolumeRow, volume_transition};
use crate::{StoreError, Tx};

/// A volume whose time is over.
#[derive(Debug, Clone)]
pub struct DueVolume {
    /// The volume.
    pub id: VolumeId,
    /// Whose it is.
    pub account: AccountId,
    /// Who threw it away.
    pub user: UserId,
}

/// Moves a volume along `event`, which leaves it in `Destroy`. Since when it is not wanted, and by whom, stays as it was if
/// that was recorded before.
///
/// # Errors
/// As [`volume_transition`].
pub fn volume_destroy(
    tx: &Tx<'_>,
    volume: &VolumeRow,
    event: VolumeEvent,
    by: UserId,
    now: Timestamp,
) -> Result<VolumeRow, StoreError> {
    let row = volume_transition(tx, volume, event, volume.pool, None, now)?;
    tx.execute(
        "record that a volume is not wanted",
        "UPDATE volume SET destroyed = coalesce(destroyed, ?2), destroyer = coalesce(destroyer, ?3) WHERE id = ?1",
        params![volume.id.to_string(), now.0, by.to_string()],
    )?;
    Ok(row)
}

/// Takes a volume back that was thrown away: `Ready`, or `Allocated` if no host has written it.
///
/// # Errors
/// As [`volume_transition`].
pub fn volume_recover(
    tx: &Tx<'_>,
    volume: &VolumeRow,
    now: Timestamp,
) -> Result<VolumeRow, StoreError> {
    let event = match volume.pool {
        Some(_) => VolumeEvent::RecoverRequested,
        None => VolumeEvent::RecoverUnwritten,
    };
    let row = volume_transition(tx, volume, event, volume.pool, None, now)?;
    tx.execute(
        "record that a volume is wanted again",
        "UPDATE volume SET destroyed = NULL, destroyer = NULL WHERE id = ?1",
        params![volume.id.to_string()],
    )?;
    Ok(row)
}

/// Volumes that were thrown away at `before` or earlier, the longest gone first; of these only `only`, if that is given.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volumes_due(
    tx: &Tx<'_>,
    before: Timestamp,
    only: Option<VolumeId>,
) -> Result<Vec<DueVolume>, StoreError> {
    tx.rows(
        "find volumes to delete",
        "SELECT v.id, v.account, v.destroyer FROM volume v
         WHERE v.state = 'Destroy' AND v.destroyed <= ?1 AND v.destroyer IS NOT NULL AND (?2 IS NULL OR v.id = ?2)
         ORDER BY v.destroyed, v.number",
        params![before.0, only.map(|id| id.to_string())],
        |row| {
            Ok(DueVolume {
                id: parsed(row, "id")?,
                account: parsed(row, "account")?,
                user: parsed(row, "destroyer")?,
            })
        },
    )
}
