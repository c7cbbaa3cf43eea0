//! `deleteSnapshot`: removes a snapshot from its pool and from the record.

use hostler_model::SnapshotId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::snapshot::delete;

api_command! {
    /// Deletes a snapshot. Volumes that were made from it stay.
    pub(crate) struct DeleteSnapshot = "deleteSnapshot", asynchronous;

    /// The snapshot.
    id: required uuid<SnapshotId> .entity("snapshot"),
}

impl Handler for DeleteSnapshot {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Snapshot, self.id.uuid())]).await?;
        let job = delete(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
