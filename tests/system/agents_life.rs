//! How hosts come, stay and go.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::poll;
use hostler_manager::agents::{
    AgentSettings, Agents, AgentsParts, CallError, HostListener, HostNews,
};
use hostler_manager::metrics::Metrics;
use hostler_manager::monitors::HostStatistics;
use hostler_model::{
    Bytes, CloudId, CommandId, HostEvent, HostStatus, Mib, StoragePoolId, Timestamp,
};
use hostler_store::host::{HostRow, host_remove, host_transition};
use hostler_store::storage_pool::storage_pool_get;
use hostler_tests::agents::{
    AgentSide, FakeAgent, FakeLink, Greeting, Journal, guid, short_times, startup, wait_up,
};
use hostler_tests::cloud::PATIENCE;
use hostler_wire::{
    HostStats, Message, Ping, PoolStats, ProtocolVersion, RefusalReason, ReportCommand, Shutdown,
    StartupCommand, VersionRange,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

async fn refusal(side: &AgentSide, number: u128, startup: StartupCommand) -> RefusalReason {
    let identity = side.identity(guid(number)).unwrap();
    let mut link = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    match link.say_startup(startup).await.unwrap() {
        Greeting::Refused(refusal) => {
            assert!(link.hear().await.is_none(), "a refused link is closed");
            refusal.reason
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_up_with_all_that_its_startup_said() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let agent = side.agent(1).await.unwrap();
    let row = side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    assert_eq!(row.id, agent.host);
    assert_eq!((row.cpus, row.memory.0, row.agent_version.as_str()), (4, 8192, "0.0.1"));
    assert_eq!(row.private_address, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(row.connection, 1);
    assert!(row.manager.is_some());
    assert!(side.agents.is_connected(row.id));
    let pool = StoragePoolId::new(guid(1).uuid());
    let pool = side.store.read(move |tx| storage_pool_get(tx, pool)).await.unwrap();
    assert_eq!((pool.host, pool.capacity.as_gib_rounded_up()), (Some(row.id), 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_comes_again_is_the_same_host() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let first = side.agent(1).await.unwrap();
    let host = first.host;
    first.kill();
    side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    let mut by_id = startup(guid(1));
    let row = side.host(guid(1)).await.unwrap();
    by_id.zone = row.zone.to_string();
    by_id.pod = row.pod.unwrap().to_string();
    by_id.cluster = row.cluster.unwrap().to_string();
    by_id.name = "renamed".to_owned();
    let identity = side.identity(guid(1)).unwrap();
    let again =
        FakeAgent::connect(side.address, &identity, by_id, Journal::default()).await.unwrap();
    assert_eq!(again.host, host);
    let row = side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    assert_eq!((row.name.as_str(), row.connection), ("renamed", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_for_a_refusal_is_told_to_the_agent() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let with = |change: fn(&mut StartupCommand)| {
        let mut startup = startup(guid(1));
        change(&mut startup);
        startup
    };
    let no_zone = with(|s| s.zone = "nowhere".to_owned());
    assert_eq!(refusal(&side, 1, no_zone).await, RefusalReason::UnknownPlace);
    let no_cluster = with(|s| s.cluster = String::new());
    assert_eq!(refusal(&side, 1, no_cluster).await, RefusalReason::UnknownPlace);
    let xen = with(|s| s.cluster = "xen".to_owned());
    assert_eq!(refusal(&side, 1, xen).await, RefusalReason::HypervisorMismatch);
    let other = with(|s| s.guid = guid(2));
    assert_eq!(refusal(&side, 1, other).await, RefusalReason::Certificate);
    let (oldest, newest) = (ProtocolVersion(900), ProtocolVersion(901));
    let mut newer = startup(guid(1));
    newer.versions = VersionRange { oldest, newest };
    assert_eq!(refusal(&side, 1, newer).await, RefusalReason::Version);
    assert!(side.host(guid(1)).await.is_err(), "a refused host leaves no row");

    side.agent(1).await.unwrap().kill();
    side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    let moved = with(|s| s.cluster = "c2".to_owned());
    assert_eq!(refusal(&side, 1, moved).await, RefusalReason::ClusterMismatch);
    assert_eq!(side.metric("hostler_agent_refusals_total{reason=\"Version\"}"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_host_stays_out_until_it_is_added_again() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let agent = side.agent(1).await.unwrap();
    let host = agent.host;
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    let later = std::time::SystemTime::now().into();
    side.store.write(move |tx| host_remove(tx, host, "test", later)).await.unwrap();
    side.agents.removed(host, "it was removed").await;
    let mut agent = agent;
    agent.ended().await;
    // `identity` signs as if a day ago: the certificate of the time before the removal.
    assert_eq!(refusal(&side, 1, startup(guid(1))).await, RefusalReason::Removed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_machine_with_the_same_guid_is_refused_while_the_first_answers() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let first = side.agent(1).await.unwrap();
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    assert_eq!(refusal(&side, 1, startup(guid(1))).await, RefusalReason::DuplicateGuid);
    assert!(side.agents.is_connected(first.host));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_does_not_answer_gives_way_to_a_new_one() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut half_open = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    half_open.come_in(startup(guid(1))).await.unwrap();
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    let second = side.agent(1).await.unwrap();
    let row = side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    assert_eq!((row.id, row.connection), (second.host, 2));
    while half_open.hear().await.is_some() {}
    assert!(side.agents.is_connected(second.host), "the end of the old link means nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_is_no_alarm_and_a_broken_link_is() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut link = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    link.come_in(startup(guid(1))).await.unwrap();
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    let goodbye = Shutdown { reason: "upgrade".to_owned(), reconnect_after_seconds: None };
    link.say(Message::Shutdown(goodbye)).await.unwrap();
    drop(link);
    let row = side.wait_status(guid(1), HostStatus::Disconnected).await.unwrap();
    assert!(row.status_reason.contains("upgrade"), "{}", row.status_reason);
    let second = side.agent(2).await.unwrap();
    side.wait_status(guid(2), HostStatus::Up).await.unwrap();
    second.kill();
    let row = side.wait_status(guid(2), HostStatus::Alert).await.unwrap();
    assert!(row.status_reason.contains("without a goodbye"), "{}", row.status_reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_of_two_and_a_half_ping_intervals_is_noticed() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut silent = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    silent.come_in(startup(guid(1))).await.unwrap();
    let mut news = side.agents.subscribe();
    let begun = Instant::now();
    while !matches!(news.recv().await.unwrap(), HostNews::Down { .. }) {}
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(2), "{took:?}");
    let row = side.host(guid(1)).await.unwrap();
    assert_eq!(row.status, HostStatus::Alert);
    assert!(row.status_reason.contains("silent"), "{}", row.status_reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_pings_stays_up() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut link = FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap();
    link.come_in(startup(guid(1))).await.unwrap();
    let until = Instant::now() + Duration::from_secs(4);
    let mut pongs = 0;
    while Instant::now() < until {
        link.say(Message::Ping(Ping { clock_ms: 7, ..Ping::default() })).await.unwrap();
        loop {
            match link.hear().await.expect("the link stays").message {
                Message::Pong(pong) => {
                    assert_eq!(pong.ping_clock_ms, 7);
                    pongs += 1;
                }
                // The manager's own, about once a second: time for the next of ours.
                Message::Ping(_) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(pongs >= 3, "{pongs}");
    assert_eq!(side.host(guid(1)).await.unwrap().status, HostStatus::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_the_manager_its_hosts_are_disconnected_until_they_come_back() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let mut agent = side.agent(1).await.unwrap();
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    side.agents.stop().await;
    agent.ended().await;
    let row = side.host(guid(1)).await.unwrap();
    assert_eq!(row.status, HostStatus::Disconnected, "{}", row.status_reason);
    assert_eq!(row.manager, None);
}

#[derive(Default)]
struct Gate {
    required: bool,
    reached: Arc<Notify>,
    open: Arc<Notify>,
    fails: bool,
}

#[async_trait]
impl HostListener for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn required(&self) -> bool {
        self.required
    }

    async fn connect(&self, host: &HostRow, _: &StartupCommand) -> Result<(), String> {
        if host.guid == guid(1) {
            self.reached.notify_one();
            self.open.notified().await;
        }
        if self.fails { Err("no room".to_owned()) } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_held_up_does_not_hold_up_others() {
    let open = Arc::new(Notify::new());
    let gate = Gate { required: true, open: Arc::clone(&open), ..Gate::default() };
    let side = AgentSide::start_with(AgentSettings::default(), |agents, _| {
        agents.add_listener(Arc::new(gate));
    })
    .await
    .unwrap();
    let mut news = side.agents.subscribe();
    let identity = side.identity(guid(1)).unwrap();
    let address = side.address;
    let held = tokio::spawn(async move {
        FakeAgent::connect(address, &identity, startup(guid(1)), Journal::default()).await
    });
    while !matches!(news.recv().await.unwrap(), HostNews::Connecting { .. }) {}
    let _other = side.agent(2).await.unwrap();
    wait_up(&mut news, guid(2)).await;
    assert_eq!(side.host(guid(1)).await.unwrap().status, HostStatus::Connecting);
    open.notify_one();
    let _held = held.await.unwrap().unwrap();
    wait_up(&mut news, guid(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_for_a_host_that_is_coming() {
    let (reached, open) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gate = Gate { reached: Arc::clone(&reached), open: Arc::clone(&open), ..Gate::default() };
    let side = AgentSide::start_with(AgentSettings::default(), |agents, _| {
        agents.add_listener(Arc::new(gate));
    })
    .await
    .unwrap();
    let (identity, address) = (side.identity(guid(1)).unwrap(), side.address);
    let coming = tokio::spawn(async move {
        FakeAgent::connect(address, &identity, startup(guid(1)), Journal::default()).await
    });
    reached.notified().await;
    let host = side.host(guid(1)).await.unwrap().id;
    let order = CommandId::new(Uuid::from_u128(1));
    let refused = side.agents.call(host, order, ReportCommand {}, PATIENCE).await.unwrap_err();
    assert_eq!(refused, CallError::NotConnected { host });
    let mut asked = pin!(side.agents.ask(host, ReportCommand {}, PATIENCE));
    assert!(poll!(asked.as_mut()).is_pending());
    open.notify_one();
    assert!(asked.await.unwrap().report.complete);
    let agent = coming.await.unwrap().unwrap();
    agent.kill();
    side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    let gone = side.agents.ask(host, ReportCommand {}, PATIENCE).await.unwrap_err();
    assert_eq!(gone, CallError::NotConnected { host });
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_required_listener_keeps_a_host_out_and_is_named() {
    for required in [true, false] {
        let gate = Gate { required, fails: true, ..Gate::default() };
        let side = AgentSide::start_with(AgentSettings::default(), |agents, _| {
            agents.add_listener(Arc::new(gate));
        })
        .await
        .unwrap();
        if required {
            assert_eq!(refusal(&side, 2, startup(guid(2))).await, RefusalReason::Listener);
            let row = side.wait_status(guid(2), HostStatus::Alert).await.unwrap();
            assert!(row.status_reason.contains("gate: no room"), "{}", row.status_reason);
        } else {
            let _agent = side.agent(2).await.unwrap();
            side.wait_status(guid(2), HostStatus::Up).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_agents_at_once_are_all_up() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let mut news = side.agents.subscribe();
    let identities: Vec<_> = (0..200).map(|n| side.identity(guid(n)).unwrap()).collect();
    let begun = Instant::now();
    let mut coming = tokio::task::JoinSet::new();
    for identity in identities {
        let address = side.address;
        coming.spawn(async move {
            FakeAgent::connect(address, &identity, startup(identity.guid), Journal::default()).await
        });
    }
    let mut agents = Vec::new();
    while let Some(agent) = coming.join_next().await {
        agents.push(agent.unwrap().unwrap());
    }
    let mut up = 0;
    while up < 200 {
        if let HostNews::Up { .. } = news.recv().await.unwrap() {
            up += 1;
        }
    }
    println!("200 agents were up after {:?}", begun.elapsed());
    assert_eq!(side.metric("hostler_agents{state=\"up\"}"), 200);
}

/// Kills and reconnects as fast as it goes; 1,000 rounds with `HOSTLER_ROUNDS=1000`.
#[tokio::test(flavor = "multi_thread")]
async fn however_often_an_agent_is_killed_and_comes_back_its_newest_link_counts() {
    let rounds = std::env::var("HOSTLER_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let side = AgentSide::start(short_times()).await.unwrap();
    let identity = side.identity(guid(1)).unwrap();
    let mut agent = None;
    for _ in 0..rounds {
        let old: Option<FakeAgent> = agent.take();
        if let Some(old) = old {
            old.kill();
        }
        let new = FakeAgent::connect(side.address, &identity, startup(guid(1)), Journal::default());
        agent = Some(new.await.unwrap());
    }
    let agent = agent.unwrap();
    side.agents.watch(agent.host).await;
    let row = side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    assert_eq!(row.connection, rounds);
    assert!(side.agents.answers(agent.host, PATIENCE).await);
    // It is still watched: when it dies, that is noticed.
    agent.kill();
    side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_ping_says_is_recorded_and_a_clock_far_off_is_told_of() {
    let side = AgentSide::start_with(AgentSettings::default(), |agents, store| {
        agents.add_listener(Arc::new(HostStatistics::new(store.clone())));
    })
    .await
    .unwrap();
    let agent = side.agent(1).await.unwrap();
    let host = agent.host;
    side.agents.watch(host).await;
    let pool = StoragePoolId::new(guid(1).uuid());
    let use_of_pool = PoolStats { capacity: Bytes::from_gib(200), used: Bytes::from_gib(20) };
    let stats = HostStats {
        cpu_used_permille: 250,
        load_centi: 100,
        memory_used: Mib(1),
        memory_total: Mib(2),
        network_received: Bytes(3),
        network_sent: Bytes(4),
        pools: [(pool, use_of_pool)].into(),
    };
    // By this clock it is 1970.
    agent.say(Message::Ping(Ping { host: Some(stats), ..Ping::default() }));
    let row = loop {
        assert!(side.agents.answers(host, PATIENCE).await);
        let row = side.host(guid(1)).await.unwrap();
        if row.last_ping.is_some() {
            break row;
        }
    };
    assert_eq!(row.stats["cpu_used_permille"], 250);
    let pool = side.store.read(move |tx| storage_pool_get(tx, pool)).await.unwrap();
    assert_eq!((pool.capacity, pool.used), (use_of_pool.capacity, use_of_pool.used));
    assert_eq!(side.events("HOST.CLOCK").unwrap(), 1);
    assert!(side.events("HOST.UP").unwrap() == 1 && side.events("HOST.CONNECTING").unwrap() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_that_was_killed_finds_its_hosts_disconnected() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let _agent = side.agent(1).await.unwrap();
    let row = side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    // The next process of the same manager, on the same database.
    let next = Agents::new(AgentsParts {
        store: side.store.clone(),
        authority: Arc::clone(&side.authority),
        manager: row.manager.unwrap(),
        cloud: CloudId::new(Uuid::from_u128(1)),
        settings: AgentSettings::default(),
        metrics: Metrics::default().agents,
    });
    next.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).await.unwrap();
    let row = side.host(guid(1)).await.unwrap();
    assert_eq!((row.status, row.manager), (HostStatus::Disconnected, None));
    assert!(row.status_reason.contains("restarted"), "{}", row.status_reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_news_of_an_old_connection_changes_nothing() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    side.agent(1).await.unwrap().kill();
    side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    let _agent = side.agent(1).await.unwrap();
    let row = side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    let (host, old) = (row.id, row.connection - 1);
    let late = side
        .store
        .write(move |tx| host_transition(tx, host, old, HostEvent::LinkLost, "late", Timestamp(0)));
    assert_eq!(late.await.unwrap(), None);
    assert_eq!(side.host(guid(1)).await.unwrap(), row);
}
