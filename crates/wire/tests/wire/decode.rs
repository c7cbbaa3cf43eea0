//! The program `decode`: captured frames as JSON.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::golden;

fn decode(bytes: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_decode"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_capture_is_shown_one_frame_a_line_without_secrets() {
    let goldens = golden::all();
    let of = |name: &str| &goldens.iter().find(|(_, path, _)| path.ends_with(name)).unwrap().2;
    let output = decode(&[&of("request-start.hex")[..], of("ping.hex")].concat());
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let vm = &lines[0]["message"]["Request"][0]["command"]["Start"]["vm"];
    assert_eq!(vm["vnc"]["password"], "***");
    assert!(lines[1]["message"]["Ping"].is_object());
}

#[test]
fn what_is_no_frame_ends_the_program_with_a_reason() {
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 0]] {
        let output = decode(bytes);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("decode: "));
    }
}
