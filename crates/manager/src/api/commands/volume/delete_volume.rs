//! `deleteVolume`: removes a data volume that no VM has.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::volume::delete;

api_command! {
    /// Deletes a data volume that no VM has, also one that was destroyed, at once and for good. From now on it is in no list;
    /// its host deletes the file by a job.
    pub(crate) struct DeleteVolume = "deleteVolume", synchronous;

    /// The volume.
    id: required uuid<VolumeId> .entity("volume"),
}

impl Handler for DeleteVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Volume, self.id.uuid())]).await?;
        delete(call.context, call.caller(), self.id, "deleteVolume").await?;
        Ok(call.success())
    }
}
