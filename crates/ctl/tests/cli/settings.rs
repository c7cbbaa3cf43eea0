//! Settings, and what needs no manager.

use crate::manager::{Manager, hostler, stderr, stdout};

#[test]
fn env_shows_where_each_setting_came_from_and_no_secret() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), "[profiles.lab]\nsecret_key = 'hush'\n")
        .unwrap();
    let assert = hostler(&["env", "--profile", "lab", "--timeout", "0.5", "-o", "csv"])
        .env("HOSTLER_CONFIG_DIR", home.path())
        .env("HOSTLER_API_KEY", "key-1")
        .assert()
        .success();
    let out = stdout(&assert);
    for line in [
        "endpoint,http://127.0.0.1:8080/client/api,default",
        "api_key,***,environment HOSTLER_API_KEY",
        "timeout,0.5,command line",
        "profile,lab,command line",
    ] {
        assert!(out.lines().any(|found| found == line), "{line} in {out}");
    }
    assert!(
        out.contains("config.toml [lab]") && !out.contains("hush") && !out.contains("key-1"),
        "{out}"
    );
}

#[test]
fn without_keys_the_error_says_what_to_set() {
    let err = stderr(&hostler(&["zone", "list"]).assert().code(1));
    assert!(err.starts_with("ERROR: no API key") && err.contains("HOSTLER_API_KEY"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_api_is_one_line_with_the_request_and_no_backtrace() {
    let manager = Manager::start().await;
    let mut command = manager.hostler(&["zone", "list"]);
    let assert =
        command.env("HOSTLER_SECRET_KEY", "wrong").env("RUST_BACKTRACE", "1").assert().code(1);
    assert_eq!(
        stderr(&assert),
        "ERROR: unable to verify user credentials and/or request signature (error 401 from listZones, request r-9)\n"
    );
    assert_eq!(stdout(&assert), "");
}

#[test]
fn a_manager_that_is_not_there_is_named() {
    let mut command = hostler(&["zone", "create", "x", "--endpoint", "http://127.0.0.1:9"]);
    let assert =
        command.env("HOSTLER_API_KEY", "k").env("HOSTLER_SECRET_KEY", "s").assert().code(1);
    let err = stderr(&assert);
    assert!(err.contains("cannot talk to http://127.0.0.1:9/client/api"), "{err}");
}

#[test]
fn help_needs_no_manager_and_no_settings() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), "this is no TOML").unwrap();
    for arguments in [&["--help"][..], &["help", "volume", "attach"], &["vm", "scale", "--help"]] {
        hostler(arguments).env("HOSTLER_CONFIG_DIR", home.path()).assert().success();
    }
}

#[test]
fn completion_scripts_ask_the_program() {
    for shell in ["bash", "zsh", "fish"] {
        let out = stdout(&hostler(&["completion", shell]).assert().success());
        assert!(out.contains("COMPLETE=") && out.contains("hostler"), "{shell}");
    }
}
