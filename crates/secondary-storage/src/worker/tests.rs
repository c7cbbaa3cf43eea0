//! Downloads from web servers that do what web servers do.

use std::path::PathBuf;
use std::sync::Mutex;

use hostler_model::Bytes;
use hostler_wire::{
    DiskFormat, DownloadAnswer, DownloadCommand, FailureKind, ListTemplatesCommand,
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::world::{
    Cloud, PLENTY, WebServer, answer, files, impatient, ok, qcow2, qemu_img, sha256, template,
    worker_guid,
};

struct Worker {
    dir: TempDir,
    _cloud: Cloud,
    storage: SecondaryStorage,
}

impl Worker {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut WorkerConfig)) -> Self {
        let (dir, cloud) = (TempDir::new().unwrap(), Cloud::new());
        let mut config = WorkerConfig {
            root: dir.path().join("storage"),
            mounted: false,
            listen: "127.0.0.1:0".parse().unwrap(),
            serve_address: "127.0.0.1:8251".to_owned(),
            public_listen: "127.0.0.1:0".parse().unwrap(),
            public_url: "http://images.invalid/".to_owned(),
            tls: cloud.machine(worker_guid()),
            file_roots: None,
            allowed_networks: Vec::new(),
        };
        change(&mut config);
        let mut storage = SecondaryStorage::new(config).unwrap();
        storage.patience = impatient();
        Self { dir, _cloud: cloud, storage }
    }

    async fn download(&self, command: DownloadCommand) -> Result<DownloadAnswer, CommandFailure> {
        let command = WorkerCommand::Download(command);
        let answer = self.storage.execute(command, |_| {}, CancellationToken::new()).await?;
        Ok(answer.try_into().unwrap())
    }

    async fn fails(&self, command: DownloadCommand) -> (FailureKind, String) {
        let template = command.template;
        let failure = self.download(command).await.unwrap_err();
        assert_eq!(self.list().await, [], "a failed download leaves nothing");
        assert_eq!(files(&self.storage.layout.root().join("incoming")), Vec::<PathBuf>::new());
        assert!(failure.text.starts_with(&format!("template {template}: ")), "{}", failure.text);
        (failure.kind, failure.text)
    }

    async fn list(&self) -> Vec<(hostler_model::TemplateId, Bytes)> {
        let command = WorkerCommand::List(ListTemplatesCommand {});
        let answer = self.storage.execute(command, |_| {}, CancellationToken::new()).await.unwrap();
        ListTemplatesAnswer::try_from(answer).unwrap().templates
    }

    async fn delete(&self, number: u128) -> bool {
        let command = WorkerCommand::Delete(DeleteTemplateCommand { template: template(number) });
        let answer = self.storage.execute(command, |_| {}, CancellationToken::new()).await.unwrap();
        DeleteTemplateAnswer::try_from(answer).unwrap().was_there
    }
}

fn order(url: impl Into<String>) -> DownloadCommand {
    DownloadCommand {
        template: template(1),
        url: url.into(),
        format: DiskFormat::Qcow2,
        checksum: None,
        max_size: PLENTY,
        allow_private_addresses: true,
    }
}

#[tokio::test]
async fn a_template_is_downloaded_checked_kept_listed_and_deleted() {
    let disk = qcow2();
    let server = WebServer::new({
        let disk = disk.clone();
        move |_| ok(&disk)
    });
    let worker = Worker::new();
    let checksum = Some(format!("{{SHA-256}}{}", sha256(&disk)));
    let answer = worker.download(DownloadCommand { checksum, ..order(server.url("a")) }).await;
    let size = Bytes(disk.len() as u64);
    let wanted = DownloadAnswer {
        size,
        virtual_size: Bytes(1 << 20),
        format: DiskFormat::Qcow2,
        sha256: sha256(&disk),
    };
    assert_eq!(answer, Ok(wanted));
    assert_eq!(worker.list().await, [(template(1), size)]);
    assert_eq!(std::fs::read(worker.storage.layout.image(template(1))).unwrap(), disk);

    assert!(worker.delete(1).await);
    assert!(!worker.delete(1).await, "deleting again is a success");
    assert_eq!(worker.list().await, []);
}

#[tokio::test]
async fn a_template_that_is_there_is_not_downloaded_again_but_another_one_is_a_conflict() {
    let disk = qcow2();
    let sum = sha256(&disk);
    let server = WebServer::new(move |_| ok(&disk));
    let worker = Worker::new();
    let first = worker.download(order(server.url("a"))).await.unwrap();
    let again = DownloadCommand { checksum: Some(sum), ..order(server.url("a")) };
    assert_eq!(worker.download(again.clone()).await, Ok(first));
    assert_eq!(server.asked().len(), 1);

    for checksum in ["00".repeat(32), "00".repeat(16)] {
        let other = DownloadCommand { checksum: Some(checksum), ..again.clone() };
        assert_eq!(worker.download(other).await.unwrap_err().kind, FailureKind::Conflict);
    }
    let raw = DownloadCommand { format: DiskFormat::Raw, ..order(server.url("a")) };
    assert_eq!(worker.download(raw).await.unwrap_err().kind, FailureKind::Conflict);
}

#[tokio::test]
async fn many_orders_for_one_template_at_once_are_one_download() {
    let disk = qcow2();
    let server = WebServer::new(move |_| ok(&disk));
    let worker = Worker::new();
    let orders = (0..20).map(|_| worker.download(order(server.url("a"))));
    let answers = futures_util::future::join_all(orders).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_said_at_once() {
    let server = WebServer::new(|_| answer("404 Not Found", &[("Content-Length", "0")], b""));
    let (kind, text) = Worker::new().fails(order(server.url("a?token=secret"))).await;
    assert_eq!(kind, FailureKind::Failed);
    assert!(text.contains("404 Not Found") && text.contains("no such file"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_tried_several_times() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, text) = Worker::new().fails(order(format!("http://me:secret@{closed}/a"))).await;
    assert!(text.contains(&format!("cannot reach http://***@{closed}/a")), "{text}");
    assert!(text.contains("onnection refused"), "{text}");
}

#[tokio::test]
async fn a_server_in_trouble_is_tried_again() {
    let disk = qcow2();
    let server = WebServer::new(move |asked| match asked.nth {
        0 => answer("503 Service Unavailable", &[("Content-Length", "0")], b""),
        _ => ok(&disk),
    });
    assert!(Worker::new().download(order(server.url("a"))).await.is_ok());
}

#[tokio::test]
async fn a_file_that_says_it_is_too_big_is_not_begun() {
    let server = WebServer::new(|_| answer("200 OK", &[("Content-Length", "5000")], b"..."));
    let worker = Worker::new();
    let small = DownloadCommand { max_size: Bytes(4096), ..order(server.url("a")) };
    let (kind, text) = worker.fails(small).await;
    assert_eq!(kind, FailureKind::Failed);
    assert!(text.contains("it is 4.9 KiB, and the limit is 4.0 KiB"), "{text}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_file_that_does_not_say_it_is_too_big_is_ended_at_the_limit() {
    let server = WebServer::new(|_| answer("200 OK", &[], &vec![7; 100_000]));
    let worker = Worker::new();
    let small = DownloadCommand { max_size: Bytes(4096), ..order(server.url("a")) };
    let (_, text) = worker.fails(small).await;
    assert!(text.contains("larger than allowed, and the limit is 4.0 KiB"), "{text}");
}

#[tokio::test]
async fn a_file_for_which_there_is_no_room_is_not_begun() {
    let huge = (1_u64 << 60).to_string();
    let server = WebServer::new(move |_| answer("200 OK", &[("Content-Length", &huge)], b"..."));
    let order = DownloadCommand { max_size: Bytes(1 << 61), ..order(server.url("a")) };
    let (kind, text) = Worker::new().fails(order).await;
    assert_eq!(kind, FailureKind::NoCapacity);
    assert!(text.contains("no room for"), "{text}");
}

#[tokio::test]
async fn a_download_that_breaks_goes_on_where_it_broke() {
    let disk = qcow2();
    let (length, sum) = (disk.len(), sha256(&disk));
    let server = WebServer::new(move |asked| {
        let from = asked.from();
        let end = (from + 400_000).min(disk.len());
        let left = (disk.len() - from).to_string();
        let range = format!("bytes {from}-{}/{}", disk.len() - 1, disk.len());
        let mut headers = vec![("Content-Length", left.as_str()), ("ETag", "\"v1\"")];
        if from > 0 {
            headers.push(("Content-Range", &range));
        }
        let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
        answer(status, &headers, &disk[from..end])
    });
    let answer = Worker::new().download(order(server.url("a"))).await.unwrap();
    assert_eq!(answer.sha256, sum);
    let asked = server.asked();
    assert_eq!(asked.len(), length.div_ceil(400_000));
    assert_eq!(asked[1].range.as_deref(), Some("bytes=400000-"));
    assert_eq!(asked[1].if_range.as_deref(), Some("\"v1\""));
}

#[tokio::test]
async fn a_server_without_ranges_or_with_a_new_version_is_asked_for_the_whole_again() {
    let disk = qcow2();
    let sum = sha256(&disk);
    let server = WebServer::new(move |asked| {
        let length = disk.len().to_string();
        let etag = if asked.nth == 0 { "\"v1\"" } else { "\"v2\"" };
        let headers = [("Content-Length", length.as_str()), ("ETag", etag)];
        let sent = if asked.nth == 0 { vec![9; 300_000] } else { disk.clone() };
        answer("200 OK", &headers, &sent)
    });
    let answer = Worker::new().download(order(server.url("a"))).await.unwrap();
    assert_eq!(answer.sha256, sum);
    assert_eq!(server.asked()[1].range.as_deref(), Some("bytes=300000-"));
}

#[tokio::test]
async fn without_a_validator_no_half_is_joined_to_another() {
    let disk = qcow2();
    let sum = sha256(&disk);
    let server = WebServer::new(move |asked| {
        let length = disk.len().to_string();
        let sent = if asked.nth == 0 { &disk[..300_000] } else { &disk };
        answer("200 OK", &[("Content-Length", &length), ("ETag", "W/\"weak\"")], sent)
    });
    assert_eq!(Worker::new().download(order(server.url("a"))).await.unwrap().sha256, sum);
    assert_eq!(server.asked()[1].range, None);
}

#[tokio::test]
async fn a_download_that_always_breaks_fails_in_the_end() {
    let server = WebServer::new(|_| answer("200 OK", &[("Content-Length", "5000")], b"..."));
    let (kind, text) = Worker::new().fails(order(server.url("a"))).await;
    assert_eq!(kind, FailureKind::Failed);
    assert!(text.contains("broke off at 3 bytes of 5000"), "{text}");
}

#[tokio::test]
async fn a_wrong_checksum_is_refused_with_both_values() {
    let disk = qcow2();
    let server = WebServer::new(move |_| ok(&disk));
    let checksum = Some(format!("{{MD5}}{}", "0".repeat(32)));
    let order = DownloadCommand { checksum, ..order(server.url("a")) };
    let (_, text) = Worker::new().fails(order).await;
    assert!(text.contains("the MD5 of http://") && text.contains(&"0".repeat(32)), "{text}");
}

#[tokio::test]
async fn a_checksum_that_is_none_is_refused_before_anything_is_asked() {
    let server = WebServer::new(|_| ok(b""));
    let order = DownloadCommand { checksum: Some("{CRC32}1".to_owned()), ..order(server.url("a")) };
    let (_, text) = Worker::new().fails(order).await;
    assert!(text.contains("is not a checksum"), "{text}");
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn a_text_that_is_called_qcow2_is_refused_as_what_it_is() {
    let server = WebServer::new(|_| ok(b"<!DOCTYPE html><title>Please log in</title>"));
    let (_, text) = Worker::new().fails(order(server.url("debian.qcow2"))).await;
    assert!(text.contains("it is a text or web page, not qcow2"), "{text}");
}

#[tokio::test]
async fn a_qcow2_with_a_backing_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a");
    let path = path.to_str().unwrap();
    qemu_img(&["create", "-f", "qcow2", "-b", "/etc/hostname", "-F", "raw", path, "1M"]);
    let (_, text) = Worker::new().fails(order(format!("file://{path}"))).await;
    assert!(text.contains("it has a backing file"), "{text}");
}

#[tokio::test]
async fn a_qcow2_that_guests_would_see_too_large_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a");
    let path = path.to_str().unwrap();
    qemu_img(&["create", "-f", "qcow2", path, "100T"]);
    let (_, text) = Worker::new().fails(order(format!("file://{path}"))).await;
    assert!(text.contains("guests would see it as 100.0 TiB large"), "{text}");
}

/// `bytes` through a program that packs.
fn packed(program: &str, bytes: &[u8]) -> Vec<u8> {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("a"), bytes).unwrap();
    let from = std::fs::File::open(dir.path().join("a")).unwrap();
    let output = std::process::Command::new(program).arg("-c").stdin(from).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[tokio::test]
async fn a_packed_template_is_unpacked_and_its_checksum_is_that_of_what_came() {
    for program in ["gzip", "bzip2", "xz", "zstd"] {
        let disk = qcow2();
        let came = packed(program, &disk);
        let checksum = Some(sha256(&came));
        let server = WebServer::new(move |_| ok(&came));
        let worker = Worker::new();
        let order = DownloadCommand { checksum, ..order(server.url("no-name-tells-it")) };
        let answer = worker.download(order.clone()).await.unwrap();
        assert_eq!((answer.sha256, answer.size), (sha256(&disk), Bytes(disk.len() as u64)));
        assert_eq!(files(&worker.storage.layout.root().join("templates")).len(), 2, "{program}");
        assert!(worker.download(order).await.is_ok(), "again is a success");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_small_file_that_unpacks_to_a_large_one_is_ended_at_the_limit() {
    let bomb = packed("gzip", &vec![0; 50 << 20]);
    let server = WebServer::new(move |_| ok(&bomb));
    let order = DownloadCommand { max_size: Bytes(1 << 20), ..order(server.url("a")) };
    let (_, text) = Worker::new().fails(order).await;
    assert!(text.contains("unpacked it is larger than the limit of 1.0 MiB"), "{text}");
}

#[tokio::test]
async fn a_damaged_packing_is_said_in_the_words_of_its_program() {
    let mut came = packed("gzip", &qcow2());
    came.truncate(came.len() / 2);
    let server = WebServer::new(move |_| ok(&came));
    let (_, text) = Worker::new().fails(order(server.url("a"))).await;
    assert!(text.contains("gzip says: ") && text.contains("unexpected end of file"), "{text}");
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever() {
    let disk = qcow2();
    let server = WebServer::new(move |asked| match asked.path.as_str() {
        "/1" | "/2" | "/3" | "/4" | "/5" => {
            let next: u32 = asked.path[1..].parse::<u32>().unwrap() + 1;
            answer("302 Found", &[("Location", &format!("/{next}")), ("Content-Length", "0")], b"")
        }
        "/6" => ok(&disk),
        _ => answer("301 Moved", &[("Location", "/loop"), ("Content-Length", "0")], b""),
    });
    let worker = Worker::new();
    let (_, text) = worker.fails(order(server.url("loop"))).await;
    assert!(text.contains("more than 5 times"), "{text}");
    assert!(worker.download(order(server.url("1"))).await.is_ok());
}

#[tokio::test]
async fn a_private_address_is_refused_also_at_the_end_of_a_redirect() {
    let secret = WebServer::at("127.0.0.2", |_| ok(b"secret"));
    let target = secret.url("latest/meta-data");
    let server = WebServer::new(move |_| {
        answer("302 Found", &[("Location", &target), ("Content-Length", "0")], b"")
    });
    let worker =
        Worker::with(|config| config.allowed_networks = vec!["127.0.0.1/32".parse().unwrap()]);
    let order = |url: String| DownloadCommand { allow_private_addresses: false, ..order(url) };
    for url in [server.url("a"), secret.url("a")] {
        let (_, text) = worker.fails(order(url)).await;
        assert!(text.contains("127.0.0.2, which is not a public address"), "{text}");
    }
    let (_, text) = Worker::new().fails(order("http://localhost:1/a".to_owned())).await;
    assert!(text.contains("which is not a public address"), "{text}");
    assert_eq!(secret.asked().len(), 0);
}

#[tokio::test]
async fn other_schemes_are_refused_by_name_also_as_redirects() {
    let worker = Worker::new();
    let (kind, text) = worker.fails(order("ftp://example.org/a")).await;
    assert_eq!(kind, FailureKind::Unsupported);
    assert!(text.contains("ftp:// is not supported; use http, https or file"), "{text}");

    let server = WebServer::new(|_| {
        answer("302 Found", &[("Location", "file:///etc/passwd"), ("Content-Length", "0")], b"")
    });
    let (_, text) = worker.fails(order(server.url("a"))).await;
    assert!(text.contains("not http or https"), "{text}");
}

#[tokio::test]
async fn a_local_file_is_taken_only_from_the_directories_that_are_allowed() {
    let dir = TempDir::new().unwrap();
    let (inside, outside) = (dir.path().join("in/a"), dir.path().join("out"));
    std::fs::create_dir(dir.path().join("in")).unwrap();
    std::fs::write(&inside, qcow2()).unwrap();
    std::fs::write(&outside, qcow2()).unwrap();
    let link = dir.path().join("in/link");
    std::os::unix::fs::symlink(&outside, &link).unwrap();

    let worker = Worker::with(|config| config.file_roots = Some(vec![dir.path().join("in")]));
    for path in [&outside, &link, &dir.path().join("in/../out")] {
        let (_, text) = worker.fails(order(format!("file://{}", path.display()))).await;
        assert!(text.contains("outside of the directories"), "{text}");
    }
    let (_, text) = worker.fails(order("file:///dev/zero")).await;
    assert!(text.contains("not a regular file"), "{text}");
    let (_, text) = worker.fails(order("file:///no/such/file")).await;
    assert!(text.contains("check that it is there"), "{text}");
    assert!(worker.download(order(format!("file://{}", inside.display()))).await.is_ok());
}

#[tokio::test]
async fn progress_is_told_at_the_end_at_least() {
    let disk = qcow2();
    let length = Bytes(disk.len() as u64);
    let server = WebServer::new(move |_| ok(&disk));
    let worker = Worker::new();
    let told = Mutex::new(Vec::new());
    let command = WorkerCommand::Download(order(server.url("a")));
    let tell = |transferred| told.lock().unwrap().push(transferred);
    worker.storage.execute(command, tell, CancellationToken::new()).await.unwrap();
    let last = *told.lock().unwrap().last().unwrap();
    assert_eq!((last.done, last.total), (length, Some(length)));
}

#[tokio::test]
async fn a_download_that_is_called_off_ends_at_once_and_leaves_nothing() {
    let cancelled = CancellationToken::new();
    // Calls it off in the middle: after the first half has been sent, and before the rest ever could be.
    let server = WebServer::new({
        let cancelled = cancelled.clone();
        move |asked| {
            if asked.nth == 1 {
                cancelled.cancel();
            }
            answer("200 OK", &[("Content-Length", "5000"), ("ETag", "\"v\"")], b"...")
        }
    });
    let worker = Worker::new();
    let command = WorkerCommand::Download(order(server.url("a")));
    let failure = worker.storage.execute(command, |_| {}, cancelled).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Cancelled, "{failure}");
    assert_eq!(files(&worker.storage.layout.root().join("incoming")), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn storage_that_is_not_mounted_any_more_is_said_and_not_written() {
    let disk = qcow2();
    let server = WebServer::new(move |_| ok(&disk));
    let worker = Worker::new();
    std::fs::remove_file(worker.dir.path().join("storage/.hostler-secondary-storage")).unwrap();
    let failure = worker.download(order(server.url("a"))).await.unwrap_err();
    assert!(failure.text.contains("cannot find"), "{failure}");
    assert!(worker.storage.stats().is_err());
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn a_web_server_whose_certificate_nobody_vouches_for_is_refused_at_once() {
    let cloud = Cloud::new();
    let server = WebServer::tls(&cloud.machine(worker_guid()), |_| ok(b""));
    let url = format!("https://localhost:{}/a", server.address.port());
    let (_, text) = Worker::new().fails(order(url)).await;
    assert!(text.contains("the certificate of its server is not trusted"), "{text}");
}

#[tokio::test]
async fn from_https_to_http_a_redirect_leads_only_where_a_checksum_is_known() {
    // Not over TLS: what counts is the URL that is asked.
    let client = reqwest::Client::new();
    let rule = crate::address::AddressRule { allow_private: true, allowed: Vec::new() };
    let from: reqwest::Url = "https://example.org/a".parse().unwrap();
    for (to_plain_http, location, follows) in [
        (true, "http://example.org/b", true),
        (false, "http://example.org/b", false),
        (false, "https://example.org/b", true),
        (true, "ftp://example.org/b", false),
        (true, "//[", false),
    ] {
        let transfer = crate::transfer::Transfer {
            client: &client,
            url: &from,
            redirects: crate::transfer::Redirects::Follow { rule: &rule, to_plain_http },
            limit: 1,
            size: None,
            etag: None,
            patience: impatient(),
        };
        let outcome = transfer.redirected(&from, Some(location));
        assert_eq!(outcome.is_ok(), follows, "{location}");
    }
}

#[tokio::test]
async fn serving_ends_when_it_is_told_to_and_an_address_that_is_taken_is_said() {
    let (worker, shutdown) = (Worker::new(), CancellationToken::new());
    shutdown.cancel();
    assert!(worker.storage.serve(shutdown).await.is_ok());

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let worker = Worker::with(|config| config.listen = taken.local_addr().unwrap());
    let error = worker.storage.serve(CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, WorkerError::Listen { .. }), "{error}");
}

#[test]
fn a_worker_without_a_usable_certificate_does_not_start() {
    let (dir, cloud) = (TempDir::new().unwrap(), Cloud::new());
    let files = cloud.machine(worker_guid());
    std::fs::write(&files.certificate, "").unwrap();
    let config = WorkerConfig {
        root: dir.path().join("storage"),
        mounted: false,
        listen: "127.0.0.1:0".parse().unwrap(),
        serve_address: String::new(),
        public_listen: "127.0.0.1:0".parse().unwrap(),
        public_url: String::new(),
        tls: files,
        file_roots: None,
        allowed_networks: Vec::new(),
    };
    let error = SecondaryStorage::new(config).unwrap_err();
    assert!(matches!(error, WorkerError::Tls { .. }), "{error}");
    assert!(!dir.path().join("storage").exists());
}

#[test]
fn the_size_of_the_storage_is_known() {
    let stats = Worker::new().storage.stats().unwrap();
    assert!(stats.capacity >= stats.available && stats.available > Bytes(0), "{stats:?}");
    assert_eq!(stats.serve_address, "127.0.0.1:8251");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_url_makes_it_panic(url in "(file|http|https|)(://|:)?[ -~]{0,40}") {
        let _ = crate::source::Source::parse(&url);
    }
}
