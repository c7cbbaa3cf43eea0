//! [F] The contract with CloudStack's clients: no name, type or nesting may differ from it.
//!
//! The contract is a table of facts in `tests/fixtures/contract`. What is our own is listed here by name.

#![allow(clippy::unwrap_used)] // a test says what it expects

mod answers;
mod declarations;
mod every_list;
mod pages;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Commands that CloudStack does not have, or has in parts that the contract is without (dedication, most of LDAP).
const OWN_COMMANDS: &[&str] = &[
    "addHostToAggregate",
    "addLdapConfiguration",
    "adoptVirtualMachine",
    "auditCloud",
    "cancelJob",
    "cleanMachine",
    "createCluster",
    "createHostAggregate",
    "dedicateCluster",
    "dedicateHost",
    "dedicatePod",
    "dedicateZone",
    "deleteHostAggregate",
    "deleteLdapConfiguration",
    "explainPlacement",
    "fixDrift",
    "getVirtualMachineConsoleLog",
    "linkDomainToLdap",
    "listAliens",
    "listDedicatedClusters",
    "listDedicatedHosts",
    "listDedicatedPods",
    "listDedicatedZones",
    "listDrift",
    "listHistory",
    "listHostAggregates",
    "listJobSteps",
    "listLdapUsers",
    "planCapacity",
    "planDrain",
    "planPlacement",
    "planRebalance",
    "releaseDedicatedCluster",
    "releaseDedicatedHost",
    "releaseDedicatedPod",
    "releaseDedicatedZone",
    "releaseVirtualMachine",
    "removeHostFromAggregate",
    "resumeJob",
    "updateHostAggregate",
    "upgradeHost",
];

/// Parameters of CloudStack's commands that CloudStack does not have.
const OWN_PARAMS: &[(&str, &str)] = &[
    ("createNetwork", "bridge"),
    ("addHost", "privatekey"),
    ("deployVirtualMachine", "availabilityzone"),
    ("deployVirtualMachine", "dryrun"),
    ("deployVirtualMachine", "hints"),
    ("startVirtualMachine", "dryrun"),
    ("stopVirtualMachine", "dryrun"),
    ("destroyVirtualMachine", "dryrun"),
];

/// The facts.
struct Contract {
    commands: BTreeMap<String, Command>,
    params: BTreeMap<(String, String), Param>,
    shapes: BTreeMap<String, BTreeMap<String, Field>>,
}

struct Command {
    kind: String,
    tier: String,
    roles: BTreeSet<String>,
    envelope: String,
    object: String,
    shape: String,
}

struct Param {
    kind: String,
    required: bool,
}

struct Field {
    kind: String,
    nested: String,
}

impl Contract {
    fn read() -> Self {
        let commands = rows("commands.tsv").into_iter().map(|row| {
            let roles = row[4].split('+').map(str::to_owned).collect();
            let [kind, tier] = [&row[1], &row[2]].map(Clone::clone);
            let [envelope, object, shape] = [&row[5], &row[6], &row[7]].map(Clone::clone);
            (row[0].clone(), Command { kind, tier, roles, envelope, object, shape })
        });
        let params = rows("params.tsv").into_iter().map(|row| {
            let name = (row[0].clone(), row[1].to_lowercase());
            (name, Param { kind: row[2].clone(), required: row[3] == "required" })
        });
        let mut shapes: BTreeMap<String, BTreeMap<String, Field>> = BTreeMap::new();
        for row in rows("shapes.tsv") {
            let field = Field { kind: row[2].clone(), nested: row[3].clone() };
            shapes.entry(row[0].clone()).or_default().insert(row[1].clone(), field);
        }
        Self { commands: commands.collect(), params: params.collect(), shapes }
    }
}

fn rows(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contract").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let columns = text.lines().next().unwrap().split('\t').count();
    let lines = text.lines().skip(1);
    lines
        .map(|line| {
            let mut row: Vec<String> = line.split('\t').map(str::to_owned).collect();
            row.resize(columns, String::new());
            row
        })
        .collect()
}
