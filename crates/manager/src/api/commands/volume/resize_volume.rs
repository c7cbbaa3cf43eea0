//! `resizeVolume`: makes a volume larger, in use or not.

use hostler_model::{DiskOfferingId, VolumeId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::commands::diskoffering::size_of;
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::volume::{NewSize, resize};

api_command! {
    /// Makes a volume larger. A guest that runs sees it at once; its file systems are its own affair.
    pub(crate) struct ResizeVolume = "resizeVolume", asynchronous.object("volume").shape(&VOLUME);

    /// The volume.
    id: required uuid<VolumeId> .entity("volume"),
    /// What it is sold as from now on.
    diskofferingid: optional uuid<DiskOfferingId> .entity("diskoffering"),
    /// Its new size in GiB.
    size: optional long,
    /// Whether it may become smaller; it never does, and a smaller size is refused either way.
    shrinkok: optional boolean,
}

impl Handler for ResizeVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = vec![("id", Entity::Volume, self.id.uuid())];
        named.extend(
            self.diskofferingid.map(|id| ("diskofferingid", Entity::DiskOffering, id.uuid())),
        );
        call.require(named).await?;
        let new = NewSize {
            offering: self.diskofferingid,
            size: self.size.map(|gib| size_of(call, "size", gib)).transpose()?,
            domain_path: (!call.is_root()).then(|| call.identity.user.domain_path.clone()),
        };
        let job = resize(call.context, call.caller(), self.id, new).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
