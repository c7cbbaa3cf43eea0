//! Physical networks, their traffic and providers, and ranges of addresses in answers.

use hostler_store::ip_range::IpRangeRow;
use hostler_store::physical_network::{NetworkProviderRow, PhysicalNetworkRow, TrafficTypeRow};

use super::api_object;

api_object! {
    /// A wire of a zone, as an administrator describes it.
    PHYSICAL_NETWORK = "PhysicalNetworkResponse", physical_network(row: &PhysicalNetworkRow) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "zoneid" string "the zone that it is in" => row.zone,
        "zonename" string "that zone's name" => row.zone_name,
        "state" string "Enabled or Disabled" => state(row.is_enabled),
        "isolationmethods" string "how networks on it are kept apart" => text(&row.isolation),
        "vlan" string "VLANs for guest networks" => row.vlan,
        "networkspeed" string "its speed" => row.speed,
        "broadcastdomainrange" string "how far it reaches, always ZONE" => "ZONE",
        "tags" string "its tags" => text(&row.tags),
        "domainid" string "the domain that it is for; without it: all" => row.domain,
    }
}

api_object! {
    /// A kind of traffic on a physical network.
    TRAFFIC_TYPE = "TrafficTypeResponse", traffic_type(row: &TrafficTypeRow) {
        "id" string "its id" => row.id,
        "physicalnetworkid" string "the physical network" => row.physical_network,
        "traffictype" string "Guest, Public, Management or Storage" => row.kind,
        "kvmnetworklabel" string "the bridge that its administrator has in mind" => row.label,
    }
}

api_object! {
    /// Who gives services on a physical network.
    NETWORK_PROVIDER = "ProviderResponse", network_provider(row: &NetworkProviderRow) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "physicalnetworkid" string "the physical network" => row.physical_network,
        "state" string "Enabled or Disabled" => state(row.is_enabled),
        "canenableindividualservice" boolean "whether its services can be chosen one by one, always false" => false,
        "servicelist" list "what it gives" => services_of(&row.name),
    }
}

api_object! {
    /// A range of addresses.
    VLAN_IP_RANGE = "VlanIpRangeResponse", ip_range(row: &IpRangeRow) {
        "id" string "its id; a network's first range has the network's" => row.id,
        "zoneid" string "the zone that it is in" => row.zone,
        "networkid" string "the network that gives its addresses out" => row.network,
        "physicalnetworkid" string "the physical network that it is on" => row.physical_network,
        "podid" string "the pod that it is for" => row.pod,
        "vlan" string "its VLAN" => row.vlan,
        "gateway" string "the router" => row.gateway,
        "netmask" string "the subnet's netmask" => row.netmask,
        "cidr" string "the subnet" => ipnet::Ipv4Net::with_netmask(row.gateway, row.netmask).ok()
            .map(|subnet| subnet.trunc()),
        "startip" string "the first address" => row.start,
        "endip" string "the last address" => row.end,
        "forvirtualnetwork" boolean "whether it is no guest network's: a record only" => row.network.is_none(),
        "forsystemvms" boolean "whether it is for the cloud's own VMs, always false" => false,
    }
}

/// Providers that every physical network has, and what each gives.
pub(crate) const PROVIDERS: &[(&str, &[&str])] = &[
    ("VirtualRouter", &["Dhcp", "Dns", "UserData"]),
    ("ConfigDrive", &["UserData"]),
    ("SecurityGroupProvider", &["SecurityGroup"]),
];

fn services_of(provider: &str) -> Vec<&'static str> {
    let found = PROVIDERS.iter().find(|(name, _)| *name == provider);
    found.map(|(_, services)| services.to_vec()).unwrap_or_default()
}

const fn state(is_enabled: bool) -> &'static str {
    if is_enabled { "Enabled" } else { "Disabled" }
}

fn text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
