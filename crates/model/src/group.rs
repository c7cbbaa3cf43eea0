//! The small enums of groups of VMs: kinds of affinity, kinds of places that are kept for somebody, directions of rules, policies for user data.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::names::NameError;
use crate::transition::named_enum;

named_enum! {
    /// Which way traffic goes that a rule of a security group lets through, as seen from the VM.
    RuleDirection {
        /// To the VM.
        Ingress,
        /// From the VM.
        Egress,
    }
}

named_enum! {
    /// Kinds of places that can be kept for a domain or an account.
    DedicatedKind {
        /// A data centre, with all that is in it.
        Zone,
        /// A rack or room, with all that is in it.
        Pod,
        /// A cluster, with its hosts.
        Cluster,
        /// One host.
        Host,
    }
}

impl DedicatedKind {
    /// Its name in a sentence.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Pod => "pod",
            Self::Cluster => "cluster",
            Self::Host => "host",
        }
    }
}

/// Where the members of an affinity group are to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AffinityKind {
    /// All on one host.
    Together,
    /// Each on a host of its own.
    Apart,
    /// On one host, as far as that can be.
    RatherTogether,
    /// Each on a host of its own, as far as that can be.
    RatherApart,
}

impl AffinityKind {
    /// Every one.
    pub const ALL: &[Self] =
        &[Self::Together, Self::Apart, Self::RatherTogether, Self::RatherApart];

    /// The API's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Together => "host affinity",
            Self::Apart => "host anti-affinity",
            Self::RatherTogether => "non-strict host affinity",
            Self::RatherApart => "non-strict host anti-affinity",
        }
    }

    /// Whether a member that cannot be placed that way does not start.
    pub const fn is_strict(self) -> bool {
        matches!(self, Self::Together | Self::Apart)
    }

    /// Whether members belong on one host.
    pub const fn is_together(self) -> bool {
        matches!(self, Self::Together | Self::RatherTogether)
    }
}

impl fmt::Display for AffinityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for AffinityKind {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|kind| kind.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            NameError::NotOneOf {
                what: "type of affinity group",
                value: text.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

impl TryFrom<String> for AffinityKind {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AffinityKind> for String {
    fn from(kind: AffinityKind) -> Self {
        kind.as_str().to_owned()
    }
}

/// Whether those who deploy from a template may bring user data of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserDataPolicy {
    /// Theirs takes the place of the template's.
    AllowOverride,
    /// The guest gets both, the template's first.
    Append,
    /// They may not.
    DenyOverride,
}

impl UserDataPolicy {
    /// Every one.
    pub const ALL: &[Self] = &[Self::AllowOverride, Self::Append, Self::DenyOverride];

    /// The API's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowOverride => "ALLOWOVERRIDE",
            Self::Append => "APPEND",
            Self::DenyOverride => "DENYOVERRIDE",
        }
    }
}

impl fmt::Display for UserDataPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for UserDataPolicy {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|p| p.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|policy| policy.as_str()).collect();
            NameError::NotOneOf {
                what: "policy for user data",
                value: text.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_policy_is_read_by_its_own_name_in_any_case() {
        for kind in AffinityKind::ALL {
            assert_eq!(kind.as_str().to_uppercase().parse(), Ok(*kind));
        }
        for policy in UserDataPolicy::ALL {
            assert_eq!(policy.as_str().to_lowercase().parse(), Ok(*policy));
        }
    }

    #[test]
    fn what_is_no_kind_is_refused_with_those_that_are() {
        let error = "rack affinity".parse::<AffinityKind>().unwrap_err();
        assert!(error.to_string().contains("non-strict host anti-affinity"), "{error}");
    }
}
