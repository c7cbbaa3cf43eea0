//! Forms of output.

use serde_json::{Value, json};

use crate::manager::{Manager, VM, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_a_heading_and_a_line_for_each_row() {
    let manager = Manager::start().await;
    let out = stdout(&manager.run(&["vm", "list"]).success());
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("ID ") && lines[0].contains("ADDRESS"), "{out}");
    assert!(lines[1].contains("web") && lines[1].contains("10.1.1.7"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_everything_the_api_said() {
    let manager = Manager::start().await;
    let out: Value =
        serde_json::from_str(&stdout(&manager.run(&["vm", "list", "-o", "json"]).success()))
            .unwrap();
    assert_eq!(out[0]["nic"][0]["networkname"], "net");
    let out = stdout(
        &manager
            .run(&["-o", "json", "-c", "name", "-c", "nic.ipaddress", "vm", "show", "web"])
            .success(),
    );
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({"name": "web", "nic.ipaddress": "10.1.1.7"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_quoted_where_it_must() {
    let manager = Manager::start().await;
    let out =
        stdout(&manager.run(&["vm", "list", "-o", "csv", "-c", "NAME", "-c", "address"]).success());
    assert_eq!(out, "NAME,ADDRESS\nweb,10.1.1.7\n\"say \"\"hi\"\", db\",10.1.1.8\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_stand_alone() {
    let manager = Manager::start().await;
    let out = stdout(
        &manager.run(&["vm", "list", "-o", "value", "-c", "name", "-c", "memory"]).success(),
    );
    assert_eq!(out, "web\t512\nsay \"hi\", db\t512\n");
    let out = stdout(
        &manager.run(&["vm", "show", "web", "-o", "value", "-c", "state", "-c", "id"]).success(),
    );
    assert_eq!(out, format!("Running\n{VM}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_prints_ids_only() {
    let manager = Manager::start().await;
    let out = stdout(&manager.run(&["vm", "list", "-q"]).success());
    assert_eq!(out.lines().next(), Some(VM));
    assert_eq!(out.lines().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_not_there_is_wrong_usage_and_names_those_that_are() {
    let manager = Manager::start().await;
    let assert = manager.run(&["vm", "list", "-c", "flavor"]).code(2);
    let err = stderr(&assert);
    assert!(
        err.contains("no column flavor") && err.contains("ADDRESS") && err.contains("memory"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_a_heading_or_an_empty_list() {
    let manager = Manager::start().await;
    manager.answers("listHosts", 200, json!({}));
    assert_eq!(stdout(&manager.run(&["host", "list", "-o", "json"]).success()), "[]\n");
    assert_eq!(stdout(&manager.run(&["host", "list"]).success()).lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_cannot_send_control_characters_to_the_terminal() {
    let manager = Manager::start().await;
    manager.lists("listZones", "zone", &[json!({"id": "z", "name": "a\u{1b}[2Jb\nc"})]);
    let out = stdout(&manager.run(&["zone", "list"]).success());
    assert!(!out.contains('\u{1b}') && out.lines().count() == 2, "{out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn timings_go_to_stderr_with_a_total() {
    let manager = Manager::start().await;
    let assert = manager.run(&["zone", "list", "--timings", "-q"]).success();
    let err = stderr(&assert);
    assert!(err.contains("listZones ") && err.contains("total "), "{err}");
    assert_eq!(stdout(&assert).lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn debug_shows_requests_and_answers_without_secrets() {
    let manager = Manager::start().await;
    let answer = json!({"user": {"apikey": "api-key-7", "secretkey": "hush-hush"}});
    manager.answers("createUser", 200, answer);
    let assert =
        manager.run(&["api", "createUser", "password=pass-3", "--unchecked", "--debug"]).success();
    let err = stderr(&assert);
    assert!(
        err.contains("POST") && err.contains("createUser") && err.contains("status=200"),
        "{err}"
    );
    for secret in ["pass-3", "s3cret-2", "api-key-1", "hush-hush", "api-key-7"] {
        assert!(!err.contains(secret), "{secret} in {err}");
    }
    assert!(stdout(&assert).contains("hush-hush")); // what was asked for is printed
}
