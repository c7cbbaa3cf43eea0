//! What an API command answers when it does not do what was asked: status, code and text.
//!
//! Texts that clients match on are made here and nowhere else.
//!
//! Not here: how an error is written to the wire (`envelope`).

use uuid::Uuid;

/// What stands in an error's text before the part that only administrators may read.
pub const FOR_ADMINISTRATORS: &str = "; for administrators: ";

/// The HTTP status of an error, which is also its `errorcode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// 400: the request itself is not one.
    BadRequest,
    /// 401: nobody we know, or not proven.
    Unauthorized,
    /// 405: the command wants another HTTP method.
    MethodNotAllowed,
    /// 429: too many requests.
    TooManyRequests,
    /// 430: a parameter's name is malformed, as in `x[…]`.
    MalformedParameter,
    /// 431: a parameter is missing or its value is refused.
    ParameterError,
    /// 432: there is no such command for this caller.
    UnsupportedAction,
    /// 503: the manager takes no new work at the moment.
    ServiceUnavailable,
    /// 530: something that should not happen did.
    InternalError,
    /// 531: log-in failed, or the caller may not touch the resource.
    AccountError,
    /// 532: a limit of the account is reached.
    AccountResourceLimit,
    /// 533: no host, pool or address has room.
    InsufficientCapacity,
    /// 534: a host or pool that is needed is down.
    ResourceUnavailable,
    /// 535: an allocation limit of an account or domain is reached.
    ResourceAllocation,
    /// 536: something else uses the resource.
    ResourceInUse,
    /// 537: network rules contradict each other.
    NetworkRuleConflict,
}

impl Status {
    /// The number on the wire.
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::MethodNotAllowed => 405,
            Self::TooManyRequests => 429,
            Self::MalformedParameter => 430,
            Self::ParameterError => 431,
            Self::UnsupportedAction => 432,
            Self::ServiceUnavailable => 503,
            Self::InternalError => 530,
            Self::AccountError => 531,
            Self::AccountResourceLimit => 532,
            Self::InsufficientCapacity => 533,
            Self::ResourceUnavailable => 534,
            Self::ResourceAllocation => 535,
            Self::ResourceInUse => 536,
            Self::NetworkRuleConflict => 537,
        }
    }
}

/// The class of an error, which is its `cserrorcode`. The classes are CloudStack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it all; the numbers stand in `code`
pub enum ErrorClass {
    CloudRuntime,
    AccountLimit,
    AgentUnavailable,
    Authentication,
    ConcurrentOperation,
    InsufficientAddress,
    InsufficientCapacity,
    InsufficientNetwork,
    InsufficientServer,
    InsufficientStorage,
    InvalidParameterValue,
    NetworkRuleConflict,
    PermissionDenied,
    ResourceAllocation,
    ResourceInUse,
    ResourceUnavailable,
    StorageUnavailable,
    UnsupportedService,
    Migration,
    /// Raised by the API layer itself: binding, roles, dispatch.
    Api,
}

impl ErrorClass {
    /// Every class with its `cserrorcode` and the status it is answered with.
    #[rustfmt::skip] // reads as a table
    pub const TABLE: &[(Self, u16, Status)] = &[
        (Self::CloudRuntime,          4250, Status::InternalError),
        (Self::AccountLimit,          4280, Status::AccountResourceLimit),
        (Self::AgentUnavailable,      4285, Status::ResourceUnavailable),
        (Self::Authentication,        4290, Status::AccountError),
        (Self::ConcurrentOperation,   4300, Status::InternalError),
        (Self::InsufficientAddress,   4320, Status::InsufficientCapacity),
        (Self::InsufficientCapacity,  4325, Status::InsufficientCapacity),
        (Self::InsufficientNetwork,   4330, Status::InsufficientCapacity),
        (Self::InsufficientServer,    4335, Status::InsufficientCapacity),
        (Self::InsufficientStorage,   4340, Status::InsufficientCapacity),
        (Self::InvalidParameterValue, 4350, Status::ParameterError),
        (Self::NetworkRuleConflict,   4360, Status::NetworkRuleConflict),
        (Self::PermissionDenied,      4365, Status::AccountError),
        (Self::ResourceAllocation,    4370, Status::ResourceAllocation),
        (Self::ResourceInUse,         4375, Status::ResourceInUse),
        (Self::ResourceUnavailable,   4380, Status::ResourceUnavailable),
        (Self::StorageUnavailable,    4385, Status::ResourceUnavailable),
        (Self::UnsupportedService,    4390, Status::ParameterError),
        (Self::Migration,             4395, Status::InternalError),
        (Self::Api,                   9999, Status::InternalError),
    ];

    fn row(self) -> (u16, Status) {
        let row = Self::TABLE.iter().find(|row| row.0 == self);
        row.map_or((9999, Status::InternalError), |row| (row.1, row.2))
    }

    /// The number on the wire.
    pub fn code(self) -> u16 {
        self.row().0
    }

    /// The status such an error is answered with unless the thrower says otherwise.
    pub fn status(self) -> Status {
        self.row().1
    }
}

/// An error as a client gets it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ApiError {
    /// HTTP status and `errorcode`.
    pub status: Status,
    /// `cserrorcode`; none on 401 and on failed log-ins.
    pub class: Option<ErrorClass>,
    /// What a person reads: what was refused, on which thing, what to do.
    pub text: String,
    /// Things the text speaks of, with what each is.
    pub ids: Vec<(Uuid, String)>,
}

impl ApiError {
    /// An error of `class` with its usual status.
    pub fn new(class: ErrorClass, text: impl Into<String>) -> Self {
        Self { status: class.status(), class: Some(class), text: text.into(), ids: Vec::new() }
    }

    /// An error of the API layer itself (`cserrorcode` 9999).
    pub fn api(status: Status, text: impl Into<String>) -> Self {
        Self { status, class: Some(ErrorClass::Api), text: text.into(), ids: Vec::new() }
    }

    fn without_class(status: Status, text: impl Into<String>) -> Self {
        Self { status, class: None, text: text.into(), ids: Vec::new() }
    }

    /// The same error, speaking of one more thing in `uuidList`.
    #[must_use]
    pub fn about(mut self, id: Uuid, description: impl Into<String>) -> Self {
        self.ids.push((id, description.into()));
        self
    }

    /// A required parameter is absent. Clients know the text.
    pub fn missing(command: &str, param: &str) -> Self {
        let command = command.to_ascii_lowercase();
        Self::api(
            Status::ParameterError,
            format!("Unable to execute API command {command} due to missing parameter {param}"),
        )
    }

    /// An id that is malformed or names nothing that ever was. The Go SDK matches on the text.
    pub fn invalid_id(command: &str, param: &str, value: &str) -> Self {
        let command = command.to_ascii_lowercase();
        Self::api(
            Status::ParameterError,
            format!(
                "Unable to execute API command {command} due to invalid value. Invalid parameter {param} \
                 value={value} due to incorrect long value format, or entity does not exist or due to \
                 incorrect parameter annotation for the field in api cmd class."
            ),
        )
    }

    /// A value of the wrong form; `expected` says which form is right ("an integer").
    pub fn invalid_value(command: &str, param: &str, value: &str, expected: &str) -> Self {
        let command = command.to_ascii_lowercase();
        Self::api(
            Status::ParameterError,
            format!(
                "Unable to execute API command {command} due to invalid value. Invalid parameter {param} \
                 value={value}: expected {expected}"
            ),
        )
    }

    /// A value longer than the parameter's limit.
    pub fn too_long(command: &str, param: &str, limit: usize) -> Self {
        let command = command.to_ascii_lowercase();
        Self::api(
            Status::ParameterError,
            format!(
                "Unable to execute API command {command} due to invalid value. Value greater than max \
                 allowed length {limit} for param: {param}"
            ),
        )
    }

    /// `x[…]` that is not `x[number].field`.
    pub fn malformed_map(raw_name: &str) -> Self {
        Self::api(
            Status::MalformedParameter,
            format!("Malformed parameter name {raw_name}: expected name[number].field"),
        )
    }

    /// A control character other than line feed and carriage return in a value.
    pub fn control_character(param: &str) -> Self {
        Self::api(
            Status::ParameterError,
            format!(
                "Received value for parameter {param} contains illegal ASCII control characters"
            ),
        )
    }

    /// The command exists, this role may not pass the parameter.
    pub fn parameter_denied(command: &str, param: &str) -> Self {
        Self::new(
            ErrorClass::PermissionDenied,
            format!("The caller's role may not pass parameter {param} of {command}; leave it out"),
        )
    }

    /// The command's own logic refuses a value (431, 4350).
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(ErrorClass::InvalidParameterValue, text)
    }

    /// The caller may not touch a resource (531).
    pub fn denied(text: impl Into<String>) -> Self {
        Self::new(ErrorClass::PermissionDenied, text)
    }

    /// The role may not call the command, or there is none of that name (432). Clients know the text.
    pub fn unavailable_command(command: &str, user: &str) -> Self {
        Self::api(
            Status::UnsupportedAction,
            format!(
                "The API [{command}] does not exist or is not available for the account for user id [{user}]."
            ),
        )
    }

    /// No command of that name, for a caller with a session or on the integration port (432).
    pub fn unknown_command(command: &str) -> Self {
        Self::api(
            Status::UnsupportedAction,
            format!("Unknown API command: {command}; listApis names those that exist"),
        )
    }

    /// No `command` parameter at all (400).
    pub fn no_command() -> Self {
        Self::api(Status::BadRequest, "No command was given; add command=<name> to the request")
    }

    /// Signature, key, session or expiry is wrong; deliberately not which (401).
    pub fn unauthorized() -> Self {
        Self::without_class(
            Status::Unauthorized,
            "unable to verify user credentials and/or request signature",
        )
    }

    /// A session that is unknown, over, or whose key does not match (401).
    pub fn session_invalid() -> Self {
        Self::without_class(Status::Unauthorized, "unable to verify user credentials")
    }

    /// A failed log-in (531, without `cserrorcode`).
    pub fn login_failed(username: &str) -> Self {
        Self::without_class(
            Status::AccountError,
            format!("Failed to authenticate user {username}; check user name, password and domain"),
        )
    }

    /// The command must be sent with another HTTP method (405).
    pub fn method_not_allowed(command: &str) -> Self {
        Self::without_class(Status::MethodNotAllowed, format!("Send {command} by POST"))
    }

    /// Something unforeseen (530). `text` must hold nothing secret.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::new(ErrorClass::CloudRuntime, text)
    }

    /// The same error as someone who is no administrator may see it: the text of 530, 533 and 534 can
    /// speak of hosts and pools, so it is replaced, or ends where it says so.
    #[must_use]
    pub fn for_non_admin(mut self) -> Self {
        if matches!(
            self.status,
            Status::InternalError | Status::InsufficientCapacity | Status::ResourceUnavailable
        ) {
            self.text = match self.text.split_once(FOR_ADMINISTRATORS) {
                Some((for_everybody, _)) => for_everybody.to_owned(),
                None => {
                    "Internal error executing command, please contact your system administrator"
                        .to_owned()
                }
            };
            self.ids.clear();
        }
        self
    }
}
