//! `destroyVolume`: removes a data volume that no VM has, by a job that can be watched.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::volume::delete;

api_command! {
    /// Deletes a data volume that no VM has. It cannot be had back.
    pub(crate) struct DestroyVolume = "destroyVolume", asynchronous.object("volume").shape(&VOLUME);

    /// The volume.
    id: required uuid<VolumeId> .entity("volume"),
    /// Accepted for clients that send it: nothing of the volume is kept in either case.
    expunge: optional boolean,
}

impl Handler for DestroyVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Volume, self.id.uuid())]).await?;
        let job = delete(call.context, call.caller(), self.id, "destroyVolume").await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
