//! `updateVolume`: renames a volume.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::volume::rename;

api_command! {
    /// Renames a volume.
    pub(crate) struct UpdateVolume = "updateVolume", asynchronous
        .roles(Roles::ADMIN).object("volume").shape(&VOLUME);

    /// The volume.
    id: required uuid<VolumeId> .entity("volume"),
    /// Its new name.
    name: optional string,
}

impl Handler for UpdateVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Volume, self.id.uuid())]).await?;
        let job = rename(call.context, call.caller(), self.id, self.name).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
