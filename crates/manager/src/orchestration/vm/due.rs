//! Destroyed VMs whose time is over are expunged, unless somebody has taken them back meanwhile.

use hostler_model::{JobId, Timestamp};
use hostler_store::vm::{VmRow, vms_due_to_expunge};
use hostler_store::{StoreError, Tx};
use tracing::warn;

use super::requests::expunging;
use super::stop;
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::Caller;

/// Expunges the VMs that were destroyed before `before`, each by a job of its own.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read. A VM that cannot be expunged now stays for the next time, and holds up
/// no other.
pub async fn expunge_due(app: &Context, before: Timestamp) -> Result<(), ServiceError> {
    let now = app.now();
    for vm in app.store.read(move |tx| vms_due_to_expunge(tx, before, None)).await? {
        let id = vm.id;
        match app.store.write(move |tx| record(tx, &vm, before, now)).await {
            Ok(Some(job)) => app.jobs.run(app, id.uuid(), job),
            Ok(None) => {} // somebody took it back, or works on it
            Err(error) => warn!(vm = %id, %error, "a destroyed VM cannot be expunged now"),
        }
    }
    Ok(())
}

/// Records the job for whoever made the VM, if it is still due.
fn record(
    tx: &Tx<'_>,
    vm: &VmRow,
    before: Timestamp,
    now: Timestamp,
) -> Result<Option<JobId>, StoreError> {
    if vms_due_to_expunge(tx, before, Some(vm.id))?.is_empty() {
        return Ok(None);
    }
    let cause = "timer expunge.delay".to_owned();
    let caller = Caller::on_behalf_of(tx, vm.user, vm.account, cause)?;
    let input = stop::Input { forced: true, ..stop::Input::default() };
    expunging("expungeVirtualMachine", &input).record(tx, &caller, vm, now).map(Some)
}
