//! Names and ids.

use serde_json::json;

use crate::manager::{Manager, VM, ZONE, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_becomes_the_id_of_what_is_called_so() {
    let manager = Manager::start().await;
    manager.answers("stopVirtualMachine", 200, json!({"success": true}));
    manager.run(&["vm", "stop", "web", "--force"]).success();
    let calls = manager.calls("stopVirtualMachine").await;
    assert_eq!(
        (calls[0].0.as_str(), calls[0].1.get("id"), calls[0].1.get("forced")),
        ("POST", Some(VM), Some("true"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_taken_as_it_is() {
    let manager = Manager::start().await;
    manager.answers("startVirtualMachine", 200, json!({"success": true}));
    manager.run(&["vm", "start", VM]).success();
    assert!(manager.calls("listVirtualMachines").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_name_is_an_error_that_lists_the_candidates() {
    let manager = Manager::start().await;
    let vm = |id: &str, account: &str| json!({"id": id, "name": "web", "account": account, "state": "Running"});
    manager.lists("listVirtualMachines", "virtualmachine", &[vm(VM, "ann"), vm(ZONE, "bob")]);
    let assert = manager.run(&["vm", "destroy", "web"]).code(1);
    let err = stderr(&assert);
    for part in ["2 vms are called web", VM, ZONE, "ann", "bob"] {
        assert!(err.contains(part), "{err}");
    }
    assert!(manager.calls("destroyVirtualMachine").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nothing_has_is_an_error_that_shows_what_is_near() {
    let manager = Manager::start().await;
    let err = stderr(&manager.run(&["vm", "show", "we"]).code(1));
    assert!(err.contains("no vm called we") && err.contains("web"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deployed_is_looked_for_in_its_zone() {
    let manager = Manager::start().await;
    manager.lists("listTemplates", "template", &[json!({"id": "t", "name": "debian"})]);
    manager.lists(
        "listServiceOfferings",
        "serviceoffering",
        &[json!({"id": "o", "name": "small"})],
    );
    manager.lists(
        "listNetworks",
        "network",
        &[json!({"id": "n1", "name": "a"}), json!({"id": "n2", "name": "b"})],
    );
    manager.answers("deployVirtualMachine", 200, json!({"id": VM, "jobid": "j"}));
    let done = json!({"jobstatus": 1, "jobresultcode": 0, "jobresult": {"virtualmachine": {"id": VM, "name": "new"}}});
    manager.answers("queryAsyncJobResult", 200, done);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "#cloud-config\n").unwrap();
    let file = file.path().to_str().unwrap();
    manager
        .run(&[
            "vm",
            "deploy",
            "new",
            "--zone",
            "dc1",
            "--template",
            "debian",
            "--offering",
            "small",
            "--network",
            "b",
            "--network",
            "a",
            "--keypair",
            "k",
            "--user_data",
            file,
            "--no-start",
        ])
        .success();
    assert_eq!(manager.calls("listTemplates").await[0].1.get("zoneid"), Some(ZONE));
    let calls = manager.calls("deployVirtualMachine").await;
    let sent = |name: &str| calls[0].1.get(name).map(str::to_owned);
    assert_eq!(calls[0].0, "POST");
    assert_eq!(
        [
            "zoneid",
            "templateid",
            "serviceofferingid",
            "networkids",
            "keypairs",
            "userdata",
            "startvm",
            "hostid"
        ]
        .map(sent)
        .map(Option::unwrap_or_default),
        [ZONE, "t", "o", "n2,n1", "k", "I2Nsb3VkLWNvbmZpZwo=", "false", ""]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_zone_need_not_be_named() {
    let manager = Manager::start().await;
    manager.lists("listZones", "zone", &[json!({"id": ZONE, "name": "dc1"})]);
    manager.answers("createPod", 200, json!({"pod": {"id": "p", "name": "rack"}}));
    manager
        .run(&[
            "pod",
            "create",
            "rack",
            "--gateway",
            "10.0.0.1",
            "--netmask",
            "255.0.0.0",
            "--start",
            "10.0.0.2",
            "--end",
            "10.0.0.9",
        ])
        .success();
    let calls = manager.calls("createPod").await;
    assert_eq!(calls[0].1.get("zoneid"), Some(ZONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_zones_has_to_be_named() {
    let manager = Manager::start().await;
    let zones = [json!({"id": ZONE, "name": "dc1"}), json!({"id": VM, "name": "dc2"})];
    manager.lists("listZones", "zone", &zones);
    let err = stderr(&manager.run(&["volume", "create", "data", "--offering", VM]).code(2));
    assert!(err.contains("there are 2 zones, so name one with --zone: dc1, dc2"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nothing_has_is_an_error_that_shows_what_there_is() {
    let manager = Manager::start().await;
    manager.lists("listZones", "zone", &[json!({"id": ZONE, "name": "dc1"})]);
    let err = stderr(&manager.run(&["zone", "show", "dc2"]).code(1));
    assert!(err.contains("there is no zone called dc2"), "{err}");
    assert!(err.contains("dc1"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_set_by_its_name() {
    let manager = Manager::start().await;
    manager.answers(
        "updateResourceLimit",
        200,
        json!({"resourcelimit": {"resourcetypename": "cpu"}}),
    );
    manager.run(&["limit", "set", "cpu", "--max", "8"]).success();
    manager.run(&["limit", "set", "8", "--max", "8"]).success();
    let calls = manager.calls("updateResourceLimit").await;
    let sent: Vec<_> = calls.iter().map(|call| call.1.get("resourcetype")).collect();
    assert_eq!(sent, [Some("8"), Some("8")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_one_of_plain_users_unless_a_role_is_named() {
    let manager = Manager::start().await;
    manager.answers("createAccount", 200, json!({"account": {"name": "ann"}}));
    let ann =
        ["account", "create", "ann", "--email", "a@b", "--first-name", "A", "--last-name", "L"];
    let password = ["--password-stdin"];
    manager.hostler(&[&ann[..], &password].concat()).write_stdin("secret\n").assert().success();
    let with_role = [&ann[..], &password, &["--role", VM]].concat();
    manager.hostler(&with_role).write_stdin("secret\n").assert().success();
    let calls = manager.calls("createAccount").await;
    let sent = |param: &str| calls.iter().map(|call| call.1.get(param)).collect::<Vec<_>>();
    assert_eq!(
        (sent("accounttype"), sent("roleid")),
        (vec![Some("0"), None], vec![None, Some(VM)])
    );
}
