//! What can go wrong between asking and an answer.

use std::time::Duration;

use crate::config::ConfigError;

/// Why a call did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The manager answered with an error.
    #[error("{text} (error {code} from {command}, request {request_id})")]
    Api {
        /// The command that was called.
        command: String,
        /// HTTP status and `errorcode`.
        code: u16,
        /// `cserrorcode`, where there is one.
        cserrorcode: Option<u16>,
        /// What the manager says.
        text: String,
        /// Which request it was, to look for in the manager's log.
        request_id: String,
    },

    /// A job ended without doing what it was to do.
    #[error("{text} (error {code}, job {job})")]
    Job {
        /// The job.
        job: String,
        /// `jobresultcode`.
        code: u16,
        /// What the job says.
        text: String,
    },

    /// The job goes on, but the caller's patience is over.
    #[error("job {job} is still running after {} s; `hostler job watch {job}` follows it", waited.as_secs())]
    JobStillRunning {
        /// The job.
        job: String,
        /// How long it was waited for.
        waited: Duration,
    },

    /// No connection, or it broke.
    #[error("cannot talk to {endpoint}; is the manager running, and is the endpoint right?")]
    Transport {
        /// Where to.
        endpoint: String,
        /// What the network said; never holds the query string.
        source: reqwest::Error,
    },

    /// No answer in time.
    #[error("no answer from {endpoint} to {command} within {} s; --timeout sets how long to wait", after.as_secs_f64())]
    TimedOut {
        /// Where to.
        endpoint: String,
        /// The command that was called.
        command: String,
        /// The time that was given.
        after: Duration,
    },

    /// Something answered, but not as the API does.
    #[error(
        "{endpoint} answered {command} with {what} (HTTP status {status}); is this a Hostler manager?"
    )]
    NotTheApi {
        /// Where to.
        endpoint: String,
        /// The command that was called.
        command: String,
        /// HTTP status.
        status: u16,
        /// What was wrong.
        what: String,
    },

    /// An answer of another shape than the client's type.
    #[error("the answer of {command} does not look as expected")]
    Shape {
        /// The command that was called.
        command: String,
        /// What did not fit.
        source: serde_json::Error,
    },

    /// The settings are incomplete or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl ClientError {
    /// Whether asking once more, later, may help and cannot harm when the call only reads.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::TimedOut { .. } => true,
            Self::Api { code, .. } => matches!(code, 429 | 503),
            Self::NotTheApi { status, .. } => matches!(status, 502..=504),
            _ => false,
        }
    }

    /// Whether the manager may not know the command, or not for this caller. With keys an unknown command is answered
    /// like a wrong signature, so 401 counts too: a wrong key then shows at the next call.
    pub fn is_unknown_command(&self) -> bool {
        matches!(self, Self::Api { code: 401 | 432, .. })
    }
}
