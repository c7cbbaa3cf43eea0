//! Table `resource_limit`: how much an account, a domain or a project may have, and how much it has.
//!
//! What somebody has is never stored: it is computed from the rows, in the transaction that adds to them, so that
//! nothing can be counted wrong. Only where there is a limit is anything counted, and then there is no more to
//! count than the limit allows. A claim is a check in the caller's transaction; the rows that the caller writes are
//! what is claimed.
//!
//! Not here: the defaults of limits (the manager's settings), who may set them (its API).

use std::collections::BTreeMap;

use hostler_model::{AccountId, DomainId, LimitKind, Timestamp};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::columns::{json, to_json};
use crate::{StoreError, Tx};

/// What counts where nothing was set, by kind, in the units of the API; -1 is unlimited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LimitDefaults {
    /// For accounts.
    pub account: BTreeMap<LimitKind, i64>,
    /// For domains that no domain above says anything for. The root domain is never limited.
    pub domain: BTreeMap<LimitKind, i64>,
    /// For projects.
    pub project: BTreeMap<LimitKind, i64>,
    /// Whether CPUs and memory of VMs that do not run are free.
    pub started_only: bool,
}

/// One limit of one owner, and what the owner has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Room {
    /// `account`, `domain` or `project`.
    pub owner_kind: String,
    /// Whose limit it is; a project's is its account's.
    pub owner: Uuid,
    /// The name of the account or project, or the domain's path.
    pub name: String,
    /// What is limited.
    pub kind: LimitKind,
    /// How much there may be, in the units of the API; -1 is unlimited.
    pub max: i64,
    /// How much there is; storage in bytes.
    pub used: u64,
}

impl Room {
    /// How much there may be, as it is counted; nothing: any amount.
    pub fn most(&self) -> Option<u64> {
        u64::try_from(self.max).ok().map(|max| max.saturating_mul(self.kind.unit()))
    }
}

/// There is no room for what was asked. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} {} may have {} of {}: it has {}, and {} more was asked for; remove some, or have an administrator raise the limit",
    room.owner_kind, room.name, room.kind.amount(room.most().unwrap_or(0)), room.kind.api_name(),
    room.kind.amount(room.used), room.kind.amount(*asked)
)]
pub struct LimitExceeded {
    /// Whose limit of what it is.
    pub room: Box<Room>,
    /// How much more was asked for.
    pub asked: u64,
}

/// Checks that an account may have so much more: by its own limits and by those of every domain above it.
///
/// The caller writes the rows in the same transaction; they are the claim. Amounts are as [`LimitKind`] counts them:
/// storage in bytes, memory in MiB. Accounts of root administrators are not limited.
///
/// # Errors
/// [`StoreError::Limit`] names the first limit that would be exceeded.
pub fn claim(
    tx: &Tx<'_>,
    defaults: &LimitDefaults,
    account: AccountId,
    asked: &[(LimitKind, u64)],
) -> Result<(), StoreError> {
    let kinds: Vec<LimitKind> = asked.iter().map(|(kind, _)| *kind).collect();
    Ok(check(&rooms(tx, defaults, account, &kinds)?, asked)?)
}

/// Does `work`, which may change how much an account has, and checks that it has no more than it may have of
/// whatever it has more of than before. For changes whose amount nobody wants to compute twice.
///
/// # Errors
/// [`StoreError::Limit`]; those of `work`. The caller's transaction must not be kept then.
pub fn claim_growth<T, E: From<StoreError>>(
    tx: &Tx<'_>,
    defaults: &LimitDefaults,
    account: AccountId,
    kinds: &[LimitKind],
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let before = rooms(tx, defaults, account, kinds)?;
    let done = work()?;
    for mut room in rooms(tx, defaults, account, kinds)? {
        let same = |was: &&Room| (was.owner, was.kind) == (room.owner, room.kind);
        let had = before.iter().find(same).map_or(0, |was| was.used);
        let grown = room.used.saturating_sub(had);
        room.used = had;
        if grown > 0 {
            let kind = room.kind;
            check(&[room], &[(kind, grown)]).map_err(StoreError::from)?;
        }
    }
    Ok(done)
}

/// Whether there is room for so much more in each of the limits.
///
/// # Errors
/// [`LimitExceeded`] names the first one in which there is none.
pub fn check(rooms: &[Room], asked: &[(LimitKind, u64)]) -> Result<(), LimitExceeded> {
    for (kind, amount) in asked {
        let full = |room: &&Room| {
            room.kind == *kind
                && room.most().is_some_and(|most| room.used.saturating_add(*amount) > most)
        };
        if let Some(room) = rooms.iter().find(full) {
            return Err(LimitExceeded { room: Box::new(room.clone()), asked: *amount });
        }
    }
    Ok(())
}

/// The limits that hold for an account, its own and those of the domains above it; only those that are limits.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rooms(
    tx: &Tx<'_>,
    defaults: &LimitDefaults,
    account: AccountId,
    kinds: &[LimitKind],
) -> Result<Vec<Room>, StoreError> {
    let sql = rooms_sql(["?1", "?2", "?3"]);
    tx.rows(
        "read limits and what counts against them",
        &sql,
        params![account.to_string(), to_json(&kinds), to_json(defaults)],
        |row| json(row, "room"),
    )
}

/// A query for the [`rooms`] of an account, each a [`Room`] in JSON: for statements that read more than that.
///
/// Takes the expressions of the account's id, of the kinds and of the defaults, both as JSON.
pub(crate) fn rooms_sql([account, kinds, defaults]: [&str; 3]) -> String {
    let owners = format!(
        "who AS (SELECT id, name, kind, domain FROM account WHERE id = {account} AND kind <> 'RootAdmin'),
         chain(id, parent, path) AS (
             SELECT d.id, d.parent, d.path FROM domain d JOIN who ON d.id = who.domain
             UNION ALL SELECT d.id, d.parent, d.path FROM domain d JOIN chain ON d.id = chain.parent),
         owner(kind, id, name, path, parent, free) AS (
             SELECT CASE who.kind WHEN 'Project' THEN 'project' ELSE 'account' END, who.id,
                    coalesce((SELECT p.name FROM project p WHERE p.account = who.id), who.name), NULL, NULL, 0 FROM who
             UNION ALL SELECT 'domain', id, path, path, parent, 0 FROM chain WHERE parent IS NOT NULL)"
    );
    format!("{} WHERE b.max >= 0", query(&owners, kinds, defaults))
}

/// What accounts, of projects too, may have and have: every kind of each.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rooms_of_accounts(
    tx: &Tx<'_>,
    defaults: &LimitDefaults,
    accounts: &[AccountId],
) -> Result<Vec<Room>, StoreError> {
    let owners = "owner(kind, id, name, path, parent, free) AS (
        SELECT CASE a.kind WHEN 'Project' THEN 'project' ELSE 'account' END, a.id,
               coalesce((SELECT p.name FROM project p WHERE p.account = a.id), a.name), NULL, NULL, a.kind = 'RootAdmin'
        FROM account a WHERE a.id IN (SELECT value FROM json_each(?1)))";
    all_rooms(tx, defaults, owners, &to_json(&accounts))
}

/// What domains, with those below them, may have and have: every kind of each.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rooms_of_domains(
    tx: &Tx<'_>,
    defaults: &LimitDefaults,
    domains: &[DomainId],
) -> Result<Vec<Room>, StoreError> {
    let owners = "owner(kind, id, name, path, parent, free) AS (
        SELECT 'domain', d.id, d.path, d.path, d.parent, d.parent IS NULL
        FROM domain d WHERE d.id IN (SELECT value FROM json_each(?1)))";
    all_rooms(tx, defaults, owners, &to_json(&domains))
}

fn all_rooms(
    tx: &Tx<'_>,
    defaults: &LimitDefaults,
    owners: &str,
    ids: &str,
) -> Result<Vec<Room>, StoreError> {
    let sql = query(owners, "?2", "?3");
    let read = |row: &Row<'_>| json(row, "room");
    let all = to_json(&LimitKind::ALL);
    tx.rows(
        "read limits and what counts against them",
        &sql,
        params![ids, all, to_json(defaults)],
        read,
    )
}

/// Sets a limit.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn limit_set(
    tx: &Tx<'_>,
    owner: Uuid,
    kind: LimitKind,
    max: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "record a limit",
        "INSERT INTO resource_limit (owner, kind, max, changed) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (owner, kind) DO UPDATE SET max = excluded.max, changed = excluded.changed",
        params![owner.to_string(), kind.as_str(), max, now.0],
    )?;
    Ok(())
}

/// Rooms of the owners in `owners`, which defines `owner(kind, id, name, path, parent, free)`.
fn query(owners: &str, kinds: &str, defaults: &str) -> String {
    format!(
        "WITH RECURSIVE {owners},
         -- an owner and the domains above it: the nearest one that has a limit says what counts
         above(owner, id, parent, is_root, depth) AS (
             SELECT id, id, parent, path IS NOT NULL AND parent IS NULL, 0 FROM owner
             UNION ALL SELECT above.owner, d.id, d.parent, d.parent IS NULL, above.depth + 1
                 FROM above JOIN domain d ON d.id = above.parent),
         -- the accounts that count
         member(owner, account) AS (
             SELECT id, id FROM owner WHERE path IS NULL
             UNION ALL SELECT o.id, a.id FROM owner o
                 JOIN domain d ON d.path = o.path OR substr(d.path, 1, length(o.path) + 1) = o.path || '/'
                 JOIN account a ON a.domain = d.id),
         bound AS (SELECT o.*, asked.value AS what, CASE WHEN o.free THEN -1 ELSE coalesce(
                 (SELECT l.max FROM above JOIN resource_limit l ON l.owner = above.id AND l.kind = asked.value
                  WHERE above.owner = o.id AND NOT above.is_root ORDER BY above.depth LIMIT 1),
                 json_extract({defaults}, '$.' || o.kind || '.' || asked.value), -1) END AS max
             FROM owner o JOIN json_each({kinds}) asked)
         SELECT json_object('owner_kind', b.kind, 'owner', b.id, 'name', b.name, 'kind', b.what, 'max', b.max,
             'used', {}) AS room FROM bound b",
        used(defaults)
    )
}

/// How much of `b.what` the accounts of `b.id` have. Only the branch that is asked for is computed.
fn used(defaults: &str) -> String {
    let of = "account IN (SELECT account FROM member WHERE owner = b.id) AND removed IS NULL";
    let there = "state NOT IN ('Destroyed', 'Expunging', 'Expunged', 'Error')";
    let wanted = "state NOT IN ('Destroy', 'Expunging')";
    let sold = |own: &str, column: &str| {
        format!(
            "(SELECT coalesce(sum(coalesce(vm.{own}, o.{column})), 0) FROM vm JOIN service_offering o ON o.id = vm.offering
              WHERE vm.account IN (SELECT account FROM member WHERE owner = b.id) AND vm.removed IS NULL
                  AND vm.{there}
                  AND (NOT json_extract({defaults}, '$.started_only') OR vm.state IN ('Starting', 'Running', 'Stopping')))"
        )
    };
    format!(
        "CASE b.what
             WHEN 'UserVm' THEN (SELECT count(*) FROM vm WHERE {of} AND {there})
             WHEN 'Cpu' THEN {}
             WHEN 'Memory' THEN {}
             WHEN 'Volume' THEN (SELECT count(*) FROM volume WHERE {of} AND {wanted})
             WHEN 'PrimaryStorage' THEN (SELECT coalesce(sum(size), 0) FROM volume WHERE {of} AND {wanted})
             WHEN 'Snapshot' THEN (SELECT count(*) FROM snapshot WHERE {of} AND state <> 'Error')
             WHEN 'Template' THEN (SELECT count(*) FROM template WHERE {of})
             WHEN 'SecondaryStorage' THEN (SELECT coalesce(sum(size), 0) FROM template WHERE {of})
                 + (SELECT coalesce(sum(coalesce(physical_size, size)), 0) FROM snapshot WHERE {of} AND state <> 'Error')
             WHEN 'Network' THEN (SELECT count(*) FROM network WHERE {of})
             WHEN 'Project' THEN (SELECT count(*) FROM project
                 WHERE owner IN (SELECT account FROM member WHERE owner = b.id) AND removed IS NULL)
             ELSE 0 END",
        sold("own_cpus", "cpus"),
        sold("own_memory_mib", "memory_mib")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    /// Two domains, shop and test below it, with an account each: alice has 100,000 VMs and volumes, bob has three.
    const ROWS: &str = "
        INSERT INTO domain (id, parent, name, path, created) VALUES ('0a000000-0000-4000-8000-000000000001', NULL,
            'ROOT', 'ROOT', 0), ('0a000000-0000-4000-8000-000000000002', '0a000000-0000-4000-8000-000000000001', 'shop',
            'ROOT/shop', 0), ('0a000000-0000-4000-8000-000000000003', '0a000000-0000-4000-8000-000000000002', 'test',
            'ROOT/shop/test', 0);
        INSERT INTO account (id, domain, name, kind, created) VALUES
            ('0b000000-0000-4000-8000-000000000001', '0a000000-0000-4000-8000-000000000002', 'alice', 'User', 0),
            ('0b000000-0000-4000-8000-000000000002', '0a000000-0000-4000-8000-000000000003', 'bob', 'User', 0);
        INSERT INTO service_offering (id, name, display_text, cpus, cpu_mhz, memory_mib, created)
            VALUES ('o', 'o', 'o', 2, 500, 256, 0);
        INSERT INTO vm (id, account, user, zone, host_name, display_name, instance_name, offering, template, state,
                vnc_password, created, changed)
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100003)
            SELECT 'vm' || i, iif(i <= 100000, '0b000000-0000-4000-8000-000000000001', '0b000000-0000-4000-8000-000000000002'),
                'u', 'z', 'h', 'h', 'i-' || i, 'o', 't', iif(i % 5 = 0, 'Destroyed', 'Running'), '', 0, 0 FROM n;
        INSERT INTO volume (id, account, zone, vm, kind, device, name, size, format, state, created)
            SELECT id, account, 'z', id, 'ROOT', 0, 'r', 1073741824, 'QCOW2', 'Ready', 0 FROM vm;";

    fn account(last: u128) -> AccountId {
        AccountId::new(Uuid::from_u128(0x0b00_0000_0000_4000_8000_0000_0000_0000 + last))
    }

    fn defaults() -> LimitDefaults {
        let all = |max| LimitKind::ALL.iter().map(|kind| (*kind, max)).collect();
        LimitDefaults { account: all(3), domain: all(-1), project: all(3), started_only: false }
    }

    fn crowded() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hostler.db");
        let store = Store::open(&path).unwrap();
        let direct = rusqlite::Connection::open(&path).unwrap();
        direct.execute_batch(&format!("PRAGMA foreign_keys = OFF; {ROWS}")).unwrap();
        (store, folder)
    }

    #[tokio::test]
    async fn what_a_small_account_has_is_counted_without_a_look_at_a_large_one() {
        let (store, _folder) = crowded();
        let asked = [(LimitKind::UserVm, 1), (LimitKind::Cpu, 1), (LimitKind::PrimaryStorage, 1)];
        let claims = move |tx: &Tx<'_>| {
            let began = std::time::Instant::now();
            let error = claim(tx, &defaults(), account(2), &asked).unwrap_err();
            Ok::<_, StoreError>((error.to_string(), began.elapsed()))
        };
        let (text, took) = store.write(claims).await.unwrap();
        println!("a claim beside 100,000 VMs: {took:?}");
        assert!(
            text.starts_with("account bob may have 3 of user_vm: it has 3, and 1 more"),
            "{text}"
        );

        let plan = store
            .read(|tx| {
                let sql = format!("EXPLAIN QUERY PLAN {}", rooms_sql(["?1", "?2", "?3"]));
                let kinds = to_json(&LimitKind::ALL);
                let values = params![account(2).to_string(), kinds, to_json(&defaults())];
                tx.rows("explain", &sql, values, |row| row.get::<_, String>("detail"))
            })
            .await
            .unwrap();
        for table in ["vm", "volume", "snapshot", "template", "network", "project"] {
            let whole = plan.iter().find(|line| **line == format!("SCAN {table}"));
            assert_eq!(whole, None, "{plan:#?}");
        }
    }

    #[tokio::test]
    async fn only_what_is_limited_is_counted_and_all_of_it() {
        let (store, _folder) = crowded();
        let unlimited = LimitDefaults::default();
        let read = move |tx: &Tx<'_>| {
            let began = std::time::Instant::now();
            let none = rooms(tx, &unlimited, account(1), LimitKind::ALL)?;
            let free = began.elapsed();
            let rows = rooms_of_accounts(tx, &defaults(), &[account(1)])?;
            Ok::<_, StoreError>((none, rows, free, began.elapsed()))
        };
        let (none, rows, free, counted) = store.read(read).await.unwrap();
        println!("100,000 VMs: {free:?} without limits, all kinds counted {counted:?}");
        assert_eq!(none, []);
        let used = |kind| rows.iter().find(|room| room.kind == kind).unwrap().used;
        assert_eq!((used(LimitKind::UserVm), used(LimitKind::Cpu)), (80_000, 160_000));
        assert_eq!(used(LimitKind::Memory), 80_000 * 256);
        assert_eq!(
            (used(LimitKind::Volume), used(LimitKind::PrimaryStorage)),
            (100_000, 100_000 << 30)
        );
    }

    #[tokio::test]
    async fn the_nearest_domain_that_has_a_limit_says_what_counts() {
        let (store, _folder) = crowded();
        let domain = |last: u128| {
            DomainId::new(Uuid::from_u128(0x0a00_0000_0000_4000_8000_0000_0000_0000 + last))
        };
        let maxima = move |tx: &Tx<'_>| {
            let max = |tx: &Tx<'_>| {
                let rooms = rooms_of_domains(tx, &defaults(), &[domain(1), domain(2), domain(3)])?;
                let of = |id: u128| {
                    let found = |room: &&Room| {
                        room.owner == domain(id).uuid() && room.kind == LimitKind::Volume
                    };
                    rooms.iter().find(found).map(|room| room.max)
                };
                Ok::<_, StoreError>([of(1), of(2), of(3)].map(Option::unwrap))
            };
            let before = max(tx)?;
            limit_set(tx, domain(2).uuid(), LimitKind::Volume, 9, Timestamp(1))?;
            let shop = max(tx)?;
            limit_set(tx, domain(3).uuid(), LimitKind::Volume, 4, Timestamp(1))?;
            limit_set(tx, domain(1).uuid(), LimitKind::Volume, 1, Timestamp(1))?;
            Ok::<_, StoreError>([before, shop, max(tx)?])
        };
        let maxima = store.write(maxima).await.unwrap();
        assert_eq!(maxima, [[-1, -1, -1], [-1, 9, 9], [-1, 9, 4]]);
    }
}
