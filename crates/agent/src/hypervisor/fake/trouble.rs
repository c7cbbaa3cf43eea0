//! What can be made to go wrong with domains in memory, and who sees what happens to them.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::hypervisor::DomainView;

/// Sees what happens to domains: calls that are about to change one, and domains that have changed.
pub trait Witness: Send + Sync {
    /// A call of this name is about to change a domain. What panics here ends the agent in the middle.
    fn calls(&self, call: &'static str, domain: &str);

    /// A domain has begun to run.
    fn runs(&self, domain: &DomainView);
}

/// What can be made to go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trouble {
    /// No call is answered.
    pub unreachable: bool,
    /// Calls of these names are refused: `define`, `start`, `shut_down`, `destroy`, ...
    pub refuse: BTreeSet<&'static str>,
    /// Guests do not obey their power button.
    pub ignore_shutdown: bool,
    /// Guests do not let go of disks and network interfaces.
    pub keep_disks: bool,
    /// Every listing lacks something.
    pub incomplete: bool,
    /// How long each start takes.
    pub start_takes: Duration,
}
