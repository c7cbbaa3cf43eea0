//! Wrong usage, help, and plug-ins.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::manager::{Manager, hostler, stderr, stdout};

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [
        &["--timeout", "0", "zone", "list"][..],
        &["--timeout", "-1", "zone", "list"],
        &["--timeout", "abc", "zone", "list"],
        &["zone", "list", "--outp", "json"], // no abbreviations
        &["zone", "list", "-o", "yaml"],
        &["vm", "start"],
        &["zone"],
        &[],
    ] {
        let assert = hostler(arguments).assert().code(2);
        assert_ne!(stderr(&assert), "", "{arguments:?}");
        assert_eq!(stdout(&assert), "", "{arguments:?}");
    }
}

#[test]
fn an_unknown_command_names_the_nearest() {
    let err = stderr(&hostler(&["zonee", "list"]).assert().code(2));
    assert!(err.contains("'zonee'") && err.contains("'zone'"), "{err}");
}

#[test]
fn help_is_the_same_however_it_is_asked_for() {
    let long = stdout(&hostler(&["vm", "deploy", "--help"]).assert().success());
    let help = stdout(&hostler(&["help", "vm", "deploy"]).assert().success());
    assert_eq!(long, help);
    assert!(long.contains("--user-data <FILE>"), "{long}");
    assert!(stdout(&hostler(&["--version"]).assert().success()).starts_with("hostler "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_the_command_lacks_is_refused_before_anything_is_sent() {
    let manager = Manager::start().await;
    let apis = json!({"count": 1, "api": [{"name": "createServiceOffering", "params": [{"name": "name"}, {"name": "serviceofferingdetails"}]}]});
    manager.answers("listApis", 200, apis);
    manager.answers(
        "createServiceOffering",
        200,
        json!({"serviceoffering": {"id": "z", "name": "x"}}),
    );
    let err = stderr(&manager.run(&["api", "createServiceOffering", "nmae=x"]).code(2));
    assert!(
        err.contains(
            "createServiceOffering has no parameter nmae; it has: name, serviceofferingdetails"
        ),
        "{err}"
    );
    assert!(manager.calls("createServiceOffering").await.is_empty());
    let out = stdout(
        &manager
            .run(&[
                "api",
                "createServiceOffering",
                "name=x",
                "serviceofferingdetails[0].a=b=c",
                "-o",
                "value",
            ])
            .success(),
    );
    assert_eq!(out, "z\nx\n");
    assert_eq!(
        manager.calls("createServiceOffering").await[0].1.get("serviceofferingdetails[0].a"),
        Some("b=c")
    );
}

#[test]
fn a_program_named_hostler_something_is_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("hostler-greet");
    std::fs::write(&plugin, "#!/bin/sh\necho \"hello $*\"\nexit 3\n").unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |arguments: &[&str]| hostler(arguments).env("PATH", folder.path()).assert();
    assert_eq!(stdout(&run(&["greet", "you", "--all"]).code(3)), "hello you --all\n");
    run(&["meet"]).code(2);
    run(&["vm", "greet"]).code(2);
}
