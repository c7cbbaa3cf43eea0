//! A manager that knows a few fixed answers, checks signatures, and knows no parameter `bridge`; and the program set up to talk to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use hostler_query_api::Params;
use hostler_query_api::signature::Signed;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const ZONE: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const CLUSTER: &str = "33333333-3333-4333-8333-333333333333";
pub(crate) const VM: &str = "55555555-5555-4555-8555-555555555555";

type Answers = BTreeMap<String, Vec<(u16, Value)>>;

/// The server. Of several answers to one command each is given once, the last for ever.
pub(crate) struct Manager {
    server: MockServer,
    home: tempfile::TempDir,
    answers: Arc<Mutex<Answers>>,
}

impl Manager {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let answers = Arc::new(Mutex::new(Answers::new()));
        let held = answers.clone();
        let answer = move |request: &Request| respond(&held, request);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let manager = Self { server, home: tempfile::tempdir().unwrap(), answers };
        manager.knows_a_cloud();
        manager
    }

    fn knows_a_cloud(&self) {
        let zone = json!({"id": ZONE, "name": "dc1", "allocationstate": "Enabled"});
        self.lists("listZones", "zone", &[zone]);
        let pod =
            json!({"id": "22222222-2222-4222-8222-222222222222", "name": "p1", "zoneid": ZONE});
        self.lists("listPods", "pod", &[pod]);
        let cluster = json!({"id": CLUSTER, "name": "c1", "zoneid": ZONE,
            "podid": "22222222-2222-4222-8222-222222222222"});
        self.lists("listClusters", "cluster", &[cluster]);
        let vm = |id: &str, name: &str, address: &str| {
            json!({"id": id, "name": name, "state": "Running", "memory": 512, "account": "admin",
                "nic": [{"ipaddress": address, "networkname": "net"}]})
        };
        let vms = [
            vm(VM, "web", "10.1.1.7"),
            vm("66666666-6666-4666-8666-666666666666", "say \"hi\", db", "10.1.1.8"),
        ];
        self.lists("listVirtualMachines", "virtualmachine", &vms);
    }

    /// `command` answers with a list.
    pub(crate) fn lists(&self, command: &str, key: &str, rows: &[Value]) {
        self.answers(command, 200, json!({"count": rows.len(), key: rows}));
    }

    /// `command` answers with this, and nothing else.
    pub(crate) fn answers(&self, command: &str, status: u16, body: Value) {
        self.answers.lock().unwrap().insert(command.to_owned(), vec![(status, body)]);
    }

    /// `command` answers with these in turn.
    pub(crate) fn answers_in_turn(&self, command: &str, bodies: Vec<Value>) {
        let answers = bodies.into_iter().map(|body| (200, body)).collect();
        self.answers.lock().unwrap().insert(command.to_owned(), answers);
    }

    /// The program with these arguments, with keys and a home of its own.
    pub(crate) fn hostler(&self, arguments: &[&str]) -> Command {
        let mut command = hostler(arguments);
        command
            .env("HOME", self.home.path())
            .env("HOSTLER_ENDPOINT", self.server.uri())
            .env("HOSTLER_API_KEY", "api-key-1")
            .env("HOSTLER_SECRET_KEY", "s3cret-2");
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Assert {
        self.hostler(arguments).assert()
    }

    /// Parameters of each call of `command` so far.
    pub(crate) async fn calls(&self, command: &str) -> Vec<(String, Params)> {
        let requests = self.server.received_requests().await.unwrap();
        let calls = requests.iter().map(|request| (request.method.to_string(), params(request)));
        calls.filter(|(_, params)| params.command() == Some(command)).collect()
    }
}

/// The program with nothing around it.
pub(crate) fn hostler(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hostler"));
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("HOSTLER_CONFIG_DIR", "/nonexistent")
        .args(arguments);
    command
}

pub(crate) fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

pub(crate) fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

fn params(request: &Request) -> Params {
    let body = String::from_utf8(request.body.clone()).unwrap();
    Params::parse(request.url.query().unwrap_or_default(), &body).unwrap()
}

fn respond(answers: &Mutex<Answers>, request: &Request) -> ResponseTemplate {
    let params = params(request);
    let signed = Signed::read(&params, jiff::Timestamp::now());
    if signed.is_err() || signed.is_ok_and(|signed| signed.verify(&params, "s3cret-2").is_err()) {
        return error(401, "unable to verify user credentials and/or request signature");
    }
    let command = params.command().unwrap_or_default();
    if let Some(what) = outside_the_contract(command, &params) {
        return error(599, &format!("not in the contract: {what}"));
    }
    let mut answers = answers.lock().unwrap();
    let Some(known) = answers.get_mut(command) else { return error(432, "unknown command") };
    let (status, body) = if known.len() > 1 { known.remove(0) } else { known[0].clone() };
    let envelope = format!("{}response", command.to_lowercase());
    let ignored = params.get("bridge").map_or("", |_| "bridge");
    ResponseTemplate::new(status)
        .insert_header("x-hostler-ignored-parameters", ignored)
        .set_body_json(json!({ envelope: body }))
}

fn error(status: u16, text: &str) -> ResponseTemplate {
    let body = json!({"errorresponse": {"errorcode": status, "errortext": text}});
    ResponseTemplate::new(status).insert_header("x-request-id", "r-9").set_body_json(body)
}

const COMMANDS: &str = include_str!("../../../../tests/fixtures/contract/commands.tsv");
const PARAMS: &str = include_str!("../../../../tests/fixtures/contract/params.tsv");
/// Commands of our own, and parameters of our own on commands of the contract.
const OWN_COMMANDS: &[&str] = &[
    "addHostToAggregate",
    "addLdapConfiguration",
    "adoptVirtualMachine",
    "auditCloud",
    "cleanMachine",
    "createHostAggregate",
    "dedicateCluster",
    "dedicateHost",
    "dedicatePod",
    "dedicateZone",
    "deleteHostAggregate",
    "deleteLdapConfiguration",
    "explainPlacement",
    "fixDrift",
    "getVirtualMachineConsoleLog",
    "linkDomainToLdap",
    "listAliens",
    "listDedicatedClusters",
    "listDedicatedHosts",
    "listDedicatedPods",
    "listDedicatedZones",
    "listDrift",
    "listHistory",
    "listHostAggregates",
    "listJobSteps",
    "listLdapUsers",
    "planCapacity",
    "planDrain",
    "planPlacement",
    "planRebalance",
    "releaseDedicatedCluster",
    "releaseDedicatedHost",
    "releaseDedicatedPod",
    "releaseDedicatedZone",
    "releaseVirtualMachine",
    "removeHostFromAggregate",
    "resumeJob",
    "updateHostAggregate",
    "upgradeHost",
];
const OWN_PARAMS: &[(&str, &str)] = &[
    ("addHost", "privatekey"),
    ("createNetwork", "bridge"),
    ("deployVirtualMachine", "availabilityzone"),
    ("deployVirtualMachine", "hints"),
];
/// Parameters of the protocol itself.
const PROTOCOL: &[&str] = &[
    "apikey",
    "command",
    "expires",
    "page",
    "pagesize",
    "response",
    "signature",
    "signatureversion",
];

/// The command or parameter that neither the contract nor this project has.
pub(crate) fn outside_the_contract(command: &str, params: &Params) -> Option<String> {
    if OWN_COMMANDS.contains(&command) {
        return None;
    }
    let first = |line: &str, name: &str| line.split('\t').next() == Some(name);
    if !COMMANDS.lines().any(|line| first(line, command)) {
        return Some(command.to_owned());
    }
    let of_command = PARAMS.lines().filter(|line| first(line, command));
    let declared: Vec<_> = of_command.filter_map(|line| line.split('\t').nth(1)).collect();
    let odd = params.iter().find(|(name, _)| {
        let name = name.split('[').next().unwrap_or(name).to_lowercase();
        !declared.contains(&name.as_str())
            && !PROTOCOL.contains(&name.as_str())
            && !OWN_PARAMS.contains(&(command, name.as_str()))
    });
    odd.map(|(name, _)| format!("{command} {name}"))
}
