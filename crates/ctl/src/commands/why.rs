//! `hostler why` and `hostler vm why`: where a VM was placed, or would be, and what was against every other host.
//!
//! A decision in the manager's known form becomes a table of hosts; anything else is shown as it is, indented.

use anyhow::Result;
use clap::Args;
use hostler_client::Request;
use serde_json::{Value, json};

use crate::context::Context;
use crate::output::{Column, Format, Output, column};
use crate::resolve::{HOST, OFFERING, TEMPLATE, VM, ZONE};

#[derive(Debug, Args)]
pub(crate) struct WhyArguments {
    /// A VM, by name or id
    #[arg(required_unless_present = "offering", conflicts_with = "offering")]
    vm: Option<String>,
    /// Before there is a VM: where would one of this size go?
    #[arg(long, requires = "zone")]
    offering: Option<String>,
    /// In which zone
    #[arg(long, requires = "offering")]
    zone: Option<String>,
    /// What it would be made from
    #[arg(long, requires = "offering")]
    template: Option<String>,
    /// On this host, or why not
    #[arg(long, requires = "offering")]
    host: Option<String>,
}

/// Explains a VM that there is, or one that there could be.
pub(crate) async fn ask(context: &Context, asked: WhyArguments) -> Result<()> {
    let (zone, offering) = match (asked.vm, asked.zone, asked.offering) {
        (None, Some(zone), Some(offering)) => (zone, offering),
        (vm, ..) => return run(context, &vm.unwrap_or_default()).await,
    };
    let zone = context.id(&ZONE, &zone).await?;
    let within = [("zoneid", zone.as_str())];
    let mut request = Request::new("planPlacement")
        .with("zoneid", zone.clone())
        .with("serviceofferingid", context.id(&OFFERING, &offering).await?);
    if let Some(template) = &asked.template {
        let id = context.id_within(&TEMPLATE, template, &within).await?;
        request = request.with("templateid", id);
    }
    if let Some(host) = &asked.host {
        request = request.with("hostid", context.id_within(&HOST, host, &within).await?);
    }
    let answer = context.session.call(&request).await?;
    if context.output.format() == Format::Json {
        return context.output.json(&answer);
    }
    show(context, &answer["placementplan"], None)
}

/// Prints every decision about the VM that the manager remembers.
pub(crate) async fn run(context: &Context, vm: &str) -> Result<()> {
    let request =
        Request::new("explainPlacement").with("virtualmachineid", context.id(&VM, vm).await?);
    let answer = context.session.call(&request).await?;
    if context.output.format() == Format::Json {
        return context.output.json(&answer);
    }
    let decisions: Vec<_> = match answer
        .as_object()
        .and_then(|fields| fields.values().find(|field| field.is_object() || field.is_array()))
    {
        Some(Value::Array(decisions)) => decisions.iter().collect(),
        Some(decision) => vec![decision],
        None => Vec::new(),
    };
    if decisions.is_empty() {
        return context.output.done(&format!("vm {vm} was never placed"), &answer);
    }
    for decision in decisions {
        show(context, decision, Some(decision["created"].as_str().unwrap_or("-")))?;
    }
    Ok(())
}

/// Prints one decision: a sentence, and what became of each host.
fn show(context: &Context, decision: &Value, when: Option<&str>) -> Result<()> {
    let Some(hosts) = decision["hosts"].as_array() else {
        return Output::text(&explain(decision).join("\n"));
    };
    if context.output.format() == Format::Table {
        let host = decision["hostname"].as_str().unwrap_or("no host");
        let chosen = || format!("{host} was chosen");
        let sentence = decision["displaytext"].as_str().map_or_else(chosen, str::to_owned);
        let when = when.map(|when| format!("{when} ")).unwrap_or_default();
        Output::text(&format!("{when}{sentence}"))?;
    }
    let rows: Vec<_> = hosts.iter().map(host_verdict).collect();
    context.output.rows(&rows, VERDICT)?;
    match decision["hostsleftout"].as_u64() {
        Some(more) if more > 0 && context.output.format() == Format::Table => {
            Output::text(&format!("and {more} hosts more, of which the counts per filter tell"))
        }
        _ => Ok(()),
    }
}

const VERDICT: &[Column] =
    &[column("HOST", "name"), column("SCORE", "total"), column("VERDICT", "verdict")];

/// What became of one host in a decision: why it was refused, or how it scored.
fn host_verdict(host: &Value) -> Value {
    let refused = &host["refused"];
    if let Some(why) = refused["why"].as_str() {
        let filter = refused["filter"].as_str().unwrap_or("a filter");
        return json!({"name": host["name"], "verdict": format!("refused by {filter}: {why}")});
    }
    let score = |score: &Value| {
        let (weigher, value) = (score["weigher"].as_str()?, score["value"].as_f64()?);
        Some(format!("{weigher} {value:.2} × {}", score["multiplier"]))
    };
    let scores: Vec<_> =
        host["scores"].as_array().into_iter().flatten().filter_map(score).collect();
    let total = host["total"].as_f64().map(|total| format!("{total:.2}"));
    json!({"id": host["host"], "name": host["name"], "total": total, "verdict": scores.join(", ")})
}

/// Nested objects and lists as indented lines; whatever the manager has to say is shown.
fn explain(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, field)| match field {
                Value::Object(_) | Value::Array(_) => under(format!("{name}:"), field),
                field => vec![format!("{name}: {}", scalar(field))],
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .flat_map(|item| match item {
                Value::Object(_) | Value::Array(_) => under("-".to_owned(), item),
                item => vec![format!("- {}", scalar(item))],
            })
            .collect(),
        plain => vec![scalar(plain)],
    }
}

fn under(heading: String, value: &Value) -> Vec<String> {
    let inner = explain(value).into_iter().map(|line| format!("  {line}"));
    std::iter::once(heading).chain(inner).collect()
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
