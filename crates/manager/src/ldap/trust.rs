//! Which certificates of servers are believed: those that authorities of the system, or of one file, vouch for. There is no
//! way to believe any.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// Why nothing can be believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrustError {
    /// The file of setting `ldap.truststore` cannot be used.
    #[error("cannot use the file of setting ldap.truststore, {path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system has no authorities.
    #[error(
        "this system has no certificates of authorities; install ca-certificates, or set ldap.truststore"
    )]
    System,
    /// TLS itself does not work.
    #[error("TLS cannot be prepared")]
    Tls(#[from] rustls::Error),
}

/// How connections are encrypted. Reads files: it is called where that may take time.
///
/// # Errors
/// [`TrustError`].
pub(super) fn config(file: Option<PathBuf>) -> Result<Arc<ClientConfig>, TrustError> {
    let certificates = match file {
        Some(path) => of_file(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    if roots.add_parsable_certificates(certificates).0 == 0 {
        return Err(TrustError::System);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn of_file(path: PathBuf) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let read =
        CertificateDer::pem_file_iter(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let why = match read {
        Ok(certificates) if !certificates.is_empty() => return Ok(certificates),
        Ok(_) => "there is no certificate in it, as PEM".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(TrustError::File { path, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_told_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "nothing").unwrap();
        for path in [empty, folder.path().join("gone.pem")] {
            let error = config(Some(path.clone())).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
