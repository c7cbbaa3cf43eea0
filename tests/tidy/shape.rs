//! How a source file looks: its opening, its size, its name, and what never stands in one.

use crate::none;
use crate::source::has_word;
use crate::tree::{files, is_kind, product, sources};

/// Lines in a file, tests not counted.
const LIMIT: usize = 600;

#[test]
fn every_file_opens_by_saying_what_lives_in_it() {
    let silent = sources().iter().filter(|s| {
        !s.lines.first().is_some_and(|line| line.starts_with("//!") && line.len() > 10)
    });
    none(&silent.map(|s| s.at(1)).collect::<Vec<_>>());
}

#[test]
fn no_file_is_longer_than_six_hundred_lines_without_its_tests() {
    let long = product().filter_map(|s| {
        let lines = s.product_lines().count();
        (lines > LIMIT).then(|| format!("{}: {lines} lines", s.at(1)))
    });
    none(&long.collect::<Vec<_>>());
}

#[test]
fn no_module_is_a_drawer_for_everything() {
    const DRAWERS: &[&str] = &["common", "util", "utils", "helper", "helpers", "misc", "stuff"];
    let named = files().iter().filter(|path| {
        let is_code =
            is_kind(path, "rs") || is_kind(path, "sh") || path.starts_with("agent-scripts/");
        let mut parts = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        is_code && parts.any(|part| DRAWERS.contains(&part))
    });
    let inline = sources().iter().flat_map(|s| {
        let lines = s.code.iter().enumerate().filter(|(_, line)| {
            DRAWERS.iter().any(|drawer| {
                has_word(line, &format!("mod {drawer} "))
                    || has_word(line, &format!("mod {drawer};"))
            })
        });
        lines.map(|(at, _)| s.at(at + 1)).collect::<Vec<_>>()
    });
    none(&named.cloned().chain(inline).collect::<Vec<_>>());
}

#[test]
fn nothing_unwraps_outside_tests() {
    let mut found = Vec::new();
    for source in product() {
        let lines = source.product_lines();
        let lines =
            lines.filter(|(_, line)| line.contains(".unwrap()") || line.contains(".unwrap_err()"));
        found.extend(lines.map(|(line, _)| source.at(line)));
    }
    none(&found);
}

#[test]
fn every_expectation_says_why_it_cannot_fail() {
    let mut found = Vec::new();
    for source in product() {
        for (line, code) in source.product_lines() {
            let text = source.texts.iter().find(|(at, _)| *at == line || *at == line + 1);
            if code.contains(".expect(") && text.is_some_and(|(_, text)| text.len() < 8) {
                found.push(source.at(line));
            }
        }
    }
    none(&found);
}

#[test]
fn nothing_is_left_to_be_done_later() {
    let mut found = Vec::new();
    for source in sources() {
        for (at, line) in source.code.iter().enumerate() {
            let macros = ["todo!", "unimplemented!"].iter().any(|word| has_word(line, word));
            if macros || line.contains("#[ignore") || line.contains("#![ignore") {
                found.push(format!("{}: {}", source.at(at + 1), line.trim()));
            }
        }
        if source.path.starts_with("tests/tidy/") {
            continue; // it has to name the words
        }
        for (at, line) in source.lines.iter().enumerate() {
            if ["TODO", "FIXME", "XXX"].iter().any(|word| line.contains(&format!("// {word}"))) {
                found.push(format!("{}: {}", source.at(at + 1), line.trim()));
            }
        }
    }
    none(&found);
}

#[test]
fn nothing_is_public_for_tests_only() {
    let mut found = Vec::new();
    for source in product() {
        for (line, code) in source.product_lines() {
            if code.contains("#[doc(hidden)]")
                || has_word(code, "for_tests")
                || has_word(code, "for_testing")
            {
                found.push(format!("{}: {}", source.at(line), code.trim()));
            }
        }
    }
    none(&found);
}

#[test]
fn no_lint_is_silenced_for_a_whole_file() {
    // What is wanted everywhere stands in the root manifest. The one exception: libvirt's C library.
    const EXCEPTION: &str = "crates/agent/src/hypervisor/libvirt/checked.rs";
    let mut found = Vec::new();
    for source in product().filter(|s| s.path != EXCEPTION) {
        let lines = source.product_lines().filter(|(_, line)| line.contains("#![allow("));
        found.extend(lines.map(|(line, code)| format!("{}: {}", source.at(line), code.trim())));
    }
    none(&found);
}
