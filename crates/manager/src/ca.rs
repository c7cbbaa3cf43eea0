//! The manager's certificate authority: it makes the keys of the manager, and signs those of agents.
//!
//! The private key of a host never comes here: a host sends a request, of which only the public key is
//! taken. The exception is the controller's own image worker, whose files are written beside the manager's.
//!
//! Not here: who may have a certificate (`onboarding`), and what a connection does with one (`agents`).

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hostler_model::HostGuid;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use rustls::server::WebPkiClientVerifier;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The name in the manager's certificate: what agents ask for, whatever address they dial.
pub const MANAGER_NAME: &str = "hostler-manager";

const DAY: Duration = Duration::from_hours(24);
/// How long the authority lives.
const CA_DAYS: u32 = 3650;
/// How long agents' certificates live: they are not renewed, so no shorter than the authority.
const AGENT_DAYS: u32 = CA_DAYS;
/// How long the manager's own lives.
const MANAGER_DAYS: u32 = 730;
/// The manager's own certificate is made anew at a start in its last so many days.
const RENEW_DAYS: u32 = 90;

/// Why certificates cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file of the authority.
    #[error("cannot use {path}; is the state directory writable by the manager?")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What a file holds is no certificate or key.
    #[error("{path} holds no usable certificate or key ({why}); restore it from a backup")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// A request that cannot be signed.
    #[error("the certificate request of {guid} cannot be signed: {why}")]
    Request {
        /// Whose.
        guid: HostGuid,
        /// What is wrong with it.
        why: String,
    },
    /// The library could not make a key or a certificate.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// rustls does not take what was made.
    #[error("cannot set TLS up: {0}")]
    Tls(String),
}

/// A certificate with its key, both in PEM.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// The authority of one cloud, with the certificate of its manager.
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    manager: Issued,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// Reads the authority kept in `folder`, or makes it: `ca.crt`, `ca.key`, `manager.crt`, `manager.key`.
    ///
    /// # Errors
    /// [`CaError`]; an unreadable file is never replaced.
    pub fn open(folder: &Path) -> Result<Self, CaError> {
        private_folder(folder)?;
        let kept = read_pair(folder, "ca")?;
        let authority = if let Some(kept) = kept {
            kept
        } else {
            let made = make_authority()?;
            write_pair(folder, "ca", &made)?;
            made
        };
        let unreadable = |why: rcgen::Error| CaError::Unreadable {
            path: folder.join("ca.crt"),
            why: why.to_string(),
        };
        let key = KeyPair::from_pem(&authority.key).map_err(unreadable)?;
        let issuer = Issuer::from_ca_cert_pem(&authority.certificate, key).map_err(unreadable)?;
        let manager = match read_pair(folder, "manager")? {
            Some(kept) if lasts(&kept.certificate, RENEW_DAYS) => kept,
            _ => {
                let made = issue(&issuer, MANAGER_NAME, MANAGER_DAYS)?;
                write_pair(folder, "manager", &made)?;
                made
            }
        };
        Ok(Self { certificate: authority.certificate, issuer, manager })
    }

    /// The authority's certificate in PEM: what agents check the manager by.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Signs the key of the agent `guid`, and says so in PEM. Nothing but the public key is taken from
    /// `request`: the name in the certificate is `guid` whatever name was asked for.
    ///
    /// # Errors
    /// [`CaError::Request`] if it is no request, or not signed by its own key.
    pub fn sign_agent(&self, request: &str, guid: HostGuid) -> Result<String, CaError> {
        let wrong = |e: rcgen::Error| CaError::Request { guid, why: e.to_string() };
        let request = CertificateSigningRequestParams::from_pem(request).map_err(wrong)?;
        let now = OffsetDateTime::now_utc();
        let certificate =
            sign(&self.issuer, &guid.to_string(), now, AGENT_DAYS, &request.public_key)
                .map_err(wrong)?;
        Ok(certificate)
    }

    /// A key and certificate for an agent of the controller itself.
    ///
    /// # Errors
    /// [`CaError::Make`].
    pub fn issue_agent(&self, guid: HostGuid) -> Result<Issued, CaError> {
        issue(&self.issuer, &guid.to_string(), AGENT_DAYS)
    }

    /// TLS for the agents' port: TLS 1.3 only, and a certificate of this authority is required.
    ///
    /// # Errors
    /// [`CaError::Tls`].
    pub fn server_config(&self) -> Result<Arc<rustls::ServerConfig>, CaError> {
        let wrong = |e: &dyn std::fmt::Display| CaError::Tls(e.to_string());
        let pem = |e: rustls::pki_types::pem::Error| CaError::Tls(e.to_string());
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(pem)?;
        roots.add(authority.clone()).map_err(|e| wrong(&e))?;
        let clients =
            WebPkiClientVerifier::builder(Arc::new(roots)).build().map_err(|e| wrong(&e))?;
        let manager =
            CertificateDer::from_pem_slice(self.manager.certificate.as_bytes()).map_err(pem)?;
        let key = PrivateKeyDer::from_pem_slice(self.manager.key.as_bytes()).map_err(pem)?;
        let config =
            rustls::ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
                .with_client_cert_verifier(clients)
                .with_single_cert(vec![manager, authority], key)
                .map_err(|e| wrong(&e))?;
        Ok(Arc::new(config))
    }
}

/// Makes aws-lc-rs the process's TLS provider. Calling it again does nothing.
pub fn install_tls_provider() {
    // An error says that a provider is there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// What a peer's certificate says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The agent that it is for.
    pub guid: HostGuid,
    /// When it was signed: seconds since 1970.
    pub signed: i64,
}

/// Reads the guid (common name) and the time of signing from a certificate that rustls has verified.
pub fn read_peer(certificate: &CertificateDer<'_>) -> Option<PeerCertificate> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let name = parsed.subject().iter_common_name().next()?.as_str().ok()?;
    Some(PeerCertificate {
        guid: name.parse().ok()?,
        signed: parsed.validity().not_before.timestamp(),
    })
}

fn make_authority() -> Result<Issued, CaError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Hostler CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - DAY;
    params.not_after = now + DAY * CA_DAYS;
    let certificate = params.self_signed(&key)?.pem();
    Ok(Issued { certificate, key: key.serialize_pem() })
}

fn issue(issuer: &Issuer<'static, KeyPair>, name: &str, days: u32) -> Result<Issued, CaError> {
    let key = KeyPair::generate()?;
    // Its users' clocks may be behind this machine's.
    let from = OffsetDateTime::now_utc() - DAY;
    let certificate = sign(issuer, name, from, days, &key)?;
    Ok(Issued { certificate, key: key.serialize_pem() })
}

fn sign(
    issuer: &Issuer<'static, KeyPair>,
    name: &str,
    from: OffsetDateTime,
    days: u32,
    key: &impl PublicKeyData,
) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.distinguished_name = named(name);
    params.is_ca = IsCa::ExplicitNoCa;
    // libvirt insists on the second, though no cipher of today needs it.
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = from;
    params.not_after = from + DAY * days;
    Ok(params.signed_by(key, issuer)?.pem())
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Whether a certificate can be read and lasts for `days` more.
fn lasts(certificate: &str, days: u32) -> bool {
    let Ok(der) = CertificateDer::from_pem_slice(certificate.as_bytes()) else { return false };
    let Ok((_, parsed)) = X509Certificate::from_der(&der) else { return false };
    let until = (OffsetDateTime::now_utc() + DAY * days).unix_timestamp();
    parsed.validity().not_after.timestamp() > until
}

/// Makes a folder that only its owner may read.
///
/// # Errors
/// [`CaError::File`].
pub fn private_folder(folder: &Path) -> Result<(), CaError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| CaError::File { path: folder.to_owned(), source })
}

/// Writes a file whole or not at all, with the permissions `mode`.
///
/// # Errors
/// [`CaError::File`].
pub fn write_file(path: &Path, content: &str, mode: u32) -> Result<(), CaError> {
    let failed = |source| CaError::File { path: path.to_owned(), source };
    let new = path.with_extension("new");
    match std::fs::remove_file(&new) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(&new).map_err(failed)?;
    file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)
}

fn write_pair(folder: &Path, name: &str, pair: &Issued) -> Result<(), CaError> {
    // The key first: a certificate without its key would be taken for a damaged pair.
    write_file(&folder.join(format!("{name}.key")), &pair.key, 0o600)?;
    write_file(&folder.join(format!("{name}.crt")), &pair.certificate, 0o644)
}

fn read_pair(folder: &Path, name: &str) -> Result<Option<Issued>, CaError> {
    let read = |extension: &str| {
        let path = folder.join(format!("{name}.{extension}"));
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CaError::File { path, source }),
        }
    };
    match (read("crt")?, read("key")?) {
        (Some(certificate), Some(key)) => Ok(Some(Issued { certificate, key })),
        // The first start ended between the two files: the key was never used.
        (None, _) => Ok(None),
        (Some(_), None) => Err(CaError::Unreadable {
            path: folder.join(format!("{name}.key")),
            why: "it is missing".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use uuid::Uuid;

    fn guid() -> HostGuid {
        HostGuid::new(Uuid::from_u128(7))
    }

    #[test]
    fn the_authority_is_made_once_and_its_keys_are_private() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("pki");
        let first = Authority::open(&folder).unwrap();
        let again = Authority::open(&folder).unwrap();
        assert_eq!(first.certificate(), again.certificate());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("ca.key")), 0o600);
        assert_eq!(mode(&folder.join("manager.key")), 0o600);
    }

    #[test]
    fn only_the_public_key_is_taken_from_a_request() {
        let state = tempfile::tempdir().unwrap();
        let authority = Authority::open(state.path()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut wishes = CertificateParams::new(vec!["hostler-manager".to_owned()]).unwrap();
        wishes.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wishes.distinguished_name = named("root");
        let request = wishes.serialize_request(&key).unwrap().pem().unwrap();
        let signed = authority.sign_agent(&request, guid()).unwrap();
        let der = CertificateDer::from_pem_slice(signed.as_bytes()).unwrap();
        assert_eq!(read_peer(&der).unwrap().guid, guid());
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        assert!(!parsed.is_ca());
        assert!(!format!("{:?}", parsed.subject_alternative_name()).contains("hostler-manager"));
        assert_eq!(parsed.public_key().subject_public_key.data.as_ref(), key.der_bytes());
    }

    #[test]
    fn a_request_that_is_none_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let authority = Authority::open(state.path()).unwrap();
        let error = authority.sign_agent("no request", guid()).unwrap_err();
        assert!(error.to_string().contains(&guid().to_string()), "{error}");
    }
}
