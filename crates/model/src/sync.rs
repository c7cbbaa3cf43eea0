//! What a host's word about a run leads to: record × report × job → action, as a table.
//!
//! A report is not an order. What may be followed is followed, what is not proven is waited for, and what
//! nobody may decide alone is kept as a difference for a person.
//!
//! Not here: how news is told from old news (`Generation`), how an action is carried out (the manager).

use crate::transition::named_enum;

named_enum! {
    /// What the record says of a run that a host speaks of, or ought to speak of.
    Believed {
        /// It is alive here, and only its claim was made.
        ClaimedHere,
        /// It is alive here and being started.
        StartingHere,
        /// It is alive here and runs.
        RunningHere,
        /// It is alive here and being stopped.
        StoppingHere,
        /// It is alive on another host, as far as anybody knows.
        Elsewhere,
        /// It is alive on another host, and that one says that it has left.
        LeftElsewhere,
        /// It has ended.
        Ended,
        /// The record does not know the run; its VM is there, stopped, with nothing alive.
        NewerAtRest,
        /// The record does not know the run; another run of its VM is alive here.
        NewerHere,
        /// The record does not know the run; another run of its VM is alive on another host.
        NewerElsewhere,
        /// The record does not know the run, and its VM is gone, in error or was never there.
        NoVm,
    }
}

named_enum! {
    /// What a host says of a run.
    Look {
        /// Its domain runs.
        On,
        /// Its domain is off, and libvirt says how that came.
        Off,
        /// Its domain is off because it was migrated away: it is no proof that the guest is off.
        Left,
        /// A complete listing lacks it.
        Missing,
        /// Complete listings have lacked it twice, over the grace time.
        Gone,
        /// Nobody could tell.
        Unknown,
    }
}

named_enum! {
    /// Whether a job is at the VM.
    Work {
        /// None is.
        Idle,
        /// One is; it decides.
        AtWork,
    }
}

named_enum! {
    /// What is to be done.
    SyncAction {
        /// The record is right, or nothing is known.
        Nothing,
        /// The record follows: it runs.
        Confirm,
        /// The record follows: it is off. Its host cleans up.
        FoundOff,
        /// The record follows: its start came to nothing.
        NeverStarted,
        /// The record notes since when it is missing.
        Suspect,
        /// The record waits for another host to say that it has it.
        AwaitArrival,
        /// The record follows: it runs on this host now.
        Follow,
        /// The record takes in a run that only its host knows.
        TakeUp,
        /// A difference that a person decides about.
        Keep,
        /// The record is right: it has ended. Its host cleans up.
        CleanUp,
    }
}

use Believed as B;
use Look as L;
use SyncAction as A;

/// Every case in which something is done while no job is at the VM. What is not a row leads to nothing.
#[rustfmt::skip] // reads as a table
const ACTIONS: &[(Believed, Look, SyncAction)] = &[
    (B::ClaimedHere,    L::On,      A::Confirm),
    (B::ClaimedHere,    L::Off,     A::NeverStarted),
    (B::ClaimedHere,    L::Missing, A::Suspect),
    (B::ClaimedHere,    L::Gone,    A::NeverStarted),
    (B::StartingHere,   L::On,      A::Confirm),
    (B::StartingHere,   L::Off,     A::NeverStarted),
    (B::StartingHere,   L::Missing, A::Suspect),
    (B::StartingHere,   L::Gone,    A::NeverStarted),
    (B::RunningHere,    L::Off,     A::FoundOff),
    (B::RunningHere,    L::Left,    A::AwaitArrival),
    (B::RunningHere,    L::Missing, A::Suspect),
    (B::RunningHere,    L::Gone,    A::FoundOff),
    (B::StoppingHere,   L::On,      A::Confirm),
    (B::StoppingHere,   L::Off,     A::FoundOff),
    (B::StoppingHere,   L::Left,    A::AwaitArrival),
    (B::StoppingHere,   L::Missing, A::Suspect),
    (B::StoppingHere,   L::Gone,    A::FoundOff),
    (B::Elsewhere,      L::On,      A::Keep),
    (B::LeftElsewhere,  L::On,      A::Follow),
    (B::Ended,          L::On,      A::Keep),
    (B::Ended,          L::Gone,    A::CleanUp),   // it was started by hand, and has vanished
    (B::NewerAtRest,    L::On,      A::TakeUp),
    (B::NewerHere,      L::On,      A::TakeUp),    // a host has one domain of a VM: the other run is gone
    (B::NewerElsewhere, L::On,      A::Keep),      // until the other host has said that its run is gone
    (B::NoVm,           L::On,      A::Keep),
];

/// What a look at a run leads to.
pub fn sync_action(believed: Believed, look: Look, work: Work) -> SyncAction {
    if work == Work::AtWork {
        return A::Nothing;
    }
    let row = ACTIONS.iter().find(|row| (row.0, row.1) == (believed, look));
    row.map_or(A::Nothing, |row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_case() -> impl Iterator<Item = (Believed, Look)> {
        Believed::ALL.iter().flat_map(|b| Look::ALL.iter().map(move |l| (*b, *l)))
    }

    #[test]
    fn no_case_is_listed_twice() {
        for (at, row) in ACTIONS.iter().enumerate() {
            assert!(!ACTIONS[..at].iter().any(|other| (other.0, other.1) == (row.0, row.1)));
        }
    }

    #[test]
    fn while_a_job_is_at_a_vm_the_job_decides() {
        for (believed, look) in every_case() {
            assert_eq!(sync_action(believed, look, Work::AtWork), A::Nothing);
        }
    }

    #[test]
    fn what_nobody_knows_changes_nothing() {
        for believed in Believed::ALL {
            assert_eq!(sync_action(*believed, L::Unknown, Work::Idle), A::Nothing);
        }
    }

    #[test]
    fn a_record_says_off_only_after_evidence() {
        for (believed, look) in every_case() {
            let action = sync_action(believed, look, Work::Idle);
            if matches!(action, A::FoundOff | A::NeverStarted) {
                assert!(matches!(look, L::Off | L::Gone), "{believed} {look} {action}");
            }
        }
    }

    #[test]
    fn a_record_says_on_only_after_a_host_has_seen_it_run() {
        for (believed, look) in every_case() {
            let action = sync_action(believed, look, Work::Idle);
            if matches!(action, A::Confirm | A::Follow | A::TakeUp) {
                assert_eq!(look, L::On, "{believed} {action}");
            }
        }
    }

    #[test]
    fn a_run_that_may_be_alive_on_two_hosts_is_never_decided_about() {
        for believed in [B::Elsewhere, B::NewerElsewhere] {
            let action = sync_action(believed, L::On, Work::Idle);
            assert_eq!(action, A::Keep, "{believed}");
        }
    }

    #[test]
    fn being_missing_once_is_only_noted() {
        for believed in Believed::ALL {
            let action = sync_action(*believed, L::Missing, Work::Idle);
            assert!(matches!(action, A::Nothing | A::Suspect), "{believed} {action}");
        }
    }
}
