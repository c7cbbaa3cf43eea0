//! What a host can say about a libvirt domain's power.

use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// Whether a VM's libvirt domain runs. A reading is yes, no or unknown; unknown is never off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PowerState {
    /// The domain runs; paused counts as running.
    On,
    /// The domain is known to be off or gone.
    Off,
    /// Nobody could tell.
    Unknown,
}

impl FromStr for PowerState {
    type Err = Infallible;

    /// Anything but `on` and `off` is unknown.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "on" => Self::On,
            "off" => Self::Off,
            _ => Self::Unknown,
        })
    }
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Unknown => "unknown",
        })
    }
}

/// Why a domain is in its power state, as far as libvirt tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PowerReason {
    /// A command of the manager brought it about.
    Commanded,
    /// It was found so.
    Found,
    /// The guest shut itself down (`VIR_DOMAIN_SHUTOFF_SHUTDOWN`).
    GuestShutdown,
    /// Somebody destroyed it from outside (`VIR_DOMAIN_SHUTOFF_DESTROYED`).
    Destroyed,
    /// Its QEMU died (`VIR_DOMAIN_SHUTOFF_CRASHED` or `_FAILED`).
    Crashed,
    /// It migrated away (`VIR_DOMAIN_SHUTOFF_MIGRATED`).
    Migrated,
    /// It is paused (`VIR_DOMAIN_PAUSED`), for instance because of an I/O error.
    Paused,
    /// It was saved to a file (`VIR_DOMAIN_SHUTOFF_SAVED`).
    Saved,
    /// libvirt gives no reason that we know.
    Other,
    /// Its libvirt domain is not there any more, and nothing says how it ended. That is no proof that it is off.
    Missing,
}

impl PowerReason {
    /// Every reason there is.
    pub const ALL: &'static [Self] = &[
        Self::Commanded,
        Self::Found,
        Self::GuestShutdown,
        Self::Destroyed,
        Self::Crashed,
        Self::Migrated,
        Self::Paused,
        Self::Saved,
        Self::Other,
        Self::Missing,
    ];

    /// The reason of that name, as `Debug` writes it; one that nobody knows is [`Other`](Self::Other).
    pub fn named(name: &str) -> Self {
        let found = Self::ALL.iter().copied().find(|reason| format!("{reason:?}") == name);
        found.unwrap_or(Self::Other)
    }
}

impl fmt::Display for PowerReason {
    /// What is said of it to people, after "the guest".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commanded => "did as it was told",
            Self::Found => "was found so",
            Self::GuestShutdown => "shut itself down",
            Self::Destroyed => "was destroyed by somebody on its host",
            Self::Crashed => "crashed: its QEMU died",
            Self::Migrated => "was migrated away by somebody on its host",
            Self::Paused => "is paused",
            Self::Saved => "was saved to a file by somebody on its host",
            Self::Other => "is so for a reason that libvirt does not give",
            Self::Missing => "has no libvirt domain any more",
        })
    }
}
