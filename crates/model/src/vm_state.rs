//! The life of a VM, and of one run of it on a host.
//!
//! A `vm` is what a user owns; a run is one incarnation on one host. They have a table each, because a
//! late word about an old run must never change what the user sees.

use crate::transition::{InvalidTransition, named_enum, next};

named_enum! {
    /// What a user sees of a VM, by CloudStack's names.
    VmState {
        /// It has no libvirt domain; its volumes may not exist yet.
        Stopped,
        /// A job is starting it.
        Starting,
        /// A host confirmed that it runs.
        Running,
        /// A job is stopping it.
        Stopping,
        /// Its user threw it away; its volumes are kept until the expunge delay is over.
        Destroyed,
        /// A job removes what is left of it.
        Expunging,
        /// Nothing is left but the record.
        Expunged,
        /// Its deployment failed before it ever ran.
        Error,
    }
}

named_enum! {
    /// What can happen to a VM.
    VmEvent {
        /// A job began to start it.
        StartRequested,
        /// The agent says that its domain runs.
        AgentConfirmed,
        /// It certainly does not run: refused, no host, or undone.
        StartFailed,
        /// Its first start failed; there is nothing to go back to.
        DeployFailed,
        /// A job began to stop it.
        StopRequested,
        /// The agent says that its domain is gone.
        StopConfirmed,
        /// The agent says that the domain runs on.
        StopRefused,
        /// A host found the domain off without our doing.
        FoundPowerOff,
        /// A host found the domain running without our doing.
        FoundPowerOn,
        /// Its user destroyed it.
        DestroyRequested,
        /// Its user wants it back before it was expunged.
        RecoverRequested,
        /// A job began to remove what is left.
        ExpungeRequested,
        /// Something could not be removed; it can be tried again.
        ExpungeFailed,
        /// Everything is removed.
        ExpungeDone,
        /// Its host has it back: it goes on there, and is not the cloud's any more.
        Released,
    }
}

use VmEvent as E;
use VmState as S;

impl VmState {
    /// Every move that a VM may make. What is not a row here cannot happen.
    #[rustfmt::skip] // reads as a table
    pub const TRANSITIONS: &'static [(S, E, S)] = &[
        (S::Stopped,   E::StartRequested,   S::Starting),
        (S::Starting,  E::AgentConfirmed,   S::Running),
        (S::Starting,  E::StartFailed,      S::Stopped),
        (S::Starting,  E::DeployFailed,     S::Error),
        (S::Starting,  E::FoundPowerOn,     S::Running),
        (S::Running,   E::StopRequested,    S::Stopping),
        (S::Running,   E::FoundPowerOff,    S::Stopped),
        (S::Running,   E::AgentConfirmed,   S::Running),  // a reboot
        (S::Stopping,  E::StopConfirmed,    S::Stopped),
        (S::Stopping,  E::FoundPowerOff,    S::Stopped),
        (S::Stopping,  E::StopRefused,      S::Running),
        (S::Stopped,   E::FoundPowerOn,     S::Running),
        (S::Stopped,   E::DestroyRequested, S::Destroyed),
        (S::Error,     E::DestroyRequested, S::Destroyed),
        (S::Destroyed, E::RecoverRequested, S::Stopped),
        (S::Stopped,   E::ExpungeRequested, S::Expunging),
        (S::Error,     E::ExpungeRequested, S::Expunging),
        (S::Destroyed, E::ExpungeRequested, S::Expunging),
        (S::Expunging, E::ExpungeFailed,    S::Destroyed),
        (S::Expunging, E::ExpungeDone,      S::Expunged),
        (S::Running,   E::Released,         S::Expunged),
        (S::Stopped,   E::Released,         S::Expunged),
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that has no row.
    pub fn next(self, event: VmEvent) -> Result<Self, InvalidTransition> {
        next("vm", Self::TRANSITIONS, self, event)
    }
}

named_enum! {
    /// One incarnation of a VM on one host.
    RunState {
        /// The manager has claimed room for it; no host knows of it yet.
        Claimed,
        /// The start command may have left the manager.
        Starting,
        /// The host confirmed it.
        Running,
        /// The stop command may have left the manager.
        Stopping,
        /// The host confirmed that nothing of it runs. It never comes back; a new start is a new run.
        Ended,
    }
}

named_enum! {
    /// What can happen to a run.
    RunEvent {
        /// The start command is about to be sent.
        StartSent,
        /// The host says that it runs.
        Confirmed,
        /// The host says that it never ran, or the claim was given back unsent.
        Refused,
        /// The stop command is about to be sent.
        StopSent,
        /// The host says that it is gone.
        Gone,
        /// The host says that stopping failed and it runs on.
        StillRuns,
    }
}

use RunEvent as RE;
use RunState as RS;

impl RunState {
    /// Every move that a run may make.
    #[rustfmt::skip] // reads as a table
    pub const TRANSITIONS: &'static [(RS, RE, RS)] = &[
        (RS::Claimed,  RE::StartSent, RS::Starting),
        (RS::Claimed,  RE::Refused,   RS::Ended),
        (RS::Starting, RE::Confirmed, RS::Running),
        (RS::Starting, RE::Refused,   RS::Ended),
        (RS::Starting, RE::StopSent,  RS::Stopping),
        (RS::Starting, RE::Gone,      RS::Ended),
        (RS::Running,  RE::Confirmed, RS::Running),
        (RS::Running,  RE::StopSent,  RS::Stopping),
        (RS::Running,  RE::Gone,      RS::Ended),
        (RS::Stopping, RE::StillRuns, RS::Running),
        (RS::Stopping, RE::Gone,      RS::Ended),
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that has no row.
    pub fn next(self, event: RunEvent) -> Result<Self, InvalidTransition> {
        next("vm run", Self::TRANSITIONS, self, event)
    }

    /// Whether it may still be using its host.
    pub const fn is_alive(self) -> bool {
        !matches!(self, Self::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::has_no_row_twice;

    #[test]
    fn no_move_is_listed_twice() {
        assert!(has_no_row_twice(VmState::TRANSITIONS));
        assert!(has_no_row_twice(RunState::TRANSITIONS));
    }

    #[test]
    fn only_expunged_and_ended_are_final() {
        let leads_on = |s| VmState::TRANSITIONS.iter().any(|r| r.0 == s);
        let last: Vec<_> = VmState::ALL.iter().filter(|s| !leads_on(**s)).collect();
        assert_eq!(last, [&VmState::Expunged]);
        let leads_on = |s| RunState::TRANSITIONS.iter().any(|r| r.0 == s);
        let last: Vec<_> = RunState::ALL.iter().filter(|s| !leads_on(**s)).collect();
        assert_eq!(last, [&RunState::Ended]);
    }

    #[test]
    fn a_running_vm_is_not_destroyed_before_it_is_stopped() {
        let error = VmState::Running.next(VmEvent::DestroyRequested).unwrap_err();
        assert_eq!(error.to_string(), "vm cannot take DestroyRequested while it is Running");
    }
}
