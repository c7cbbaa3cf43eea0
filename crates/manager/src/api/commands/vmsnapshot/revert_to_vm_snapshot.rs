//! `revertToVMSnapshot`: the volumes of a VM are as its VM snapshot has them again.

use hostler_model::VmSnapshotId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm_snapshot::revert;

api_command! {
    /// Writes the volumes of a stopped VM as a VM snapshot has them; what was on them since is lost. Volumes that the VM
    /// got later stay as they are, and none gets smaller.
    pub(crate) struct RevertToVmSnapshot = "revertToVMSnapshot", asynchronous
        .object("virtualmachine").shape(&VM);

    /// The VM snapshot; its volumes are still those of its VM.
    vmsnapshotid: required uuid<VmSnapshotId> .entity("vmsnapshot"),
}

impl Handler for RevertToVmSnapshot {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("vmsnapshotid", Entity::VmSnapshot, self.vmsnapshotid.uuid())]).await?;
        let job = revert(call.context, call.caller(), self.vmsnapshotid).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
