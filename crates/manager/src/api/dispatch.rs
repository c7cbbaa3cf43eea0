//! From a request to an answer: who calls, which command, may they, and what comes of it.
//!
//! Not here: HTTP (`http`), what commands do (`commands`).

use hostler_query_api::{Answer, ApiError, CommandDecl, Format, Params, RoleType, Status};

use super::auth;
use super::call::{Call, Identity};
use super::commands::{self, Run};
use super::failure::Failure;
use super::http::{Cookies, Door};
use super::project_names;
use super::sessions::{self, Reply};
use crate::context::Context;

/// A request, freed from HTTP.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Everything that was sent.
    pub(crate) params: Params,
    /// The cookies that were sent.
    pub(crate) cookies: Cookies,
    /// Whether it came by POST.
    pub(crate) by_post: bool,
    /// Where it came in.
    pub(crate) door: Door,
    /// The number by which logs and events speak of it.
    pub(crate) request: String,
}

/// An answer, before it is put into HTTP.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The answer.
    pub(crate) answer: Answer,
    /// The form that was asked for.
    pub(crate) format: Format,
    /// Values of `Set-Cookie`.
    pub(crate) cookies: Vec<String>,
    /// Parameters that the command does not know.
    pub(crate) ignored: Vec<String>,
    /// The command, if there is one of that name.
    pub(crate) command: Option<&'static CommandDecl>,
}

/// Answers a request.
pub(crate) async fn dispatch(context: &Context, incoming: Incoming) -> Outgoing {
    let format = Format::of(&incoming.params);
    let entry = incoming.params.command().and_then(commands::find);
    let command = entry.map(|entry| (entry.declaration)());
    let ignored = command.map_or_else(Vec::new, |command| {
        command.unknown_params(&incoming.params).map(str::to_owned).collect()
    });
    let reply = match answer(context, &incoming, entry.map(|entry| &entry.run), command).await {
        Ok(reply) => reply,
        Err(Failure(error)) => {
            if error.status == Status::InternalError {
                let name = command.map_or("none", |command| command.name);
                tracing::error!(command = name, error = %error.text, "a command failed");
            }
            Reply { answer: Answer::error(command, &error), cookies: Vec::new() }
        }
    };
    Outgoing { answer: reply.answer, format, cookies: reply.cookies, ignored, command }
}

async fn answer(
    context: &Context,
    incoming: &Incoming,
    run: Option<&Run>,
    command: Option<&'static CommandDecl>,
) -> Result<Reply, Failure> {
    let params = &incoming.params;
    let Some(name) = params.command() else {
        return Err(Failure(ApiError::no_command()));
    };
    match run {
        Some(Run::Login) if !incoming.by_post => {
            return Err(Failure(ApiError::method_not_allowed(name)));
        }
        Some(Run::Login) => return sessions::login(context, params).await,
        Some(Run::Logout) => return sessions::logout(context, &incoming.cookies).await,
        Some(Run::Known(_)) | None => {}
    }
    let identity = match incoming.door {
        Door::Callers => {
            auth::authenticate(context, params, &incoming.cookies, &incoming.request).await?
        }
        Door::Integration => auth::administrator(context, &incoming.request).await?,
    };
    let (Some(Run::Known(run)), Some(command)) = (run, command) else {
        return Err(Failure(ApiError::unknown_command(name)));
    };
    if !identity.may(command) {
        let user = identity.user.id.to_string();
        return Err(Failure(ApiError::unavailable_command(name, &user)));
    }
    if context.is_read_only() && !only_reads(name) {
        return Err(Failure(read_only(name)));
    }
    tracing::debug!(command = name, user = %identity.user.id, "a command is called");
    let call = Call { context, identity: &identity, command, params, by_post: incoming.by_post };
    let answer = run(call).await.map_err(|failure| as_seen_by(&identity, failure))?;
    let answer = project_names::shown(context, answer).await?;
    Ok(Reply { answer, cookies: Vec::new() })
}

/// Whether a command changes nothing, by how such commands are named.
fn only_reads(name: &str) -> bool {
    ["list", "get", "query", "explain"].iter().any(|begin| name.starts_with(begin))
}

fn read_only(name: &str) -> ApiError {
    let text = format!(
        "this manager only looks (--read-only) and does not carry {name} out; start it without that flag"
    );
    ApiError::api(Status::ServiceUnavailable, text)
}

/// Only administrators read texts that may speak of hosts and pools; everybody's are in the log.
fn as_seen_by(identity: &Identity, Failure(error): Failure) -> Failure {
    if identity.role() != RoleType::User {
        return Failure(error);
    }
    if error.status == Status::InternalError {
        tracing::error!(user = %identity.user.id, error = %error.text, "a user's command failed");
    }
    Failure(error.for_non_admin())
}
