//! Why a service did not do what was asked, in terms that every caller understands.
//!
//! Not here: status codes of the API; `api` maps [`ServiceErrorKind`] to them in one table.

use hostler_model::error_chain;
use hostler_store::StoreError;

/// A service's refusal or failure. The text is for the person who asked, and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct ServiceError {
    /// What kind it is.
    pub kind: ServiceErrorKind,
    /// What was tried, on what, why not, what to do.
    pub text: String,
}

/// Kinds of refusal and failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceErrorKind {
    /// A value of the request cannot be.
    Parameter,
    /// The caller may not do that.
    Denied,
    /// The thing is in a state, or of a kind, that does not allow it.
    Unsupported,
    /// No host, pool or address has room.
    NoCapacity,
    /// What it needs is away just now.
    Unavailable,
    /// A quota is used up.
    Quota,
    /// The thing is in use, or someone else is changing it.
    InUse,
    /// Something that should not happen.
    Internal,
}

impl ServiceError {
    /// A refusal or failure of `kind`.
    pub fn new(kind: ServiceErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// What it needs is away just now, for the reason that `error` has.
    pub fn unavailable(error: &dyn std::error::Error) -> Self {
        Self::new(ServiceErrorKind::Unavailable, error_chain(error))
    }

    /// A value of the request cannot be.
    pub fn parameter(text: impl Into<String>) -> Self {
        Self::new(ServiceErrorKind::Parameter, text)
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::NotFound { .. } => ServiceErrorKind::Parameter,
            StoreError::Stale { .. } | StoreError::Taken(_) => ServiceErrorKind::InUse,
            StoreError::Exhausted(_) | StoreError::Raced(_) => ServiceErrorKind::NoCapacity,
            StoreError::Limit(_) => ServiceErrorKind::Quota,
            StoreError::Transition(_) => ServiceErrorKind::Unsupported,
            StoreError::Sqlite { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Open { .. }
            | StoreError::Closed => ServiceErrorKind::Internal,
        };
        Self::new(kind, error_chain(&error))
    }
}
