//! Real answers of every command, held against the contract: envelope, names, JSON types, nesting.

use std::collections::BTreeSet;

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

use super::{Contract, OWN_COMMANDS, walk};

/// What the contract's own description says wrong: command, the key that clients read, and its shape; an empty one is
/// not described at all.
const MISNAMED: &[(&str, &str, &str)] = &[
    ("updateResourceCount", "resourcecount", "ResourceCountResponse"),
    ("listProjectAccounts", "projectaccount", ""),
];

/// Calls, and holds every answer against the contract.
pub(super) struct Witness {
    pub(super) api: Api,
    contract: Contract,
    answered: BTreeSet<String>,
    fields: usize,
    wrong: Vec<String>,
}

impl Witness {
    /// Calls a command that has to succeed.
    pub(super) async fn call(&mut self, name: &str, params: &[(&str, &str)]) -> Value {
        let reply = self.api.call(name, params).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.body);
        let json = reply.json();
        self.answered.insert(name.to_owned());
        if OWN_COMMANDS.contains(&name) {
            return reply.inner();
        }
        let command = &self.contract.commands[name];
        let (envelope, object) = (command.envelope.clone(), command.object.clone());
        let (shape, kind) = (command.shape.clone(), command.kind.clone());
        let really = MISNAMED.iter().find(|(command, ..)| *command == name);
        let (object, shape) = really
            .map_or((object, shape), |(_, object, shape)| ((*object).into(), (*shape).into()));
        let Some(inner) = json.get(&envelope) else {
            self.wrong.push(format!("{name}: no envelope {envelope} in {json}"));
            return reply.inner();
        };
        match kind.as_str() {
            "async" => self.keys(name, inner, &["jobid"]),
            "async-create" => self.keys(name, inner, &["id", "jobid"]),
            _ => self.body(name, inner, &object, &shape),
        }
        inner.clone()
    }

    fn keys(&mut self, name: &str, inner: &Value, keys: &[&str]) {
        let there: Vec<&str> = inner.as_object().unwrap().keys().map(String::as_str).collect();
        if there != keys {
            self.wrong.push(format!("{name} answers {there:?}"));
        }
    }

    fn body(&mut self, name: &str, inner: &Value, object: &str, shape: &str) {
        let flat = matches!(name, "queryAsyncJobResult") || object.is_empty();
        if flat {
            return self.hold(shape, inner);
        }
        // of some commands the contract knows several keys
        let keys: Vec<&str> = object.split(',').collect();
        for (key, value) in inner.as_object().unwrap() {
            if key == "count" {
                continue;
            }
            if !keys.contains(&key.as_str()) {
                self.wrong.push(format!("{name}: {key} where {object} should be"));
            }
            match value {
                Value::Array(items) => items.iter().for_each(|item| self.hold(shape, item)),
                one => self.hold(shape, one),
            }
        }
    }

    pub(super) fn hold(&mut self, shape: &str, value: &Value) {
        if shape.is_empty() {
            return;
        }
        let Some(fields) = value.as_object() else {
            self.wrong.push(format!("{shape}: {value}"));
            return;
        };
        for (name, value) in fields {
            let found = self.contract.shapes.get(shape).and_then(|known| known.get(name));
            let Some((kind, nested)) = found.map(|f| (f.kind.clone(), f.nested.clone())) else {
                self.wrong.push(format!("{shape} has no field {name}"));
                continue;
            };
            self.fields += 1;
            if !fits(&kind, value) {
                self.wrong.push(format!("{shape}.{name} is no {kind}: {value}"));
            }
            if self.contract.shapes.contains_key(&nested) {
                let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                for item in &items {
                    self.hold(&nested, item);
                }
            }
        }
    }

    /// Waits for the job that a command began, which has to succeed.
    pub(super) async fn job(&mut self, answer: &Value) -> Value {
        let id = answer["jobid"].as_str().unwrap().to_owned();
        self.api.job(&id).await;
        let job = self.call("queryAsyncJobResult", &[("jobid", &id)]).await;
        if let Some(project) = job["jobresult"].get("project") {
            self.hold("ProjectResponse", project);
        }
        if let Some(vm) = job["jobresult"].get("virtualmachine") {
            self.hold("UserVmResponse", vm);
        }
        job
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        "boolean" => value.is_boolean(),
        "string" | "date" => value.is_string(),
        "integer" | "int" | "long" | "short" => value.is_i64() || value.is_u64(),
        "double" | "float" => value.is_number(),
        "list" | "set" => value.is_array(),
        "map" | "responseobject" => value.is_object(),
        // enumerations are shown by name
        _ => value.is_string() || value.is_array(),
    }
}

/// The id of the object under `key`, or of the first of a list.
pub(super) fn id(answer: &Value, key: &str) -> String {
    let object = &answer[key];
    object["id"].as_str().or(object[0]["id"].as_str()).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_every_command_is_as_the_contract_has_it() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let api = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    let (contract, answered) = (Contract::read(), BTreeSet::new());
    let mut w = Witness { api, contract, answered, fields: 0, wrong: Vec::new() };
    let (vm, job) = walk::vms::lives(&mut w, &cloud).await;
    walk::catalogue::all(&mut w).await;
    walk::volumes::all(&mut w, &cloud, &vm).await;
    walk::images::all(&mut w, &cloud, &vm).await;
    walk::administration::all(&mut w).await;
    walk::wires::all(&mut w).await;
    let store = cloud.store();
    tenant(store, address, "ROOT", "bob", AccountType::User).await.unwrap();
    walk::projects::all(&mut w).await;
    walk::identity::all(&mut w).await;
    walk::ldap::all(&mut w).await;
    walk::groups::all(&mut w, &cloud).await;
    walk::groups::user_data(&mut w, &cloud).await;
    walk::groups::kept(&mut w).await;
    walk::lists::all(&mut w, &vm, &job).await;
    walk::ends::all(&mut w, &cloud, &vm).await;

    let apis = w.api.ok("listApis", &[]).await;
    let names = apis["api"].as_array().unwrap().iter().map(|api| api["name"].as_str().unwrap());
    // these have tests of their own: a session, and a machine with sshd
    let elsewhere = ["login", "logout", "addHost", "cleanMachine", "upgradeHost"];
    let tested = |name: &&str| elsewhere.contains(name) || walk::images::REFUSED.contains(name);
    let silent: Vec<_> =
        names.filter(|name| !w.answered.contains(*name) && !tested(name)).collect();
    println!("{} commands answered, {} fields held", w.answered.len(), w.fields);
    assert!(w.wrong.is_empty(), "{:#?}", w.wrong);
    assert!(silent.is_empty(), "never called: {silent:?}");
}
