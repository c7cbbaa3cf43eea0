//! Who may call what, and whose things they may name: every command that there is, as everybody.
//!
//! It walks what `listApis` says, so that a command that is added is covered without a line here. What a
//! parameter refers to shows in its `related`: the commands that answer with such a thing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, request, tenant};
use serde_json::Value;

/// Whom the contract lets call a command, where that differs from us, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("createNetwork", "shared networks alone, which are the administrator's"),
    ("deleteNetwork", "the same"),
    ("updateResourceLimit", "who manages resources does not say how much others may have"),
    ("createServiceOffering", "offerings are made for the whole cloud, by the root administrator"),
    ("deleteServiceOffering", "the same"),
];

struct Caller {
    letter: &'static str,
    api: Api,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

async fn described(api: &Api) -> Vec<Value> {
    let apis = api.ok("listApis", &[]).await["api"].as_array().unwrap().clone();
    apis.into_iter().filter(|api| !matches!(text(api, "name"), "login" | "logout")).collect()
}

async fn names(api: &Api) -> BTreeSet<String> {
    described(api).await.iter().map(|api| text(api, "name").to_owned()).collect()
}

/// The roles of each command of the contract: letters of A, R, D, U.
fn contract() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contract/commands.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let rows = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.map(|row| (row[0].to_owned(), row[4].to_owned())).collect()
}

async fn callers(cloud: &Cloud, admin: &Api) -> Vec<Caller> {
    let of = async |name, kind| {
        tenant(cloud.store(), admin.address, "ROOT/shop", name, kind).await.unwrap()
    };
    vec![
        Caller { letter: "A", api: admin.clone() },
        Caller { letter: "R", api: of("resource", AccountType::ResourceAdmin).await },
        Caller { letter: "D", api: of("domain", AccountType::DomainAdmin).await },
        Caller { letter: "U", api: of("user", AccountType::User).await },
    ]
}

async fn cloud() -> (Cloud, Api) {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    (cloud, admin)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_for_exactly_those_for_whom_it_is_declared_and_within_the_contract() {
    let (cloud, admin) = cloud().await;
    let (contract, callers) = (contract(), callers(&cloud, &admin).await);
    let all = names(&admin).await;
    let (mut calls, mut differs) = (0, Vec::new());
    for caller in &callers {
        let allowed = names(&caller.api).await;
        for command in &all {
            let declared = allowed.contains(command);
            if caller.letter != "A" {
                // without parameters no command changes anything
                let reply = caller.api.call(command, &[]).await;
                assert_eq!(reply.status == 432, !declared, "{command}: {}", reply.body);
                calls += 1;
            }
            let given = contract.get(command).is_none_or(|roles| roles.contains(caller.letter));
            let known = DEVIATIONS.iter().any(|row| row.0 == command);
            if declared != given && contract.contains_key(command) && !known {
                differs.push(format!("{command} for {}: {declared}", caller.letter));
            }
        }
    }
    for command in &all {
        let nobody = Api { key: "nobody's".to_owned(), ..admin.clone() };
        assert_eq!(nobody.call(command, &[]).await.status, 401, "{command}");
        let path = format!("/client/api?command={command}&response=json");
        let unsigned = request(admin.address, "GET", &path, &[], "").await.unwrap();
        assert_eq!(unsigned.status, 401, "{command}");
        calls += 2;
    }
    println!("{} commands, {calls} calls", all.len());
    assert!(differs.is_empty(), "{differs:#?}");
}

/// What another tenant has, by the command that lists such things.
async fn things_of_another(cloud: &Cloud, admin: &Api) -> BTreeMap<&'static str, String> {
    let other = tenant(cloud.store(), admin.address, "ROOT/bank", "other", AccountType::User);
    let other = other.await.unwrap();
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let vm =
        [("zoneid", zone.as_str()), ("serviceofferingid", &offering), ("templateid", &template)];
    let job = other.ok("deployVirtualMachine", &vm).await;
    other.job(text(&job, "jobid")).await;
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";
    other.ok("registerSSHKeyPair", &[("name", "k"), ("publickey", key)]).await;
    let url = "http://images.invalid/other.qcow2";
    let private = [("name", "t"), ("url", url), ("format", "QCOW2"), ("hypervisor", "KVM")];
    other.ok("registerTemplate", &private).await;
    let mut things = BTreeMap::new();
    for (list, key, more) in [
        ("listAccounts", "account", None),
        ("listUsers", "user", None),
        ("listVirtualMachines", "virtualmachine", None),
        ("listVolumes", "volume", None),
        ("listSSHKeyPairs", "sshkeypair", None),
        ("listTemplates", "template", Some(("templatefilter", "self"))),
        ("listEvents", "event", None),
    ] {
        let rows = other.ok(list, &more.into_iter().collect::<Vec<_>>()).await;
        let id = text(&rows[key][0], "id");
        assert!(!id.is_empty(), "{list}: {rows}");
        things.insert(list, id.to_owned());
    }
    let account = other.ok("listAccounts", &[]).await;
    things.insert("listDomains", text(&account["account"][0], "domainid").to_owned());
    things.insert("queryAsyncJobResult", text(&job, "jobid").to_owned());
    things
}

/// The thing of another tenant that is of the kind that a parameter refers to.
fn referred<'a>(
    all: &[Value],
    command: &str,
    param: &Value,
    things: &'a BTreeMap<&'static str, String>,
) -> Option<&'a String> {
    let name = text(param, "name");
    if name == "jobid" {
        return things.get("queryAsyncJobResult");
    }
    // the administrator may call every list, so that all that is related shows
    let api = all.iter().find(|api| text(api, "name") == command)?;
    let full = api["params"].as_array()?.iter().find(|param| text(param, "name") == name)?;
    let related: Vec<&str> = text(full, "related").split(',').collect();
    things.iter().find(|(list, _)| related.contains(list)).map(|(_, id)| id)
}

/// Every parameter of a call that is needed, with a value that its type allows.
fn filled(api: &Value) -> Vec<(String, String)> {
    let params = api["params"].as_array().unwrap().iter();
    let value = |param: &Value| match text(param, "type") {
        "uuid" => uuid::Uuid::new_v4().to_string(),
        "boolean" => "true".to_owned(),
        "integer" | "long" => "1".to_owned(),
        "map" => String::new(),
        _ => "x".to_owned(),
    };
    let needed = params.filter(|param| param["required"] == true && param["type"] != "map");
    needed.map(|param| (text(param, "name").to_owned(), value(param))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_id_is_answered_byte_for_byte_like_one_that_never_was() {
    let (cloud, admin) = cloud().await;
    let things = things_of_another(&cloud, &admin).await;
    let all = described(&admin).await;
    let (mut held, mut wrong) = (0, Vec::new());
    for caller in callers(&cloud, &admin).await.iter().filter(|c| matches!(c.letter, "D" | "U")) {
        for api in described(&caller.api).await {
            let command = text(&api, "name").to_owned();
            for param in api["params"].as_array().unwrap() {
                let Some(foreign) = referred(&all, &command, param, &things) else { continue };
                let name = text(param, "name");
                let unknown = uuid::Uuid::new_v4().to_string();
                let base = filled(&api);
                let answer = async |id: &str| {
                    let mut params: Vec<(&str, &str)> =
                        base.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                    params.retain(|given| given.0 != name);
                    params.push((name, id));
                    let reply = caller.api.call(&command, &params).await;
                    (reply.status, reply.body.replace(id, "ID"))
                };
                let (theirs, none) = (answer(foreign).await, answer(&unknown).await);
                held += 1;
                if theirs != none {
                    let line =
                        format!("{command} {name} by {}: {theirs:?} {none:?}", caller.letter);
                    wrong.push(line);
                }
            }
        }
    }
    println!("{held} parameters that name things of tenants");
    assert!(held > 50, "{held}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
