//! The world of this crate's tests: certificates of two clouds, a web server that misbehaves as told, disks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hostler_model::{Bytes, HostGuid, TemplateId};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::TlsFiles;
use crate::transfer::Patience;

/// A template of its own for each number.
pub(crate) fn template(number: u128) -> TemplateId {
    TemplateId::new(Uuid::from_u128(number))
}

/// The guid of the image worker.
pub(crate) fn worker_guid() -> HostGuid {
    HostGuid::new(Uuid::from_u128(0xa0))
}

/// Gives up within a second.
pub(crate) fn impatient() -> Patience {
    Patience {
        connect: Duration::from_secs(2),
        idle: Duration::from_secs(2),
        attempts: 3,
        backoff: Duration::from_millis(1),
    }
}

/// The CA of a cloud, and a directory for what it signs.
pub(crate) struct Cloud {
    dir: TempDir,
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "cloud");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("ca.crt"), ca.pem()).unwrap();
        Self { dir, ca }
    }

    /// A certificate as hosts and workers have them.
    pub(crate) fn machine(&self, guid: HostGuid) -> TlsFiles {
        let mut params = CertificateParams::new(vec![guid.to_string()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, guid.to_string());
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        let file = |ending: &str, text: String| {
            let path = self.dir.path().join(format!("{guid}.{ending}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        TlsFiles {
            ca: self.dir.path().join("ca.crt"),
            certificate: file("crt", certificate.pem()),
            key: file("key", key.serialize_pem()),
        }
    }
}

/// What a web server was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// From 0, over all connections.
    pub(crate) nth: usize,
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) if_range: Option<String>,
}

impl Asked {
    /// Where the range that is asked for begins.
    pub(crate) fn from(&self) -> usize {
        let range = self.range.as_deref().unwrap_or("bytes=0-");
        range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
    }
}

/// A web server on loopback whose every answer is made by a function, byte for byte; then it closes the connection.
pub(crate) struct WebServer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl WebServer {
    pub(crate) fn new(answer: impl Fn(&Asked) -> Vec<u8> + Send + 'static) -> Self {
        Self::at("127.0.0.1", answer)
    }

    pub(crate) fn at(ip: &str, answer: impl Fn(&Asked) -> Vec<u8> + Send + 'static) -> Self {
        Self::start(ip, None, answer)
    }

    /// One that speaks TLS, as an image worker does.
    pub(crate) fn tls(
        files: &TlsFiles,
        answer: impl Fn(&Asked) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let config = Arc::new(crate::tls::server(files).unwrap());
        Self::start("127.0.0.1", Some(config), answer)
    }

    fn start(
        ip: &str,
        tls: Option<Arc<rustls::ServerConfig>>,
        answer: impl Fn(&Asked) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream: Box<dyn ReadWrite> = match &tls {
                    None => Box::new(stream.unwrap()),
                    Some(tls) => {
                        let connection = rustls::ServerConnection::new(Arc::clone(tls)).unwrap();
                        Box::new(rustls::StreamOwned::new(connection, stream.unwrap()))
                    }
                };
                let Some(mut question) = read_question(&mut *stream) else { continue };
                question.nth = all.lock().unwrap().len();
                all.lock().unwrap().push(question.clone());
                let _ = stream.write_all(&answer(&question));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

fn read_question(stream: &mut dyn ReadWrite) -> Option<Asked> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        let of = |line: &str| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        head.lines().find_map(of)
    };
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Asked { nth: 0, path, range: header("range"), if_range: header("if-range") })
}

/// An HTTP answer with these headers; `Content-Length` is not made up.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\nConnection: close\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// The whole body, properly.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    answer("200 OK", &[("Content-Length", &body.len().to_string())], body)
}

/// A qcow2 of 1 MiB with some data in it, made by `qemu-img`.
pub(crate) fn qcow2() -> Vec<u8> {
    let dir = TempDir::new().unwrap();
    let (raw, qcow2) = (dir.path().join("raw"), dir.path().join("qcow2"));
    let data: Vec<u8> =
        (0..1_u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    std::fs::write(&raw, data).unwrap();
    qemu_img(&["convert", "-f", "raw", "-O", "qcow2", path(&raw), path(&qcow2)]);
    std::fs::read(qcow2).unwrap()
}

pub(crate) fn qemu_img(arguments: &[&str]) {
    let output = std::process::Command::new("qemu-img").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Everything below a directory, sorted, for telling that nothing was left.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut digest = crate::checksum::Algorithm::Sha256.begin();
    digest.update(bytes);
    crate::checksum::hex(&digest.finalize())
}

/// A limit that nothing here reaches.
pub(crate) const PLENTY: Bytes = Bytes::from_gib(1);
