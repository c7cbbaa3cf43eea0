//! Kinds of networks, wires, and ranges of addresses.

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness) {
    let params = [
        ("name", "no9"),
        ("guestiptype", "Shared"),
        ("traffictype", "GUEST"),
        ("supportedservices", "Dhcp,Dns"),
        ("serviceproviderlist[0].service", "Dhcp"),
        ("serviceproviderlist[0].provider", "VirtualRouter"),
        ("servicecapabilitylist[0].service", "Dhcp"),
        ("servicecapabilitylist[0].capabilitytype", "x"),
        ("servicecapabilitylist[0].capabilityvalue", "y"),
        ("tags", "t"),
    ];
    let offering = id(&w.call("createNetworkOffering", &params).await, "networkoffering");
    w.call("updateNetworkOffering", &[("id", &offering), ("state", "Enabled")]).await;
    w.call("listNetworkOfferings", &[]).await;
    w.call("deleteNetworkOffering", &[("id", &offering)]).await;
    w.call("listSupportedNetworkServices", &[]).await;

    let zone = id(&w.call("listZones", &[]).await, "zone");
    let params = [("name", "wire"), ("zoneid", zone.as_str()), ("isolationmethods", "VLAN")];
    let answer = w.call("createPhysicalNetwork", &params).await;
    let wire = answer["id"].as_str().unwrap().to_owned();
    w.job(&answer).await;
    let on_wire = [("physicalnetworkid", wire.as_str())];
    let params = [&on_wire[..], &[("traffictype", "Guest"), ("kvmnetworklabel", "br0")]].concat();
    let answer = w.call("addTrafficType", &params).await;
    let traffic = answer["id"].as_str().unwrap().to_owned();
    w.job(&answer).await;
    let answer = w.call("updateTrafficType", &[("id", &traffic), ("kvmnetworklabel", "br1")]).await;
    let job = w.job(&answer).await;
    w.hold("TrafficTypeResponse", &job["jobresult"]["traffictype"]);
    w.call("listTrafficTypes", &on_wire).await;
    let providers = w.call("listNetworkServiceProviders", &on_wire).await;
    let provider = id(&providers, "networkserviceprovider");
    let params = [("id", provider.as_str()), ("state", "Enabled")];
    let answer = w.call("updateNetworkServiceProvider", &params).await;
    let job = w.job(&answer).await;
    w.hold("ProviderResponse", &job["jobresult"]["networkserviceprovider"]);
    let answer = w.call("updatePhysicalNetwork", &[("id", &wire), ("state", "Enabled")]).await;
    let job = w.job(&answer).await;
    w.hold("PhysicalNetworkResponse", &job["jobresult"]["physicalnetwork"]);
    w.call("listPhysicalNetworks", &[]).await;

    let params = [
        ("zoneid", zone.as_str()),
        ("physicalnetworkid", &wire),
        ("forvirtualnetwork", "true"),
        ("gateway", "192.0.2.1"),
        ("netmask", "255.255.255.0"),
        ("startip", "192.0.2.10"),
        ("endip", "192.0.2.20"),
        ("vlan", "7"),
    ];
    let range = id(&w.call("createVlanIpRange", &params).await, "vlan");
    w.call("listVlanIpRanges", &[]).await;
    w.call("deleteVlanIpRange", &[("id", &range)]).await;
    for (command, id) in [("deleteTrafficType", &traffic), ("deletePhysicalNetwork", &wire)] {
        let answer = w.call(command, &[("id", id)]).await;
        w.job(&answer).await;
    }
}
