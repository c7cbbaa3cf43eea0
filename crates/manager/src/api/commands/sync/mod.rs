//! Commands about the record and the world: what hosts have beside the cloud, what has changed and why, and what differs.
//! They are our own.

use super::{Entry, known};

mod adopt_virtual_machine;
mod fix_drift;
mod list_aliens;
mod list_drift;
mod list_history;
mod release_virtual_machine;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<adopt_virtual_machine::AdoptVirtualMachine>(),
    known::<fix_drift::FixDrift>(),
    known::<list_aliens::ListAliens>(),
    known::<list_drift::ListDrift>(),
    known::<list_history::ListHistory>(),
    known::<release_virtual_machine::ReleaseVirtualMachine>(),
];
