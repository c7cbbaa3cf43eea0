//! Whether the addresses of a network can be. Pure.

use std::net::Ipv4Addr;

use hostler_store::network::NetworkRow;
use ipnet::Ipv4Net;

/// The addresses of a network that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// The router, which also says the subnet.
    pub(crate) gateway: Ipv4Addr,
    /// The subnet's netmask.
    pub(crate) netmask: Ipv4Addr,
    /// The first address that may be given out.
    pub(crate) start: Ipv4Addr,
    /// The last one.
    pub(crate) end: Ipv4Addr,
}

impl Range {
    /// The subnet, if everything fits together; else what does not, with the parameter's name.
    pub(crate) fn check(&self) -> Result<Ipv4Net, String> {
        let Self { gateway, netmask, start, end } = *self;
        let subnet = Ipv4Net::with_netmask(gateway, netmask)
            .map_err(|_| {
                format!("netmask {netmask} is no netmask; expected one like 255.255.255.0")
            })?
            .trunc();
        if subnet.prefix_len() > 30 {
            return Err(format!(
                "netmask {netmask} leaves no addresses; expected 255.255.255.252 or shorter"
            ));
        }
        let usable = |ip: Ipv4Addr| {
            subnet.contains(&ip) && ip != subnet.network() && ip != subnet.broadcast()
        };
        for (name, ip) in [("gateway", gateway), ("startip", start), ("endip", end)] {
            if !usable(ip) {
                return Err(format!("{name} {ip} is no address for a machine in subnet {subnet}"));
            }
        }
        if end < start {
            return Err(format!("endip {end} is before startip {start}; swap them"));
        }
        if (start..=end).contains(&gateway) {
            return Err(format!(
                "gateway {gateway} is between startip {start} and endip {end}; choose a range without it"
            ));
        }
        Ok(subnet)
    }

    /// What another network on the same wire has against it.
    pub(crate) fn conflict(&self, subnet: Ipv4Net, other: &NetworkRow) -> Option<String> {
        let overlaps = self.start <= other.end_ip && other.start_ip <= self.end;
        if overlaps {
            return Some(format!(
                "startip {} to endip {} overlaps with network {} ({} to {}) on the same bridge",
                self.start, self.end, other.name, other.start_ip, other.end_ip
            ));
        }
        let nested =
            subnet != other.cidr && (subnet.contains(&other.cidr) || other.cidr.contains(&subnet));
        nested.then(|| {
            format!(
                "subnet {subnet} overlaps with subnet {} of network {} on the same bridge; give both the same netmask",
                other.cidr, other.name
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(gateway: &str, netmask: &str, start: &str, end: &str) -> Range {
        let ip = |text: &str| text.parse().unwrap();
        Range { gateway: ip(gateway), netmask: ip(netmask), start: ip(start), end: ip(end) }
    }

    #[test]
    fn a_range_in_the_gateways_subnet_is_right() {
        let right = range("10.1.1.1", "255.255.255.0", "10.1.1.50", "10.1.1.99");
        assert_eq!(right.check(), Ok("10.1.1.0/24".parse().unwrap()));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let wrong = [
            (range("10.1.1.1", "255.0.255.0", "10.1.1.5", "10.1.1.9"), "netmask"),
            (range("10.1.1.1", "255.255.255.255", "10.1.1.1", "10.1.1.1"), "netmask"),
            (range("10.1.1.1", "255.255.255.0", "10.1.2.5", "10.1.1.9"), "startip"),
            (range("10.1.1.1", "255.255.255.0", "10.1.1.5", "10.1.1.255"), "endip"),
            (range("10.1.1.0", "255.255.255.0", "10.1.1.5", "10.1.1.9"), "gateway"),
            (range("10.1.1.1", "255.255.255.0", "10.1.1.9", "10.1.1.5"), "endip"),
            (range("10.1.1.7", "255.255.255.0", "10.1.1.5", "10.1.1.9"), "gateway"),
        ];
        for (range, name) in wrong {
            let text = range.check().unwrap_err();
            assert!(text.starts_with(name), "{text}");
        }
    }
}
