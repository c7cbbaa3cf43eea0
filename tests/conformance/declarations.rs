//! What `listApis` says of our commands, held against the contract.

use hostler_manager::manager::Manager;
use hostler_tests::cloud::config;
use hostler_tests::http::Api;
use serde_json::Value;

use super::{Contract, OWN_COMMANDS, OWN_PARAMS};

async fn apis() -> (Vec<Value>, Manager, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let manager = Manager::start(config(folder.path())).await.unwrap();
    let admin = Api::admin(manager.api, folder.path()).unwrap();
    let apis = admin.ok("listApis", &[]).await["api"].as_array().unwrap().clone();
    (apis, manager, folder)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[tokio::test]
async fn every_command_of_tier_0_is_there() {
    let (contract, (apis, ..)) = (Contract::read(), apis().await);
    let missing: Vec<_> = contract
        .commands
        .iter()
        .filter(|(name, command)| {
            command.tier == "0" && !apis.iter().any(|api| api["name"] == **name)
        })
        .map(|(name, _)| name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn commands_and_parameters_are_declared_as_the_contract_has_them() {
    let (contract, (apis, ..)) = (Contract::read(), apis().await);
    let (mut wrong, mut params) = (Vec::new(), 0);
    for api in &apis {
        let name = text(api, "name");
        if OWN_COMMANDS.contains(&name) {
            continue;
        }
        let Some(command) = contract.commands.get(name) else {
            wrong.push(format!("{name} is no command of the contract"));
            continue;
        };
        if (command.kind != "sync") != (api["isasync"] == true) {
            wrong.push(format!("{name} is {} in the contract", command.kind));
        }
        for param in api["params"].as_array().unwrap() {
            let key = (name.to_owned(), text(param, "name").to_owned());
            if OWN_PARAMS.contains(&(name, text(param, "name"))) {
                continue;
            }
            match contract.params.get(&key) {
                None => wrong.push(format!("{name} has no parameter {}", key.1)),
                Some(there) if !same_type(&there.kind, text(param, "type")) => {
                    wrong.push(format!("{name} {}: {} {}", key.1, there.kind, param["type"]));
                }
                Some(_) => params += 1,
            }
        }
        for ((of, param), there) in &contract.params {
            let known = api["params"].as_array().unwrap().iter().any(|p| text(p, "name") == param);
            if of == name && there.required && !known {
                wrong.push(format!("{name} lacks its required parameter {param}"));
            }
        }
    }
    println!("{} commands and {params} parameters are as the contract has them", apis.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `login` takes a domain's id as a number in the contract; ids are UUIDs everywhere.
fn same_type(contract: &str, ours: &str) -> bool {
    contract == ours || matches!((contract, ours), ("long" | "string", "uuid"))
}

#[tokio::test]
async fn every_declared_field_is_one_of_the_contracts_with_its_type() {
    let (contract, (apis, ..)) = (Contract::read(), apis().await);
    let (mut wrong, mut fields) = (Vec::new(), 0);
    for api in apis.iter().filter(|api| !OWN_COMMANDS.contains(&text(api, "name"))) {
        if text(api, "name") == "listProjectAccounts" {
            continue; // the contract describes it by the shape of a project
        }
        let Some(command) = contract.commands.get(text(api, "name")) else { continue };
        hold(&contract, &command.shape, &api["response"], &mut wrong, &mut fields);
    }
    println!("{fields} declared fields are as the contract has them");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn hold(
    contract: &Contract,
    shape: &str,
    declared: &Value,
    wrong: &mut Vec<String>,
    held: &mut usize,
) {
    let Some(fields) = contract.shapes.get(shape) else { return };
    for field in declared.as_array().into_iter().flatten() {
        let name = text(field, "name");
        match fields.get(name) {
            None => wrong.push(format!("{shape} has no field {name}")),
            Some(there) if there.kind != text(field, "type") => {
                wrong.push(format!("{shape}.{name}: {} {}", there.kind, field["type"]));
            }
            Some(there) => {
                *held += 1;
                hold(contract, &there.nested, &field["response"], wrong, held);
            }
        }
    }
}

#[tokio::test]
async fn no_role_may_call_what_the_contract_does_not_give_it() {
    let (contract, (apis, manager, folder)) = (Contract::read(), apis().await);
    let address = Api::admin(manager.api, folder.path()).unwrap().address;
    let mut wrong = Vec::new();
    for (letter, kind) in [
        ("R", hostler_model::AccountType::ResourceAdmin),
        ("D", hostler_model::AccountType::DomainAdmin),
        ("U", hostler_model::AccountType::User),
    ] {
        let caller =
            hostler_tests::http::tenant(&manager.context.store, address, "ROOT", letter, kind);
        let allowed = caller.await.unwrap().ok("listApis", &[]).await;
        for api in allowed["api"].as_array().unwrap() {
            let name = text(api, "name");
            let open = matches!(name, "login" | "logout");
            let given =
                contract.commands.get(name).is_none_or(|c| open || c.roles.contains(letter));
            if !given {
                wrong.push(format!("{name} for {letter}"));
            }
        }
    }
    assert!(apis.len() > 50 && wrong.is_empty(), "{wrong:?}");
}
