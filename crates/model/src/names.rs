//! Names that follow a rule: instance names, host names, MAC addresses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text that does not follow the rule of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A value that none of the known ones is.
    #[error("{value:?} is not a {what}; known are {known}")]
    NotOneOf {
        /// The kind of value.
        what: &'static str,
        /// What was given.
        value: String,
        /// What would have been right.
        known: String,
    },
    /// A host name that RFC 1123 does not allow for a VM.
    #[error(
        "{0:?} is not a host name: 1 to 63 letters, digits and hyphens, the first a letter, the last no hyphen"
    )]
    HostName(String),
    /// Not of the form `i-<account>-<vm>-<suffix>`.
    #[error("{0:?} is not an instance name like i-2-17-VM")]
    InstanceName(String),
    /// Not six pairs of hexadecimal digits.
    #[error("{0:?} is not a MAC address like 06:01:02:03:04:05")]
    Mac(String),
}

/// The name of a VM's libvirt domain: `i-<account number>-<vm number>-<suffix>`.
///
/// The vm number is drawn once and never again, so a name is never reused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceName(String);

impl InstanceName {
    /// The name of VM number `vm` of account number `account`; `suffix` is the setting `instance.name`.
    pub fn new(account: u64, vm: u64, suffix: &str) -> Self {
        Self(format!("i-{account}-{vm}-{suffix}"))
    }

    /// The VM's number.
    pub fn vm_number(&self) -> u64 {
        self.0.split('-').nth(2).and_then(|n| n.parse().ok()).unwrap_or_default()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for InstanceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = || NameError::InstanceName(text.to_owned());
        let mut parts = text.splitn(4, '-');
        let number = |part: Option<&str>| part.and_then(|p| p.parse::<u64>().ok());
        let begins = parts.next() == Some("i");
        let (account, vm, suffix) = (number(parts.next()), number(parts.next()), parts.next());
        match (begins, account, vm, suffix) {
            (true, Some(account), Some(vm), Some(suffix))
                if !suffix.is_empty()
                    && suffix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && Self::new(account, vm, suffix).0 == text =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for InstanceName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<InstanceName> for String {
    fn from(name: InstanceName) -> Self {
        name.0
    }
}

/// A VM's host name: one label by RFC 1123 that does not begin with a digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

impl HostName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for HostName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bytes = text.as_bytes();
        let right = (1..=63).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && bytes.first().is_some_and(u8::is_ascii_alphabetic)
            && bytes.last().is_some_and(|b| *b != b'-');
        if right { Ok(Self(text.to_owned())) } else { Err(NameError::HostName(text.to_owned())) }
    }
}

impl TryFrom<String> for HostName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

/// The hardware address of a NIC, shown as six pairs in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// The address of the NIC number `number` of one cloud: locally administered, unicast, `06:` first.
    ///
    /// `cloud` is any byte that differs between clouds on one wire; 32 bits of `number` are used.
    pub const fn of_nic(cloud: u8, number: u32) -> Self {
        let n = number.to_be_bytes();
        Self([0x06, cloud, n[0], n[1], n[2], n[3]])
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for MacAddress {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = || NameError::Mac(text.to_owned());
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|p| p.len() == 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_instance_name_leads_back_to_its_vm() {
        let name = InstanceName::new(2, 17, "VM");
        assert_eq!(name.as_str(), "i-2-17-VM");
        assert_eq!(name.as_str().parse::<InstanceName>().unwrap().vm_number(), 17);
    }

    #[test]
    fn what_is_nearly_an_instance_name_is_refused() {
        for text in ["", "i-2-17-", "i-2-17", "x-2-17-VM", "i-02-17-VM", "i-2-17-V M", "i-2--VM"] {
            assert!(text.parse::<InstanceName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_name_is_one_rfc_1123_label_that_begins_with_a_letter() {
        for text in ["a", "web-1", "A9"] {
            assert!(text.parse::<HostName>().is_ok(), "{text}");
        }
        let long = "a".repeat(64);
        for text in ["", "1web", "-a", "a-", "a.b", "ä", "a b", &long] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_mac_address_is_read_as_it_is_written(bytes: [u8; 6]) {
            let mac = MacAddress(bytes);
            prop_assert_eq!(mac.to_string().parse::<MacAddress>().unwrap(), mac);
        }

        #[test]
        fn no_text_makes_a_name_panic(text: String) {
            let _ = (text.parse::<InstanceName>(), text.parse::<HostName>(), text.parse::<MacAddress>());
        }
    }
}
