//! What an agent does on its link to a manager, with time that passes only when nobody has anything to do.

#![allow(clippy::unwrap_used)] // a world that cannot be built fails its test

mod world;

use std::time::Duration;

use hostler_model::CommandId;
use hostler_wire::{
    FailureKind, Flags, HostReport, Message, OrderState, Ping, Refusal, RefusalReason, Shutdown,
    VersionRange,
};
use tokio::time::{Instant, advance, timeout};

use world::{PING_INTERVAL, World, done, id, inquiry, kind, order, ready, state};

fn ids(numbers: &[u128]) -> Vec<CommandId> {
    numbers.iter().map(|n| id(*n)).collect()
}

fn refusal(retry_after_seconds: Option<u32>) -> Message {
    Message::Refused(Refusal {
        reason: RefusalReason::UnknownPlace,
        text: "no zone z".to_owned(),
        retry_after_seconds,
        versions: VersionRange::OURS,
    })
}

#[tokio::test(start_paused = true)]
async fn the_first_word_is_a_startup_with_everything_the_manager_needs() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let startup = world.connection().await.startup().await;
    assert_eq!(startup.versions, VersionRange::OURS);
    assert_eq!(startup.agent_version, env!("CARGO_PKG_VERSION"));
    assert_eq!((startup.zone.as_str(), startup.pod.as_str()), ("z", "p"));
    assert_eq!(startup.private_address, Some([10, 77, 0, 11].into()));
    assert!(startup.details.contains_key("kernel"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_good_ends_the_agent() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.connection().await;
    manager.startup().await;
    manager.say(refusal(None)).await;
    let ended = world.agent.await.unwrap().unwrap_err();
    assert!(ended.is_configuration());
    assert!(ended.to_string().contains("no zone z"));
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_agent_comes_back_when_it_was_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.connection().await;
    manager.startup().await;
    manager.say(refusal(Some(600))).await;
    let refused = Instant::now();
    world.connection().await;
    assert!((600..=750).contains(&refused.elapsed().as_secs()), "{:?}", refused.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_says_goodbye_is_called_again_when_it_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    let reason = "upgrade".to_owned();
    manager.say(Message::Shutdown(Shutdown { reason, reconnect_after_seconds: Some(20) })).await;
    let left = Instant::now();
    world.connection().await;
    assert!((20..=25).contains(&left.elapsed().as_secs()), "{:?}", left.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_silent_for_two_and_a_half_intervals_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    assert_eq!(manager.closed_after().await.as_secs(), u64::from(PING_INTERVAL) * 5 / 2);
    world.taken_in().await;
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_does_not_answer_startup_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    assert_eq!(world.connection().await.closed_after().await.as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_reads_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let _manager = world.taken_in().await;
    let connected = Instant::now();
    for _ in 0..5_000 {
        world.resource.changes(HostReport::default());
    }
    let _next = world.connection().await;
    assert!(connected.elapsed() <= Duration::from_secs(u64::from(PING_INTERVAL) * 5 / 2 + 1));
}

#[tokio::test(start_paused = true)]
async fn a_message_out_of_turn_closes_the_link() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    manager.say(Message::Ready(ready())).await;
    assert!(manager.closed_after().await < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn orders_that_the_agent_cannot_read_are_answered_and_the_link_lives() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    let sequence = manager.request_from_the_future().await;
    let answer = manager.frame().await.unwrap();
    let Message::NotUnderstood(excuse) = answer.message else { panic!("{:?}", answer.message) };
    assert_eq!(answer.sequence, sequence);
    assert!(excuse.why.contains("250"), "{}", excuse.why);
    let outcomes = manager.ask(Flags::default(), vec![order(1, 1)]).await;
    assert_eq!(outcomes, [done(1)]);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn both_sides_ping() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    let before = Instant::now();
    let Message::Ping(ping) = manager.hear().await else { panic!("no ping") };
    assert_eq!((before.elapsed().as_secs(), ping.report_digest), (PING_INTERVAL.into(), 7));
    manager.say(Message::Ping(Ping { clock_ms: 17, ..Ping::default() })).await;
    let frame = manager.frame().await.unwrap();
    let Message::Pong(pong) = frame.message else { panic!("no pong") };
    assert_eq!((pong.ping_clock_ms, frame.sequence), (17, 102));
}

#[tokio::test(start_paused = true)]
async fn a_hypervisor_that_does_not_answer_does_not_stop_the_pings() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold_pings(true);
    for _ in 0..2 {
        advance(Duration::from_secs(PING_INTERVAL.into())).await;
        tokio::task::yield_now().await;
        advance(Duration::from_secs(3)).await;
        let Message::Ping(ping) = manager.hear().await else { panic!("no ping") };
        assert_eq!((ping.report_digest, ping.host), (7, None));
    }
    world.resource.hold_pings(false);
}

#[tokio::test(start_paused = true)]
async fn without_a_manager_the_waits_grow_to_the_longest() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::without_manager(dir.path());
    timeout(Duration::from_hours(1), std::future::pending::<()>()).await.unwrap_err();
    let dialled = world.dialled();
    assert!(dialled[1] <= Duration::from_secs(1));
    assert!(dialled.windows(2).all(|w| w[1] <= w[0] + Duration::from_secs(31)));
    // On average half of 30 s each; a busy loop would have thousands.
    assert!((150..500).contains(&dialled.len()), "{}", dialled.len());
}

#[tokio::test(start_paused = true)]
async fn a_change_is_reported_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    let (report, changed) =
        (HostReport { complete: true, ..HostReport::default() }, Instant::now());
    world.resource.changes(report.clone());
    assert_eq!(manager.hear().await, Message::Report(report));
    assert!(changed.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn every_order_of_a_request_has_an_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.fail(2, FailureKind::NoCapacity);
    let outcomes = manager.ask(Flags::default(), vec![order(1, 1), order(2, 1), order(3, 1)]).await;
    assert_eq!(outcomes[0], done(1));
    assert_eq!(kind(&outcomes[1]), Some(FailureKind::NoCapacity));
    assert_eq!(outcomes[2], done(3));
}

#[tokio::test(start_paused = true)]
async fn what_stands_behind_a_failed_order_is_not_run_if_the_request_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.fail(2, FailureKind::Failed);
    let orders = vec![order(1, 1), order(2, 2), order(3, 3), order(4, 4)];
    let outcomes = manager.ask(Flags::STOP_ON_ERROR, orders).await;
    let kinds: Vec<_> = outcomes.iter().map(kind).collect();
    let (failed, not_run) = (Some(FailureKind::Failed), Some(FailureKind::NotRun));
    assert_eq!(kinds, [None, failed, not_run, not_run]);
    assert_eq!(world.resource.begun(), ids(&[1, 2]));
    assert_eq!(manager.ask(Flags::default(), vec![order(3, 3)]).await, [done(3)]);
}

#[tokio::test(start_paused = true)]
async fn one_vms_orders_run_in_the_order_of_arrival_and_nobody_else_waits() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1]);
    let first = manager.request(Flags::IN_SEQUENCE, vec![order(1, 1)]).await;
    world.wait_begun(1).await;
    let second = manager.request(Flags::IN_SEQUENCE, vec![order(2, 1)]).await;
    assert_eq!(manager.ask(Flags::IN_SEQUENCE, vec![order(3, 2)]).await, [done(3)]);
    assert_eq!(world.resource.begun(), ids(&[1, 3]));
    world.resource.let_go(1);
    assert_eq!(manager.response().await, (first, vec![done(1)]));
    assert_eq!(manager.response().await, (second, vec![done(2)]));
}

#[tokio::test(start_paused = true)]
async fn no_more_orders_run_at_once_than_there_are_workers() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::with(dir.path(), "workers=2", false);
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1, 2]);
    let orders: Vec<_> = (1..=6).map(|n| order(n, n)).collect();
    manager.request(Flags::default(), orders).await;
    world.wait_begun(2).await;
    // What only reads does not wait for those that change something.
    assert_eq!(
        manager.ask(Flags::default(), vec![inquiry(7, 1)]).await,
        [state(7, 1, OrderState::InProgress)]
    );
    world.resource.let_go(1);
    world.resource.let_go(2);
    let responses = [manager.response().await.1.len(), manager.response().await.1.len()];
    assert!(responses == [6, 1] || responses == [1, 6], "{responses:?}");
    assert_eq!(world.resource.most_running(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_arrives_twice_runs_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1]);
    let first = manager.request(Flags::default(), vec![order(1, 1)]).await;
    world.wait_begun(1).await;
    let second = manager.request(Flags::default(), vec![order(1, 1)]).await;
    manager.ask(Flags::default(), vec![order(2, 2)]).await;
    world.resource.let_go(1);
    let mut answered = [manager.response().await, manager.response().await];
    answered.sort_by_key(|(sequence, _)| *sequence);
    assert_eq!(answered, [(first, vec![done(1)]), (second, vec![done(1)])]);
    assert_eq!(manager.ask(Flags::default(), vec![order(1, 1)]).await, [done(1)]);
    assert_eq!(world.resource.begun(), ids(&[1, 2]));
}

#[tokio::test(start_paused = true)]
async fn an_order_outlives_its_link_and_is_answered_for_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1]);
    manager.request(Flags::default(), vec![order(1, 1)]).await;
    world.wait_begun(1).await;
    drop(manager);
    world.pass(Duration::from_secs(1)).await;
    let mut manager = world.taken_in().await;
    let ask = |n| vec![inquiry(n, 1)];
    let told = manager.ask(Flags::default(), ask(2)).await;
    assert_eq!(told, [state(2, 1, OrderState::InProgress)]);
    // The outcome follows the question. Sent again, the order is the same execution.
    let again = manager.request(Flags::default(), vec![order(1, 1)]).await;
    world.resource.let_go(1);
    let mut responses = [manager.response().await, manager.response().await];
    responses.sort_by_key(|(sequence, _)| *sequence);
    assert_eq!(responses, [(again - 1, vec![done(1)]), (again, vec![done(1)])]);
    let told = manager.ask(Flags::default(), ask(3)).await;
    assert_eq!(told, [state(3, 1, OrderState::Done(done(1).result.map(Box::new)))]);
    assert_eq!(world.resource.begun(), ids(&[1]));
}

#[tokio::test(start_paused = true)]
async fn outcomes_survive_the_agents_own_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    manager.ask(Flags::default(), vec![order(1, 1)]).await;
    world.end().await;
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    let outcomes = manager.ask(Flags::default(), vec![inquiry(2, 1), inquiry(3, 9)]).await;
    assert_eq!(outcomes[0], state(2, 1, OrderState::Done(done(1).result.map(Box::new))));
    assert_eq!(outcomes[1], state(3, 9, OrderState::NeverSeen));
    assert_eq!(manager.ask(Flags::default(), vec![order(1, 1)]).await, [done(1)]);
    assert!(world.resource.begun().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_order_is_known_as_such_and_runs_again_when_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.panic_at(1);
    let outcomes = manager.ask(Flags::default(), vec![order(1, 1)]).await;
    assert_eq!(kind(&outcomes[0]), Some(FailureKind::Unavailable));
    let told = manager.ask(Flags::default(), vec![inquiry(2, 1)]).await;
    assert_eq!(told, [state(2, 1, OrderState::Interrupted)]);
    world.resource.succeed(1);
    assert_eq!(manager.ask(Flags::default(), vec![order(1, 1)]).await, [done(1)]);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_is_not_known_is_not_recorded_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.fail(1, FailureKind::Unavailable);
    manager.ask(Flags::default(), vec![order(1, 1)]).await;
    let told = manager.ask(Flags::default(), vec![inquiry(2, 1)]).await;
    assert_eq!(told, [state(2, 1, OrderState::Interrupted)]);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_takes_too_long_goes_on_and_its_outcome_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1]);
    let slow = hostler_wire::Order { wait_seconds: 5, ..order(1, 1) };
    manager.request(Flags::default(), vec![slow]).await;
    world.wait_begun(1).await;
    advance(Duration::from_secs(6)).await;
    assert_eq!(kind(&manager.response().await.1[0]), Some(FailureKind::TimedOut));
    let again = manager.request(Flags::default(), vec![order(1, 1)]).await;
    world.resource.let_go(1);
    assert_eq!(manager.response().await, (again, vec![done(1)]));
}

#[tokio::test(start_paused = true)]
async fn an_order_can_be_called_off_before_and_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1]);
    let first = manager.request(Flags::default(), vec![order(1, 1)]).await;
    world.wait_begun(1).await;
    let second = manager.request(Flags::default(), vec![order(2, 1)]).await;
    let third = manager.request(Flags::default(), vec![order(3, 1)]).await;
    manager.say(Message::Cancel(ids(&[2]))).await;
    let (sequence, outcomes) = manager.response().await;
    assert_eq!((sequence, kind(&outcomes[0])), (second, Some(FailureKind::Cancelled)));
    // Who stood behind it still waits for who stood before it.
    manager.ask(Flags::default(), vec![order(4, 4)]).await;
    assert_eq!(world.resource.begun(), ids(&[1, 4]));
    manager.say(Message::Cancel(ids(&[1]))).await;
    // The manager has been heard when what it says next is answered; the first order may end before or after that.
    let fifth = manager.request(Flags::default(), vec![order(5, 5)]).await;
    let heard = manager.response().await;
    world.resource.let_go(1);
    let mut responses = vec![heard, manager.response().await, manager.response().await];
    responses.sort_by_key(|(sequence, _)| *sequence);
    let [(one, called_off), three, five] = &responses[..] else { panic!("{responses:?}") };
    assert_eq!((*one, kind(&called_off[0])), (first, Some(FailureKind::Cancelled)));
    assert_eq!((three, five), (&(third, vec![done(3)]), &(fifth, vec![done(5)])));
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_ends_lets_running_orders_end_and_says_goodbye() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1]);
    manager.request(Flags::default(), vec![order(1, 1), order(2, 1)]).await;
    world.wait_begun(1).await;
    world.shutdown.cancel();
    tokio::task::yield_now().await;
    world.resource.let_go(1);
    let (_, outcomes) = manager.response().await;
    assert_eq!(outcomes[0], done(1));
    assert_eq!(kind(&outcomes[1]), Some(FailureKind::Cancelled));
    assert!(matches!(manager.hear().await, Message::Shutdown(_)));
    assert!(manager.frame().await.is_none());
    world.agent.await.unwrap().unwrap();
    assert_eq!(world.resource.begun(), ids(&[1]));
}

#[tokio::test(start_paused = true)]
async fn progress_goes_to_the_link_that_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    manager.request(Flags::default(), vec![order(1, 1)]).await;
    let Message::Progress(news) = manager.hear().await else { panic!("no progress") };
    assert_eq!(news.command, id(1));
}

#[tokio::test(start_paused = true)]
async fn each_of_several_resources_has_a_link_and_a_guid_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let two = "resource=LibvirtComputingResource|SecondaryStorageResource\n\
               secondary.storage.path=/none\nsecondary.storage.address=10.77.0.1";
    let mut world = World::with(dir.path(), two, false);
    let (mut first, mut second) = (world.connection().await, world.connection().await);
    let guids = [first.startup().await.guid, second.startup().await.guid];
    let machine = "6f0c6f0e-51a5-4b5e-8f1d-0b9f4d8f3c11".parse().unwrap();
    assert_ne!(guids[0], guids[1]);
    assert!(guids.contains(&machine));
    assert!(guids.contains(&hostler_agent::resource_guid(machine, 1)));
    // One that is refused for good does not take the other with it.
    first.say(refusal(None)).await;
    second.say(Message::Ready(ready())).await;
    assert_eq!(second.hear().await, Message::ReadyAcknowledged);
    drop(first);
    assert!(!world.agent.is_finished());
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_order_behind_another_has_that_ones_time_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path());
    let mut manager = world.taken_in().await;
    world.resource.hold(&[1]);
    let within = |n, wait_seconds| hostler_wire::Order { wait_seconds, ..order(n, 1) };
    manager.request(Flags::STOP_ON_ERROR, vec![within(1, 50), within(2, 5)]).await;
    world.wait_begun(1).await;
    advance(Duration::from_secs(45)).await;
    world.resource.let_go(1);
    assert_eq!(manager.response().await.1, [done(1), done(2)]);
}
