//! Commands that are tables, and completion.

use serde_json::{Value, json};

use crate::manager::{Manager, VM, hostler, outside_the_contract, stderr, stdout};

/// `hostler commands`: every command of the tables.
fn commands() -> Vec<Value> {
    let out = stdout(&hostler(&["commands", "-o", "json"]).assert().success());
    serde_json::from_str(&out).unwrap()
}

#[test]
fn every_command_of_the_tables_makes_a_call_that_the_contract_has() {
    let commands = commands();
    assert!(commands.len() > 90, "{}", commands.len());
    for command in &commands {
        let text = |field: &str| command[field].as_str().unwrap().to_owned();
        let sent = command["params"].as_array().unwrap().iter();
        // maps and records are sent as name[0].key
        let params = sent.map(|name| (name.as_str().unwrap(), "x")).collect();
        assert_eq!(outside_the_contract(&text("call"), &params), None, "{}", text("name"));
    }
}

#[test]
fn every_call_of_the_tables_is_one_that_the_manager_answers() {
    // these pages are held against the manager's declarations by a test of their own
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api");
    let pages = std::fs::read_dir(folder).unwrap().map(|page| page.unwrap().path());
    let text: String = pages.map(|page| std::fs::read_to_string(page).unwrap()).collect();
    let answered = |call: &str| text.lines().any(|line| line.strip_prefix("## ") == Some(call));
    let commands = commands();
    let calls = commands.iter().map(|command| command["call"].as_str().unwrap());
    assert_eq!(calls.filter(|call| !answered(call)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_command_of_the_tables_has_help_and_no_name_twice() {
    let names: Vec<String> =
        commands().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), names.len());
    for name in names.iter().step_by(9) {
        let words: Vec<&str> = name.split(' ').chain(["--help"]).collect();
        assert!(stdout(&hostler(&words).assert().success()).contains("Usage: hostler"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_become_ids_lists_are_joined_and_maps_are_numbered() {
    let manager = Manager::start().await;
    let big = "77777777-7777-4777-8777-777777777777";
    manager.lists("listServiceOfferings", "serviceoffering", &[json!({"id": big, "name": "big"})]);
    manager.answers("scaleVirtualMachine", 200, json!({"success": true}));
    let line = [
        "vm",
        "scale",
        "web",
        "--offering",
        "big",
        "--detail",
        "cpuNumber=4",
        "--detail",
        "memory=512",
    ];
    let out = stdout(&manager.run(&line).success());
    assert_eq!(out, "vm web scaled\n");
    let calls = manager.calls("scaleVirtualMachine").await;
    let sent = |name: &str| calls[0].1.get(name).map(str::to_owned);
    assert_eq!(sent("id").as_deref(), Some(VM));
    assert_eq!(sent("serviceofferingid").as_deref(), Some(big));
    assert_eq!(sent("details[0].cpunumber").as_deref(), Some("4"));
    assert_eq!(sent("details[1].memory").as_deref(), Some("512"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alien_is_adopted_with_what_is_said_of_it_and_a_dry_run_shows_the_plan() {
    let manager = Manager::start().await;
    let (host, mac) = ("66666666-6666-4666-8666-666666666666", "52:54:00:00:00:01");
    manager.lists("listHosts", "host", &[json!({"id": host, "name": "kvm-1"})]);
    let adoption = json!({"instancename": "old mail", "serviceofferingname": "small",
        "volume": [{"name": "vda", "path": "/srv/mail.qcow2"}]});
    let plan = json!({"dryrun": true, "displaytext": "it would be adopted", "adoption": adoption});
    manager.answers("adoptVirtualMachine", 200, plan);
    let address = format!("{mac}=10.1.1.9");
    let line = ["alien", "adopt", "kvm-1", "old mail", "--nic-address", &address, "--dry-run"];
    let out = stdout(&manager.run(&line).success());
    assert!(out.contains("old mail") && out.contains("/srv/mail.qcow2"), "{out}");
    let calls = manager.calls("adoptVirtualMachine").await;
    let sent = |name: &str| calls[0].1.get(name).map(str::to_owned);
    assert_eq!(
        (sent("hostid").as_deref(), sent("alien").as_deref()),
        (Some(host), Some("old mail"))
    );
    assert_eq!(sent(&format!("nicaddresses[0].{mac}")).as_deref(), Some("10.1.1.9"));
    assert_eq!(sent("dryrun").as_deref(), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_released_by_its_name() {
    let manager = Manager::start().await;
    manager.answers("releaseVirtualMachine", 200, json!({"success": true}));
    assert_eq!(stdout(&manager.run(&["vm", "release", "web"]).success()), "vm web released\n");
    let calls = manager.calls("releaseVirtualMachine").await;
    assert_eq!(calls[0].1.get("id"), Some(VM));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_read_from_standard_input_and_never_from_the_line() {
    let manager = Manager::start().await;
    manager.answers("createAccount", 200, json!({"account": {"id": VM, "name": "ann"}}));
    let line =
        ["account", "create", "ann", "--email", "a@b.c", "--first-name", "A", "--last-name", "B"];
    let err = stderr(&manager.run(&line).code(2));
    assert!(err.contains("--password-stdin"), "{err}");
    let mut command = manager.hostler(&line);
    command.args(["--password-stdin", "-q"]).write_stdin("s3cret\n").assert().success();
    assert_eq!(manager.calls("createAccount").await[0].1.get("password"), Some("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_key_completes_nouns_verbs_and_names_in_the_live_cloud() {
    let manager = Manager::start().await;
    let complete = |words: &[&str]| {
        let mut command = manager.hostler(&[]);
        command.arg("--").args(words).env("COMPLETE", "bash").env("_CLAP_IFS", "\n");
        command.env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
        stdout(&command.assert().success())
    };
    assert_eq!(complete(&["hostler", "vol"]), "volume");
    assert_eq!(complete(&["hostler", "volume", "at"]), "attach");
    assert_eq!(complete(&["hostler", "vm", "scale", "we"]), "web");
    assert_eq!(complete(&["hostler", "vm", "scale", "no-such"]), "");
}
