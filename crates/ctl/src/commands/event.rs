//! `hostler event`.

use anyhow::Result;
use clap::Subcommand;
use hostler_client::Request;
use serde_json::Value;

use crate::context::Context;
use crate::output::{Column, column};

#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// List events, the newest first
    List {
        /// How many, at most 500
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        /// Only of this type, such as VM.START
        #[arg(long, value_name = "TYPE")]
        r#type: Option<String>,
        /// Only about the thing with this id
        #[arg(long, value_name = "ID")]
        about: Option<String>,
        /// Only of this level: INFO, WARN, ERROR
        #[arg(long)]
        level: Option<String>,
        /// Not before this day or time
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
    },
}

const COLUMNS: &[Column] = &[
    column("CREATED", "created"),
    column("LEVEL", "level"),
    column("TYPE", "type"),
    column("STATE", "state"),
    column("BY", "username"),
    column("DESCRIPTION", "description"),
];

pub(crate) async fn run(context: &Context, command: EventCommand) -> Result<()> {
    let EventCommand::List { limit, r#type, about, level, since } = command;
    let request = Request::new("listEvents")
        .with("listall", "true")
        .with("page", "1")
        .with("pagesize", limit.to_string())
        .with_some("type", r#type)
        .with_some("resourceid", about)
        .with_some("level", level)
        .with_some("startdate", since);
    let answer = context.session.call(&request).await?;
    let events = answer.get("event").and_then(Value::as_array).cloned().unwrap_or_default();
    context.output.rows(&events, COLUMNS)
}
