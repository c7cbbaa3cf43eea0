//! `attachVolume`: gives a data volume to a VM, running or not.

use hostler_model::{VmId, VolumeId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::volume::attach;

api_command! {
    /// Attaches a data volume to a VM. A VM that runs has it at once, one that is stopped from its next start on.
    pub(crate) struct AttachVolume = "attachVolume", asynchronous.object("volume").shape(&VOLUME);

    /// The volume.
    id: required uuid<VolumeId> .entity("volume"),
    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// Its number among the VM's disks, from 1; the lowest free one without it.
    deviceid: optional long,
}

impl Handler for AttachVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![
            ("id", Entity::Volume, self.id.uuid()),
            ("virtualmachineid", Entity::Vm, self.virtualmachineid.uuid()),
        ])
        .await?;
        let device = self.deviceid.map(|device| u32::try_from(device).unwrap_or(u32::MAX));
        let job =
            attach(call.context, call.caller(), self.id, self.virtualmachineid, device).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
