//! Which machine is meant: what people and the API's `url` write.

use std::str::FromStr;

/// A machine to log in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Who logs in, if it is said.
    pub user: Option<String>,
    /// Name or address.
    pub host: String,
    /// The port of its sshd.
    pub port: u16,
}

/// A text that names no machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no host ({why}); write an address or a name, for instance http://10.0.0.7 or root@kvm-1:22"
)]
pub struct InvalidTarget {
    text: String,
    why: &'static str,
}

impl FromStr for Target {
    type Err = InvalidTarget;

    /// Reads `[http://|ssh://][user@]host[:port][/]`; an IPv6 address with a port stands in brackets.
    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let wrong = |why| InvalidTarget { text: text.to_owned(), why };
        let rest = match text.split_once("://") {
            None => text,
            Some(("http" | "https" | "ssh", rest)) => rest,
            Some(_) => return Err(wrong("it is not of a known scheme")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, rest),
        };
        if user.as_ref().is_some_and(String::is_empty) {
            return Err(wrong("the user is empty"));
        }
        let (host, port) = split_port(rest).ok_or_else(|| wrong("the port is no number"))?;
        let known = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
        if host.is_empty() || !host.chars().all(known) {
            return Err(wrong("a host has letters, digits, dots and hyphens"));
        }
        Ok(Self { user, host: host.to_owned(), port })
    }
}

fn split_port(text: &str) -> Option<(&str, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => rest.is_empty().then_some((host, 22)),
        };
    }
    match text.split_once(':') {
        // More than one colon: an address of IPv6 without a port.
        Some((host, port)) if !port.contains(':') => Some((host, port.parse().ok()?)),
        _ => Some((text, 22)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_to_name_a_host_is_understood() {
        let read = |text: &str| {
            let t: Target = text.parse().unwrap();
            (t.user.unwrap_or_default(), t.host, t.port)
        };
        let is = |user: &str, host: &str, port| (user.to_owned(), host.to_owned(), port);
        assert_eq!(read("10.0.0.7"), is("", "10.0.0.7", 22));
        assert_eq!(read("http://10.0.0.7"), is("", "10.0.0.7", 22));
        assert_eq!(read("http://kvm-1.example.org/"), is("", "kvm-1.example.org", 22));
        assert_eq!(read("ssh://root@kvm-1:2222"), is("root", "kvm-1", 2222));
        assert_eq!(read("root@fd00::7"), is("root", "fd00::7", 22));
        assert_eq!(read("[fd00::7]:2222"), is("", "fd00::7", 2222));
    }

    #[test]
    fn what_names_no_host_is_refused() {
        for text in ["", "http://", "ftp://kvm-1", "kvm-1:ssh", "@kvm-1", "kvm-1;reboot", "a b"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
