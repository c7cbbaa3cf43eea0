//! [F] Random and hostile values for every parameter of every command that `listApis` names: as an administrator, as a
//! user, and as nobody, answered in JSON and in XML.
//!
//! Whatever is sent, the answer is well formed and never "something unforeseen", nothing panics, memory stays bounded,
//! and the manager goes on. `HOSTLER_FUZZ_SEED` and `HOSTLER_FUZZ_SECONDS` repeat a run and make it longer.
//!
//! Not here: broken HTTP and broken signatures (`api/http.rs`, `api/proof.rs`).

#![allow(clippy::unwrap_used)] // a test says what it expects

#[path = "api_fuzz/values.rs"]
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hostler_model::AccountType;
use hostler_query_api::signature::signed_query;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, Reply, request, tenant};
use hostler_tests::xml;
use serde_json::Value;

use values::{Random, Values};

/// How long it goes on unless the environment says otherwise.
const SECONDS: u64 = 20;
/// Most that memory may grow, whatever is sent: the caches of the database alone may take 96 MiB of it.
const GROWTH: u64 = 192 << 20;
/// Commands that speak to machines that a value names, and those that take the callers' keys away.
const LEFT_OUT: &[&str] = &["addHost", "upgradeHost", "login", "logout", "registerUserKeys"];
/// Status codes of a defect in the manager.
const UNFORESEEN: &[u16] = &[500, 530];

static PANICS: AtomicUsize = AtomicUsize::new(0);

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Resident memory of this process in bytes: manager, agents, and this test.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Who calls.
struct Caller {
    name: &'static str,
    api: Option<Api>,
}

impl Caller {
    /// Sends a command with values as they are.
    async fn send(&self, admin: &Api, params: &[(String, String)]) -> Reply {
        let mut all: Vec<(&str, &str)> =
            params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (key, secret) = match &self.api {
            Some(api) => (api.key.as_str(), api.secret.as_str()),
            None => ("nobody", "nothing"),
        };
        all.push(("apiKey", key));
        let body = signed_query(&all, secret);
        request(admin.address, "POST", "/client/api", &[], &body)
            .await
            .unwrap_or_else(|e| panic!("no answer: {e}: {body}"))
    }
}

/// What is wrong with an answer, if anything is.
fn fault(reply: &Reply, json: bool) -> Option<String> {
    if UNFORESEEN.contains(&reply.status) {
        return Some(format!("{}: {}", reply.status, reply.body));
    }
    if json {
        let parsed = serde_json::from_str::<BTreeMap<String, Value>>(&reply.body);
        return match parsed {
            Ok(top) if top.len() == 1 => None,
            other => Some(format!("not one key at the top: {other:?}")),
        };
    }
    xml::read(&reply.body).err().map(|e| format!("{e}: {}", reply.body))
}

/// One request: a command, and some of its parameters with values of any kind.
fn build(api: &Value, values: &Values, random: &mut Random, json: bool) -> Vec<(String, String)> {
    let name = api["name"].as_str().unwrap();
    let mut sent = vec![("command".to_owned(), name.to_owned())];
    if json {
        sent.push(("response".to_owned(), "json".to_owned()));
    }
    // mostly a few, so that checks behind other checks are reached
    let share = [3, 10, 30, 90][random.below(4)];
    for param in api["params"].as_array().unwrap() {
        let needed = param["required"] == true && random.below(100) < 95;
        if needed || random.below(100) < share {
            let more = values.of(name, param, random);
            sent.extend(more);
        }
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn no_values_of_parameters_make_the_manager_fail() {
    let seed = setting("HOSTLER_FUZZ_SEED", 1);
    let seconds = setting("HOSTLER_FUZZ_SECONDS", SECONDS);
    println!("HOSTLER_FUZZ_SEED={seed} HOSTLER_FUZZ_SECONDS={seconds}");
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let watch = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    let store = cloud.store();
    let root = tenant(store, address, "ROOT", "fuzz", AccountType::RootAdmin).await.unwrap();
    let user = tenant(store, address, "ROOT/d", "user", AccountType::User).await.unwrap();
    let callers = [
        Caller { name: "administrator", api: Some(root) },
        Caller { name: "user", api: Some(user) },
        Caller { name: "nobody", api: None },
    ];
    let apis = watch.ok("listApis", &[]).await["api"].as_array().unwrap().clone();
    let apis: Vec<Value> =
        apis.into_iter().filter(|api| !LEFT_OUT.contains(&api["name"].as_str().unwrap())).collect();
    let (mut random, mut values) = (Random(seed), Values::default());
    // callers, their roles and the machines have to last
    for (list, key) in [
        ("listHosts", "host"),
        ("listUsers", "user"),
        ("listAccounts", "account"),
        ("listDomains", "domain"),
        ("listRoles", "role"),
    ] {
        if apis.iter().any(|api| api["name"] == list) {
            let found = watch.ok(list, &[("listall", "true")]).await;
            let ids = found[key].as_array().into_iter().flatten();
            values.spare(ids.map(|row| row["id"].as_str().unwrap().to_owned()));
        }
    }
    let mut done = BTreeSet::new();
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut statuses, mut sent, mut before) = (BTreeMap::<u16, usize>::new(), 0_usize, 0);
    while Instant::now() < end {
        // every command as often as any other
        let api = &apis[sent % apis.len()];
        let caller = &callers[[0, 0, 0, 1, 1, 2][random.below(6)]];
        let json = random.below(2) == 0;
        let params = build(api, &values, &mut random, json);
        let reply = caller.send(&watch, &params).await;
        *statuses.entry(reply.status).or_default() += 1;
        if let Some(fault) = fault(&reply, json) {
            panic!("seed {seed}, request {sent}, {}: {fault}\n{params:#?}", caller.name);
        }
        assert!(caller.api.is_some() || reply.status == 401, "nobody: {} {params:?}", reply.status);
        if reply.status == 200 {
            done.insert(api["name"].as_str().unwrap());
        }
        values.learn(api["name"].as_str().unwrap(), &reply.body);
        sent += 1;
        if sent == apis.len() * 2 {
            before = memory(); // caches are warm
        }
    }
    let after = memory();
    println!("{sent} requests to {} commands, {statuses:?}", apis.len());
    println!("{} commands were carried out at least once", done.len());
    println!("{} MiB before, {} MiB after", before >> 20, after >> 20);
    assert!(sent > apis.len() * 2, "too slow: {sent}");
    assert!(after.saturating_sub(before) < GROWTH, "{before} {after}");
    watch.ok("listZones", &[]).await;
    watch.ok("listVirtualMachines", &[("listall", "true")]).await;
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "something panicked");
}
