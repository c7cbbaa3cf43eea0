//! Orders and their answers.

use std::time::Duration;

use hostler_manager::agents::{AgentSettings, CallError};
use hostler_model::{CommandId, HostStatus};
use hostler_tests::agents::{AgentSide, FakeAgent, FakeLink, Journal, guid, short_times, startup};
use hostler_tests::cloud::PATIENCE;
use hostler_wire::{
    Answer, CommandFailure, FailureKind, InquireAnswer, Message, NotUnderstood, OrderState,
    Outcome, ReportAnswer, ReportCommand, StopAnswer, StopEnding,
};
use uuid::Uuid;

fn order(number: u128) -> CommandId {
    CommandId::new(Uuid::from_u128(number))
}

fn report() -> Answer {
    Answer::Report(ReportAnswer { report: hostler_wire::HostReport::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_gets_its_own_answer() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let agent = side.agent(1).await.unwrap();
    side.agents.watch(agent.host).await;
    let answer = side.agents.call(agent.host, order(1), ReportCommand {}, PATIENCE).await.unwrap();
    assert!(answer.report.complete);
    assert_eq!(side.metric("hostler_agent_open_orders"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_up_gets_no_order() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let agent = side.agent(1).await.unwrap();
    let host = agent.host;
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    agent.kill();
    side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    let error = side.agents.call(host, order(1), ReportCommand {}, PATIENCE).await.unwrap_err();
    assert_eq!(error, CallError::NotConnected { host });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_a_wrong_answer_are_told_apart() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let failure = CommandFailure { kind: FailureKind::Conflict, text: "no".to_owned() };
    let refuses = Journal::with({
        let failure = failure.clone();
        move |_| Err(failure.clone())
    });
    let identity = side.identity(guid(1)).unwrap();
    let agent =
        FakeAgent::connect(side.address, &identity, startup(guid(1)), refuses).await.unwrap();
    side.agents.watch(agent.host).await;
    let error =
        side.agents.call(agent.host, order(1), ReportCommand {}, PATIENCE).await.unwrap_err();
    assert_eq!(error, CallError::Refused(failure));
    let confused = Journal::with(|_| {
        let generation = hostler_model::Generation::FIRST;
        Ok(Answer::Stop(StopAnswer { ended: StopEnding::WasNotHere, generation }))
    });
    let identity = side.identity(guid(2)).unwrap();
    let agent =
        FakeAgent::connect(side.address, &identity, startup(guid(2)), confused).await.unwrap();
    side.agents.watch(agent.host).await;
    let error =
        side.agents.call(agent.host, order(2), ReportCommand {}, PATIENCE).await.unwrap_err();
    assert!(matches!(error, CallError::Unexpected(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_is_no_answer() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let mute = Journal::default().mute();
    let identity = side.identity(guid(1)).unwrap();
    let agent = FakeAgent::connect(side.address, &identity, startup(guid(1)), mute).await.unwrap();
    let host = agent.host;
    side.agents.watch(host).await;
    let short = Duration::from_millis(200);
    let error = side.agents.call(host, order(1), ReportCommand {}, short).await.unwrap_err();
    assert_eq!(error, CallError::TimedOut { host, waited: short });
    let agents = side.agents.clone();
    let asked =
        tokio::spawn(async move { agents.call(host, order(2), ReportCommand {}, PATIENCE).await });
    agent.journal.has_run(2).await.unwrap();
    agent.kill();
    assert_eq!(asked.await.unwrap().unwrap_err(), CallError::Lost { host });
    assert_eq!(side.metric("hostler_agent_open_orders"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_answer_was_lost_is_not_carried_out_twice() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let journal = Journal::default();
    let identity = side.identity(guid(1)).unwrap();
    let first = FakeAgent::connect(side.address, &identity, startup(guid(1)), journal.mute())
        .await
        .unwrap();
    let host = first.host;
    side.agents.watch(host).await;
    let agents = side.agents.clone();
    let settled =
        tokio::spawn(
            async move { agents.deliver(host, order(1), ReportCommand {}, PATIENCE).await },
        );
    assert_eq!(journal.has_run(1).await.unwrap(), ["ReportCommand"]);
    first.kill();
    let _second = FakeAgent::connect(side.address, &identity, startup(guid(1)), journal.clone())
        .await
        .unwrap();
    assert!(settled.await.unwrap().unwrap().report.complete);
    assert_eq!(journal.ran(), ["ReportCommand"], "carried out once");
    // After a restart of the manager the same question has the same answer.
    side.agents.settle(host, order(1), ReportCommand {}, PATIENCE).await.unwrap();
    assert_eq!(journal.ran(), ["ReportCommand"]);
    side.agents.settle(host, order(2), ReportCommand {}, PATIENCE).await.unwrap();
    assert_eq!(journal.ran(), ["ReportCommand", "ReportCommand"], "an order never seen is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_order_in_progress_is_waited_for() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut link = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    let host = link.come_in(startup(guid(1))).await.unwrap().host;
    side.agents.watch(host).await;
    let agents = side.agents.clone();
    let settled =
        tokio::spawn(
            async move { agents.settle(host, order(7), ReportCommand {}, PATIENCE).await },
        );
    loop {
        let frame = link.hear().await.unwrap();
        let Message::Request(orders) = frame.message else { continue };
        assert_eq!(orders.len(), 1);
        assert_eq!(orders[0].command.name(), "InquireCommand");
        let orders_state = vec![(order(7), OrderState::InProgress)];
        let answer = Answer::Inquire(InquireAnswer { orders: orders_state });
        let outcome = Outcome { id: orders[0].id, result: Ok(answer) };
        link.answer(frame.sequence, Message::Response(vec![outcome])).await.unwrap();
        break;
    }
    // Its number is that of a request on a link long gone.
    let outcome = Outcome { id: order(7), result: Ok(report()) };
    link.answer(1, Message::Response(vec![outcome])).await.unwrap();
    settled.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_an_older_agent_cannot_read_is_refused_and_the_host_stays_up() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut link = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    let host = link.come_in(startup(guid(1))).await.unwrap().host;
    side.agents.watch(host).await;
    for settled in [false, true] {
        let agents = side.agents.clone();
        let asked = tokio::spawn(async move {
            if settled {
                agents.deliver(host, order(2), ReportCommand {}, PATIENCE).await
            } else {
                agents.call(host, order(1), ReportCommand {}, PATIENCE).await
            }
        });
        let sequence = loop {
            let frame = link.hear().await.unwrap();
            if let Message::Request(_) = frame.message {
                break frame.sequence;
            }
        };
        let excuse = NotUnderstood { why: "variant 99 of 40".to_owned() };
        link.answer(sequence, Message::NotUnderstood(excuse)).await.unwrap();
        let error = asked.await.unwrap().unwrap_err();
        let CallError::Refused(failure) = &error else { panic!("{error:?}") };
        assert_eq!(failure.kind, FailureKind::Unsupported);
        assert!(failure.text.contains("variant 99 of 40"), "{}", failure.text);
        assert!(failure.text.contains("upgrade it"), "{}", failure.text);
        assert!(side.agents.is_connected(host));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_its_host_to_come_back() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let agent = side.agent(1).await.unwrap();
    let host = agent.host;
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    agent.kill();
    side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    let short = Duration::from_millis(100);
    let error = side.agents.settle(host, order(1), ReportCommand {}, short).await.unwrap_err();
    assert_eq!(error, CallError::NotConnected { host });
    let agents = side.agents.clone();
    let settled =
        tokio::spawn(
            async move { agents.settle(host, order(2), ReportCommand {}, PATIENCE).await },
        );
    let _back = side.agent(1).await.unwrap();
    settled.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sequence_numbers_grow_in_the_order_of_writing() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut link = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    let host = link.come_in(startup(guid(1))).await.unwrap().host;
    side.agents.watch(host).await;
    for number in 0..50 {
        let agents = side.agents.clone();
        tokio::spawn(
            async move { agents.call(host, order(number), ReportCommand {}, PATIENCE).await },
        );
    }
    let (mut last, mut seen) = (0, 0);
    while seen < 50 {
        let frame = link.hear().await.unwrap();
        assert_eq!(frame.host, Some(host));
        assert_ne!(frame.manager, 0);
        assert!(frame.sequence > last, "{} after {last}", frame.sequence);
        last = frame.sequence;
        seen += i32::from(matches!(frame.message, Message::Request(_)));
    }
}
