//! TLS between hosts and image workers: version 1.3, both ends with a certificate of the cloud's own CA.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::{TlsFiles, WorkerError};

/// For a worker: hosts must show a certificate.
pub(crate) fn server(files: &TlsFiles) -> Result<ServerConfig, WorkerError> {
    let roots = Arc::new(roots(&files.ca)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|error| unusable(&files.ca, &error))?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| unusable(&files.certificate, &error))?;
    let (chain, key) = identity(files)?;
    let mut config = builder
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|error| unusable(&files.certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// For a host: believes only workers of this cloud, and shows its own certificate.
pub(crate) fn client(files: &TlsFiles) -> Result<ClientConfig, WorkerError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| unusable(&files.certificate, &error))?;
    let (chain, key) = identity(files)?;
    builder
        .with_root_certificates(roots(&files.ca)?)
        .with_client_auth_cert(chain, key)
        .map_err(|error| unusable(&files.certificate, &error))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(ca: &Path) -> Result<RootCertStore, WorkerError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| unusable(ca, &error))?;
    }
    Ok(roots)
}

fn identity(
    files: &TlsFiles,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), WorkerError> {
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    Ok((certificates(&files.certificate)?, key))
}

/// At least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, WorkerError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, pem::Error>>)
        .map_err(|error| unusable(path, &error))?;
    if certificates.is_empty() {
        return Err(WorkerError::Tls {
            path: path.to_owned(),
            why: "there is no certificate in it".to_owned(),
        });
    }
    Ok(certificates)
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> WorkerError {
    WorkerError::Tls { path: path.to_owned(), why: error.to_string() }
}
