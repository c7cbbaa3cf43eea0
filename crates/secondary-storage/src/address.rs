//! Which network addresses a download may ask, and a resolver that gives away no others.
//!
//! A name is looked up once, and the connection goes to the very address that was checked: a name server that
//! answers differently the second time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses may be asked.
#[derive(Debug, Clone)]
pub(crate) struct AddressRule {
    /// Whether any may.
    pub(crate) allow_private: bool,
    /// Networks that may be asked though they are private.
    pub(crate) allowed: Vec<IpNet>,
}

/// A host that has only addresses which may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} is at {address}, which is not a public address; allow private addresses for downloads, \
     or add its network to the allowed ones, if it is meant"
)]
pub(crate) struct AddressRefused {
    /// The host of the URL.
    host: String,
    /// Its address.
    address: IpAddr,
}

impl AddressRule {
    /// Whether `address` may be asked.
    pub(crate) fn permits(&self, address: IpAddr) -> bool {
        self.allow_private
            || self.allowed.iter().any(|network| network.contains(&address))
            || is_public(address)
    }

    /// Refuses a URL whose host is an address that may not be asked. Names are checked when they are looked up.
    pub(crate) fn check(&self, url: &Url) -> Result<(), AddressRefused> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.permits(address) => {
                Err(AddressRefused { host: host.to_owned(), address })
            }
            _ => Ok(()),
        }
    }
}

/// Looks names up and drops the addresses that may not be asked.
#[derive(Debug, Clone)]
pub(crate) struct CheckedResolver(pub(crate) Arc<AddressRule>);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let permitted: Vec<SocketAddr> =
                found.iter().copied().filter(|address| rule.permits(address.ip())).collect();
            match (permitted.is_empty(), found.first()) {
                (true, Some(address)) => Err(AddressRefused { host, address: address.ip() }.into()),
                _ => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is one of the open internet: no private, local, shared, reserved or multicast one.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b)) // shared by providers, RFC 6598
        || (a == 192 && b == 0 && c == 0) // protocol assignments, RFC 6890
        || (a == 198 && (b == 18 || b == 19)) // benchmarks, RFC 2544
        || a >= 224; // multicast, reserved, broadcast
    !special
}

/// Only `2000::/3` is given out; what carries an IPv4 address inside is as public as that.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b) {
        (0x64, 0xff9b) => [c, d, e, f] == [0; 4] && is_public_v4(v4(g, h)), // NAT64, RFC 6052
        (0x2002, _) => is_public_v4(v4(b, c)),                              // 6to4, RFC 3056
        (0x2001, 0..0x200 | 0xdb8) => false, // Teredo and other protocols; documentation
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public_only() -> AddressRule {
        AddressRule { allow_private: false, allowed: Vec::new() }
    }

    #[test]
    fn addresses_of_the_open_internet_may_be_asked() {
        for text in ["1.1.1.1", "151.101.2.132", "2a04:4e42::644", "64:ff9b::1.1.1.1"] {
            assert!(public_only().permits(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn no_private_or_local_address_may_be_asked_in_whatever_dress() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!public_only().permits(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_literal_address_is_recognised_however_it_is_written() {
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]:8080/x",
        ] {
            assert!(public_only().check(&text.parse().unwrap()).is_err(), "{text}");
        }
        assert_eq!(public_only().check(&"http://1.1.1.1/".parse().unwrap()), Ok(()));
    }

    #[test]
    fn an_allowed_network_may_be_asked_and_its_neighbour_not() {
        let rule =
            AddressRule { allow_private: false, allowed: vec!["10.0.5.0/24".parse().unwrap()] };
        assert!(rule.permits("10.0.5.7".parse().unwrap()));
        assert!(!rule.permits("10.0.6.7".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_with_only_private_addresses_is_refused_when_it_is_looked_up() {
        let resolver = CheckedResolver(Arc::new(public_only()));
        let error = resolver.resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(error.downcast_ref::<AddressRefused>().is_some(), "{error}");
    }
}
