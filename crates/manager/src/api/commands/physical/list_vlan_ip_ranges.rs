//! `listVlanIpRanges`: which addresses may be given out, and which are recorded.

use hostler_model::{IpRangeId, NetworkId, PhysicalNetworkId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::ip_range::{IpRangeFilter, ip_range_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{VLAN_IP_RANGE, ip_range};

api_command! {
    /// Lists ranges of addresses: those of networks, and records.
    pub(crate) struct ListVlanIpRanges = "listVlanIpRanges", synchronous
        .roles(Roles::ADMIN).object("vlaniprange").shape(&VLAN_IP_RANGE).paged();

    /// The range of this id.
    id: optional uuid<IpRangeId> .entity("vlaniprange"),
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those on this physical network.
    physicalnetworkid: optional uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// Those for this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Those of this VLAN.
    vlan: optional string,
    /// Records of public addresses only, or those of networks only.
    forvirtualnetwork: optional boolean,
}

impl Handler for ListVlanIpRanges {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = IpRangeFilter {
            id: self.id.map(IpRangeId::uuid),
            zone: self.zoneid,
            network: self.networkid,
            physical_network: self.physicalnetworkid,
            pod: self.podid,
            vlan: self.vlan,
            is_public: self.forvirtualnetwork,
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(ip_range_list(tx, &filter, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::IpRange, id.uuid())), ip_range).await
    }
}
