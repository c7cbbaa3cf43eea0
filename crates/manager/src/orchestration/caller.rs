//! Who asks.

use hostler_model::{AccountId, AccountType, DomainId, JobId, UserId};
use hostler_store::account::account_get;
use hostler_store::cause::Cause;
use hostler_store::domain::domain_get;
use hostler_store::event::NewEvent;
use hostler_store::job::NewJob;
use hostler_store::project::member_of;
use hostler_store::{StoreError, Tx};
use uuid::Uuid;

use crate::context::Context;
use crate::error::ServiceError;

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
    /// Who asks when time or a host does, for a user of an account: `request` says what it was, in two words or more.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such account.
    pub(crate) fn on_behalf_of(
        tx: &Tx<'_>,
        user: UserId,
        account: AccountId,
        request: String,
    ) -> Result<Self, StoreError> {
        let domain = account_get(tx, account)?.domain;
        Ok(Self { user, account, domain, role: AccountType::User, request })
    }

    /// Whether the caller may do everything.
    pub fn is_root(&self) -> bool {
        self.role == AccountType::RootAdmin
    }

    /// Whether the caller may act on what `owner` has: its own, or as an administrator of it.
    ///
    /// # Errors
    /// [`ServiceError`] if the record cannot be read.
    pub(crate) async fn may_act_for(
        &self,
        app: &Context,
        owner: AccountId,
    ) -> Result<bool, ServiceError> {
        match self.role {
            _ if owner == self.account => Ok(true),
            AccountType::RootAdmin | AccountType::ResourceAdmin => Ok(true),
            AccountType::User | AccountType::Project => {
                let own = self.account;
                Ok(app.store.read(move |tx| member_of(tx, own, owner)).await?)
            }
            AccountType::DomainAdmin => {
                let own = self.domain;
                let (own, theirs) = app
                    .store
                    .read(move |tx| {
                        let theirs = account_get(tx, owner)?.domain_path;
                        Ok::<_, ServiceError>((domain_get(tx, own)?.path, theirs))
                    })
                    .await?;
                let below = theirs.strip_prefix(&own).is_some_and(|rest| rest.starts_with('/'));
                Ok(theirs == own || below)
            }
        }
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

    /// What the reason trail says of what the caller's request brings about.
    pub(crate) fn cause(&self) -> Cause {
        let text = match self.request.split_once(' ') {
            // a report, a timer, ... on behalf of the caller
            Some(_) => self.request.clone(),
            None => format!("request {}", self.request),
        };
        Cause { text, user: Some(self.user), job: None }
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
