//! Names of things from the live cloud, for completion: asked for when somebody presses the tab key.
//!
//! A cloud that does not answer quickly, or at all, completes nothing; it never disturbs the line that is typed.

use std::ffi::OsStr;
use std::time::Duration;

use clap::Parser as _;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use hostler_client::Session;
use serde_json::Value;

use crate::cli::Cli;
use crate::context;
use crate::resolve::Kind;

/// How long somebody waits for a completion.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most names that are offered.
const MOST: &str = "100";

/// Completes with the names of such things.
pub(crate) fn names(kind: &'static Kind) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_str().unwrap_or_default().to_owned();
        asked(kind, &typed).unwrap_or_default()
    })
}

fn asked(kind: &'static Kind, typed: &str) -> Option<Vec<CompletionCandidate>> {
    let global = Cli::try_parse_from(["hostler", "env"]).ok()?.global;
    let mut config = context::config(&global).ok()?;
    config.timeout.value = PATIENCE;
    let builder = match context::login(&config) {
        Some(login) => Session::login_builder(&config, login).ok()?,
        None => Session::builder(&config).ok()?,
    };
    let session = builder.build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let request = kind.request().with("keyword", typed).with("page", "1").with("pagesize", MOST);
    let answer = runtime.block_on(session.call(&request)).ok()?;
    let rows = answer.as_object()?.values().find_map(Value::as_array)?;
    let name = |row: &Value| {
        let name = kind.names.iter().find_map(|name| row.get(name)?.as_str())?;
        let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        name.starts_with(typed).then(|| CompletionCandidate::new(name).help(Some(id.into())))
    };
    Some(rows.iter().filter_map(name).collect())
}
