//! What an API command gets beside its parameters, and how its answer is made.
//!
//! Not here: who the caller is (`auth`, `sessions`), which commands there are (`commands`).

use std::future::Future;
use std::pin::Pin;

use hostler_model::Timestamp;
use hostler_query_api::{Answer, ApiCommand, ApiError, CommandDecl, Paging, Params, RoleType};
use hostler_store::event::{NewEvent, event_add};
use hostler_store::reference::{Entity, reference_known, references_missing};
use hostler_store::role::Rule;
use hostler_store::user::UserRow;
use hostler_store::{Listed, Page, Scope, Tx};
use serde_json::Value;
use uuid::Uuid;

use super::failure::Failure;
use super::permission::{may, role_type};
use crate::context::Context;
use crate::orchestration::Caller;
use crate::settings::DEFAULT_PAGE_SIZE;

/// Who calls, as far as commands need to know.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// For services.
    pub(crate) caller: Caller,
    /// The user, with the names of their account and domain.
    pub(crate) user: UserRow,
    /// The rules of the account's own role; nothing: all that its type may do.
    pub(crate) rules: Option<Vec<Rule>>,
}

impl Identity {
    /// The role type by which commands and parameters are allowed.
    pub(crate) fn role(&self) -> RoleType {
        role_type(self.user.account_kind)
    }

    /// Whether the caller may call a command.
    pub(crate) fn may(&self, command: &CommandDecl) -> bool {
        may(self.user.account_kind, self.rules.as_deref(), command)
    }

    /// Everything that the caller may see.
    pub(crate) fn sight(&self) -> Scope {
        match self.role() {
            RoleType::Admin | RoleType::ResourceAdmin => Scope::All,
            RoleType::DomainAdmin => Scope::Tree(self.user.domain_path.clone()),
            RoleType::User => Scope::Member(self.user.account),
        }
    }
}

/// One call of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The manager.
    pub(crate) context: &'a Context,
    /// Who calls.
    pub(crate) identity: &'a Identity,
    /// The command's declaration.
    pub(crate) command: &'static CommandDecl,
    /// Everything that was sent.
    pub(crate) params: &'a Params,
    /// Whether it was sent by POST.
    pub(crate) by_post: bool,
}

/// What a command answers with, in the future.
pub(crate) type AnswerFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>;

/// A command that can be called.
pub(crate) trait Handler: ApiCommand + Send {
    /// Carries it out: checks, and reads or records and starts a job.
    fn execute(self, call: Call<'_>) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// Reads the command's parameters and carries it out.
pub(crate) fn run<'a, C: Handler + 'a>(call: Call<'a>) -> AnswerFuture<'a> {
    Box::pin(async move {
        let command = C::parse(call.params, call.identity.role())?;
        command.execute(call).await
    })
}

impl<'a> Call<'a> {
    /// For services.
    pub(crate) fn caller(&self) -> &'a Caller {
        &self.identity.caller
    }

    /// Whether the caller may see what only administrators of the whole cloud may.
    pub(crate) fn is_root(&self) -> bool {
        matches!(self.identity.role(), RoleType::Admin | RoleType::ResourceAdmin)
    }

    /// The wanted page of a list.
    pub(crate) fn page(&self) -> Result<Page, Failure> {
        let paging = Paging::read(self.params)?;
        let limit = match paging {
            Paging::Default => paging
                .limit()
                .map(|most| most.min(self.context.settings.number(&DEFAULT_PAGE_SIZE))),
            asked => asked.limit(),
        };
        Ok(Page { offset: paging.offset(), limit })
    }

    /// The text that names have to contain.
    pub(crate) fn keyword(&self) -> Option<String> {
        self.params.get_filled("keyword").map(str::to_owned)
    }

    /// What the clock says.
    pub(crate) fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// Reads a snapshot of the database.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Failure>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        self.context.store.read(work).await
    }

    /// Writes in one transaction; a failure leaves nothing written.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, Failure>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, Failure> + Send + 'static,
        T: Send + 'static,
    {
        let cause = self.caller().cause();
        let write = move |tx: &Tx<'_>| {
            tx.because(cause);
            work(tx)
        };
        self.context.store.write(write).await
    }

    /// The error for an id that names nothing that the caller may see.
    pub(crate) fn unknown(&self, param: &str, id: impl std::fmt::Display) -> Failure {
        Failure(ApiError::invalid_id(self.command.name, param, &id.to_string()))
    }

    /// A value that is not of the form that it should be.
    pub(crate) fn wrong(&self, param: &str, value: &str, expected: &str) -> Failure {
        Failure(ApiError::invalid_value(self.command.name, param, value, expected))
    }

    /// Checks that everything that the request names exists, and that the caller may see it: one statement.
    ///
    /// # Errors
    /// Names the first parameter that does not; somebody else's thing is answered like one that never was.
    pub(crate) async fn require(
        &self,
        named: Vec<(&'static str, Entity, Uuid)>,
    ) -> Result<(), Failure> {
        let sight = self.identity.sight();
        let references: Vec<_> = named.iter().map(|(_, entity, id)| (*entity, *id)).collect();
        let missing = self.read(move |tx| Ok(references_missing(tx, &references, &sight)?)).await?;
        match missing.first().and_then(|position| named.get(*position)) {
            Some((param, _, id)) => Err(self.unknown(param, id)),
            None => Ok(()),
        }
    }

    /// A list; empty with an id that never named anything, the error that clients know.
    pub(crate) async fn list<T>(
        &self,
        listed: Listed<T>,
        id: Option<(Entity, Uuid)>,
        render: impl Fn(&T) -> Value,
    ) -> Result<Answer, Failure> {
        if listed.total == 0
            && let Some((entity, id)) = id
        {
            let sight = self.identity.sight();
            let known = self.read(move |tx| Ok(reference_known(tx, entity, id, &sight)?)).await?;
            if !known {
                return Err(self.unknown("id", id));
            }
        }
        let rows = listed.rows.iter().map(render).collect();
        Ok(Answer::list(self.command, listed.total, rows))
    }

    /// A list that is known as a whole: its wanted page.
    ///
    /// # Errors
    /// 431: the page is none.
    pub(crate) fn page_of(&self, rows: Vec<Value>) -> Result<Answer, Failure> {
        let listed = self.page()?.cut(rows);
        Ok(Answer::list(self.command, listed.total, listed.rows))
    }

    /// One object under the command's key.
    pub(crate) fn object(&self, object: Value) -> Answer {
        Answer::object(self.command, object)
    }

    /// Plain success.
    pub(crate) fn success(&self) -> Answer {
        Answer::success(self.command, None)
    }
}

/// An event that the call brings about, before it is told what to say.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    event: NewEvent,
}

impl Recorder {
    /// The same, about this thing.
    #[must_use]
    pub(crate) fn about(mut self, kind: &'static str, id: Uuid) -> Self {
        self.event.subject = Some((kind, id));
        self
    }

    /// Records it.
    ///
    /// # Errors
    /// That of the database.
    pub(crate) fn record(mut self, tx: &Tx<'_>, description: String) -> Result<(), Failure> {
        self.event.description = description;
        Ok(event_add(tx, &self.event)?)
    }
}

impl Call<'_> {
    /// An event of kind `kind` that the call brings about.
    pub(crate) fn event(&self, kind: &'static str) -> Recorder {
        let caller = self.caller();
        Recorder {
            event: NewEvent {
                at: self.now(),
                kind,
                level: "INFO",
                state: "Completed",
                description: String::new(),
                cause: format!("request {}", caller.request),
                account: Some(caller.account),
                user: Some(caller.user),
                subject: None,
                job: None,
            },
        }
    }
}
