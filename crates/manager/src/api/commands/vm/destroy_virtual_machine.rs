//! `destroyVirtualMachine`: throws a VM away; it can be had back until it is expunged.

use hostler_model::{VmId, VolumeId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use super::rehearsed;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{destroy, rehearse_end};

api_command! {
    /// Throws a VM away. Its volumes are kept until the expunge delay is over.
    pub(crate) struct DestroyVirtualMachine = "destroyVirtualMachine", asynchronous.object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// Whether nothing of it is kept, from now on.
    expunge: optional boolean,
    /// Whether to say only what would be done, and do nothing.
    dryrun: optional boolean,
    /// With expunge: its data volumes that go with it. The others are kept, detached.
    volumeids: optional list<VolumeId> .entity("volume"),
}

impl Handler for DestroyVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let volumes = self.volumeids.unwrap_or_default();
        let expunge = self.expunge.unwrap_or(false);
        if self.dryrun == Some(true) {
            let verb = if expunge { "expunged" } else { "destroyed" };
            let seen = rehearse_end(call.context, call.caller(), self.id, verb).await?;
            return Ok(rehearsed(call, seen));
        }
        let job = destroy(call.context, call.caller(), self.id, expunge, volumes).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
