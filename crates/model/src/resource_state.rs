//! What an administrator wants of a host, apart from the life of its connection.

use crate::transition::{InvalidTransition, named_enum};

named_enum! {
    /// Whether a host takes VMs.
    ResourceState {
        /// Takes new VMs.
        Enabled,
        /// Takes none; what runs goes on.
        Disabled,
        /// Takes none, and waits until the last VM has left.
        PrepareForMaintenance,
        /// Takes none and has none: work on the machine harms nobody.
        Maintenance,
    }
}

named_enum! {
    /// What can happen to it.
    ResourceEvent {
        /// An administrator lets it take VMs.
        EnableRequested,
        /// An administrator lets it take none.
        DisableRequested,
        /// An administrator wants to work on the machine.
        MaintenanceRequested,
        /// The last VM has left.
        Emptied,
        /// The work on the machine is done, or was not begun.
        CancelRequested,
    }
}

use ResourceEvent as E;
use ResourceState as S;

impl ResourceState {
    /// The state after `event`, for every pair there is; `None` where the pair is not allowed.
    #[rustfmt::skip] // reads as a table
    pub const fn after(self, event: ResourceEvent) -> Option<Self> {
        Some(match (self, event) {
            (S::Enabled | S::Disabled,  E::EnableRequested)      => S::Enabled,
            (S::Enabled | S::Disabled,  E::DisableRequested)     => S::Disabled,
            (S::Enabled | S::Disabled,  E::MaintenanceRequested) => S::PrepareForMaintenance,
            (S::Enabled | S::Disabled,  E::Emptied | E::CancelRequested) => return None,

            //                                                   cancel the maintenance first
            (S::PrepareForMaintenance | S::Maintenance,
                E::EnableRequested | E::DisableRequested)        => return None,
            (S::PrepareForMaintenance | S::Maintenance,
                                        E::MaintenanceRequested) => self,
            (S::PrepareForMaintenance | S::Maintenance,
                                        E::Emptied)              => S::Maintenance,
            (S::PrepareForMaintenance | S::Maintenance,
                                        E::CancelRequested)      => S::Enabled,
        })
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that it does not allow.
    pub fn next(self, event: ResourceEvent) -> Result<Self, InvalidTransition> {
        self.after(event).ok_or_else(|| InvalidTransition {
            thing: "host",
            state: self.to_string(),
            event: event.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_pair_of_state_and_event_is_decided() {
        let mut table = String::new();
        for state in ResourceState::ALL {
            for event in ResourceEvent::ALL {
                let to = state.after(*event).map_or("-", ResourceState::as_str);
                writeln!(table, "{state:21} {event:20} {to}").unwrap();
            }
        }
        assert_eq!(table, include_str!("resource_state.table"));
    }

    #[test]
    fn a_host_is_in_maintenance_only_when_the_last_vm_has_left() {
        for state in [ResourceState::Enabled, ResourceState::Disabled] {
            for event in ResourceEvent::ALL {
                assert_ne!(state.after(*event), Some(ResourceState::Maintenance));
            }
        }
    }
}
