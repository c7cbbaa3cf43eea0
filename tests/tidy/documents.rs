//! Pages, migrations and decision records: numbered without gaps, linked to things that exist.

use std::path::{Component, Path, PathBuf};

use crate::none;
use crate::tree::{files, is_kind, read, root};

/// The numbered files of a folder, in their order.
fn numbered<'a>(folder: &'a str, ending: &'a str) -> Vec<(u32, &'static str)> {
    let names = files().iter().filter_map(|path| path.strip_prefix(folder));
    let names = names.filter(|name| name.ends_with(ending) && !name.contains('/'));
    names.map(|name| (name.get(..4).and_then(|n| n.parse().ok()).unwrap_or(0), name)).collect()
}

fn gaps(folder: &str, ending: &str) -> Vec<String> {
    let all = numbered(folder, ending);
    assert!(!all.is_empty(), "nothing in {folder}");
    let wrong = (1u32..).zip(&all).filter(|(wanted, (number, _))| wanted != number);
    wrong.map(|(wanted, (_, name))| format!("{folder}{name}: {wanted:04} was to come")).collect()
}

#[test]
fn migrations_are_numbered_without_gaps_and_every_one_is_run() {
    let folder = "crates/store/src/migrations/";
    let mut found = gaps(folder, ".sql");
    let list = read("crates/store/src/migrate.rs").expect("the list of migrations");
    for (_, name) in numbered(folder, ".sql") {
        if !list.contains(&format!("migrations/{name}")) {
            found.push(format!("{folder}{name}: never run"));
        }
    }
    none(&found);
}

#[test]
fn decision_records_are_numbered_without_gaps_and_have_their_three_parts() {
    let folder = "docs/decisions/";
    let mut found = gaps(folder, ".md");
    for (number, name) in numbered(folder, ".md") {
        let text = read(&format!("{folder}{name}")).unwrap_or_default();
        if !text.starts_with(&format!("# {number:04} ")) {
            found.push(format!("{folder}{name}:1: the heading is not its number and its sentence"));
        }
        for part in ["## Context", "## Decision", "## Consequences"] {
            if !text.lines().any(|line| line == part) {
                found.push(format!("{folder}{name}: no {part}"));
            }
        }
    }
    none(&found);
}

/// The pages that people read.
fn pages() -> impl Iterator<Item = (&'static String, String)> {
    let pages = files().iter().filter(|path| is_kind(path, "md"));
    pages.filter_map(|path| Some((path, read(path)?)))
}

/// The goals of `[text](goal)` in a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(move |(at, _)| {
        let rest = &line[at + 2..];
        rest.split([')', ' ']).next()
    })
}

/// `a/b/../c` as `a/c`, without asking the file system.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                flat.pop();
            }
            Component::CurDir => {}
            other => flat.push(other),
        }
    }
    flat
}

/// A heading as the name by which links call it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut found = Vec::new();
    for (path, text) in pages() {
        let mut in_block = false;
        for (at, line) in text.lines().enumerate() {
            in_block ^= line.trim_start().starts_with("```");
            if in_block {
                continue;
            }
            for goal in
                links(line).filter(|goal| !goal.contains("://") && !goal.starts_with("mailto:"))
            {
                let (file, part) = goal.split_once('#').unwrap_or((goal, ""));
                let folder = Path::new(path).parent().unwrap_or(Path::new(""));
                let target =
                    if file.is_empty() { PathBuf::from(path) } else { flat(&folder.join(file)) };
                if !root().join(&target).exists() {
                    found.push(format!("{path}:{}: {goal} is not there", at + 1));
                } else if !part.is_empty() {
                    let target = read(&target.to_string_lossy()).unwrap_or_default();
                    let headings = target.lines().filter(|line| line.starts_with('#'));
                    if !headings.map(anchor).any(|name| name == part) {
                        found.push(format!("{path}:{}: {goal} has no such heading", at + 1));
                    }
                }
            }
        }
    }
    none(&found);
}

/// The blocks of a page that say from which file they are: the line of the fence, that file, and the lines of the block.
fn excerpts(page: &str) -> Vec<(usize, String, String)> {
    let (mut found, mut open): (Vec<_>, Option<(usize, String, String)>) = (Vec::new(), None);
    for (number, line) in (1..).zip(page.lines()) {
        match &mut open {
            Some(_) if line == "```" => found.extend(open.take()),
            Some((_, _, text)) => text.extend([line, "\n"]),
            None => {
                let file = line.strip_prefix("```rust ").map(str::to_owned);
                open = file.map(|file| (number, file, String::new()));
            }
        }
    }
    found
}

#[test]
fn every_excerpt_on_a_page_stands_in_the_file_that_it_names() {
    let (mut wrong, mut held) = (Vec::new(), 0);
    for (path, page) in pages() {
        for (line, file, excerpt) in excerpts(&page) {
            held += 1;
            if !read(&file).is_some_and(|text| text.contains(&excerpt)) {
                wrong.push(format!("{path}:{line}: {file} has no such lines"));
            }
        }
    }
    assert!(held >= 5, "{held}");
    none(&wrong);
}

#[test]
fn every_page_is_reached_from_the_readme_or_the_map() {
    let index = [
        "README.md",
        "docs/ARCHITECTURE.md",
        "docs/CONTRIBUTING.md",
        "docs/api/README.md",
        "docs/decisions/0001-decisions-are-written-down.md",
    ];
    let said: String = index.iter().filter_map(|path| read(path)).collect();
    let lost = pages().filter(|(path, _)| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        // a link to a folder leads to all that is in it
        let is_reached = said.contains(name) || said.contains(&format!("]({folder}/)"));
        path.starts_with("docs/") && !path.starts_with("docs/decisions/") && !is_reached
    });
    none(&lost.map(|(path, _)| path.clone()).collect::<Vec<_>>());
}

#[test]
fn no_file_names_a_directory_of_somebodys_machine() {
    // put together here, so that this file does not name them either
    let machines =
        [["/wo", "rk/"].concat(), ["/tmp/br", "ief"].concat(), ["/root/.ca", "rgo"].concat()];
    let mut found = Vec::new();
    for path in files() {
        let Some(text) = read(path) else { continue };
        for (at, line) in text.lines().enumerate() {
            let named = machines.iter().any(|machine| {
                line.match_indices(machine.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "._-}*~".contains(c))
                })
            });
            if named {
                found.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    none(&found);
}
