//! `hostler api`: any command of the API by its name.

use anyhow::Result;
use clap::Args;
use hostler_client::Request;
use serde_json::Value;

use crate::context::{Context, Outcome, object_in};
use crate::output::Format;
use crate::usage::usage;

#[derive(Debug, Args)]
pub(crate) struct ApiArguments {
    /// The command, exact case, such as listZones
    command: String,
    /// Parameters
    #[arg(value_name = "KEY=VALUE")]
    parameters: Vec<String>,
    /// Send parameters that the command does not declare
    #[arg(long)]
    unchecked: bool,
}

pub(crate) async fn run(context: &Context, arguments: ApiArguments) -> Result<()> {
    let mut request = Request::new(&arguments.command);
    for parameter in &arguments.parameters {
        let (name, value) = parameter
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| usage(format!("{parameter} is not KEY=VALUE")))?;
        request = request.with(name, value);
    }
    if !arguments.unchecked && !request.params.is_empty() {
        check(context, &request).await?;
    }
    let result = match context.outcome(&request).await? {
        Outcome::Started(result) | Outcome::Ended(result) => result,
    };
    let rows = result.as_object().and_then(|fields| fields.values().find_map(Value::as_array));
    match (context.output.format, rows) {
        (None | Some(Format::Json), _) if context.output.columns.is_empty() => {
            context.output.json(&result)
        }
        (_, Some(rows)) => context.output.with_plain_fields(rows).rows(rows, &[]),
        (_, None) => {
            let object = object_in(&result).unwrap_or(&result);
            let row = std::slice::from_ref(object);
            context.output.with_plain_fields(row).record(object, &[])
        }
    }
}

/// A misspelt parameter would be ignored by the manager; here it is an error.
async fn check(context: &Context, request: &Request) -> Result<()> {
    let list = Request::new("listApis").with("name", &request.command);
    let Ok(answer) = context.session.call(&list).await else {
        return Ok(()); // then the call itself says what is wrong
    };
    let params = answer.pointer("/api/0/params").and_then(Value::as_array);
    let Some(params) = params else { return Ok(()) };
    let known: Vec<_> = params.iter().filter_map(|param| param["name"].as_str()).collect();
    let tolerated = ["page", "pagesize", "keyword", "projectid"];
    for (name, _) in &request.params {
        let base = name.split('[').next().unwrap_or(name).to_lowercase();
        if !known.contains(&base.as_str()) && !tolerated.contains(&base.as_str()) {
            return Err(usage(format!(
                "{} has no parameter {name}; it has: {} (--unchecked sends it all the same)",
                request.command,
                known.join(", ")
            )));
        }
    }
    Ok(())
}
