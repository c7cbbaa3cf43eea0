//! Who simulated machines are: what `hostler-manager issue-agents` has written.
//!
//! Not here: making keys and certificates; only the manager can.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hostler_model::HostGuid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

/// A file of identities that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be read.
    #[error("cannot read {path}; hostler-manager issue-agents writes it")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{path} is no file of hostler-manager issue-agents: {why}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// Who a machine is, and how it shows it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What it is called for ever.
    pub guid: HostGuid,
    certificate: CertificateDer<'static>,
    key: Arc<PrivateKeyDer<'static>>,
    roots: Arc<RootCertStore>,
}

#[derive(Deserialize)]
struct File {
    ca: String,
    agents: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    guid: HostGuid,
    certificate: String,
    key: String,
}

impl Identity {
    /// Every identity in a file.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(path: &Path) -> Result<Vec<Self>, IdentityError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| IdentityError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|why| IdentityError::Foreign { path: path.to_owned(), why })
    }

    fn parse(text: &str) -> Result<Vec<Self>, String> {
        let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let certificate = |pem: &str| {
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| format!("certificate: {e}"))
        };
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&file.ca)?).map_err(|e| format!("authority: {e}"))?;
        let roots = Arc::new(roots);
        let read = |entry: Entry| {
            let key = PrivateKeyDer::from_pem_slice(entry.key.as_bytes());
            Ok(Self {
                guid: entry.guid,
                certificate: certificate(&entry.certificate)?,
                key: Arc::new(key.map_err(|e| format!("key of {}: {e}", entry.guid))?),
                roots: Arc::clone(&roots),
            })
        };
        file.agents.into_iter().map(read).collect()
    }

    /// TLS as an agent speaks it: version 1.3 only, with a certificate of its own, nothing kept from one connection to
    /// the next.
    ///
    /// # Errors
    /// [`rustls::Error`] if key and certificate do not belong together.
    pub fn tls(&self) -> Result<ClientConfig, rustls::Error> {
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(Arc::clone(&self.roots))
            .with_client_auth_cert(vec![self.certificate.clone()], self.key.clone_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_something_else_is_named() {
        let error = Identity::load(Path::new("/nonexistent/agents.json")).unwrap_err();
        assert!(error.to_string().contains("issue-agents writes it"), "{error}");
        for text in ["", "{}", r#"{"ca": "x", "agents": []}"#] {
            assert!(Identity::parse(text).is_err(), "{text}");
        }
    }
}
