//! `destroyVolume`: throws a data volume away that no VM has; it can be had back until it is deleted.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::volume::{delete, destroy};

api_command! {
    /// Throws a data volume away that no VM has. What is on it is kept until the time of the setting storage.cleanup.delay is
    /// over, and recoverVolume takes it back until then. It counts against no limit meanwhile.
    pub(crate) struct DestroyVolume = "destroyVolume", asynchronous.object("volume").shape(&VOLUME);

    /// The volume.
    id: required uuid<VolumeId> .entity("volume"),
    /// Whether it is deleted at once and for good, also one that was thrown away before.
    expunge: optional boolean,
}

impl Handler for DestroyVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Volume, self.id.uuid())]).await?;
        let job = if self.expunge == Some(true) {
            delete(call.context, call.caller(), self.id, "destroyVolume").await?
        } else {
            destroy(call.context, call.caller(), self.id).await?
        };
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
