//! What a host can say about a libvirt domain's power.

use serde::{Deserialize, Serialize};
use std::fmt;

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
}
