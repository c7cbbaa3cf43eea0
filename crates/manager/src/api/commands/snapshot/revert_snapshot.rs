//! `revertSnapshot`: a volume is as its snapshot has it again.

use hostler_model::SnapshotId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::snapshot::SNAPSHOT;
use crate::orchestration::snapshot::revert;

api_command! {
    /// Writes a volume as its snapshot has it; what was on it is lost. Its VM has to be stopped.
    pub(crate) struct RevertSnapshot = "revertSnapshot", asynchronous
        .object("snapshot").shape(&SNAPSHOT);

    /// The snapshot.
    id: required uuid<SnapshotId> .entity("snapshot"),
}

impl Handler for RevertSnapshot {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Snapshot, self.id.uuid())]).await?;
        let job = revert(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
