//! Peers that are not agents, or behave like none. Each costs its own connection and nobody else's.

use std::time::{Duration, Instant};

use hostler_manager::agents::AgentSettings;
use hostler_model::{CommandId, HostStatus};
use hostler_tests::agents::{AgentSide, FakeLink, Identity, guid, short_times, startup};
use hostler_tests::cloud::PATIENCE;
use hostler_wire::{Message, Order, Ping, ReportCommand};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::Uuid;

/// Reads until the manager closes.
async fn closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let read = async {
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the manager closes the link");
}

async fn still_serves(side: &AgentSide) {
    let agent = side.agent(99).await.unwrap();
    side.agents.watch(agent.host).await;
    agent.kill();
    side.wait_status(guid(99), HostStatus::Alert).await.unwrap();
}

async fn link(side: &AgentSide, number: u128) -> FakeLink {
    let identity = side.identity(guid(number)).unwrap();
    FakeLink::open(side.address, &identity.connector().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_tls_is_cut_off() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let mut plain = TcpStream::connect(side.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    closed(&mut plain).await;
    let mut says_nothing = TcpStream::connect(side.address).await.unwrap();
    closed(&mut says_nothing).await;
    side.wait_metric("hostler_agent_handshakes_failed_total{reason=\"tls\"}", 1).await.unwrap();
    side.wait_metric("hostler_agent_handshakes_failed_total{reason=\"tls_slow\"}", 1)
        .await
        .unwrap();
    still_serves(&side).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_a_certificate_of_ours_never_gets_to_speak() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let other = AgentSide::start(short_times()).await.unwrap();
    let ours = side.identity(guid(1)).unwrap();
    let forged = Identity { issued: other.identity(guid(1)).unwrap().issued, ..ours.clone() };
    let strangers = [ours.connector_without_certificate().unwrap(), forged.connector().unwrap()];
    for connector in strangers {
        // In TLS 1.3 the client is done before the server has seen its certificate.
        if let Ok(mut link) = FakeLink::open(side.address, &connector).await {
            let _ = link.say(Message::Startup(Box::new(startup(guid(1))))).await;
            assert!(link.hear().await.is_none());
        }
    }
    assert!(side.host(guid(1)).await.is_err());
    side.wait_metric("hostler_agent_handshakes_failed_total{reason=\"tls\"}", 2).await.unwrap();
    still_serves(&side).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_frame_that_is_no_startup_is_thrown_away_and_nothing_is_done() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let order = Order {
        id: CommandId::new(Uuid::from_u128(1)),
        wait_seconds: 0,
        command: ReportCommand {}.into(),
    };
    let wrong = [
        Message::Ping(Ping::default()),
        Message::Response(Vec::new()),
        Message::Request(vec![order]),
        Message::ReadyAcknowledged,
    ];
    for (number, message) in (1..).zip(wrong) {
        let mut link = link(&side, number).await;
        link.say(message).await.unwrap();
        assert!(link.hear().await.is_none(), "closed without a word");
        assert!(side.host(guid(number)).await.is_err(), "no row");
    }
    side.wait_metric("hostler_agent_first_frames_thrown_away_total", 4).await.unwrap();
    still_serves(&side).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_or_too_little_is_closed_for_that() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let mut silent = link(&side, 1).await;
    let mut truncated = link(&side, 2).await;
    truncated.stream().write_all(&[0, 0, 1, 0, 1, 2, 3]).await.unwrap();
    truncated.stream().flush().await.unwrap();
    closed(silent.stream()).await;
    closed(truncated.stream()).await;
    side.wait_metric("hostler_agent_handshakes_failed_total{reason=\"no_startup\"}", 2)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_closes_only_its_own_connection() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let neighbour = side.agent(50).await.unwrap();
    side.agents.watch(neighbour.host).await;
    let oversized = [0x7f, 0xff, 0xff, 0xff, 1, 2, 3].to_vec();
    let zero_length = [0; 4].to_vec();
    let mut noise = vec![0, 0, 0, 200];
    noise.extend((0..200u8).map(|n| n.wrapping_mul(37)));
    for (number, bytes) in (1..).zip([oversized, zero_length, noise]) {
        let mut link = link(&side, number).await;
        link.stream().write_all(&bytes).await.unwrap();
        link.stream().flush().await.unwrap();
        closed(link.stream()).await;
    }
    // The same from someone who was taken in.
    let mut link = link(&side, 4).await;
    link.come_in(startup(guid(4))).await.unwrap();
    side.wait_status(guid(4), HostStatus::Up).await.unwrap();
    link.stream().write_all(&[0x7f, 0xff, 0xff, 0xff]).await.unwrap();
    link.stream().flush().await.unwrap();
    closed(link.stream()).await;
    side.wait_status(guid(4), HostStatus::Alert).await.unwrap();
    assert!(side.agents.answers(neighbour.host, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_out_of_turn_ends_the_link() {
    let side = AgentSide::start(short_times()).await.unwrap();
    let mut link = link(&side, 1).await;
    link.come_in(startup(guid(1))).await.unwrap();
    side.wait_status(guid(1), HostStatus::Up).await.unwrap();
    link.say(Message::Startup(Box::new(startup(guid(1))))).await.unwrap();
    while link.hear().await.is_some() {}
    let row = side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    assert!(row.status_reason.contains("not allowed"), "{}", row.status_reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_and_slow_peers_do_not_delay_an_agents_ping() {
    let side = AgentSide::start(AgentSettings::default()).await.unwrap();
    let agent = side.agent(1).await.unwrap();
    side.agents.watch(agent.host).await;
    let mut idle = Vec::new();
    for _ in 0..500 {
        idle.push(TcpStream::connect(side.address).await.unwrap());
    }
    let mut slow = link(&side, 2).await;
    let drip = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        // the length of a frame, and then what is in it
        for byte in [0_u8, 0, 1, 0].into_iter().chain(std::iter::repeat(0)) {
            tick.tick().await;
            slow.stream().write_all(&[byte]).await.unwrap();
            slow.stream().flush().await.unwrap();
        }
    });
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        assert!(side.agents.answers(agent.host, PATIENCE).await);
        slowest = slowest.max(begun.elapsed());
    }
    println!("the slowest of 20 pings beside 500 idle peers took {slowest:?}");
    assert!(!drip.is_finished(), "the slow peer was there all the time");
    drip.abort();
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_read_is_dropped_and_others_are_not_delayed() {
    let settings = AgentSettings {
        ping_interval: Duration::from_mins(1),
        write_wait: Duration::from_secs(5),
        ..short_times()
    };
    let side = AgentSide::start(settings).await.unwrap();
    let neighbour = side.agent(50).await.unwrap();
    side.agents.watch(neighbour.host).await;
    let mut deaf = link(&side, 1).await;
    let host = deaf.come_in(startup(guid(1))).await.unwrap().host;
    side.agents.watch(host).await;
    let text = "x".repeat(1 << 20);
    for number in 0..40 {
        let (agents, text) = (side.agents.clone(), text.clone());
        tokio::spawn(async move {
            let order = CommandId::new(Uuid::from_u128(number));
            let command = hostler_wire::DownloadCommand {
                template: hostler_model::TemplateId::new(Uuid::from_u128(1)),
                url: text,
                format: hostler_wire::DiskFormat::Raw,
                checksum: None,
                max_size: hostler_model::Bytes(0),
                allow_private_addresses: false,
            };
            agents.call(host, order, command, Duration::from_secs(20)).await
        });
    }
    assert!(side.agents.answers(neighbour.host, PATIENCE).await);
    assert_eq!(
        side.host(guid(1)).await.unwrap().status,
        HostStatus::Up,
        "nobody waited for it to go"
    );
    let row = side.wait_status(guid(1), HostStatus::Alert).await.unwrap();
    assert!(row.status_reason.contains("does not read"), "{}", row.status_reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_strangers_at_once_are_turned_away_and_agents_come_in_behind_them() {
    let settings = AgentSettings { max_handshakes: 3, ..short_times() };
    let side = AgentSide::start(settings).await.unwrap();
    let mut strangers = Vec::new();
    for _ in 0..3 {
        strangers.push(TcpStream::connect(side.address).await.unwrap());
    }
    let mut fourth = TcpStream::connect(side.address).await.unwrap();
    closed(&mut fourth).await;
    side.wait_metric("hostler_agent_handshakes_failed_total{reason=\"crowded\"}", 1).await.unwrap();
    for stranger in &mut strangers {
        closed(stranger).await;
    }
    still_serves(&side).await;
}
