//! `listZones`: the data centres.

use hostler_model::{DomainId, NetworkType, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::capacity::{CapacityFilter, Per, capacities};
use hostler_store::reference::Entity;
use hostler_store::tag::tags_of;
use hostler_store::zone::{ZoneFilter, zone_list};

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::place::{ZONE, zone};
use crate::api::objects::tag::tags;

api_command! {
    /// Lists zones.
    pub(crate) struct ListZones = "listZones", synchronous .object("zone").shape(&ZONE).paged();

    /// The zone of this id.
    id: optional uuid<ZoneId> .entity("zone"),
    /// The zones of these ids.
    ids: optional list<ZoneId> .entity("zone"),
    /// The zone of this name.
    name: optional string,
    /// Zones of this network type: Basic or Advanced.
    networktype: optional choice<NetworkType>,
    /// Only zones that take new VMs.
    available: optional boolean,
    /// Zones with one of these tags, each a key and a value.
    tags: optional records,
    /// Show how much there is of memory, CPU and storage.
    showcapacities: optional boolean,
    /// Zones that are kept for this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Zones of this group of storage; there are none.
    storageaccessgroup: optional string,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListZones {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let domain = self.domainid.map(|id| ("domainid", Entity::Domain, id.uuid()));
        call.require(domain.into_iter().collect()).await?;
        if self.storageaccessgroup.is_some() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = ZoneFilter {
            id: self.id,
            ids: self.ids.unwrap_or_default(),
            name: self.name,
            network_type: self.networktype,
            kept_for: self.domainid,
            tags: tag::pairs(self.tags)?,
            only_enabled: self.available.unwrap_or(false),
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let wanted = self.showcapacities.unwrap_or(false) && call.is_root();
        let (listed, capacities, by_zone) = call
            .read(move |tx| {
                let all = CapacityFilter::default();
                let there = wanted.then(|| capacities(tx, Per::Zone, all)).transpose()?;
                let listed = zone_list(tx, &filter, page)?;
                let ids: Vec<_> = listed.rows.iter().map(|row| row.id.uuid()).collect();
                let by_zone = tags_of(tx, &ids)?;
                Ok((listed, there, by_zone))
            })
            .await?;
        let id = self.id.map(|id| (Entity::Zone, id.uuid()));
        call.list(listed, id, |row| {
            let mut shown = zone(row, call.is_root(), capacities.as_deref());
            if let Some(own) = by_zone.get(&row.id.uuid()) {
                shown["tags"] = tags(own);
            }
            shown
        })
        .await
    }
}
