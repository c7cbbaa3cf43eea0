//! `listVMSnapshot`: copies of all volumes of VMs.

use hostler_model::{DomainId, VmId, VmSnapshotId, VmSnapshotState};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::vm_snapshot_view::{VmSnapshotFilter, vm_snapshot_list};

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::vm_snapshot::{VM_SNAPSHOT, vm_snapshot};
use crate::api::owner::Wanted;

api_command! {
    /// Lists VM snapshots: copies of all volumes of a VM, as they were at one moment.
    pub(crate) struct ListVmSnapshot = "listVMSnapshot", synchronous
        .object("vmsnapshot").shape(&VM_SNAPSHOT).paged().in_projects();

    /// The one of this id.
    vmsnapshotid: optional uuid<VmSnapshotId> .entity("vmsnapshot"),
    /// Those of these ids.
    vmsnapshotids: optional list<VmSnapshotId> .entity("vmsnapshot"),
    /// Those of this VM.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Those of this name.
    name: optional string,
    /// Those in this state.
    state: optional choice<VmSnapshotState>,
    /// Those with one of these tags, each a key and a value.
    tags: optional records,
    /// Those of this account; goes with domainid.
    account: optional string,
    /// Those of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
}

impl Handler for ListVmSnapshot {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = Wanted {
            account: self.account,
            domain: self.domainid,
            recursive: self.isrecursive.unwrap_or(false),
            everything: self.listall.unwrap_or(false),
            by_id: self.vmsnapshotid.is_some()
                || self.vmsnapshotids.is_some()
                || self.virtualmachineid.is_some(),
        };
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = VmSnapshotFilter {
            id: self.vmsnapshotid,
            ids: self.vmsnapshotids.unwrap_or_default(),
            name: self.name,
            state: self.state,
            vm: self.virtualmachineid,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
        };
        let listed = call.read(move |tx| Ok(vm_snapshot_list(tx, &filter, &scope, page)?)).await?;
        let id = self.vmsnapshotid.map(|id| (Entity::VmSnapshot, id.uuid()));
        call.list(listed, id, vm_snapshot).await
    }
}
