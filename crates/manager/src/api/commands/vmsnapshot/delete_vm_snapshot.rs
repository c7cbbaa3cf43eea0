//! `deleteVMSnapshot`: removes a VM snapshot from its pool and from the record.

use hostler_model::VmSnapshotId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::vm_snapshot::delete;

api_command! {
    /// Deletes a VM snapshot with all its copies. The VM and its volumes stay as they are, and so do its other ones.
    pub(crate) struct DeleteVmSnapshot = "deleteVMSnapshot", asynchronous;

    /// The VM snapshot.
    vmsnapshotid: required uuid<VmSnapshotId> .entity("vmsnapshot"),
}

impl Handler for DeleteVmSnapshot {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("vmsnapshotid", Entity::VmSnapshot, self.vmsnapshotid.uuid())]).await?;
        let job = delete(call.context, call.caller(), self.vmsnapshotid).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
