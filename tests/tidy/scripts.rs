//! How shell scripts begin. Not here: what shellcheck finds.

use crate::none;
use crate::tree::{files, read};

const FOLDERS: &[&str] = &["tests/", "agent-scripts/", ".ci/"];

/// Scripts that do not end at the first failure, and why.
const GO_ON: &[(&str, &str)] = &[
    (".ci/run", "only hands over to another"),
    ("agent-scripts/hostler-agent-respawn", "outlives what it starts"),
    ("agent-scripts/hostler-agent.init", "an init script answers with a status of its own"),
    ("agent-scripts/preflight", "tells each lack by an exit code of its own"),
    ("agent-scripts/setup-agent", "tells each failure by an exit code of its own, after undoing"),
    ("tests/lab/parts/init", "process 1 of a lab host: it may never end"),
    ("tests/setup-agent/run", "runs every case, whatever became of the one before"),
    ("tests/setup-agent/fake-agent", "stands for a program that fails as it is told"),
];

fn scripts() -> Vec<(String, String)> {
    let mine = files().iter().filter(|p| FOLDERS.iter().any(|folder| p.starts_with(folder)));
    let read = mine.filter_map(|path| Some((path.clone(), read(path)?)));
    read.filter(|(_, text)| text.starts_with("#!") || text.starts_with("# shellcheck shell="))
        .collect()
}

#[test]
fn every_shell_script_is_bash_by_its_first_line() {
    const FIRST: &[&str] = &[
        "#!/bin/bash",
        "#!/usr/bin/env bash",
        "# shellcheck shell=bash",
        "#!/usr/bin/env python3",
    ];
    let others = scripts().into_iter().filter(|(_, text)| {
        !text.lines().next().is_some_and(|line| FIRST.contains(&line.trim_end()))
    });
    none(&others.map(|(path, _)| format!("{path}:1")).collect::<Vec<_>>());
}

#[test]
fn every_shell_script_ends_at_its_first_failure() {
    let careless = scripts().into_iter().filter(|(path, text)| {
        let is_bash = text.starts_with("#!") && !text.starts_with("#!/usr/bin/env python3");
        let excused = GO_ON.iter().any(|(exception, _)| exception == path);
        let strict = text
            .lines()
            .any(|line| line.strip_prefix("set -").is_some_and(|flags| flags.starts_with("eu")));
        is_bash && !excused && !strict
    });
    none(&careless.map(|(path, _)| format!("{path}: no set -eu")).collect::<Vec<_>>());
}

#[test]
fn every_shell_script_says_below_its_first_line_what_it_does() {
    let silent = scripts().into_iter().filter(|(_, text)| {
        let mut lines = text.lines().skip(1).filter(|line| !line.contains("shellcheck"));
        !lines.next().is_some_and(|line| {
            line.starts_with('#') && line.len() > 5 || line.starts_with("\"\"\"")
        })
    });
    none(&silent.map(|(path, _)| format!("{path}:2")).collect::<Vec<_>>());
}
