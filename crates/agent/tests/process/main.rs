//! The agent as a process, over real TLS: arguments, exit codes, signals, whom it believes.

#![allow(clippy::unwrap_used)] // what cannot be prepared fails its test

mod pki;

use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hostler_model::{CloudId, HostId, ZoneId};
use hostler_wire::codec::{Frame, FrameCodec};
use hostler_wire::{
    Flags, ListTemplatesCommand, Message, Order, ProtocolVersion, ReadyCommand, Refusal,
    RefusalReason, StartupResource, VersionRange,
};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::codec::Framed;
use uuid::Uuid;

use pki::Cloud;

/// So long at most a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

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
    let Message::Startup(startup) = hear(&mut link).await else { panic!("no Startup") };
    assert_eq!(startup.guid.to_string(), pki::GUID);
    assert!(matches!(startup.resource, StartupResource::SecondaryStorage(_)));
    link.send(Frame::new(1, ready())).await.unwrap();
    assert_eq!(hear(&mut link).await, Message::ReadyAcknowledged);
    let order = Order {
        id: hostler_model::CommandId::new(Uuid::from_u128(9)),
        wait_seconds: 0,
        command: ListTemplatesCommand {}.into(),
    };
    let request = Frame { flags: Flags::REQUEST, ..Frame::new(17, Message::Request(vec![order])) };
    link.send(request).await.unwrap();
    let Message::Response(outcomes) = hear(&mut link).await else { panic!("no response") };
    assert!(outcomes[0].result.is_ok());
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
