//! What may be said only in some places: libvirt, bincode, SQL, HTTP, clocks, sleeping, printing.

use crate::none;
use crate::source::{Source, has_word};
use crate::tree::{product, read, sources};

/// Where `word` stands in code outside `homes` (beginnings of paths), tests left out.
fn outside(word: &str, homes: &[&str]) -> Vec<String> {
    let files = product().filter(|s| !homes.iter().any(|home| s.path.starts_with(home)));
    files.flat_map(|s| in_file(s, word)).collect()
}

fn in_file(source: &Source, word: &str) -> Vec<String> {
    let lines = source.product_lines().filter(|(_, line)| has_word(line, word));
    lines.map(|(line, _)| format!("{}: {word}", source.at(line))).collect()
}

/// The same in tests too.
fn anywhere(word: &str, homes: &[&str]) -> Vec<String> {
    let files = sources().iter().filter(|s| !homes.iter().any(|home| s.path.starts_with(home)));
    let hits = files.flat_map(|s| {
        let lines = s.code.iter().enumerate().filter(|(_, line)| has_word(line, word));
        lines.map(|(at, _)| format!("{}: {word}", s.at(at + 1))).collect::<Vec<_>>()
    });
    hits.collect()
}

#[test]
fn libvirt_is_spoken_to_only_in_the_agents_hypervisor_folder() {
    none(&anywhere("virt::", &["crates/agent/src/hypervisor/"]));
}

#[test]
fn unsafe_code_is_only_where_libvirts_c_library_is_called() {
    const HOMES: &[&str] = &[
        "crates/agent/src/hypervisor/libvirt/checked.rs",
        "crates/wire/tests/memory.rs", // an allocator that counts, to prove that lengths take no memory
        "tests/system/seeds/machine.rs", // the C library's clock and chance, taken over for a simulation
    ];
    none(&anywhere("unsafe ", HOMES));
}

#[test]
fn bincode_is_known_to_the_codec_alone() {
    none(&anywhere("bincode::", &["crates/wire/src/codec.rs"]));
}

#[test]
fn sqlite_is_known_to_the_store_alone() {
    // Tests of whole systems may look into a database, and spoil one.
    none(&outside("rusqlite::", &["crates/store/"]));
}

#[test]
fn http_servers_are_only_in_the_api_and_in_the_image_worker() {
    // The image worker serves templates to hosts by HTTP: a second, small server.
    none(&outside(
        "axum::",
        &["crates/manager/src/api/http", "crates/secondary-storage/src/serve"],
    ));
}

#[test]
fn ssh_is_known_to_one_file() {
    none(&outside("russh::", &["crates/manager/src/onboarding/ssh.rs"]));
}

#[test]
fn ldap_is_known_to_one_folder() {
    none(&outside("ldap3::", &["crates/manager/src/ldap/"]));
}

#[test]
fn sql_is_only_in_the_store() {
    const BEGINNINGS: &[&str] = &[
        "SELECT ",
        "INSERT INTO ",
        "INSERT OR ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "CREATE INDEX ",
        "ALTER TABLE ",
        "DROP TABLE ",
        "PRAGMA ",
        "BEGIN IMMEDIATE",
        "WITH RECURSIVE ",
    ];
    let mut found = Vec::new();
    for source in product().filter(|s| !s.path.starts_with("crates/store/")) {
        for (line, text) in source.product_texts() {
            if BEGINNINGS.iter().any(|sql| text.trim_start().starts_with(sql)) {
                found.push(format!("{}: {}", source.at(line), text.trim_start()));
            }
        }
    }
    none(&found);
}

#[test]
fn what_only_computes_reads_no_clock_no_file_no_socket_and_draws_no_random_number() {
    const PURE: &[&str] = &[
        "crates/model/src/",
        "crates/scheduler/src/",
        "crates/wire/src/",
        "crates/query-api/src/",
        "crates/agent/src/domain_xml/",
        "crates/manager/src/orchestration/vm/spec.rs",
    ];
    const IMPURE: &[&str] = &[
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "new_v4",
        "now_v7",
        "std::fs",
        "std::net::Tcp",
        "std::net::Udp",
        "std::process",
        "std::env",
        "std::thread",
        "rand::",
        "tokio::",
        "tracing::",
        "std::io::stdin",
    ];
    let mut found = Vec::new();
    let libraries = product().filter(|s| !s.path.contains("/src/bin/"));
    for source in libraries.filter(|s| PURE.iter().any(|pure| s.path.starts_with(pure))) {
        found.extend(IMPURE.iter().flat_map(|word| in_file(source, word)));
    }
    none(&found);
}

#[test]
fn an_api_command_never_speaks_to_an_agent() {
    const SAYING: &[&str] = &["agents.call", "agents.settle", "agents.deliver", ".call_batch("];
    let mut found = Vec::new();
    for source in product().filter(|s| s.path.starts_with("crates/manager/src/api/")) {
        // a chain of calls may be broken into lines: look at each line together with the one before
        let lines: Vec<(usize, &str)> = source.product_lines().collect();
        for (at, (line, code)) in lines.iter().enumerate() {
            let before = at.checked_sub(1).map_or("", |at| lines[at].1);
            let here = [before.trim(), code.trim()].concat();
            if SAYING.iter().any(|word| here.contains(word) && !before.contains(word)) {
                found.push(format!("{}: {}", source.at(*line), code.trim()));
            }
        }
        let wire = in_file(source, "hostler_wire::");
        found.extend(wire.into_iter().filter(|_| !only_secrets(source)));
    }
    none(&found);
}

/// Whether all that a file takes from the protocol is the type that hides what it holds.
fn only_secrets(source: &Source) -> bool {
    let mut lines = source.product_lines().filter(|(_, line)| line.contains("hostler_wire::"));
    lines.all(|(_, line)| line.contains("hostler_wire::Secret"))
}

#[test]
fn the_database_is_never_held_while_something_is_awaited() {
    // The store's transactions are closures without `async`; this keeps it so.
    const HOMES: &[&str] = &["crates/store/src/connection.rs", "crates/store/src/threads.rs"];
    let files = product().filter(|s| s.path.starts_with("crates/store/src/"));
    let mut found = Vec::new();
    for source in files.filter(|s| !HOMES.contains(&s.path.as_str())) {
        found.extend(in_file(source, "async "));
        let lines = source.product_lines().filter(|(_, line)| line.contains(".await"));
        found.extend(lines.map(|(line, _)| source.at(line)));
    }
    none(&found);
}

/// Where a program may wait for time to pass, once in each file, and why no event would do.
const MAY_WAIT: &[(&str, &str)] = &[
    (
        "crates/agent/src/connection/mod.rs",
        "the pause before connecting again, which ending interrupts",
    ),
    ("crates/client/src/job.rs", "the API can only be asked how a job stands"),
    ("crates/client/src/layers/retry.rs", "the pause before asking again"),
    ("crates/ctl/src/commands/job.rs", "the API can only be asked how a job stands"),
    ("crates/ctl/src/context.rs", "which step a job is in can only be asked"),
    ("crates/ctl/src/commands/template.rs", "the API can only be asked how a download stands"),
    ("crates/manager/src/agents/link.rs", "an order's time limit"),
    (
        "crates/manager/src/agents/listener.rs",
        "accepting fails for want of files; others must close theirs first",
    ),
    ("crates/manager/src/agents/session.rs", "a link that stays silent is closed"),
    ("crates/manager/src/jobs/engine.rs", "the pause between attempts to undo"),
    ("crates/manager/src/jobs/step.rs", "the pause before an agent is asked again"),
    ("crates/manager/src/onboarding/kvm.rs", "the pause before an SSH command is tried again"),
    ("crates/manager/src/onboarding/mod.rs", "the pause before a name is looked up again"),
    ("crates/secondary-storage/src/send.rs", "the pause before a broken transfer goes on"),
    ("crates/secondary-storage/src/serve.rs", "the time that transfers get to end"),
    ("crates/secondary-storage/src/serve/listener.rs", "accepting fails for want of files"),
    ("crates/secondary-storage/src/transfer.rs", "the pause before a broken download goes on"),
    ("crates/simulator/src/pause.rs", "a simulation takes time, and looks at another process"),
];

#[test]
fn nothing_sleeps_where_an_event_could_be_waited_for() {
    let mut found = [outside("sleep(", &[]), outside("sleep_until(", &[])].concat();
    for (path, _) in MAY_WAIT {
        if let Some(at) = found.iter().position(|hit| hit.starts_with(&format!("{path}:"))) {
            found.remove(at);
        }
    }
    none(&found);
}

#[test]
fn every_exception_for_sleeping_is_still_needed() {
    let idle =
        MAY_WAIT.iter().filter(|(path, _)| read(path).is_some_and(|text| !text.contains("sleep")));
    none(&idle.map(|(path, why)| format!("{path}: {why}")).collect::<Vec<_>>());
}

#[test]
fn no_thread_sleeps_not_even_in_tests() {
    none(&anywhere("thread::sleep", &[]));
}

#[test]
fn nothing_prints_but_programs() {
    const PROGRAMS: &[&str] = &["crates/ctl/", "crates/simulator/"];
    let mut found = Vec::new();
    for word in ["println!", "print!", "eprintln!", "eprint!", "dbg!"] {
        let hits = outside(word, PROGRAMS);
        found.extend(
            hits.into_iter()
                .filter(|hit| !hit.contains("/src/main.rs:") && !hit.contains("/src/bin/")),
        );
    }
    none(&found);
}
