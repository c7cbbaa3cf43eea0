//! Where a server is, and whether a connection to it is encrypted from its first byte. Pure.

/// The ports on which TLS begins at once: LDAP's, and that of Active Directory's global catalogue.
const TLS_PORTS: [u16; 2] = [636, 3269];

/// A server's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its name or address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Whether TLS begins at once.
    pub(crate) is_tls: bool,
}

/// What is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name or address of an LDAP server; give one such as ldap.example.org or ldaps://ldap.example.org"
)]
pub(crate) struct PlaceError(String);

impl Place {
    /// Reads a host, perhaps with `ldap://` or `ldaps://` before it; some ports mean the latter.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn read(text: &str, port: u16) -> Result<Self, PlaceError> {
        let lower = text.trim().to_ascii_lowercase();
        let (host, said) = match (lower.strip_prefix("ldaps://"), lower.strip_prefix("ldap://")) {
            (Some(host), _) => (host, Some(true)),
            (_, Some(host)) => (host, Some(false)),
            _ => (lower.as_str(), None),
        };
        let is_name = host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_v6 = inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
        if !is_name && !is_v6 {
            return Err(PlaceError(text.to_owned()));
        }
        let is_tls = said.unwrap_or_else(|| TLS_PORTS.contains(&port));
        Ok(Self { host: host.to_owned(), port, is_tls })
    }

    /// As an URL.
    pub(super) fn url(&self) -> String {
        let scheme = if self.is_tls { "ldaps" } else { "ldap" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_begins_at_once_where_the_name_or_the_port_says_so() {
        for (text, port, url) in [
            ("ldap.example.org", 389, "ldap://ldap.example.org:389"),
            ("LDAPS://Ldap.Example.org", 1636, "ldaps://ldap.example.org:1636"),
            ("10.0.0.1", 636, "ldaps://10.0.0.1:636"),
            ("dc1", 3269, "ldaps://dc1:3269"),
            ("ldap://dc1", 636, "ldap://dc1:636"),
            ("[::1]", 389, "ldap://[::1]:389"),
        ] {
            assert_eq!(Place::read(text, port).unwrap().url(), url);
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["", "a b", "x/y", "user@host", "ldapi://socket", "http://x", "[x]", "a?b"] {
            assert!(Place::read(text, 389).is_err(), "{text}");
        }
    }
}
