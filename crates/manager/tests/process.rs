//! `hostler-manager` as a process: its arguments, its first start, its end.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn manager(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hostler-manager"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = manager(arguments).output().unwrap();
    (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// A manager on ports of its own choice.
struct Running {
    child: Child,
    log: String,
}

impl Running {
    /// Starts it and waits until it says that it is ready.
    fn start(state: &Path) -> Self {
        let state = state.to_str().unwrap();
        let mut child = manager(&["--state-dir", state, "--api-listen", "127.0.0.1:0"])
            .args(["--agent-listen", "127.0.0.1:0", "--log", "info"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        while !log.contains("the manager is ready") {
            assert!(lines.read_line(&mut log).unwrap() > 0, "it ended: {log}");
        }
        child.stderr = Some(lines.into_inner());
        Self { child, log }
    }

    /// Asks it to end, and says how it did.
    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_its_version() {
    let (code, text) = run(&["--version"]);
    assert_eq!(
        (code, text.trim()),
        (Some(0), concat!("hostler-manager ", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn a_wrong_configuration_is_named_and_is_exit_code_66() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("manager.toml");
    let path = file.to_str().unwrap();
    fs::write(&file, "log = 'info'\nagent_listen = 'port 8250'\n").unwrap();
    let (code, text) = run(&["--config", path, "--check-config"]);
    assert_eq!(code, Some(66), "{text}");
    assert!(text.contains("line 2") && text.contains("agent_listen"), "{text}");
    fs::write(&file, "log = 'info'\nagent_listn = 'x'\n").unwrap();
    let (code, text) = run(&["--config", path, "--check-config"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("agent_listn"), "{text}");
}

#[test]
fn a_taken_port_is_said_and_ends_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let flags = ["--state-dir", state, "--api-listen", "127.0.0.1:0", "--agent-listen", &address];
    let (code, text) = run(&flags);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&address) && text.contains("is another manager running?"), "{text}");
}

#[test]
fn the_first_start_makes_everything_and_the_second_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let first = Running::start(&state);
    assert!(!first.log.contains("secret"), "{}", first.log);
    assert_eq!(first.terminate(), Some(0));
    let mode = |name: &str| fs::metadata(state.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("."), mode("pki"), mode("pki/ca.key"), mode("admin.env")),
        (0o700, 0o700, 0o600, 0o600)
    );
    assert_eq!(mode("image-worker/pki/agent.key"), 0o600);
    let read = |name: &str| fs::read_to_string(state.join(name)).unwrap();
    let files = ["pki/ca.crt", "pki/manager.crt", "image-worker/pki/agent.crt"];
    let before = files.map(read);
    let keys = |text: String| -> Vec<String> {
        text.lines().filter(|l| l.contains("KEY=")).map(str::to_owned).collect()
    };
    let keys_before = keys(read("admin.env"));
    assert_eq!(keys_before.len(), 2);
    assert_eq!(Running::start(&state).terminate(), Some(0));
    assert_eq!(files.map(read), before);
    assert_eq!(keys(read("admin.env")), keys_before);
}

#[test]
fn a_backup_of_a_manager_that_runs_is_restored_into_a_new_directory_with_its_authority_and_keys() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (state, file, again) = (at("state"), at("cloud.backup"), at("again"));
    let manager = Running::start(Path::new(&state));
    let (code, log) = run(&["--state-dir", &state, "backup", &file]);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(manager.terminate(), Some(0));
    let (code, log) = run(&["--state-dir", &state, "restore", &file]);
    assert!(code == Some(1) && log.contains("there is a record already"), "{log}");
    let (code, log) = run(&["--state-dir", &again, "restore", &file]);
    assert_eq!(code, Some(0), "{log}");
    for name in ["pki/ca.key", "pki/ca.crt", "image-worker/pki/agent.key"] {
        let read = |state: &str| fs::read(Path::new(state).join(name)).unwrap();
        assert_eq!(read(&again), read(&state), "{name}");
    }
    let key = fs::metadata(Path::new(&again).join("pki/ca.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    assert_eq!(Running::start(Path::new(&again)).terminate(), Some(0));
}
