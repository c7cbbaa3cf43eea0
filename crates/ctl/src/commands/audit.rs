//! `hostler audit`: whether the books agree with what they are about.

use anyhow::{Result, bail};
use hostler_client::Request;
use serde_json::Value;

use crate::context::Context;
use crate::output::{Column, Format, column};

const COLUMNS: &[Column] =
    &[column("BOOK", "book"), column("ID", "id"), column("DIFFERENCE", "description")];

/// What was recomputed: the field of the answer, and what it counts.
const COUNTED: &[(&str, &str)] = &[
    ("claims", "claims"),
    ("limits", "amounts against limits"),
    ("addresses", "addresses"),
    ("volumes", "volumes"),
    ("runs", "runs"),
    ("reports", "hosts' reports"),
];

/// Prints every difference, and fails if there is one.
pub(crate) async fn run(context: &Context) -> Result<()> {
    let answer = context.session.call(&Request::new("auditCloud")).await?;
    let audit = &answer["audit"];
    let none = Vec::new();
    let differences = audit["differences"].as_array().unwrap_or(&none);
    let counted = |(field, what): &(&str, &str)| format!("{} {what}", audit[*field]);
    let recomputed: Vec<String> = COUNTED.iter().map(counted).collect();
    if differences.is_empty() {
        let sentence = format!("the books agree: {}", recomputed.join(", "));
        return match context.output.format() {
            Format::Csv | Format::Value => context.output.rows(&[], COLUMNS),
            Format::Json | Format::Table => context.output.done(&sentence, audit),
        };
    }
    match context.output.format() {
        Format::Json => context.output.json(audit)?,
        _ => context.output.rows(differences, COLUMNS)?,
    }
    let what: &[Value] = differences;
    bail!("the books do not agree: {} differences", what.len())
}
