//! `restoreVirtualMachine`: has a VM begin anew.

use hostler_model::{Bytes, TemplateId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{RestoreRequest, restore};

api_command! {
    /// Has a VM begin anew, from its template or another one. What is on its root volume is lost.
    pub(crate) struct RestoreVirtualMachine = "restoreVirtualMachine", asynchronous
        .object("virtualmachine").shape(&VM).envelope("restorevmresponse");

    /// The VM; one that runs is stopped and started again.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// What it is to be made from; what it was made from by default.
    templateid: optional uuid<TemplateId> .entity("template"),
    /// Size of its root volume in GiB; as it is by default.
    rootdisksize: optional long,
    /// Whether the old root volume is deleted at once; it always is.
    expunge: optional boolean,
}

impl Handler for RestoreVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        let mut named = vec![("virtualmachineid", Entity::Vm, vm.uuid())];
        named.extend(self.templateid.map(|id| ("templateid", Entity::Template, id.uuid())));
        call.require(named).await?;
        let root_size = match self.rootdisksize {
            None => None,
            Some(size @ 1..=65_536) => Some(Bytes::from_gib(size.unsigned_abs())),
            Some(odd) => {
                let expected = "a number of GiB from 1 to 65536";
                return Err(call.wrong("rootdisksize", &odd.to_string(), expected));
            }
        };
        let request = RestoreRequest { template: self.templateid, root_size };
        let job = restore(call.context, call.caller(), vm, request).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
