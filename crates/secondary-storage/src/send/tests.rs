//! Hosts send to a real image worker, and to a bad one, over real TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use hostler_model::error_chain;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;
use uuid::Uuid;

use super::*;
use crate::layout::Layout;
use crate::world::{Cloud, WebServer, answer, impatient, sha256, template, worker_guid};
use crate::{serve, tls};

/// An image worker that expects template 1 from host 7, and the file of that host.
struct World {
    cloud: Cloud,
    dir: TempDir,
    disk: Vec<u8>,
    address: SocketAddr,
    layout: Layout,
    _serving: DropGuard,
}

fn host(number: u128) -> HostGuid {
    HostGuid::new(Uuid::from_u128(number))
}

impl World {
    async fn new() -> Self {
        let (cloud, dir) = (Cloud::new(), TempDir::new().unwrap());
        // more than two pieces
        let disk: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(dir.path().join("disk"), &disk).unwrap();
        let layout = Layout::open(&dir.path().join("storage"), false).unwrap();
        layout.expect(template(1), host(7), Bytes(30_000_000)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(tls::server(&cloud.machine(worker_guid())).unwrap());
        let shutdown = CancellationToken::new();
        tokio::spawn(serve::run(listener, config, layout.clone(), shutdown.clone()));
        Self { cloud, dir, disk, address, layout, _serving: shutdown.drop_guard() }
    }

    async fn send(&self, number: u128, from: HostGuid, to: SocketAddr) -> Result<Sent, String> {
        let (file, address) = (self.dir.path().join("disk"), to.to_string());
        let parcel = Parcel {
            template: template(number),
            file: &file,
            worker: worker_guid(),
            address: &address,
        };
        let sent = send_with(parcel, &self.cloud.machine(from), &|_| {}, impatient()).await;
        sent.map_err(|error| error_chain(&error))
    }

    fn arrived(&self) -> Vec<u8> {
        let incoming = self.layout.arrived(template(1)).unwrap().unwrap();
        std::fs::read(incoming.image()).unwrap()
    }
}

#[tokio::test]
async fn a_host_sends_a_template_whole_and_may_do_so_again() {
    let world = World::new().await;
    for _ in 0..2 {
        let sent = world.send(1, host(7), world.address).await.unwrap();
        assert_eq!(sent.size, Bytes(world.disk.len() as u64));
        assert_eq!(sent.sha256, sha256(&world.disk));
    }
    assert!(world.arrived() == world.disk);
}

#[tokio::test]
async fn what_the_worker_has_already_is_not_sent_again() {
    let world = World::new().await;
    let sending = crate::layout::Sending {
        sha256: sha256(&world.disk),
        size: Bytes(world.disk.len() as u64),
    };
    world.layout.announce(template(1), |_| true, sending.clone()).unwrap();
    // other bytes than the file has: they can be seen not to have come from there
    world.layout.append(template(1), |_| true, &sending.sha256, 0, b"begun").unwrap();
    world.send(1, host(7), world.address).await.unwrap();
    let arrived = world.arrived();
    assert!(arrived[..5] == *b"begun" && arrived[5..] == world.disk[5..]);
}

#[tokio::test]
async fn a_host_that_is_not_the_one_that_is_expected_can_send_nothing() {
    let world = World::new().await;
    for (number, from) in [(1, host(8)), (2, host(7))] {
        let text = world.send(number, from, world.address).await.unwrap_err();
        assert!(text.contains("does not expect it from this host"), "{text}");
    }
    world
        .layout
        .announce(
            template(1),
            |_| true,
            crate::layout::Sending { sha256: sha256(b""), size: Bytes(0) },
        )
        .unwrap();
    assert_eq!(world.arrived(), b"");
}

#[tokio::test]
async fn a_template_that_is_too_large_is_refused_before_it_is_sent() {
    let world = World::new().await;
    world.layout.delete(template(1)).unwrap();
    world.layout.expect(template(1), host(7), Bytes(1000)).unwrap();
    let text = world.send(1, host(7), world.address).await.unwrap_err();
    assert!(text.contains("larger than a template may be"), "{text}");
}

#[tokio::test]
async fn a_worker_that_is_at_fault_is_asked_again_and_then_given_up() {
    let world = World::new().await;
    let files = world.cloud.machine(worker_guid());
    let worker = WebServer::tls(&files, |_| answer("503 Service Unavailable", &[], b""));
    let text = world.send(1, host(7), worker.address).await.unwrap_err();
    assert!(text.contains("3 attempts brought nothing more"), "{text}");
    assert_eq!(worker.asked().len(), 3);
}
