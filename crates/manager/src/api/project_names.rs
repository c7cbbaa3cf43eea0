//! Projects in answers: what belongs to a project shows `project` and `projectid` in place of `account`.
//!
//! A project's things belong to an account of its own, whose name only the manager can give. Every answer is looked
//! through for such names here, so that no view has to know of projects; without one it costs no statement.

use std::collections::{BTreeMap, BTreeSet};

use hostler_model::ProjectId;
use hostler_query_api::Answer;
use hostler_store::project::projects_of_accounts;
use serde_json::{Map, Value};

use super::failure::Failure;
use crate::context::Context;

/// How the names of projects' accounts begin; no other account may have such a name.
pub(crate) const PREFIX: &str = "PrjAcct-";

/// The name of a project's account.
pub(crate) fn account_name(project: ProjectId) -> String {
    format!("{PREFIX}{project}")
}

/// Shows projects in an answer.
///
/// # Errors
/// That of the database.
pub(crate) async fn shown(context: &Context, mut answer: Answer) -> Result<Answer, Failure> {
    let mut names = BTreeSet::new();
    visit(&mut answer.body, &mut |fields| {
        names.extend(account_of(fields).map(str::to_owned));
    });
    if names.is_empty() {
        return Ok(answer);
    }
    let names: Vec<String> = names.into_iter().collect();
    let found = context.store.read(move |tx| projects_of_accounts(tx, &names)).await?;
    let projects: BTreeMap<String, (ProjectId, String)> =
        found.into_iter().map(|(account, id, name)| (account, (id, name))).collect();
    visit(&mut answer.body, &mut |fields| {
        let Some((id, name)) = account_of(fields).and_then(|account| projects.get(account)) else {
            return;
        };
        fields.remove("account");
        fields.insert("projectid".to_owned(), id.to_string().into());
        fields.insert("project".to_owned(), name.clone().into());
    });
    Ok(answer)
}

fn account_of(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("account").and_then(Value::as_str).filter(|name| name.starts_with(PREFIX))
}

/// Calls `act` for every object in `value`.
fn visit(value: &mut Value, act: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            act(fields);
            fields.values_mut().for_each(|field| visit(field, act));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, act)),
        _ => {}
    }
}
