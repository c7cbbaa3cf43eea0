//! `detachVolume`: takes a data volume from its VM, running or not. What is on it stays.

use hostler_model::{VmId, VolumeId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::volume::{AttachedVolume, detach};

api_command! {
    /// Detaches a data volume from its VM. The guest of one that runs has to let go of it: unmount it first.
    pub(crate) struct DetachVolume = "detachVolume", asynchronous.object("volume").shape(&VOLUME);

    /// The volume.
    id: optional uuid<VolumeId> .entity("volume"),
    /// In place of id, with deviceid: the VM.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// In place of id, with virtualmachineid: the number of the disk.
    deviceid: optional long,
}

impl Handler for DetachVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let which = match (self.id, self.virtualmachineid, self.deviceid) {
            (Some(id), None, None) => AttachedVolume::Id(id),
            (None, Some(vm), Some(device)) => {
                AttachedVolume::Disk(vm, u32::try_from(device).unwrap_or(u32::MAX))
            }
            _ => {
                return Err(Failure::invalid(
                    "give id, or virtualmachineid with deviceid, and not both",
                ));
            }
        };
        let named = match which {
            AttachedVolume::Id(id) => ("id", Entity::Volume, id.uuid()),
            AttachedVolume::Disk(vm, _) => ("virtualmachineid", Entity::Vm, vm.uuid()),
        };
        call.require(vec![named]).await?;
        let job = detach(call.context, call.caller(), which).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
