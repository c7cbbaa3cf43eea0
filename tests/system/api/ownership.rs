//! `account`, `domainid`, `isrecursive`, `listall` and `projectid` mean the same on every list that has them.
//!
//! The table says whose things each caller gets for what; it is held against every list command that `listApis` names
//! with these parameters, so that a new one is in it from its first day.

use std::collections::BTreeSet;

use hostler_model::AccountType::{DomainAdmin, User};
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

/// An account and its domain, or `project` and a project's id.
type Owner = (String, String);

/// Names and values.
type Pairs<'a> = Vec<(&'a str, &'a str)>;
/// Who asks, as whom, and for what.
type Question<'a> = (&'a str, &'a Api, Pairs<'a>);

struct Tree {
    cloud: Cloud,
    admin: Api,
    head: Api,
    alice: Api,
    carol: Api,
    shop: String,
    test: String,
    bank: String,
    project: String,
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";

impl Tree {
    /// ROOT with the administrator; shop with head and alice; test below it with bob; bank with carol. Each has some of
    /// everything, and so has a project of alice's.
    async fn new() -> Self {
        let cloud = Cloud::with_hosts(1).await.unwrap();
        let address = cloud.manager.as_ref().unwrap().api;
        let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
        let of = async |path, name, kind| {
            tenant(cloud.store(), address, path, name, kind).await.unwrap()
        };
        let head = of("ROOT/shop", "head", DomainAdmin).await;
        let alice = of("ROOT/shop", "alice", User).await;
        let bob = of("ROOT/shop/test", "bob", User).await;
        let carol = of("ROOT/bank", "carol", User).await;
        let list = admin.ok("listDomains", &[("listall", "true")]).await["domain"].clone();
        let domain = |path: &str| {
            let found = list.as_array().unwrap().iter().find(|domain| domain["path"] == path);
            found.unwrap()["id"].as_str().unwrap().to_owned()
        };
        let [shop, test, bank] = ["ROOT/shop", "ROOT/shop/test", "ROOT/bank"].map(domain);
        let answer = alice.ok("createProject", &[("name", "web")]).await;
        let project = answer["id"].as_str().unwrap().to_owned();
        let tree = Self { cloud, admin, head, alice, carol, shop, test, bank, project };
        for api in [&tree.admin, &tree.head, &tree.alice, &bob, &tree.carol] {
            tree.furnish(api, &[]).await;
        }
        tree.furnish(&tree.alice, &[("projectid", &tree.project)]).await;
        tree
    }

    async fn furnish(&self, api: &Api, extra: &[(&str, &str)]) {
        let c = self.cloud.catalogue;
        let [zone, offering, template] =
            [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
        let vm = [
            ("zoneid", zone.as_str()),
            ("serviceofferingid", &offering),
            ("templateid", &template),
            ("startvm", "false"),
        ];
        let answer = api.ok("deployVirtualMachine", &[&vm[..], extra].concat()).await;
        api.job(answer["jobid"].as_str().unwrap()).await;
        api.ok("registerSSHKeyPair", &[&[("name", "k"), ("publickey", KEY)], extra].concat()).await;
        let template = [
            ("name", "t"),
            ("url", "http://images.invalid/t.qcow2"),
            ("format", "QCOW2"),
            ("hypervisor", "KVM"),
        ];
        api.ok("registerTemplate", &[&template[..], extra].concat()).await;
        let iso =
            [("name", "i"), ("url", "http://images.invalid/i.iso"), ("zoneid", zone.as_str())];
        api.ok("registerIso", &[&iso[..], extra].concat()).await;
        let kind = [("name", "g"), ("type", "host anti-affinity")];
        let answer = api.ok("createAffinityGroup", &[&kind[..], extra].concat()).await;
        api.job(answer["jobid"].as_str().unwrap()).await;
        for command in ["createSSHKeyPair", "createSecurityGroup", "createInstanceGroup"] {
            api.ok(command, &[&[("name", "g")], extra].concat()).await;
        }
        let data = [("name", "d"), ("userdata", "eA==")];
        api.ok("registerUserData", &[&data[..], extra].concat()).await;
    }

    /// Who asks, for what, and whose things there are to see. A `*` in place of an account is every account.
    fn table(&self) -> Vec<(Question<'_>, Pairs<'_>)> {
        let (shop, test, project) = (self.shop.as_str(), self.test.as_str(), self.project.as_str());
        let (all, deep) = (("listall", "true"), ("isrecursive", "true"));
        let in_domain = |id| ("domainid", id);
        let of = |name| ("account", name);
        let (any, web) = (("projectid", "-1"), ("projectid", project));
        let everybody = vec![("admin", "*"), ("*", shop), ("*", test), ("*", &self.bank)];
        vec![
            (("admin", &self.admin, vec![]), vec![("admin", "*")]),
            (("admin", &self.admin, vec![all]), everybody),
            (("admin", &self.admin, vec![of("alice"), in_domain(shop)]), vec![("alice", shop)]),
            (("admin", &self.admin, vec![in_domain(shop)]), vec![("*", shop)]),
            (("admin", &self.admin, vec![in_domain(shop), deep]), vec![("*", shop), ("*", test)]),
            (("admin", &self.admin, vec![in_domain(shop), all]), vec![("*", shop), ("*", test)]),
            (("admin", &self.admin, vec![web]), vec![("project", project)]),
            (("head", &self.head, vec![]), vec![("head", shop)]),
            (("head", &self.head, vec![all]), vec![("*", shop), ("*", test)]),
            (("head", &self.head, vec![in_domain(test)]), vec![("*", test)]),
            (("head", &self.head, vec![in_domain(shop), deep]), vec![("*", shop), ("*", test)]),
            (("head", &self.head, vec![of("bob"), in_domain(test)]), vec![("bob", test)]),
            (("alice", &self.alice, vec![]), vec![("alice", shop)]),
            (("alice", &self.alice, vec![all]), vec![("alice", shop)]),
            (("alice", &self.alice, vec![of("alice"), in_domain(shop)]), vec![("alice", shop)]),
            (("alice", &self.alice, vec![web]), vec![("project", project)]),
            (("alice", &self.alice, vec![any]), vec![("project", project)]),
            (("alice", &self.alice, vec![any, all]), vec![("alice", shop), ("project", project)]),
            (("carol", &self.carol, vec![any]), vec![]),
        ]
    }

    /// Who asks for what they may not see, and the status of the refusal.
    fn refusals(&self) -> Vec<(Question<'_>, u16)> {
        let (shop, bank) = (("domainid", self.shop.as_str()), ("domainid", self.bank.as_str()));
        let (web, nobody) =
            (("projectid", self.project.as_str()), uuid::Uuid::new_v4().to_string());
        let nowhere = ("projectid", &*nobody.leak());
        vec![
            (("alice", &self.alice, vec![("account", "head"), shop]), 531),
            (("alice", &self.alice, vec![bank]), 531),
            (("head", &self.head, vec![bank]), 431),
            (("head", &self.head, vec![("account", "carol"), bank]), 431),
            (("admin", &self.admin, vec![("account", "nobody"), shop]), 431),
            (("carol", &self.carol, vec![web]), 431),
            (("alice", &self.alice, vec![nowhere]), 431),
            (("alice", &self.alice, vec![web, ("account", "alice")]), 431),
        ]
    }
}

/// Every list that has these parameters, with their names; what it cannot do without is added.
async fn lists(admin: &Api) -> Vec<(String, Vec<String>)> {
    let apis = admin.ok("listApis", &[]).await["api"].clone();
    let declares = |api: &Value| {
        let params = api["params"].as_array().unwrap().iter();
        params.map(|param| param["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let named =
        apis.as_array().unwrap().iter().map(|api| (api["name"].as_str().unwrap(), declares(api)));
    named
        .filter(|(name, params)| {
            let has = |wanted: &str| params.iter().any(|param| param == wanted);
            // what one is in and what one may use are other questions than whose it is
            let other = matches!(
                *name,
                "listProjects" | "listNetworks" | "listServiceOfferings" | "listDiskOfferings"
            );
            name.starts_with("list") && has("listall") && has("domainid") && !other
        })
        .map(|(name, params)| (name.to_owned(), params))
        .collect()
}

/// What a list cannot do without.
fn needs(command: &str) -> Vec<(&'static str, &'static str)> {
    match command {
        "listTemplates" => vec![("templatefilter", "self")],
        "listIsos" => vec![("isofilter", "self")],
        _ => Vec::new(),
    }
}

async fn owners(api: &Api, command: &str, params: &[(&str, &str)]) -> BTreeSet<Owner> {
    let answer = api.ok(command, &[&needs(command)[..], params].concat()).await;
    let rows = answer.as_object().unwrap().values().find_map(Value::as_array).cloned();
    let text = |row: &Value, field: &str| row[field].as_str().map(str::to_owned);
    let owner = |row: &Value| {
        if let Some(project) = text(row, "projectid") {
            return Some(("project".to_owned(), project));
        }
        let name = if command == "listAccounts" { "name" } else { "account" };
        text(row, name).zip(text(row, "domainid"))
    };
    rows.unwrap_or_default().iter().filter_map(owner).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_things_a_list_shows_is_the_same_question_on_every_list() {
    let tree = Tree::new().await;
    let lists = lists(&tree.admin).await;
    let (mut wrong, mut full) = (Vec::new(), BTreeSet::new());
    for (command, params) in &lists {
        let takes = |asked: &[(&str, &str)]| {
            asked.iter().all(|(name, _)| params.iter().any(|param| param == name))
        };
        let mut there = owners(&tree.admin, command, &[("listall", "true")]).await;
        if takes(&[("projectid", "")]) {
            let all = [("listall", "true"), ("projectid", "-1")];
            there.extend(owners(&tree.admin, command, &all).await);
        }
        if there.len() > 3 {
            full.insert(command.as_str());
        }
        for ((who, api, asked), seen) in tree.table() {
            let is_allowed = match api.call(command, &[]).await.status {
                432 => false, // not for this role
                _ => takes(&asked),
            };
            if !is_allowed {
                continue;
            }
            let is_seen = |owner: &&Owner| {
                seen.iter().any(|(account, domain)| {
                    let project = (owner.0 == "project") == (*account == "project");
                    project
                        && (*account == "*" || owner.0 == *account)
                        && (*domain == "*" || owner.1 == *domain)
                })
            };
            let expected: BTreeSet<Owner> = there.iter().filter(is_seen).cloned().collect();
            let shown = owners(api, command, &asked).await;
            if shown != expected {
                wrong.push(format!("{command} {asked:?} as {who}: {shown:?}, not {expected:?}"));
            }
        }
        for ((who, api, asked), status) in tree.refusals() {
            let reply = api.call(command, &[&needs(command)[..], &asked].concat()).await;
            if takes(&asked) && reply.status != status && reply.status != 432 {
                wrong.push(format!("{command} {asked:?} as {who}: {}", reply.body));
            }
        }
    }
    println!("{} lists, {} with things of many: {full:?}", lists.len(), full.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    for command in [
        "listAffinityGroups",
        "listEvents",
        "listInstanceGroups",
        "listIsos",
        "listSSHKeyPairs",
        "listSecurityGroups",
        "listTemplates",
        "listUserData",
        "listVirtualMachines",
        "listVolumes",
    ] {
        assert!(full.contains(command), "{command} shows too little to say anything: {full:?}");
    }
}
