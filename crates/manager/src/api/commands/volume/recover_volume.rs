//! `recoverVolume`: takes a data volume back that was destroyed.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::volume_view::volume_view;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::{VOLUME, volume};
use crate::orchestration::volume::recover;

api_command! {
    /// Takes a data volume back that was destroyed and is not deleted. It is Ready, or Allocated if no host has written it
    /// yet, and counts against the limits of its owner again.
    pub(crate) struct RecoverVolume = "recoverVolume", synchronous .object("volume").shape(&VOLUME);

    /// The volume.
    id: required uuid<VolumeId> .entity("volume"),
}

impl Handler for RecoverVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.id;
        call.require(vec![("id", Entity::Volume, id.uuid())]).await?;
        recover(call.context, call.caller(), id).await?;
        let view = call.read(move |tx| Ok(volume_view(tx, id)?)).await?;
        Ok(call.object(volume(&view, call.is_root())))
    }
}
