//! Who may depend on whom, read from the manifests.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::none;
use crate::tree::{files, read};

/// Each crate, and which of our own crates it may depend on. Tests of a crate may see more.
const HOUSE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("scheduler", &["model"]),
    ("query-api", &[]),
    ("store", &["model"]),
    ("manager", &["model", "wire", "scheduler", "query-api", "store"]),
    ("secondary-storage", &["model", "wire"]),
    ("agent", &["model", "wire", "secondary-storage"]),
    ("client", &["query-api"]),
    ("ctl", &["client", "query-api"]),
    ("simulator", &["model", "wire", "agent", "client"]),
    ("test-support", &["model", "wire", "store", "query-api", "manager", "agent", "client"]),
];

/// Crates that only compute, and all that they may depend on.
const PURE: &[(&str, &[&str])] = &[
    ("model", &["ipnet", "serde", "thiserror", "uuid"]),
    ("scheduler", &["serde", "thiserror"]),
    // tokio-util for its codec's traits
    (
        "wire",
        &["bincode", "bytes", "ipnet", "serde", "serde_json", "thiserror", "tokio-util", "uuid"],
    ),
    (
        "query-api",
        &["base64", "hmac", "jiff", "serde", "serde_json", "sha1", "subtle", "thiserror", "uuid"],
    ),
];

/// Crates from outside that only some of ours may know.
const CONFINED: &[(&str, &[&str])] = &[
    ("virt", &["agent"]),
    ("bincode", &["wire"]),
    ("rusqlite", &["store"]),
    ("axum", &["manager", "secondary-storage"]), // the API; the image worker's server
    ("russh", &["manager"]),
    ("rcgen", &["manager"]),
    ("ldap3", &["manager"]),
    ("clap", &["manager", "agent", "ctl", "simulator"]),
    ("anyhow", &["manager", "agent", "ctl", "simulator"]), // only their `main`
];

/// A second of something that is there once.
const UNWANTED: &[(&str, &str)] = &[
    ("openssl", "TLS is rustls"),
    ("native-tls", "TLS is rustls"),
    ("ring", "the provider is aws-lc-rs"),
    ("chrono", "times are jiff's"),
    ("lazy_static", "std::sync::LazyLock does that"),
    ("once_cell", "std::sync::OnceLock does that"),
];

/// The manifests of the workspace's packages. `fuzz/` is a package apart: its tool wants it so.
fn members() -> impl Iterator<Item = &'static String> {
    let manifests = files().iter().filter(|path| path.ends_with("/Cargo.toml"));
    manifests.filter(|path| path.starts_with("crates/") || path.starts_with("tests/"))
}

fn manifest(path: &str) -> Table {
    read(path).unwrap_or_default().parse().unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The crates by the names of their folders.
fn crates() -> BTreeMap<String, Table> {
    let manifests = files().iter().filter_map(|path| {
        let name = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        (!name.contains('/')).then(|| (name.to_owned(), manifest(path)))
    });
    let crates: BTreeMap<_, _> = manifests.collect();
    assert!(crates.len() >= 10, "crates are missing: {:?}", crates.keys());
    crates
}

/// What a crate depends on, wherever its manifest says so; not what only its tests need.
fn dependencies(manifest: &Table) -> Vec<String> {
    let mut tables = vec![manifest];
    if let Some(Value::Table(targets)) = manifest.get("target") {
        tables.extend(targets.values().filter_map(Value::as_table));
    }
    let mut names = Vec::new();
    for table in tables {
        for kind in ["dependencies", "build-dependencies"] {
            if let Some(Value::Table(these)) = table.get(kind) {
                names.extend(these.keys().cloned());
            }
        }
    }
    names
}

#[test]
fn our_crates_depend_on_each_other_only_as_the_plan_of_the_house_says() {
    let mut found = Vec::new();
    for (name, manifest) in crates() {
        let Some((_, may)) = HOUSE.iter().find(|(crate_, _)| *crate_ == name) else {
            found.push(format!(
                "crates/{name}: not in the plan; who may know it, and whom may it know?"
            ));
            continue;
        };
        for other in dependencies(&manifest) {
            if let Some(other) = other.strip_prefix("hostler-")
                && !may.contains(&other)
            {
                found.push(format!("crates/{name}/Cargo.toml: depends on {other}"));
            }
        }
    }
    none(&found);
}

#[test]
fn the_agent_knows_no_store_no_scheduler_and_no_query_api_and_the_manager_no_libvirt() {
    let never: [(&str, &[&str]); 3] = [
        ("agent", &["hostler-store", "hostler-scheduler", "hostler-query-api", "hostler-manager"]),
        ("manager", &["virt", "hostler-agent", "hostler-secondary-storage"]),
        ("wire", &["hostler-store", "hostler-manager", "hostler-agent"]),
    ];
    let crates = crates();
    let mut found = Vec::new();
    for (name, others) in never {
        let has = dependencies(&crates[name]);
        found.extend(
            others
                .iter()
                .filter(|other| has.iter().any(|d| d == *other))
                .map(|other| format!("crates/{name}/Cargo.toml: depends on {other}")),
        );
    }
    none(&found);
}

#[test]
fn a_pure_crate_depends_on_nothing_that_does_io() {
    let crates = crates();
    let mut found = Vec::new();
    for (name, may) in PURE {
        let others = dependencies(&crates[*name]);
        let others = others.iter().filter(|other| !other.starts_with("hostler-"));
        found.extend(
            others
                .filter(|other| !may.contains(&other.as_str()))
                .map(|other| format!("crates/{name}/Cargo.toml: depends on {other}")),
        );
    }
    none(&found);
}

#[test]
fn libvirt_bincode_sqlite_http_and_ssh_each_have_one_home() {
    let mut found = Vec::new();
    for (name, manifest) in crates() {
        for other in dependencies(&manifest) {
            let home = CONFINED.iter().find(|(crate_, _)| *crate_ == other);
            if home.is_some_and(|(_, homes)| !homes.contains(&name.as_str())) {
                found.push(format!("crates/{name}/Cargo.toml: depends on {other}"));
            }
        }
    }
    none(&found);
}

#[test]
fn versions_stand_once_in_the_root_manifest() {
    let mut found = Vec::new();
    for path in members() {
        let manifest = manifest(path);
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(Value::Table(these)) = manifest.get(kind) else { continue };
            for (name, value) in these {
                if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                    found.push(format!("{path}: {name} does not come from the workspace"));
                }
            }
        }
    }
    none(&found);
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    let without = members().filter(|path| {
        let manifest = manifest(path);
        let lints = manifest.get("lints").and_then(|l| l.get("workspace"));
        lints.and_then(Value::as_bool) != Some(true)
    });
    none(&without.map(|path| format!("{path}: no [lints] workspace = true")).collect::<Vec<_>>());
}

#[test]
fn nothing_is_depended_on_twice_under_two_names() {
    let root = manifest("Cargo.toml");
    let all = root["workspace"]["dependencies"].as_table().expect("a table of dependencies");
    let unwanted = UNWANTED.iter().filter(|(name, _)| all.contains_key(*name));
    none(&unwanted.map(|(name, why)| format!("Cargo.toml: {name}: {why}")).collect::<Vec<_>>());
}
