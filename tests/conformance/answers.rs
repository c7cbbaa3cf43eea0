//! Real answers of every command, held against the contract: envelope, names, JSON types, nesting.

use std::collections::BTreeSet;

use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::Value;

use super::{Contract, OWN_COMMANDS};

/// Calls, and holds every answer against the contract.
struct Witness {
    api: Api,
    contract: Contract,
    answered: BTreeSet<String>,
    fields: usize,
    wrong: Vec<String>,
}

impl Witness {
    async fn call(&mut self, name: &str, params: &[(&str, &str)]) -> Value {
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

    fn hold(&mut self, shape: &str, value: &Value) {
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

    async fn job(&mut self, answer: &Value) -> Value {
        let id = answer["jobid"].as_str().unwrap().to_owned();
        self.api.job(&id).await;
        let job = self.call("queryAsyncJobResult", &[("jobid", &id)]).await;
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

fn id(answer: &Value, key: &str) -> String {
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
    let (vm, job) = lives(&mut w, &cloud).await;
    catalogue(&mut w).await;
    lists(&mut w, &vm, &job).await;
    ends(&mut w, &cloud, &vm).await;

    let apis = w.api.ok("listApis", &[]).await;
    let names = apis["api"].as_array().unwrap().iter().map(|api| api["name"].as_str().unwrap());
    // these have tests of their own: a session, and a machine with sshd
    let elsewhere = ["login", "logout", "addHost"];
    let silent: Vec<_> =
        names.filter(|name| !w.answered.contains(*name) && !elsewhere.contains(name)).collect();
    println!("{} commands answered, {} fields held", w.answered.len(), w.fields);
    assert!(silent.is_empty(), "never called: {silent:?}");
    assert!(w.wrong.is_empty(), "{:#?}", w.wrong);
}

async fn lives(w: &mut Witness, cloud: &Cloud) -> (String, String) {
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let params = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
        ("details[0].note", "x"),
        ("group", "g"),
    ];
    let answer = w.call("deployVirtualMachine", &params).await;
    let vm = answer["id"].as_str().unwrap().to_owned();
    let job = w.job(&answer).await["jobid"].as_str().unwrap().to_owned();
    for command in ["stopVirtualMachine", "startVirtualMachine", "rebootVirtualMachine"] {
        let answer = w.call(command, &[("id", &vm)]).await;
        w.job(&answer).await;
    }
    (vm, job)
}

async fn catalogue(w: &mut Witness) {
    let ip = "10.9.0.1";
    let params = [("name", "z9"), ("networktype", "Advanced"), ("dns1", ip), ("internaldns1", ip)];
    let zone = id(&w.call("createZone", &params).await, "zone");
    let params = [("name", "p9"), ("zoneid", zone.as_str()), ("startip", ip), ("endip", ip)];
    let pod = id(&w.call("createPod", &params).await, "pod");
    let at = [("zoneid", zone.as_str()), ("podid", pod.as_str()), ("hypervisor", "KVM")];
    let named = [("clustername", "c9"), ("clustertype", "CloudManaged")];
    let cluster = id(&w.call("addCluster", &[&at[..], &named].concat()).await, "cluster");
    let own = id(&w.call("createCluster", &[&at[..], &[("name", "c8")]].concat()).await, "cluster");
    let offerings = w.call("listNetworkOfferings", &[]).await;
    let offering = id(&offerings, "networkoffering");
    let params = [
        ("name", "n9"),
        ("zoneid", zone.as_str()),
        ("networkofferingid", &offering),
        ("gateway", ip),
        ("netmask", "255.255.255.0"),
        ("startip", "10.9.0.2"),
        ("endip", "10.9.0.9"),
        ("bridge", "br9"),
    ];
    let network = id(&w.call("createNetwork", &params).await, "network");
    let params = [("name", "o9"), ("cpunumber", "1"), ("cpuspeed", "1"), ("memory", "64")];
    let size = id(&w.call("createServiceOffering", &params).await, "serviceoffering");
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";
    w.call("registerSSHKeyPair", &[("name", "k9"), ("publickey", key)]).await;
    w.call("listSSHKeyPairs", &[]).await;
    w.call("updateConfiguration", &[("name", "wait"), ("value", "60")]).await;
    for list in ["listZones", "listPods", "listClusters", "listNetworks", "listServiceOfferings"] {
        w.call(list, &[]).await;
    }
    w.call("deleteSSHKeyPair", &[("name", "k9")]).await;
    w.call("deleteServiceOffering", &[("id", &size)]).await;
    let answer = w.call("deleteNetwork", &[("id", &network)]).await;
    w.job(&answer).await;
    w.call("deleteCluster", &[("id", &cluster)]).await;
    w.call("deleteCluster", &[("id", &own)]).await;
    w.call("deletePod", &[("id", &pod)]).await;
    w.call("deleteZone", &[("id", &zone)]).await;
}

async fn lists(w: &mut Witness, vm: &str, job: &str) {
    for command in [
        "listAccounts",
        "listApis",
        "listAsyncJobs",
        "listCapabilities",
        "listConfigurations",
        "listDiskOfferings",
        "listDomains",
        "listEvents",
        "listHosts",
        "listIpForwardingRules",
        "listOsTypes",
        "listPortForwardingRules",
        "listPublicIpAddresses",
        "listStoragePools",
        "listUsers",
        "listVirtualMachines",
        "listVolumes",
    ] {
        w.call(command, &[]).await;
    }
    w.call("listTemplates", &[("templatefilter", "all")]).await;
    w.call("listJobSteps", &[("jobid", job)]).await;
    w.call("explainPlacement", &[("virtualmachineid", vm)]).await;
    w.call("getVirtualMachineConsoleLog", &[("id", vm)]).await;
    let users = w.call("listUsers", &[]).await;
    let user = id(&users, "user");
    let keys = w.call("registerUserKeys", &[("id", &user)]).await;
    let text = |name: &str| keys["userkeys"][name].as_str().unwrap().to_owned();
    (w.api.key, w.api.secret) = (text("apikey"), text("secretkey"));
    w.call("getUserKeys", &[("id", &user)]).await;
}

async fn ends(w: &mut Witness, cloud: &Cloud, vm: &str) {
    for command in ["destroyVirtualMachine", "expungeVirtualMachine"] {
        let answer = w.call(command, &[("id", vm)]).await;
        w.job(&answer).await;
    }
    let params = [
        ("name", "t9"),
        ("url", "http://images.invalid/t9.qcow2"),
        ("format", "QCOW2"),
        ("hypervisor", "KVM"),
    ];
    w.call("registerTemplate", &params).await;
    let template = cloud.catalogue.template.to_string();
    let answer = w.call("deleteTemplate", &[("id", &template)]).await;
    w.job(&answer).await;
    let hosts = w.call("listHosts", &[("type", "Routing")]).await;
    w.call("deleteHost", &[("id", &id(&hosts, "host"))]).await;
}
