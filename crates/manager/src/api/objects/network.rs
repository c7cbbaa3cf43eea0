//! Networks in answers.

use hostler_store::network::NetworkView;

use super::offering::services;
use super::tag::{TAG, tags};
use super::{api_object, api_shape, date};
use crate::api::commands::offering::network_services::capabilities;

api_object! {
    /// What a service can do beside being there.
    CAPABILITY = "capability", capability(name: &str, value: &str) {
        "name" string "what it is" => name,
        "value" string "whether it can, or how" => value,
        "canchooseservicecapability" boolean "whether an offering can choose it, always false" => false,
    }
}

api_object! {
    /// Who gives a service.
    SERVICE_PROVIDER = "ProviderResponse", service_provider(name: &str) {
        "name" string "its name" => name,
    }
}

api_object! {
    /// What a network does for its guests.
    SERVICE = "service", service(name: &str, provider: Option<&str>, more: &[(&str, &str)]) {
        "name" string "such as Dhcp, Dns, UserData" => name,
        "provider" list(SERVICE_PROVIDER) "who gives it" =>
            provider.map(|provider| vec![service_provider(provider)]),
        "capability" list(CAPABILITY) "what it can do beside being there" => capabilities(name).iter().chain(more)
            .map(|(name, value)| capability(name, value)).collect::<Vec<_>>(),
    }
}

api_object! {
    /// A guest network.
    NETWORK = "NetworkResponse", network(view: &NetworkView, admin: bool) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "displaytext" string "what it is, for people" => view.row.display_text,
        "account" string "who made it" => view.account_name,
        "domainid" string "the domain of who made it" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "zoneid" string "the zone that it is in" => view.row.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "networkofferingid" string "what it can do" => view.row.offering,
        "networkofferingname" string "that offering's name" => view.offering_name,
        "networkofferingdisplaytext" string "what that offering is, for people" => view.offering_text,
        "networkofferingavailability" string "whether networks of it have to exist" => "Optional",
        "networkofferingconservemode" boolean "whether an address can have several uses" => true,
        "type" string "Shared: everybody's VMs are on it" => view.row.guest_type,
        "traffictype" string "whose traffic it carries" => view.row.traffic_type,
        "acltype" string "for whom it is: Account: its account; Domain: a domain's accounts, or everybody's" =>
            view.row.acl_type,
        "subdomainaccess" boolean "whether accounts of domains below may use it" => view.row.subdomain_access,
        "state" string "Setup: it can be used" => view.row.state,
        "cidr" string "its subnet" => view.row.cidr,
        "networkcidr" string "its subnet" => view.row.cidr,
        "netmask" string "the subnet's netmask" => view.row.cidr.netmask(),
        "gateway" string "the router that guests are given" => view.row.gateway,
        "dns1" string "the resolver that guests are given" => dns(view, 0),
        "dns2" string "the second resolver that guests are given" => dns(view, 1),
        "networkdomain" string "DNS domain of its guests" => view.row.network_domain,
        "broadcastdomaintype" string "how it is kept apart, always Native" => "Native",
        "broadcasturi" string "the bridge on every host, as bridge://name" =>
            view.row.bridge.as_ref().filter(|_| admin).map(|bridge| format!("bridge://{bridge}")),
        "privatemtu" integer "largest packet, in bytes" => view.row.mtu,
        "isdefault" boolean "whether VMs of its zone get it when they name no network" => view.row.is_default,
        "issystem" boolean "whether it is for the cloud's own VMs, always false" => false,
        "ispersistent" boolean "whether it exists without VMs" => true,
        "displaynetwork" boolean "whether users see it, always true" => true,
        "canusefordeploy" boolean "whether VMs can be deployed on it" => true,
        "restartrequired" boolean "whether it has to be restarted for changes, always false" => false,
        "specifyipranges" boolean "whether its addresses were named" => true,
        "specifyvlan" boolean "whether its VLAN was named, always false" => false,
        "strechedl2subnet" boolean "whether it spans zones, always false" => false,
        "redundantrouter" boolean "whether it has two routers, always false" => false,
        "supportsvmautoscaling" boolean "whether groups of VMs can grow by themselves, always false" => false,
        "related" string "its id" => view.row.id,
        "created" date "since when there has been one" => date(view.row.created),
        "service" list(SERVICE) "what it does for its guests" => services(&view.services),
        "tags" list(TAG) "its tags" => tags(&view.tags),
    }
}

fn dns(view: &NetworkView, position: usize) -> Option<std::net::Ipv4Addr> {
    let resolvers = if view.row.dns.is_empty() { &view.zone_dns } else { &view.row.dns };
    resolvers.get(position).copied()
}

api_shape! {
    /// A rule of a firewall. There are none yet.
    FIREWALL_RULE = "FirewallRuleResponse" {
        "id" string "its id",
        "protocol" string "tcp or udp",
        "publicport" string "first port outside",
        "privateport" string "first port inside",
        "ipaddress" string "the address outside",
        "virtualmachineid" string "the VM inside",
    }
}

api_shape! {
    /// A public address. There are none yet.
    IP_ADDRESS = "IPAddressResponse" {
        "id" string "its id",
        "ipaddress" string "the address",
        "zoneid" string "the zone that it is in",
        "state" string "whether it is free",
    }
}
