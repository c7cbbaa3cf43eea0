//! The reference pages in `docs/api`: one for each folder of commands, made from what `listApis` answers.
//!
//! `HOSTLER_WRITE_PAGES=1 cargo test -p hostler-tests --test conformance pages` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hostler_model::AccountType;
use hostler_tests::http::tenant;
use hostler_tests::many::World;
use serde_json::Value;

/// What stands at the top of every page.
const INTRODUCTION: &str = "Made from the declarations in `crates/manager/src/api/commands`, which `listApis` shows too. \
How requests and answers look is told in [The HTTP API](../api.md).";

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The folder in which each command is declared.
fn folders() -> BTreeMap<String, String> {
    let commands = project().join("crates/manager/src/api/commands");
    let mut found = BTreeMap::new();
    for folder in std::fs::read_dir(&commands).unwrap().map(|entry| entry.unwrap().path()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(&folder).into_iter().flatten() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
            for line in text.lines().filter(|line| line.contains(" struct ")) {
                if let Some(command) = line.split('"').nth(1) {
                    found.insert(command.to_owned(), name.clone());
                }
            }
        }
    }
    found
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

/// A sentence of a description, with its full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().replace('\n', " ").replace('<', "&lt;");
    if text.ends_with('.') { text } else { format!("{text}.") }
}

/// Who may call what.
struct Callers {
    domain_admins: BTreeSet<String>,
    users: BTreeSet<String>,
}

impl Callers {
    fn of(&self, command: &str) -> &'static str {
        match (self.users.contains(command), self.domain_admins.contains(command)) {
            (true, true) => "everybody",
            (true, false) => "users and root administrators",
            (false, true) => "administrators",
            (false, false) => "root administrators",
        }
    }
}

/// Where the fields of an answer are shown: page and command, by the fields.
type Shown = BTreeMap<String, (String, String)>;

fn section(api: &Value, page: &str, callers: &Callers, shown: &mut Shown) -> String {
    let name = text(api, "name");
    let answers = if api["isasync"] == true { "Answers with a job." } else { "Answers at once." };
    let mut out = format!(
        "## {name}\n\n{} {answers} For {}.\n\n",
        sentence(text(api, "description")),
        callers.of(name)
    );
    let params = api["params"].as_array().unwrap();
    if !params.is_empty() {
        out.push_str("| parameter | type | needed | |\n| --- | --- | --- | --- |\n");
        for param in params {
            let needed = if param["required"] == true { "yes" } else { "" };
            let about = cell(text(param, "description"));
            let _ = writeln!(
                out,
                "| `{}` | {} | {needed} | {about} |",
                text(param, "name"),
                text(param, "type")
            );
        }
        out.push('\n');
    }
    let fields = api["response"].as_array().unwrap();
    let key = api["response"].to_string();
    if let Some((other, command)) = shown.get(&key) {
        let file = if other == page { String::new() } else { format!("{other}.md") };
        let anchor = command.to_lowercase();
        let _ = writeln!(out, "The answer has the fields of [{command}]({file}#{anchor}).\n");
        return out;
    }
    shown.insert(key, (page.to_owned(), name.to_owned()));
    out.push_str("| field of the answer | type | |\n| --- | --- | --- |\n");
    for field in fields {
        let about = cell(text(field, "description"));
        let _ = writeln!(out, "| `{}` | {} | {about} |", text(field, "name"), text(field, "type"));
    }
    out.push('\n');
    out
}

/// Every page by its name, the table of contents among them.
fn pages(apis: &[Value], callers: &Callers) -> BTreeMap<String, String> {
    let folders = folders();
    let mut by_folder: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for api in apis {
        let folder = folders.get(text(api, "name")).map_or("session", String::as_str);
        by_folder.entry(folder).or_default().push(api);
    }
    let mut pages = BTreeMap::new();
    let mut index =
        format!("# Commands of the API\n\n{INTRODUCTION}\n\n| page | commands |\n| --- | --- |\n");
    for (folder, mut apis) in by_folder {
        // lists first: they show the fields that the others refer to
        apis.sort_by_key(|api| (!text(api, "name").starts_with("list"), text(api, "name")));
        let mut shown = Shown::new();
        let sections: Vec<String> =
            apis.iter().map(|api| section(api, folder, callers, &mut shown)).collect();
        let page = format!("# Commands: {folder}\n\n{INTRODUCTION}\n\n{}", sections.concat());
        pages.insert(format!("{folder}.md"), page.trim_end().to_owned() + "\n");
        let names: Vec<String> = apis
            .iter()
            .map(|api| {
                let name = text(api, "name");
                format!("[{name}]({folder}.md#{})", name.to_lowercase())
            })
            .collect();
        let _ = writeln!(index, "| [{folder}]({folder}.md) | {} |", names.join(", "));
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

#[tokio::test]
async fn the_reference_pages_show_every_command_as_it_is_declared() {
    let world = World::new().await.unwrap();
    let store = &world.manager.context.store;
    let address = world.admin.address;
    let apis = world.admin.ok("listApis", &[]).await["api"].as_array().unwrap().clone();
    let names = async |path: &str, name: &str, kind| {
        let api = tenant(store, address, path, name, kind).await.unwrap();
        let apis = api.ok("listApis", &[]).await["api"].as_array().unwrap().clone();
        apis.iter().map(|api| text(api, "name").to_owned()).collect::<BTreeSet<_>>()
    };
    let callers = Callers {
        domain_admins: names("ROOT/d", "d", AccountType::DomainAdmin).await,
        users: names("ROOT/d", "u", AccountType::User).await,
    };
    let folder = project().join("docs/api");
    let pages = pages(&apis, &callers);
    if std::env::var_os("HOSTLER_WRITE_PAGES").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, page) in &pages {
            std::fs::write(folder.join(name), page).unwrap();
        }
    }
    let is_new = |(name, page): &(&String, &String)| {
        std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(*page)
    };
    let stale: Vec<_> = pages.iter().filter(is_new).map(|(name, _)| name).collect();
    let there = std::fs::read_dir(&folder).into_iter().flatten();
    let there = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = there.filter(|name| !pages.contains_key(name)).collect();
    assert!(
        stale.is_empty() && left.is_empty(),
        "stale: {stale:?}, left over: {left:?}; write them anew: \
         HOSTLER_WRITE_PAGES=1 cargo test -p hostler-tests --test conformance pages"
    );
}
