//! `listDiskOfferings`: the sizes of data volumes for sale.

use hostler_model::{DiskOfferingId, VolumeId};
use hostler_query_api::{Answer, api_command};
use hostler_store::Listed;
use hostler_store::disk_offering::{DiskOfferingFilter, disk_offering_list};
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
}

impl Handler for ListDiskOfferings {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if let Some(volume) = self.volumeid {
            call.require(vec![("volumeid", Entity::Volume, volume.uuid())]).await?;
        }
        let admin = call.is_root();
        let state = match self.state.as_deref().filter(|_| admin) {
            Some(text) if text.eq_ignore_ascii_case("all") => None,
            Some(text) if text.eq_ignore_ascii_case("inactive") => Some("Inactive".to_owned()),
            _ => Some("Active".to_owned()),
        };
        let filter = DiskOfferingFilter {
            id: self.id,
            name: self.name,
            keyword: call.keyword(),
            state: state.filter(|_| !(admin && self.id.is_some())),
            storage_type: self.storagetype,
            not_of_volume: self.volumeid,
            usable_in: (!admin).then(|| call.identity.user.domain_path.clone()),
        };
        let page = call.page()?;
        let listed = call
            .read(move |tx| {
                let Listed { total, rows } = disk_offering_list(tx, &filter, page)?;
                let rows: Result<Vec<_>, Failure> =
                    rows.into_iter().map(|row| view(tx, row)).collect();
                Ok(Listed { total, rows: rows? })
            })
            .await?;
        let id = self.id.map(|id| (Entity::DiskOffering, id.uuid()));
        call.list(listed, id, |row| disk_offering(row, admin)).await
    }
}
