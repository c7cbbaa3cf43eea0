//! `createVMSnapshot`: copies all volumes of a VM as they are at one moment.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm_snapshot::VM_SNAPSHOT;
use crate::orchestration::vm_snapshot::{Wish, create};

api_command! {
    /// Copies all volumes of a VM as they are at one moment. While the VM runs, together they are what a power failure
    /// would have left then; what the guest has in memory is not in them. Each counts as a snapshot and as secondary
    /// storage of the VM's owner. They go when the VM is expunged.
    pub(crate) struct CreateVmSnapshot = "createVMSnapshot", asynchronous_create
        .object("vmsnapshot").shape(&VM_SNAPSHOT);

    /// The VM, running or stopped, with all volumes written.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// Its name; made from the VM's and the time without it.
    name: optional string,
    /// Any text.
    description: optional string,
    /// Whether what the guest has in memory is to be kept too; that cannot be had.
    snapshotmemory: optional boolean,
    /// Whether guests are to write back what they have in memory first; that cannot be had.
    quiescevm: optional boolean,
}

impl Handler for CreateVmSnapshot {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("virtualmachineid", Entity::Vm, self.virtualmachineid.uuid())]).await?;
        if self.snapshotmemory == Some(true) {
            let expected = "false: a VM snapshot has the VM's disks, and its memory cannot be kept";
            return Err(call.wrong("snapshotmemory", "true", expected));
        }
        if self.quiescevm == Some(true) {
            return Err(call.wrong("quiescevm", "true", "false: guests are not asked"));
        }
        let (vm, name, description) = (self.virtualmachineid, self.name, self.description);
        let wish = Wish { vm, name, description };
        let (id, job) = create(call.context, call.caller(), wish).await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job.uuid()))
    }
}
