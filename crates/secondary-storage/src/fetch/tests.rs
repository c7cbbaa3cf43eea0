//! Hosts fetch from a real image worker, and from bad ones, over real TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use hostler_model::{Bytes, HostGuid, error_chain};
use hostler_wire::{DiskFormat, TemplateSource};
use reqwest::{Method, StatusCode};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::*;
use crate::layout::{Layout, Manifest};
use crate::world::{Cloud, WebServer, answer, files, impatient, sha256, template, worker_guid};

/// An image worker that serves template 1, and a host's directory.
struct World {
    cloud: Cloud,
    dir: TempDir,
    disk: Vec<u8>,
    address: SocketAddr,
    layout: Layout,
    _serving: DropGuard,
}

impl World {
    async fn new() -> Self {
        let (cloud, dir) = (Cloud::new(), TempDir::new().unwrap());
        let disk: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
        let layout = Layout::open(&dir.path().join("storage"), false).unwrap();
        let incoming = layout.begin(template(1)).unwrap();
        std::fs::write(incoming.image(), &disk).unwrap();
        let manifest = Manifest {
            template: template(1),
            size: Bytes(disk.len() as u64),
            virtual_size: Bytes(1 << 30),
            format: DiskFormat::Qcow2,
            sha256: sha256(&disk),
            checksum: None,
            url: String::new(),
            packed: None,
        };
        layout.keep(incoming, &manifest).unwrap();
        std::fs::create_dir(dir.path().join("pool")).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(crate::tls::server(&cloud.machine(worker_guid())).unwrap());
        let shutdown = CancellationToken::new();
        tokio::spawn(serve::run(listener, config, layout.clone(), shutdown.clone()));
        Self { cloud, dir, disk, address, layout, _serving: shutdown.drop_guard() }
    }

    fn source(&self, address: SocketAddr) -> TemplateSource {
        TemplateSource {
            worker: worker_guid(),
            address: address.to_string(),
            size: Bytes(self.disk.len() as u64),
            virtual_size: Bytes(1 << 30),
            format: DiskFormat::Qcow2,
            sha256: sha256(&self.disk),
        }
    }

    fn to(&self) -> PathBuf {
        self.dir.path().join("pool/template")
    }

    fn host(&self) -> TlsFiles {
        self.cloud.machine(HostGuid::new(Uuid::from_u128(0xb0)))
    }

    async fn fetch(&self, source: &TemplateSource, tls: &TlsFiles) -> Result<(), String> {
        let cancelled = CancellationToken::new();
        let to = self.to();
        fetch_with(source, template(1), &to, tls, &|_| {}, &cancelled, impatient())
            .await
            .map_err(|error| error_chain(&error))
    }

    /// The same, of a fetch that must fail and leave nothing that looks complete.
    async fn fails(&self, source: &TemplateSource, tls: &TlsFiles) -> String {
        let text = self.fetch(source, tls).await.unwrap_err();
        assert!(!self.to().exists(), "{text}");
        text
    }

    fn complete(&self) -> bool {
        // Byte for byte there, and nothing else.
        files(&self.dir.path().join("pool")) == [self.to()]
            && std::fs::read(self.to()).unwrap() == self.disk
    }

    fn partial(&self) -> PathBuf {
        let sha256 = sha256(&self.disk);
        self.dir.path().join(format!("pool/.template.{}.partial", &sha256[..16]))
    }
}

/// A worker with the right certificate that answers as it likes.
fn bad_worker(
    world: &World,
    answer: impl Fn(&crate::world::Asked) -> Vec<u8> + Send + 'static,
) -> WebServer {
    WebServer::tls(&world.cloud.machine(worker_guid()), answer)
}

#[tokio::test]
async fn a_host_fetches_a_template_whole_and_may_do_so_again() {
    let world = World::new().await;
    for _ in 0..2 {
        assert_eq!(world.fetch(&world.source(world.address), &world.host()).await, Ok(()));
        assert!(world.complete());
    }
}

#[tokio::test]
async fn what_an_earlier_process_has_fetched_is_gone_on_with() {
    let world = World::new().await;
    std::fs::write(world.partial(), &world.disk[..1_000_000]).unwrap();
    let disk = world.disk.clone();
    let worker = bad_worker(&world, move |asked| {
        let from = asked.from();
        let range = format!("bytes {from}-{}/{}", disk.len() - 1, disk.len());
        let length = (disk.len() - from).to_string();
        let headers = [("Content-Length", length.as_str()), ("Content-Range", &range)];
        answer("206 Partial Content", &headers, &disk[from..])
    });
    assert_eq!(world.fetch(&world.source(worker.address), &world.host()).await, Ok(()));
    assert!(world.complete());
    assert_eq!(worker.asked()[0].range.as_deref(), Some("bytes=1000000-"));
    assert_eq!(worker.asked()[0].if_range, Some(format!("\"{}\"", sha256(&world.disk))));
}

#[tokio::test]
async fn the_real_worker_sends_the_rest_and_only_the_rest() {
    let world = World::new().await;
    std::fs::write(world.partial(), &world.disk[..1_000_000]).unwrap();
    assert_eq!(world.fetch(&world.source(world.address), &world.host()).await, Ok(()));
    assert!(world.complete());
}

#[tokio::test]
async fn damaged_remains_of_an_earlier_process_are_fetched_anew() {
    let world = World::new().await;
    for remains in [vec![0; 1_000_000], vec![0; world.disk.len()], vec![0; world.disk.len() + 1]] {
        std::fs::write(world.partial(), remains).unwrap();
        assert_eq!(world.fetch(&world.source(world.address), &world.host()).await, Ok(()));
        assert!(world.complete());
    }
}

#[tokio::test]
async fn a_worker_that_breaks_off_is_asked_for_the_rest_until_it_sends_nothing_more() {
    let world = World::new().await;
    let disk = world.disk.clone();
    let worker = bad_worker(&world, move |asked| {
        let (from, length) = (asked.from(), disk.len());
        let left = (length - from).to_string();
        let range = format!("bytes {from}-{}/{length}", length - 1);
        let end = if asked.nth < 2 { from + 500_000 } else { from };
        let headers = [("Content-Length", left.as_str()), ("Content-Range", &range)];
        let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
        answer(status, &headers, &disk[from..end])
    });
    let text = world.fails(&world.source(worker.address), &world.host()).await;
    assert!(text.contains("broke off at 1000000 bytes of 2800000"), "{text}");
    assert_eq!(std::fs::metadata(world.partial()).unwrap().len(), 1_000_000);
    assert_eq!(world.fetch(&world.source(world.address), &world.host()).await, Ok(()));
    assert!(world.complete(), "a good worker has sent the rest");
}

#[tokio::test]
async fn another_file_than_was_promised_is_refused_and_removed() {
    let world = World::new().await;
    let length = world.disk.len();
    let worker = bad_worker(&world, move |_| crate::world::ok(&vec![1; length]));
    let text = world.fails(&world.source(worker.address), &world.host()).await;
    assert!(text.contains("has SHA-256") && text.contains("register it anew"), "{text}");
    assert_eq!(files(&world.dir.path().join("pool")), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn another_size_than_was_promised_is_refused_before_it_is_taken() {
    let world = World::new().await;
    let worker = bad_worker(&world, move |_| crate::world::ok(b"short"));
    let text = world.fails(&world.source(worker.address), &world.host()).await;
    assert!(text.contains("has 5 bytes where 2800000 are right"), "{text}");
}

#[tokio::test]
async fn a_template_that_the_worker_does_not_have_is_said() {
    let world = World::new().await;
    world.layout.delete(template(1)).unwrap();
    let text = world.fails(&world.source(world.address), &world.host()).await;
    assert!(text.contains("404 Not Found"), "{text}");
}

#[tokio::test]
async fn a_worker_of_another_cloud_is_not_believed() {
    let world = World::new().await;
    let stranger = Cloud::new();
    let worker = WebServer::tls(&stranger.machine(worker_guid()), |_| crate::world::ok(b""));
    let text = world.fails(&world.source(worker.address), &world.host()).await;
    assert!(text.contains("is not trusted"), "{text}");
}

#[tokio::test]
async fn another_machine_of_this_cloud_is_not_taken_for_the_worker() {
    let world = World::new().await;
    let other = HostGuid::new(Uuid::from_u128(0xc0));
    let worker = WebServer::tls(&world.cloud.machine(other), |_| crate::world::ok(b""));
    let text = world.fails(&world.source(worker.address), &world.host()).await;
    assert!(text.contains("is not trusted"), "{text}");
}

#[tokio::test]
async fn a_host_of_another_cloud_gets_nothing() {
    let world = World::new().await;
    let stranger = Cloud::new();
    let theirs = stranger.machine(HostGuid::new(Uuid::from_u128(0xb0)));
    let tls = TlsFiles { ca: world.host().ca, ..theirs };
    let text = world.fails(&world.source(world.address), &tls).await;
    assert!(text.contains("does not accept our certificate"), "{text}");
}

#[tokio::test]
async fn who_shows_no_certificate_gets_nothing() {
    let world = World::new().await;
    let ca = std::fs::read(world.host().ca).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .resolve(&worker_guid().to_string(), world.address)
        .no_proxy()
        .build()
        .unwrap();
    let url =
        format!("https://{}:{}/template/{}", worker_guid(), world.address.port(), template(1));
    let error = client.get(url).send().await.unwrap_err();
    assert!(error_chain(&error).contains("CertificateRequired"), "{}", error_chain(&error));
}

#[tokio::test]
async fn a_worker_gives_away_templates_and_nothing_else() {
    let world = World::new().await;
    let source = world.source(world.address);
    let asked = Asked { source: &source, template: template(1), patience: impatient() };
    let (client, url) = asked.client(&world.host()).await.unwrap();
    let status = async |method: Method, path: &str| {
        let mut url = url.clone();
        url.set_path(path);
        client.request(method, url).send().await.unwrap().status()
    };
    let right = serve::path_of(template(1));
    assert_eq!(status(Method::GET, &right).await, StatusCode::OK);
    assert_eq!(status(Method::HEAD, &right).await, StatusCode::OK);
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(status(method, &right).await, StatusCode::METHOD_NOT_ALLOWED);
    }
    let one = template(1);
    for path in [
        "/".to_owned(),
        "/template/".to_owned(),
        "/template/%2e%2e%2f%2e%2e%2fetc%2fpasswd".to_owned(),
        format!("/template/{one}/manifest.json"),
        format!("/template/{one}%2fmanifest.json"),
        format!("/template/{one}%00"),
        format!("/template/{}", template(2)),
    ] {
        assert_eq!(status(Method::GET, &path).await, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn head_tells_size_and_version_and_a_range_beyond_the_end_is_said() {
    let world = World::new().await;
    let source = world.source(world.address);
    let asked = Asked { source: &source, template: template(1), patience: impatient() };
    let (client, url) = asked.client(&world.host()).await.unwrap();
    let head = client.head(url.clone()).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], world.disk.len().to_string());
    assert_eq!(head.headers()["etag"], format!("\"{}\"", sha256(&world.disk)));

    let beyond = client.get(url.clone()).header("Range", "bytes=2800000-").send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers()["content-range"], "bytes */2800000");

    let part = client.get(url.clone()).header("Range", "bytes=10-19").send().await.unwrap();
    assert_eq!(part.headers()["content-range"], "bytes 10-19/2800000");
    assert_eq!(part.bytes().await.unwrap(), world.disk[10..20]);

    let other = client.get(url).header("Range", "bytes=10-19").header("If-Range", "\"other\"");
    assert_eq!(other.send().await.unwrap().bytes().await.unwrap().len(), world.disk.len());
}

#[tokio::test]
async fn a_fetch_that_is_called_off_keeps_what_has_come() {
    let world = World::new().await;
    let cancelled = CancellationToken::new();
    let disk = world.disk.clone();
    let worker = bad_worker(&world, {
        let cancelled = cancelled.clone();
        move |asked| {
            if asked.nth == 1 {
                cancelled.cancel();
            }
            answer("200 OK", &[("Content-Length", &disk.len().to_string())], &disk[..500_000])
        }
    });
    let (source, to) = (world.source(worker.address), world.to());
    let outcome =
        fetch_with(&source, template(1), &to, &world.host(), &|_| {}, &cancelled, impatient())
            .await;
    assert!(outcome.unwrap_err().is_cancelled());
    assert!(!to.exists());
    assert_eq!(std::fs::read(world.partial()).unwrap(), world.disk[..500_000]);
}

#[tokio::test]
async fn a_source_that_makes_no_sense_is_refused_without_touching_a_file() {
    let world = World::new().await;
    let good = world.source(world.address);
    for bad in [
        TemplateSource { sha256: "../../../etc/passwd".to_owned(), ..good.clone() },
        TemplateSource { address: "127.0.0.1".to_owned(), ..good.clone() },
        TemplateSource { address: "127.0.0.1:99999".to_owned(), ..good.clone() },
    ] {
        let text = world.fails(&bad, &world.host()).await;
        assert!(text.contains("which is none"), "{text}");
    }
    assert_eq!(files(&world.dir.path().join("pool")), Vec::<PathBuf>::new());
}
