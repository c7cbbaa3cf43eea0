//! `listDiskOfferings`: the sizes of data volumes for sale.

use hostler_model::{DiskOfferingId, DomainId, ProjectId, StoragePoolId, VmId, VolumeId, ZoneId};
use hostler_query_api::{Answer, IdOrAll, api_command};
use hostler_store::Listed;
use hostler_store::disk_offering::{DiskOfferingFilter, disk_offering_list, disk_offerings_for_vm};
use hostler_store::reference::Entity;

use super::view;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{DISK_OFFERING, disk_offering};

api_command! {
    /// Lists the sizes of data volumes for sale.
    pub(crate) struct ListDiskOfferings = "listDiskOfferings", synchronous
        .object("diskoffering").shape(&DISK_OFFERING).paged();

    /// The offering of this id.
    id: optional uuid<DiskOfferingId> .entity("diskoffering"),
    /// Offerings of this name.
    name: optional string,
    /// What this volume could change to.
    volumeid: optional uuid<VolumeId> .entity("volume"),
    /// Offerings with volumes there: local or shared.
    storagetype: optional string,
    /// Active, the default; Inactive or all for an administrator.
    state: optional string,
    /// Everything that the caller may see.
    listall: optional boolean,
    /// Say of each, as suitableforvirtualmachine, whether this VM could have a volume of it.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Offerings whose tags this pool has.
    storageid: optional uuid<StoragePoolId> .entity("storagepool"),
    /// Offerings that this zone has; all are everywhere.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Offerings of encrypted volumes; there are none.
    encrypt: optional boolean,
    /// Offerings that this account may use; goes with domainid.
    account: optional string,
    /// Offerings that are for this domain and not for all.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: or for domains below it.
    isrecursive: optional boolean,
    /// Offerings that this project may use.
    projectid: optional uuid<IdOrAll<ProjectId>> .entity("project"),
}

impl Handler for ListDiskOfferings {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = Vec::new();
        named.extend(self.volumeid.map(|id| ("volumeid", Entity::Volume, id.uuid())));
        named.extend(self.virtualmachineid.map(|id| ("virtualmachineid", Entity::Vm, id.uuid())));
        named.extend(self.storageid.map(|id| ("storageid", Entity::StoragePool, id.uuid())));
        named.extend(self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())));
        named.extend(self.domainid.map(|id| ("domainid", Entity::Domain, id.uuid())));
        call.require(named).await?;
        if self.encrypt == Some(true) {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let admin = call.is_root();
        let state = match self.state.as_deref().filter(|_| admin) {
            Some(text) if text.eq_ignore_ascii_case("all") => None,
            Some(text) if text.eq_ignore_ascii_case("inactive") => Some("Inactive".to_owned()),
            _ => Some("Active".to_owned()),
        };
        let user = if self.account.is_some() || call.names_project() {
            Some(call.owner(self.account, self.domainid).await?)
        } else {
            None
        };
        let filter = DiskOfferingFilter {
            id: self.id,
            name: self.name,
            keyword: call.keyword(),
            state: state.filter(|_| !(admin && self.id.is_some())),
            storage_type: self.storagetype,
            not_of_volume: self.volumeid,
            usable_in: (!admin).then(|| call.identity.user.domain_path.clone()),
            usable_by: user,
            domain: self.domainid.filter(|_| user.is_none()),
            with_domains_below: self.isrecursive.unwrap_or(false),
            fits_pool: self.storageid,
            zone: self.zoneid,
        };
        let page = call.page()?;
        let vm = self.virtualmachineid;
        let (listed, fitting) = call
            .read(move |tx| {
                let Listed { total, rows } = disk_offering_list(tx, &filter, page)?;
                let rows: Result<Vec<_>, Failure> =
                    rows.into_iter().map(|row| view(tx, row)).collect();
                let fitting = vm.map(|vm| disk_offerings_for_vm(tx, vm)).transpose()?;
                Ok((Listed { total, rows: rows? }, fitting))
            })
            .await?;
        let id = self.id.map(|id| (Entity::DiskOffering, id.uuid()));
        call.list(listed, id, |view| {
            let suits = fitting.as_ref().map(|all| all.contains(&view.row.id));
            disk_offering(view, admin, suits)
        })
        .await
    }
}
