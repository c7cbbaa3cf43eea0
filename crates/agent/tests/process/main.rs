//! The agent as a process, over real TLS: arguments, exit codes, signals, whom it believes.

#![allow(clippy::unwrap_used)] // what cannot be prepared fails its test

mod pki;

use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hostler_model::{Bytes, CloudId, CommandId, HostId, TemplateId, ZoneId};
use hostler_wire::codec::{Frame, FrameCodec};
use hostler_wire::{
    Answer, Call, DiskFormat, DownloadCommand, Flags, InquireCommand, ListTemplatesCommand,
    Message, Order, OrderState, Outcome, ProtocolVersion, ReadyCommand, Refusal, RefusalReason,
    StartupCommand, StartupResource, VersionRange,
};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::codec::Framed;
use uuid::Uuid;

use pki::Cloud;

/// So long at most a test waits for what must happen.
const PATIENCE: Duration = Duration::from_mins(2);

type Link = Framed<TlsStream<TcpStream>, FrameCodec>;

fn agent(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hostler-agent"));
    command.arg("--config").arg(config).args(arguments).env_remove("NOTIFY_SOCKET");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn run(config: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    ended(agent(config, arguments).spawn().unwrap()).await
}

async fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (status.code(), text(&stdout) + &text(&stderr))
}

fn end(child: &Child) {
    let pid = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

async fn accept(listener: &TcpListener, config: ServerConfig) -> std::io::Result<Link> {
    let (tcp, _) = timeout(PATIENCE, listener.accept()).await.unwrap()?;
    let tls = TlsAcceptor::from(Arc::new(config)).accept(tcp).await?;
    Ok(Framed::new(tls, FrameCodec::new()))
}

/// The next message; pings come whenever they like.
async fn hear(link: &mut Link) -> Message {
    loop {
        let message = timeout(PATIENCE, link.next()).await.unwrap().unwrap().unwrap().message;
        if !matches!(message, Message::Ping(_)) {
            return message;
        }
    }
}

fn ready() -> Message {
    Message::Ready(ReadyCommand {
        version: ProtocolVersion::CURRENT,
        cloud: CloudId::new(Uuid::from_u128(1)),
        manager: 1,
        host: HostId::new(Uuid::from_u128(2)),
        zone: ZoneId::new(Uuid::from_u128(3)),
        ping_interval_seconds: 60,
    })
}

async fn take_in(link: &mut Link) -> StartupCommand {
    let Message::Startup(startup) = hear(link).await else { panic!("no Startup") };
    link.send(Frame::new(1, ready())).await.unwrap();
    assert_eq!(hear(link).await, Message::ReadyAcknowledged);
    *startup
}

async fn request(link: &mut Link, sequence: u64, order: u128, command: impl Call) {
    let id = CommandId::new(Uuid::from_u128(order));
    let order = Order { id, wait_seconds: 0, command: command.into() };
    let frame =
        Frame { flags: Flags::REQUEST, ..Frame::new(sequence, Message::Request(vec![order])) };
    link.send(frame).await.unwrap();
}

async fn response(link: &mut Link) -> Outcome {
    match hear(link).await {
        Message::Response(mut outcomes) => outcomes.remove(0),
        other => panic!("{other:?} came instead of a response"),
    }
}

/// What the agent says became of order 1.
async fn state_of_order_1(link: &mut Link, inquiry: u128) -> OrderState {
    let orders = vec![CommandId::new(Uuid::from_u128(1))];
    request(link, 50, inquiry, InquireCommand { orders }).await;
    match response(link).await.result {
        Ok(Answer::Inquire(mut answer)) => answer.orders.remove(0).1,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_agent_that_is_killed_knows_afterwards_what_it_was_doing() {
    let dir = tempfile::tempdir().unwrap();
    let (manager, web) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let cloud = Cloud::new();
    let config = cloud.agent(dir.path(), "127.0.0.1", manager.local_addr().unwrap().port());
    let download = DownloadCommand {
        template: TemplateId::new(Uuid::from_u128(5)),
        url: format!("http://{}/image.raw", web.local_addr().unwrap()),
        format: DiskFormat::Raw,
        checksum: None,
        max_size: Bytes::from_gib(1),
        allow_private_addresses: true,
    };
    let mut child = agent(&config, &[]).spawn().unwrap();
    let mut link = accept(&manager, cloud.manager("hostler-manager")).await.unwrap();
    take_in(&mut link).await;
    request(&mut link, 2, 1, download.clone()).await;
    let slow = timeout(PATIENCE, web.accept()).await.unwrap().unwrap();
    // A long command holds up no short one: the download goes on until its server answers.
    assert_eq!(state_of_order_1(&mut link, 2).await, OrderState::InProgress);
    child.kill().await.unwrap();
    drop(slow);

    let mut child = agent(&config, &[]).spawn().unwrap();
    let mut link = accept(&manager, cloud.manager("hostler-manager")).await.unwrap();
    take_in(&mut link).await;
    assert_eq!(state_of_order_1(&mut link, 3).await, OrderState::Interrupted);
    request(&mut link, 3, 1, download).await;
    let (mut client, _) = timeout(PATIENCE, web.accept()).await.unwrap().unwrap();
    assert!(client.read(&mut [0; 4096]).await.unwrap() > 0);
    let gone = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    client.write_all(gone).await.unwrap();
    let failure = response(&mut link).await.result.unwrap_err();
    child.kill().await.unwrap();

    let _child = agent(&config, &[]).spawn().unwrap();
    let mut link = accept(&manager, cloud.manager("hostler-manager")).await.unwrap();
    take_in(&mut link).await;
    assert_eq!(state_of_order_1(&mut link, 4).await, OrderState::Done(Err(failure)));
}

#[tokio::test]
async fn check_config_says_whether_the_configuration_can_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let config = Cloud::new().agent(dir.path(), "127.0.0.1", 8250);
    assert_eq!(run(&config, &["--check-config"]).await.0, Some(0));
    let (code, text) = run(&config, &["--check-config", "--set", "port=x"]).await;
    assert_eq!(code, Some(66));
    assert!(text.contains("--set: port=x cannot be used"), "{text}");
    let (code, text) = run(&config, &["--check-config", "--set", "tls.ca=/none"]).await;
    assert_eq!(code, Some(66));
    assert!(text.contains("cannot read /none"), "{text}");
}

#[tokio::test]
async fn an_unknown_resource_or_a_missing_file_ends_with_66() {
    let dir = tempfile::tempdir().unwrap();
    let config = Cloud::new().agent(dir.path(), "127.0.0.1", 8250);
    let (code, text) = run(&config, &["--set", "resource=XenResource"]).await;
    assert_eq!(code, Some(66));
    assert!(text.contains("XenResource"), "{text}");
    assert_eq!(run(&dir.path().join("none"), &[]).await.0, Some(66));
}

#[tokio::test]
async fn the_version_is_told() {
    let (code, text) = run(Path::new("/none"), &["--version"]).await;
    assert_eq!(
        (code, text.trim()),
        (Some(0), concat!("hostler-agent ", env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn an_image_worker_takes_orders_and_ends_with_a_goodbye() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cloud = Cloud::new();
    let port = listener.local_addr().unwrap().port();
    let config = cloud.agent(dir.path(), "localhost", port);
    let log_file = format!("log.file={}", dir.path().join("agent.log").display());
    let child = agent(&config, &["--set", "log=debug", "--set", &log_file]).spawn().unwrap();
    let mut link = accept(&listener, cloud.manager("hostler-manager")).await.unwrap();
    let startup = take_in(&mut link).await;
    assert_eq!(startup.guid.to_string(), pki::GUID);
    assert!(matches!(startup.resource, StartupResource::SecondaryStorage(_)));
    request(&mut link, 17, 9, ListTemplatesCommand {}).await;
    assert!(response(&mut link).await.result.is_ok());
    end(&child);
    assert!(matches!(hear(&mut link).await, Message::Shutdown(_)));
    let (code, log) = ended(child).await;
    assert_eq!(code, Some(0), "{log}");
    let seq = "seq=00000000-0000-0000-0000-000000000002-17";
    assert!(log.contains(seq), "{log}");
    assert!(std::fs::read_to_string(dir.path().join("agent.log")).unwrap().contains(seq));
}

#[tokio::test]
async fn a_refusal_for_good_ends_with_66() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cloud = Cloud::new();
    let config = cloud.agent(dir.path(), "127.0.0.1", listener.local_addr().unwrap().port());
    let child = agent(&config, &[]).spawn().unwrap();
    let mut link = accept(&listener, cloud.manager("hostler-manager")).await.unwrap();
    hear(&mut link).await;
    let refusal = Refusal {
        reason: RefusalReason::UnknownPlace,
        text: "there is no zone z".to_owned(),
        retry_after_seconds: None,
        versions: VersionRange::OURS,
    };
    link.send(Frame::new(1, Message::Refused(refusal))).await.unwrap();
    let (code, log) = ended(child).await;
    assert_eq!(code, Some(66));
    assert!(log.contains("there is no zone z"), "{log}");
}

#[tokio::test]
async fn only_a_manager_of_the_own_cloud_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cloud = Cloud::new();
    // The first manager does not answer at all; the second is tried at once.
    let port = listener.local_addr().unwrap().port();
    let config = cloud.agent(dir.path(), "no-such-manager.invalid,127.0.0.1", port);
    let _child = agent(&config, &[]).spawn().unwrap();
    assert!(accept(&listener, Cloud::new().manager("hostler-manager")).await.is_err());
    assert!(accept(&listener, cloud.manager("127.0.0.1")).await.is_err());
    let mut link = accept(&listener, cloud.manager("hostler-manager")).await.unwrap();
    assert!(matches!(hear(&mut link).await, Message::Startup(_)));
}

#[tokio::test]
async fn without_a_manager_the_agent_waits_and_ends_when_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Cloud::new().agent(dir.path(), "127.0.0.1", port);
    let child = agent(&config, &[]).spawn().unwrap();
    let (tcp, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    end(&child);
    assert_eq!(ended(child).await.0, Some(0));
    drop(tcp);
}
