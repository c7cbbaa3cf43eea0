//! A root volume in place of another one: the old one leaves its VM, and can come back until it is deleted.

use hostler_model::{Bytes, TemplateId, Timestamp, VmId, VolumeId};
use rusqlite::{Row, params};

use crate::columns::{json, stored};
use crate::volume::{VolumeRow, volume_json};
use crate::{StoreError, Tx};

/// Takes the root volume out of a VM and puts a new one in its place, `Allocated`; without a template an empty one,
/// sold as the old one was.
///
/// # Errors
/// [`StoreError::NotFound`] if the VM has no root volume.
pub fn root_replace(
    tx: &Tx<'_>,
    vm: VmId,
    new: VolumeId,
    template: Option<TemplateId>,
    size: Bytes,
    now: Timestamp,
) -> Result<(), StoreError> {
    let added = tx.execute(
        "record a volume in place of another one",
        "INSERT INTO volume (id, account, zone, vm, kind, device, name, template, size, format, state, created,
             disk_offering)
         SELECT ?2, account, zone, vm, kind, device, name, ?3, ?4, 'QCOW2', 'Allocated', ?5,
             iif(?3 IS NULL, disk_offering, NULL) FROM volume
         WHERE vm = ?1 AND kind = 'ROOT' AND removed IS NULL",
        params![
            vm.to_string(),
            new.to_string(),
            template.map(|template| template.to_string()),
            stored(size.0),
            now.0
        ],
    )?;
    if added == 0 {
        return Err(StoreError::NotFound { what: "root volume of VM", id: vm.to_string() });
    }
    tx.execute(
        "take a volume out of its VM",
        "UPDATE volume SET vm = NULL, replaced_by = ?2, version = version + 1
         WHERE vm = ?1 AND kind = 'ROOT' AND removed IS NULL AND id <> ?2",
        params![vm.to_string(), new.to_string()],
    )?;
    Ok(())
}

/// Puts the old volume back, and forgets the new one, which is on no pool any more. The old one, if it was replaced.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn root_put_back(
    tx: &Tx<'_>,
    vm: VmId,
    new: VolumeId,
) -> Result<Option<VolumeRow>, StoreError> {
    let Some(old) = root_replaced(tx, new)? else { return Ok(None) };
    tx.execute("forget a volume", "DELETE FROM volume WHERE id = ?1", params![new.to_string()])?;
    tx.execute(
        "put a volume back into its VM",
        "UPDATE volume SET vm = ?2, replaced_by = NULL, version = version + 1 WHERE id = ?1",
        params![old.id.to_string(), vm.to_string()],
    )?;
    Ok(Some(old))
}

/// The volume that another one has replaced, if it is not deleted yet.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn root_replaced(tx: &Tx<'_>, new: VolumeId) -> Result<Option<VolumeRow>, StoreError> {
    let read = |row: &Row<'_>| json(row, "volume");
    tx.row(
        "read a volume that was replaced",
        concat!(volume_json!(), " WHERE volume.replaced_by = ?1 AND volume.removed IS NULL"),
        params![new.to_string()],
        read,
    )
}
