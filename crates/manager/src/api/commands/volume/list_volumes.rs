//! `listVolumes`: the disks of VMs.

use hostler_model::{
    ClusterId, DiskOfferingId, HostId, PodId, ServiceOfferingId, StoragePoolId, VmId, VolumeId,
    VolumeState, ZoneId,
};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::volume_view::{VolumeFilter, volume_list};
use hostler_store::{Page, Tx};

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::storage::{VOLUME, volume};

api_command! {
    /// Lists volumes.
    pub(crate) struct ListVolumes = "listVolumes", synchronous
        .object("volume").shape(&VOLUME).paged().owned().in_projects();

    /// The volume of this id.
    id: optional uuid<VolumeId> .entity("volume"),
    /// The volumes of these ids.
    ids: optional list<VolumeId> .entity("volume"),
    /// Volumes of this name.
    name: optional string,
    /// ROOT or DATADISK only.
    kind "type": optional string,
    /// Volumes in this state.
    state: optional choice<VolumeState>,
    /// Volumes of this VM.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Volumes in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Volumes on this pool.
    storageid: optional uuid<StoragePoolId> .entity("storagepool").roles(Roles::ADMINS),
    /// Volumes on this host's own disks.
    hostid: optional uuid<HostId> .entity("host").roles(Roles::ADMINS),
    /// Volumes on own disks of hosts in this pod.
    podid: optional uuid<PodId> .entity("pod").roles(Roles::ADMINS),
    /// Volumes on own disks of hosts in this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster").roles(Roles::ADMINS),
    /// Volumes of this size.
    diskofferingid: optional uuid<DiskOfferingId> .entity("diskoffering"),
    /// Root volumes of VMs of this size.
    serviceofferingid: optional uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// Encrypted volumes; there are none.
    isencrypted: optional boolean,
    /// Volumes with one of these tags, each a key and a value.
    tags: optional records,
    /// Volumes that their user sees; all are seen.
    displayvolume: optional boolean,
    /// Accepted: volumes of the cloud's own VMs too; there are none.
    listsystemvms: optional boolean,
    /// Whether to say only how many there are.
    retrieveonlyresourcecount: optional boolean,
}

impl Handler for ListVolumes {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.isencrypted == Some(true) || self.displayvolume == Some(false) {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let wanted = call
            .wanted(self.id.is_some() || self.ids.is_some() || self.virtualmachineid.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = VolumeFilter {
            id: self.id,
            ids: self.ids.unwrap_or_default(),
            name: self.name,
            kind: self.kind,
            state: self.state,
            vm: self.virtualmachineid,
            zone: self.zoneid,
            pool: self.storageid,
            host: self.hostid,
            pod: self.podid,
            cluster: self.clusterid,
            disk_offering: self.diskofferingid,
            service_offering: self.serviceofferingid,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
        };
        if self.retrieveonlyresourcecount == Some(true) {
            let counted = move |tx: &Tx<'_>| Ok(volume_list(tx, &filter, &scope, Page::NONE)?);
            return Ok(Answer::list(call.command, call.read(counted).await?.total, Vec::new()));
        }
        let listed = call.read(move |tx| Ok(volume_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::Volume, id.uuid()));
        call.list(listed, id, |view| volume(view, call.is_root())).await
    }
}
