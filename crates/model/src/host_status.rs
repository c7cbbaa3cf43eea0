//! The life of a host's connection, apart from what an administrator wants of the host.

use crate::transition::{InvalidTransition, named_enum};

named_enum! {
    /// Whether the manager can work with a host.
    HostStatus {
        /// Its agent said Startup and has not acknowledged Ready yet.
        Connecting,
        /// Its agent acknowledged Ready and answers.
        Up,
        /// Its agent said goodbye, or the manager that held the link ended.
        Disconnected,
        /// The link was lost or went silent without a word. Nothing is known about its VMs.
        Alert,
        /// There is proof that the machine is off.
        Down,
        /// It was removed from the cloud.
        Removed,
    }
}

named_enum! {
    /// What can happen to a host.
    HostEvent {
        /// An agent with the host's guid said Startup.
        AgentConnected,
        /// The agent acknowledged Ready.
        ReadyAcknowledged,
        /// The agent was told why it may not come in.
        Refused,
        /// The link closed without a goodbye.
        LinkLost,
        /// The link was silent for 2.5 ping intervals.
        PingTimeout,
        /// The agent said that it shuts down.
        ShutdownAnnounced,
        /// The manager that held the link has ended.
        ManagerLost,
        /// There is proof that the machine is off.
        ProvedOff,
        /// An administrator removed it.
        RemoveRequested,
    }
}

use HostEvent as E;
use HostStatus as S;

impl HostStatus {
    /// The status after `event`, for every pair there is; `None` where the pair is not allowed.
    ///
    /// A status that stays as it is says that the event is old news.
    #[rustfmt::skip] // reads as a table
    pub const fn after(self, event: HostEvent) -> Option<Self> {
        Some(match (self, event) {
            //                                        a new link always starts over
            (S::Removed,      _)                    => return None,
            (_,               E::AgentConnected)    => S::Connecting,
            (_,               E::RemoveRequested)   => S::Removed,

            (S::Connecting,   E::ReadyAcknowledged) => S::Up,
            (S::Up,           E::ReadyAcknowledged) => S::Up,
            (S::Disconnected | S::Alert | S::Down,
                              E::ReadyAcknowledged) => return None,

            (S::Connecting,   E::Refused)           => S::Alert,
            (S::Up | S::Disconnected | S::Alert | S::Down,
                              E::Refused)           => return None,

            (S::Connecting | S::Up,
                              E::LinkLost | E::PingTimeout) => S::Alert,
            (S::Connecting | S::Up,
                              E::ShutdownAnnounced | E::ManagerLost) => S::Disconnected,
            (S::Disconnected | S::Alert | S::Down,
                              E::LinkLost | E::PingTimeout | E::ShutdownAnnounced | E::ManagerLost) => self,

            (S::Disconnected | S::Alert | S::Down,
                              E::ProvedOff)         => S::Down,
            //                                        a living link contradicts the proof
            (S::Connecting | S::Up,
                              E::ProvedOff)         => return None,
        })
    }

    /// The status after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the status and the event that it does not allow.
    pub fn next(self, event: HostEvent) -> Result<Self, InvalidTransition> {
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
    fn every_pair_of_status_and_event_is_decided() {
        let mut table = String::new();
        for state in HostStatus::ALL {
            for event in HostEvent::ALL {
                let to = state.after(*event).map_or("-", HostStatus::as_str);
                writeln!(table, "{state:12} {event:18} {to}").unwrap();
            }
        }
        assert_eq!(table, include_str!("host_status.table"));
    }

    #[test]
    fn silence_never_proves_that_a_host_is_off() {
        for state in HostStatus::ALL {
            for event in [HostEvent::LinkLost, HostEvent::PingTimeout, HostEvent::ManagerLost] {
                let after = state.after(event);
                assert!(after != Some(HostStatus::Down) || *state == HostStatus::Down);
            }
        }
    }
}
