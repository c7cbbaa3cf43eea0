//! What counts against limits: added up from flat rows, and held against what the limits are checked with.

use std::collections::BTreeMap;

use hostler_model::{AccountId, DomainId, LimitKind};
use uuid::Uuid;

use super::Audit;
use crate::columns::{amount, parsed};
use crate::limit::{LimitDefaults, Room, rooms_of_accounts, rooms_of_domains};
use crate::{StoreError, Tx};

/// Of each kind, the `account` and the `amount` of every single thing that counts.
const OWNED: &[(LimitKind, &str)] = &[
    (
        LimitKind::UserVm,
        "SELECT account, 1 AS amount FROM vm
         WHERE removed IS NULL AND state NOT IN ('Destroyed', 'Expunging', 'Expunged', 'Error')",
    ),
    (
        LimitKind::Volume,
        "SELECT account, 1 AS amount FROM volume WHERE removed IS NULL AND state NOT IN ('Destroy', 'Expunging')",
    ),
    (
        LimitKind::PrimaryStorage,
        "SELECT account, size AS amount FROM volume WHERE removed IS NULL AND state NOT IN ('Destroy', 'Expunging')",
    ),
    (LimitKind::Template, "SELECT account, 1 AS amount FROM template WHERE removed IS NULL"),
    (
        LimitKind::SecondaryStorage,
        "SELECT account, coalesce(size, 0) AS amount FROM template WHERE removed IS NULL",
    ),
    (
        LimitKind::Snapshot,
        "SELECT account, 1 AS amount FROM snapshot WHERE removed IS NULL AND state <> 'Error'",
    ),
    (
        LimitKind::SecondaryStorage,
        "SELECT account, coalesce(physical_size, size) AS amount FROM snapshot
         WHERE removed IS NULL AND state <> 'Error'",
    ),
    (LimitKind::Network, "SELECT account, 1 AS amount FROM network WHERE removed IS NULL"),
    (LimitKind::Project, "SELECT owner AS account, 1 AS amount FROM project WHERE removed IS NULL"),
];

/// CPUs and memory of VMs, which count by their state: `state`, and how much.
const SIZES: &str =
    "SELECT vm.account AS account, vm.state AS state, coalesce(vm.own_cpus, o.cpus) AS cpus,
        coalesce(vm.own_memory_mib, o.memory_mib) AS memory
    FROM vm JOIN service_offering o ON o.id = vm.offering WHERE vm.removed IS NULL";

/// States in which a VM does not count.
const GONE: &[&str] = &["Destroyed", "Expunging", "Expunged", "Error"];
/// States in which a VM counts when only those that run do.
const STARTED: &[&str] = &["Starting", "Running", "Stopping"];

type Sums = BTreeMap<(Uuid, LimitKind), u64>;

pub(super) fn check(
    tx: &Tx<'_>,
    defaults: &LimitDefaults,
    audit: &mut Audit,
) -> Result<(), StoreError> {
    let of_accounts = sums(tx, defaults)?;
    let accounts = tx.rows(
        "list accounts for an audit",
        "SELECT a.id AS id, d.path AS path, a.removed IS NULL AS there
         FROM account a JOIN domain d ON d.id = a.domain",
        &[],
        |row| {
            let id: AccountId = parsed(row, "id")?;
            Ok((id, row.get::<_, String>("path")?, row.get::<_, bool>("there")?))
        },
    )?;
    let there: Vec<AccountId> = accounts.iter().filter(|a| a.2).map(|a| a.0).collect();
    compare(&rooms_of_accounts(tx, defaults, &there)?, &of_accounts, audit);

    let domains = tx.rows(
        "list domains for an audit",
        "SELECT id, path FROM domain WHERE removed IS NULL",
        &[],
        |row| Ok((parsed::<DomainId>(row, "id")?, row.get::<_, String>("path")?)),
    )?;
    let mut of_domains = Sums::new();
    for (domain, path) in &domains {
        let below = format!("{path}/");
        let is_in = |of: &str| of == path || of.starts_with(&below);
        for (account, ..) in accounts.iter().filter(|(_, of, _)| is_in(of)) {
            for kind in LimitKind::ALL {
                let has = of_accounts.get(&(account.uuid(), *kind)).copied().unwrap_or_default();
                *of_domains.entry((domain.uuid(), *kind)).or_default() += has;
            }
        }
    }
    let ids: Vec<DomainId> = domains.iter().map(|(id, _)| *id).collect();
    compare(&rooms_of_domains(tx, defaults, &ids)?, &of_domains, audit);
    Ok(())
}

/// How much each account has of each kind.
fn sums(tx: &Tx<'_>, defaults: &LimitDefaults) -> Result<Sums, StoreError> {
    let mut sums = Sums::new();
    for (kind, sql) in OWNED {
        let owned = tx.rows("list what counts against limits", sql, &[], |row| {
            Ok((parsed::<AccountId>(row, "account")?, amount(row, "amount")?))
        })?;
        for (account, amount) in owned {
            *sums.entry((account.uuid(), *kind)).or_default() += amount;
        }
    }
    let sizes = tx.rows("list sizes of VMs", SIZES, &[], |row| {
        let account: AccountId = parsed(row, "account")?;
        Ok((account, row.get::<_, String>("state")?, amount(row, "cpus")?, amount(row, "memory")?))
    })?;
    for (account, state, cpus, memory) in sizes {
        let counts = if defaults.started_only { is_one_of(STARTED, &state) } else { true };
        if counts && !is_one_of(GONE, &state) {
            *sums.entry((account.uuid(), LimitKind::Cpu)).or_default() += cpus;
            *sums.entry((account.uuid(), LimitKind::Memory)).or_default() += memory;
        }
    }
    Ok(sums)
}

fn is_one_of(states: &[&str], state: &str) -> bool {
    states.contains(&state)
}

fn compare(rooms: &[Room], sums: &Sums, audit: &mut Audit) {
    for room in rooms {
        audit.limits += 1;
        let sum = sums.get(&(room.owner, room.kind)).copied().unwrap_or_default();
        if sum != room.used {
            let text = format!(
                "{} {} counts {} of {}; its rows add up to {}",
                room.owner_kind,
                room.name,
                room.kind.amount(room.used),
                room.kind.api_name(),
                room.kind.amount(sum)
            );
            audit.tell("limit", room.owner, text);
        }
    }
}
