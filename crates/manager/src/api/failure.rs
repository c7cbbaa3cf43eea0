//! How refusals and failures of services and of the store become errors of the API: one table.

use hostler_query_api::{ApiError, ErrorClass, Status};
use hostler_store::StoreError;

use crate::error::{ServiceError, ServiceErrorKind};

/// What an API command fails with.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Failure(#[from] pub ApiError);

/// The class, and with it the status, of a kind of refusal or failure.
pub const fn class_of(kind: ServiceErrorKind) -> ErrorClass {
    match kind {
        ServiceErrorKind::Parameter => ErrorClass::InvalidParameterValue,
        ServiceErrorKind::Denied => ErrorClass::PermissionDenied,
        ServiceErrorKind::Unsupported => ErrorClass::UnsupportedService,
        ServiceErrorKind::NoCapacity => ErrorClass::InsufficientCapacity,
        ServiceErrorKind::Unavailable => ErrorClass::ResourceUnavailable,
        ServiceErrorKind::Quota => ErrorClass::ResourceAllocation,
        ServiceErrorKind::InUse => ErrorClass::ResourceInUse,
        ServiceErrorKind::Internal => ErrorClass::CloudRuntime,
    }
}

/// The status of a job's recorded error, by its number.
pub fn status_of(code: u16) -> Status {
    ErrorClass::TABLE
        .iter()
        .map(|row| row.2)
        .find(|status| status.code() == code)
        .unwrap_or(Status::InternalError)
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self(ApiError::new(class_of(error.kind), error.text))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        ServiceError::from(error).into()
    }
}

impl Failure {
    /// A value that the command's own logic refuses.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self(ApiError::invalid(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_has_the_status_that_clients_know() {
        let status = |kind| class_of(kind).status().code();
        assert_eq!(status(ServiceErrorKind::Parameter), 431);
        assert_eq!(status(ServiceErrorKind::Denied), 531);
        assert_eq!(status(ServiceErrorKind::Unsupported), 431);
        assert_eq!(status(ServiceErrorKind::NoCapacity), 533);
        assert_eq!(status(ServiceErrorKind::Unavailable), 534);
        assert_eq!(status(ServiceErrorKind::Quota), 535);
        assert_eq!(status(ServiceErrorKind::InUse), 536);
        assert_eq!(status(ServiceErrorKind::Internal), 530);
    }

    #[test]
    fn a_recorded_code_that_nobody_knows_is_an_internal_error() {
        assert_eq!(status_of(533).code(), 533);
        assert_eq!(status_of(1).code(), 530);
    }
}
