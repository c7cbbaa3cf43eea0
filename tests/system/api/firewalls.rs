//! Firewalls, forwarded ports, public addresses, VPCs: what is not there is said plainly.

use serde_json::json;
use uuid::Uuid;

use super::World;

#[tokio::test]
async fn what_a_network_cannot_do_is_refused_by_naming_the_service() {
    let world = World::new().await;
    let network = world.catalogue.network.to_string();
    let rule = [("networkid", network.as_str()), ("protocol", "tcp"), ("startport", "80")];
    let (status, text) = world.admin.refused("createEgressFirewallRule", &rule).await;
    assert_eq!(
        (status, text.contains("does not offer the service Firewall")),
        (431, true),
        "{text}"
    );
    let of = [("networkid", network.as_str())];
    let (status, text) = world.admin.refused("associateIpAddress", &of).await;
    assert_eq!((status, text.contains("the service StaticNat")), (431, true), "{text}");
    let zone = world.catalogue.zone.to_string();
    let (status, text) = world.admin.refused("associateIpAddress", &[("zoneid", &zone)]).await;
    assert_eq!((status, text.contains("no public addresses")), (533, true), "{text}");
}

#[tokio::test]
async fn the_parameters_of_a_rule_are_checked_before_anything_else() {
    let world = World::new().await;
    let never = Uuid::new_v4().to_string();
    let wrong: &[(&[(&str, &str)], &str)] = &[
        (&[("protocol", "carrier")], "protocol"),
        (&[("protocol", "tcp"), ("startport", "0")], "startport"),
        (&[("protocol", "tcp"), ("startport", "9"), ("endport", "8")], "endport"),
        (&[("protocol", "udp"), ("endport", "8")], "startport"),
        (&[("protocol", "icmp"), ("startport", "8")], "startport"),
        (&[("protocol", "icmp"), ("icmptype", "256")], "icmptype"),
        (&[("protocol", "tcp"), ("cidrlist", "10.0.0.0/40")], "cidrlist"),
        (&[("protocol", "tcp"), ("startport", "80")], "ipaddressid"),
    ];
    for (params, names) in wrong {
        let params = [&[("ipaddressid", never.as_str())], *params].concat();
        let (status, text) = world.admin.refused("createFirewallRule", &params).await;
        assert_eq!((status, text.contains(names)), (431, true), "{params:?}: {text}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_answered_like_what_never_was() {
    let world = World::new().await;
    let never = Uuid::new_v4().to_string();
    for (command, param) in [
        ("deleteFirewallRule", "id"),
        ("deleteEgressFirewallRule", "id"),
        ("deletePortForwardingRule", "id"),
        ("updatePortForwardingRule", "id"),
        ("disassociateIpAddress", "id"),
        ("disableStaticNat", "ipaddressid"),
        ("replaceNetworkACLList", "aclid"),
        ("listVirtualRouterElements", "id"),
        ("listInternalLoadBalancerElements", "id"),
        ("listFirewallRules", "id"),
        ("listFirewallRules", "ipaddressid"),
        ("listVPCs", "zoneid"),
        ("listNetworkACLLists", "networkid"),
    ] {
        let (status, text) = world.admin.refused(command, &[(param, &never)]).await;
        let right = text.contains(&format!("Invalid parameter {param} value={never}"));
        assert_eq!((status, right), (431, true), "{command}: {text}");
    }
    for command in ["configureVirtualRouterElement", "configureInternalLoadBalancerElement"] {
        let params = [("id", never.as_str()), ("enabled", "true")];
        let (status, text) = world.admin.refused(command, &params).await;
        assert_eq!((status, text.contains(&never)), (431, true), "{command}: {text}");
    }
    for list in ["listVPCs", "listFirewallRules", "listEgressFirewallRules", "listNetworkACLs"] {
        assert_eq!(world.admin.ok(list, &[("listall", "true")]).await, json!({}), "{list}");
    }
}
