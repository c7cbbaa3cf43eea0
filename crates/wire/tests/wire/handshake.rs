//! Which message may arrive when: every state with every message, in both directions.

use hostler_wire::handshake::{LinkState, OutOfTurn, agent_receives, manager_receives};
use hostler_wire::{Message, ProtocolVersion, VersionRange};

use crate::any::{variants, with_choices};

const STATES: [LinkState; 5] =
    [LinkState::New, LinkState::Starting, LinkState::Greeted, LinkState::Ready, LinkState::Closing];

/// Every pair, as a line `state message next`; what is not allowed has `-`.
fn table(receives: impl Fn(LinkState, &Message) -> Result<LinkState, OutOfTurn>) -> String {
    let mut lines = Vec::new();
    for state in STATES {
        for name in variants::<Message>("Message") {
            let message: Message = with_choices(1, &[("Message", name)]);
            assert_eq!(message.name(), name);
            match receives(state, &message) {
                Ok(next) => lines.push(format!("{state:?} {name} {next:?}")),
                Err(out) => assert_eq!((out.state, out.message), (state, name)),
            }
        }
    }
    lines.join("\n")
}

#[test]
fn a_manager_hears_only_what_an_agent_may_say() {
    let allowed = "\
New Startup Starting
Starting Shutdown Closing
Greeted ReadyAcknowledged Ready
Greeted Shutdown Closing
Ready Ping Ready
Ready Pong Ready
Ready Response Ready
Ready Report Ready
Ready Progress Ready
Ready Shutdown Closing
Ready NotUnderstood Ready
Closing Ping Closing
Closing Pong Closing
Closing Response Closing
Closing Report Closing
Closing Progress Closing
Closing Shutdown Closing
Closing NotUnderstood Closing";
    assert_eq!(table(manager_receives), allowed);
}

#[test]
fn an_agent_hears_only_what_a_manager_may_say() {
    let allowed = "\
Starting Ready Ready
Starting Refused Closing
Starting Shutdown Closing
Ready Ping Ready
Ready Pong Ready
Ready Request Ready
Ready Cancel Ready
Ready Shutdown Closing
Closing Ping Closing
Closing Pong Closing
Closing Request Closing
Closing Cancel Closing
Closing Shutdown Closing";
    assert_eq!(table(agent_receives), allowed);
}

#[test]
fn peers_agree_on_the_newest_version_that_both_know() {
    let range = |oldest, newest| VersionRange {
        oldest: ProtocolVersion(oldest),
        newest: ProtocolVersion(newest),
    };
    for (ours, theirs, common) in [
        ((1, 1), (1, 1), Some(1)),
        ((1, 3), (2, 5), Some(3)),
        ((2, 5), (1, 3), Some(3)),
        ((1, 2), (3, 4), None),
        ((5, 4), (1, 9), None), // a range that is the wrong way round holds nothing
    ] {
        let agreed = range(ours.0, ours.1).common(range(theirs.0, theirs.1));
        assert_eq!(agreed, common.map(ProtocolVersion));
    }
}
