//! Why a transfer failed, and whether trying again may help.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use hostler_model::{Bytes, error_chain};
use reqwest::StatusCode;
use rustls::AlertDescription;

use crate::address::AddressRefused;

/// Why a file could not be brought. URLs are shown without user, password and query.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Called off.
    #[error("the download of {url} was called off")]
    Cancelled {
        /// From where.
        url: String,
    },
    /// Its host is not a public one.
    #[error("will not download {url}: {why}")]
    Address {
        /// The URL, or the one to which it led.
        url: String,
        /// Which address, and what to do.
        why: String,
    },
    /// There is no end to it.
    #[error(
        "cannot download {url}: it leads from one URL to the next more than {limit} times; give the last one"
    )]
    TooManyRedirects {
        /// The URL.
        url: String,
        /// So many are followed.
        limit: usize,
    },
    /// It leads to where we do not go.
    #[error("will not follow the redirect of {url}: {why}")]
    BadRedirect {
        /// The URL that leads elsewhere.
        url: String,
        /// Where to, and why not.
        why: String,
    },
    /// The server refuses.
    #[error("the server answers {status} to {url}; {advice}")]
    Status {
        /// The URL, or the one to which it led.
        url: String,
        /// HTTP status.
        status: StatusCode,
        /// What to do.
        advice: &'static str,
    },
    /// No connection, in spite of several attempts.
    #[error("cannot reach {url}: {why}; check the URL, and that this machine may connect to it")]
    Unreachable {
        /// The URL, or the one to which it led.
        url: String,
        /// The whole chain of causes.
        why: String,
    },
    /// The other end is not whom we trust.
    #[error("will not download {url}: the certificate of its server is not trusted: {why}")]
    Certificate {
        /// The URL, or the one to which it led.
        url: String,
        /// The whole chain of causes.
        why: String,
    },
    /// The other end does not trust us.
    #[error("cannot download {url}: its server does not accept our certificate: {why}")]
    NotAccepted {
        /// The URL.
        url: String,
        /// The whole chain of causes.
        why: String,
    },
    /// The connection broke again and again.
    #[error(
        "the transfer of {url} broke off at {at} bytes{} and {attempts} attempts brought nothing more: {why}; try again later",
        .total.map(|total| format!(" of {total}")).unwrap_or_default()
    )]
    Broke {
        /// The URL.
        url: String,
        /// So much has arrived.
        at: u64,
        /// Of so much.
        total: Option<u64>,
        /// How often it was tried.
        attempts: u32,
        /// The whole chain of causes.
        why: String,
    },
    /// The server does not keep to HTTP.
    #[error("cannot download {url}: {why}; the server, or a proxy before it, is at fault")]
    Strange {
        /// The URL.
        url: String,
        /// What it does.
        why: String,
    },
    /// Larger than is allowed.
    #[error(
        "will not download {url}: it is {}, and the limit is {}; raise the limit or make it smaller",
        .size.map_or_else(|| "larger than allowed".to_owned(), |size| Bytes(size).to_string()),
        Bytes(*.limit)
    )]
    TooLarge {
        /// The URL.
        url: String,
        /// Its size, if the server says it.
        size: Option<u64>,
        /// The limit.
        limit: u64,
    },
    /// Another size than it must have.
    #[error("{url} has {said} bytes where {wanted} are right; it has been changed at its source")]
    WrongSize {
        /// The URL.
        url: String,
        /// What the server says.
        said: u64,
        /// What is right.
        wanted: u64,
    },
    /// Not enough room.
    #[error("no room for {} in {path}; free some space there", Bytes(*.wanted))]
    NoSpace {
        /// The directory.
        path: PathBuf,
        /// The size of the file.
        wanted: u64,
    },
    /// Our own file system refuses something.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl TransferError {
    /// The file system refused to take more; `wanted` is the size of the whole.
    pub(crate) fn writing(path: &Path, wanted: u64, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path: path.parent().unwrap_or(path).to_owned(), wanted }
            }
            _ => Self::Write { path: path.to_owned(), source },
        }
    }
}

/// How one attempt ended that did not bring everything.
pub(crate) enum Attempt {
    /// Trying again may help.
    Passing(TransferError),
    /// It would end the same way.
    Final(TransferError),
}

impl From<TransferError> for Attempt {
    fn from(error: TransferError) -> Self {
        Self::Final(error)
    }
}

impl Attempt {
    /// There is no answer.
    pub(super) fn asking(url: String, error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(refused) = cause::<AddressRefused>(&error) {
            return Self::Final(TransferError::Address { url, why: refused.to_string() });
        }
        let why = error_chain(&error);
        match cause::<rustls::Error>(&error) {
            Some(rustls::Error::InvalidCertificate(_)) => {
                Self::Final(TransferError::Certificate { url, why })
            }
            Some(rustls::Error::AlertReceived(alert)) if about_certificate(*alert) => {
                Self::Final(TransferError::NotAccepted { url, why })
            }
            _ => Self::Passing(TransferError::Unreachable { url, why }),
        }
    }

    /// The answer is neither the file nor a redirect.
    pub(super) fn answered(url: String, status: StatusCode) -> Self {
        let advice = match status.as_u16() {
            401 | 403 => "it wants a login or forbids it; check the URL",
            404 | 410 => "there is no such file; check the URL",
            408 | 425 | 429 | 500.. => "try again later",
            _ => "check the URL",
        };
        let error = TransferError::Status { url, status, advice };
        match status.as_u16() {
            408 | 425 | 429 | 500.. => Self::Passing(error),
            _ => Self::Final(error),
        }
    }
}

/// Whether the other end finds fault with our certificate, and will again.
fn about_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}

/// The cause of that kind, wherever it is in the chain; an `io::Error` hides what it wraps from `source`.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    if let Some(found) = error.downcast_ref::<T>() {
        return Some(found);
    }
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => cause(wrapped),
        None => error.source().and_then(cause),
    }
}
