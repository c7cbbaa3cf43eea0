//! `createVlanIpRange`: gives a network more addresses to give out, or records addresses of another use.

use std::net::Ipv4Addr;

use hostler_model::{IpRangeId, NetworkId, PhysicalNetworkId, PodId, ZoneId};
use hostler_query_api::{Answer, ApiError, Roles, api_command};
use hostler_store::ip_range::{IpRangeFilter, IpRangeRow, ip_range_add, ip_range_list};
use hostler_store::network::{NetworkRow, network_get, network_of_zone};
use hostler_store::reference::Entity;
use hostler_store::{Page, Tx};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::commands::network::range::Range;
use crate::api::failure::Failure;
use crate::api::objects::physical::{VLAN_IP_RANGE, ip_range};

api_command! {
    /// Gives a shared network more addresses to give out; without networkid, records a range.
    pub(crate) struct CreateVlanIpRange = "createVlanIpRange", synchronous
        .roles(Roles::ADMIN).object("vlan").shape(&VLAN_IP_RANGE);

    /// The network that may give the addresses out.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// The first address.
    startip: optional choice<Ipv4Addr>,
    /// The last address; the first one by default.
    endip: optional choice<Ipv4Addr>,
    /// The router; the network's by default.
    gateway: optional choice<Ipv4Addr>,
    /// The subnet's netmask; the network's by default.
    netmask: optional choice<Ipv4Addr>,
    /// The zone, without networkid.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// The physical network that it is on; recorded.
    physicalnetworkid: optional uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// The pod that it is for; recorded.
    podid: optional uuid<PodId> .entity("pod"),
    /// Its VLAN, a number or untagged; recorded. A network's VMs are on the network's own bridge.
    vlan: optional string,
    /// Whether it is for public addresses: a record, so not with networkid.
    forvirtualnetwork: optional boolean,
}

impl Handler for CreateVlanIpRange {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.networkid.is_some() && self.forvirtualnetwork == Some(true) {
            let text = "forvirtualnetwork: a network's addresses are no public ones; leave networkid or this out";
            return Err(Failure::invalid(text));
        }
        let mut named = Vec::new();
        named.extend(self.networkid.map(|id| ("networkid", Entity::Network, id.uuid())));
        named.extend(self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())));
        named.extend(self.podid.map(|id| ("podid", Entity::Pod, id.uuid())));
        named.extend(
            self.physicalnetworkid
                .map(|id| ("physicalnetworkid", Entity::PhysicalNetwork, id.uuid())),
        );
        call.require(named).await?;
        let (now, id) = (call.now(), IpRangeId::new(Uuid::new_v4()));
        let event = call.event("VLAN.IP.RANGE.CREATE").about("VlanIpRange", id.uuid());
        let name = call.command.name;
        let row = call
            .write(move |tx| {
                let row = self.row(tx, id, name)?;
                ip_range_add(tx, &row, now)?;
                event.record(tx, format!("addresses {} to {} were added", row.start, row.end))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(ip_range(&row)))
    }
}

impl CreateVlanIpRange {
    /// The range, if it fits to what is there.
    fn row(self, tx: &Tx<'_>, id: IpRangeId, command: &str) -> Result<IpRangeRow, Failure> {
        let missing = |param| Failure(ApiError::missing(command, param));
        let network = self.networkid.map(|id| network_get(tx, id)).transpose()?;
        let of_network = network.as_ref().map(|n| (n.gateway, n.cidr.netmask()));
        let gateway = self.gateway.or(of_network.and_then(|of| of.0));
        let range = Range {
            gateway: gateway.ok_or_else(|| missing("gateway"))?,
            netmask: self
                .netmask
                .or(of_network.map(|of| of.1))
                .ok_or_else(|| missing("netmask"))?,
            start: self.startip.ok_or_else(|| missing("startip"))?,
            end: self.endip.or(self.startip).ok_or_else(|| missing("endip"))?,
        };
        let zone = network.as_ref().map(|n| n.zone).or(self.zoneid);
        let zone = zone.ok_or_else(|| missing("zoneid"))?;
        let subnet = range.check().map_err(Failure::invalid)?;
        if let Some(network) = network.as_ref().filter(|network| network.cidr != subnet) {
            return Err(Failure::invalid(format!(
                "the range is in subnet {subnet}, network {} in {}; a network has one subnet",
                network.name, network.cidr
            )));
        }
        let row = IpRangeRow {
            id: id.uuid(),
            zone,
            network: self.networkid,
            physical_network: self.physicalnetworkid,
            pod: self.podid,
            vlan: vlan(self.vlan.as_deref()),
            gateway: range.gateway,
            netmask: range.netmask,
            start: range.start,
            end: range.end,
        };
        refuse_overlap(tx, &row, network.as_ref())?;
        Ok(row)
    }
}

/// As it is shown: `vlan://100`, `vlan://untagged`.
fn vlan(text: Option<&str>) -> String {
    let text = text.unwrap_or("untagged");
    if text.starts_with("vlan://") { text.to_owned() } else { format!("vlan://{text}") }
}

/// Addresses on one wire are given out once: that of the network's bridge, or of the VLAN of a record.
fn refuse_overlap(
    tx: &Tx<'_>,
    row: &IpRangeRow,
    network: Option<&NetworkRow>,
) -> Result<(), Failure> {
    let networks = network_of_zone(tx, row.zone)?;
    let on_wire = |other: &&IpRangeRow| match (network, other.network) {
        (Some(of), Some(id)) => networks.iter().any(|n| n.id == id && n.bridge == of.bridge),
        (None, None) => other.vlan == row.vlan,
        _ => false,
    };
    let filter = IpRangeFilter { zone: Some(row.zone), ..IpRangeFilter::default() };
    let others = ip_range_list(tx, &filter, Page::default())?.rows;
    let overlaps = |other: &&IpRangeRow| row.start <= other.end && other.start <= row.end;
    match others.iter().filter(on_wire).find(overlaps) {
        None => Ok(()),
        Some(other) => Err(Failure::invalid(format!(
            "startip {} to endip {} overlaps with {} to {} (range {})",
            row.start, row.end, other.start, other.end, other.id
        ))),
    }
}
