//! `listApis`, made from the declarations.

use serde_json::{Map, Value, json};

use crate::declare::{CommandDecl, ParamDecl};
use crate::roles::RoleType;

/// The entries of those `commands` that `role` may call, by name.
pub fn list_apis(commands: &[&CommandDecl], role: RoleType) -> Vec<Value> {
    let mut allowed: Vec<_> =
        commands.iter().copied().filter(|command| command.roles.contains(role)).collect();
    allowed.sort_by_key(|command| command.name);
    allowed.iter().map(|command| entry(command, &allowed, role)).collect()
}

fn entry(command: &CommandDecl, all: &[&CommandDecl], role: RoleType) -> Value {
    let params: Vec<Value> = command
        .all_params()
        .filter(|param| param.roles.contains(role))
        .map(|param| param_entry(param, all))
        .collect();
    let mut response = command.shape.list_apis_fields();
    if command.is_async()
        && let Value::Array(fields) = &mut response
    {
        let field =
            |name, description| json!({"name": name, "type": "string", "description": description});
        fields.push(field("jobid", "the job that does it"));
        fields.push(
            json!({"name": "jobstatus", "type": "integer", "description": "state of that job"}),
        );
    }
    json!({
        "name": command.name,
        "description": command.description,
        "isasync": command.is_async(),
        "related": related(all, command.object, command.name),
        "params": params,
        "response": response,
    })
}

fn param_entry(param: &ParamDecl, all: &[&CommandDecl]) -> Value {
    let mut entry = Map::new();
    entry.insert("name".into(), param.name.into());
    entry.insert("description".into(), param.description.into());
    entry.insert("type".into(), param.kind.name().into());
    entry.insert("length".into(), param.max_length.into());
    entry.insert("required".into(), param.required.into());
    if let Some(since) = param.since {
        entry.insert("since".into(), since.into());
    }
    if param.entity.is_some() {
        entry.insert("related".into(), related(all, param.entity, "").into());
    }
    Value::Object(entry)
}

/// The commands that answer with what stands under `object`, comma separated.
fn related(all: &[&CommandDecl], object: Option<&str>, but: &str) -> String {
    let same = all
        .iter()
        .filter(|command| object.is_some() && command.object == object && command.name != but);
    same.map(|command| command.name).collect::<Vec<_>>().join(",")
}
