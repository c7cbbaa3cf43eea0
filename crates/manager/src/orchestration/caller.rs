//! Who asks.

use hostler_model::{AccountId, AccountType, DomainId, JobId, UserId};
use hostler_store::event::NewEvent;
use hostler_store::job::NewJob;
use uuid::Uuid;

/// An authenticated caller, as services see it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The user's account.
    pub account: AccountId,
    /// The account's domain.
    pub domain: DomainId,
    /// What it may do.
    pub role: AccountType,
    /// The id of the request, for the reason trail.
    pub request: String,
}

impl Caller {
    /// Whether the caller may do everything.
    pub fn is_root(&self) -> bool {
        self.role == AccountType::RootAdmin
    }

    /// A job that the caller asks for.
    pub(crate) fn job(
        &self,
        kind: &'static str,
        api_command: &str,
        subject: (&'static str, Uuid),
        input: serde_json::Value,
        steps: &'static [&'static str],
    ) -> NewJob {
        NewJob {
            id: JobId::new(Uuid::now_v7()),
            kind,
            api_command: api_command.to_owned(),
            account: self.account,
            user: self.user,
            subject,
            input,
            steps,
        }
    }

    /// An event that the caller's request brings about.
    pub(crate) fn event(
        &self,
        at: hostler_model::Timestamp,
        kind: &'static str,
        description: String,
        subject: (&'static str, Uuid),
        job: Option<JobId>,
    ) -> NewEvent {
        NewEvent {
            at,
            kind,
            level: "INFO",
            state: "Scheduled",
            description,
            cause: format!("request {}", self.request),
            account: Some(self.account),
            user: Some(self.user),
            subject: Some(subject),
            job,
        }
    }
}
