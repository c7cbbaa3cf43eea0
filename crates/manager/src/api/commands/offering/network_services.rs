//! The services of networks: which there are, what each kind of network can have, and what each can do. Pure.

/// Every service that clients know by name.
pub(crate) const KNOWN: &[&str] = &[
    "Connectivity",
    "Dhcp",
    "Dns",
    "Firewall",
    "Gateway",
    "Lb",
    "NetworkACL",
    "PortForwarding",
    "SecurityGroup",
    "SourceNat",
    "StaticNat",
    "UserData",
    "Vpn",
];

/// What shared networks can have: hosts give it to their own VMs.
pub(crate) const OF_SHARED: &[&str] = &["Dhcp", "Dns", "SecurityGroup", "UserData"];

/// What a service can do beside being there: name and value.
pub(crate) fn capabilities(service: &str) -> &'static [(&'static str, &'static str)] {
    match service {
        "Dhcp" => &[("DhcpAccrossMultipleSubnets", "true")],
        "Dns" => &[("AllowDnsSuffixModification", "true")],
        _ => &[],
    }
}

/// Who gives a service when nobody says.
pub(crate) fn provider(service: &str) -> &'static str {
    match service {
        "SecurityGroup" => "SecurityGroupProvider",
        "UserData" => "ConfigDrive",
        _ => "VirtualRouter",
    }
}

/// A service in the spelling in which it is shown.
pub(crate) fn spelled(service: &str) -> Option<&'static str> {
    KNOWN.iter().copied().find(|known| known.eq_ignore_ascii_case(service))
}
