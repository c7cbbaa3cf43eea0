//! Table `vm_hint`: VMs that one VM was asked to run with, or away from. The view `vm_mate` has them beside affinity groups.

use hostler_model::{AffinityKind, VmId};
use rusqlite::params;

use crate::columns::to_json;
use crate::{StoreError, Tx};

/// Records with which VMs a VM is to run on one host, and with which it is not to.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_hints_add(
    tx: &Tx<'_>,
    vm: VmId,
    others: &[VmId],
    kind: AffinityKind,
) -> Result<(), StoreError> {
    if others.is_empty() {
        return Ok(());
    }
    tx.execute(
        "record where a VM was asked to be",
        "INSERT OR IGNORE INTO vm_hint (vm, other, kind) SELECT ?1, value, ?3 FROM json_each(?2)",
        params![vm.to_string(), to_json(&others), kind.as_str()],
    )?;
    Ok(())
}
