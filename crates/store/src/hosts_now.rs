//! The hosts and what they can still give, in memory, kept true by the store's own changes.
//!
//! Triggers on the writer's connection note each host of which something has changed that placement looks at. Before a
//! transaction is committed those hosts are read anew, and when it is committed they are published: before whoever wrote is
//! told, so that everybody finds here what they have written. A change that is taken back is not noted.
//!
//! Not here: what one host's row is read from (`claim`), what is made of it (the scheduler).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use hostler_model::{HostId, ZoneId};
use rusqlite::Connection;

use crate::claim::{HostCapacity, capacities_of, every_capacity};
use crate::columns::parsed;
use crate::{StoreError, Tx};

/// What notes the hosts: a change of a run's claim, of the host itself, of its cluster or pod, of for whom it
/// is kept, of its aggregates, of its pool, of a volume there.
const NOTES: &str = "
    CREATE TEMP TABLE stale_host (host TEXT NOT NULL);

    CREATE TEMP TRIGGER note_claim_made AFTER INSERT ON main.claim
        BEGIN INSERT INTO stale_host VALUES (NEW.host); END;
    CREATE TEMP TRIGGER note_claim_ended AFTER DELETE ON main.claim
        BEGIN INSERT INTO stale_host VALUES (OLD.host); END;
    CREATE TEMP TRIGGER note_claim_changed AFTER UPDATE ON main.claim
        BEGIN INSERT INTO stale_host VALUES (OLD.host), (NEW.host); END;

    CREATE TEMP TRIGGER note_host_made AFTER INSERT ON main.host
        BEGIN INSERT INTO stale_host VALUES (NEW.id); END;
    CREATE TEMP TRIGGER note_host_gone AFTER DELETE ON main.host
        BEGIN INSERT INTO stale_host VALUES (OLD.id); END;
    CREATE TEMP TRIGGER note_host_changed AFTER UPDATE OF kind, name, zone, pod, cluster, status, admin_state, arch, cpus,
            cpu_mhz, memory_mib, reserved_mib, tags, removed ON main.host
        BEGIN INSERT INTO stale_host VALUES (NEW.id); END;

    CREATE TEMP TRIGGER note_cluster AFTER UPDATE OF name, allocation_state, cpu_ratio, memory_ratio ON main.cluster
        BEGIN INSERT INTO stale_host SELECT id FROM host WHERE cluster = NEW.id; END;
    CREATE TEMP TRIGGER note_pod AFTER UPDATE OF name, allocation_state ON main.pod
        BEGIN INSERT INTO stale_host SELECT id FROM host WHERE pod = NEW.id; END;

    CREATE TEMP TRIGGER note_kept AFTER INSERT ON main.dedicated_resource
        BEGIN INSERT INTO stale_host SELECT id FROM host WHERE NEW.resource IN (id, cluster, pod, zone); END;
    CREATE TEMP TRIGGER note_kept_no_more AFTER DELETE ON main.dedicated_resource
        BEGIN INSERT INTO stale_host SELECT id FROM host WHERE OLD.resource IN (id, cluster, pod, zone); END;
    CREATE TEMP TRIGGER note_tenant_domain AFTER UPDATE OF path ON main.domain
        BEGIN INSERT INTO stale_host SELECT h.id FROM dedicated_resource k
            JOIN host h ON k.resource IN (h.id, h.cluster, h.pod, h.zone) WHERE k.domain = NEW.id; END;
    CREATE TEMP TRIGGER note_tenant_account AFTER UPDATE OF name ON main.account
        BEGIN INSERT INTO stale_host SELECT h.id FROM dedicated_resource k
            JOIN host h ON k.resource IN (h.id, h.cluster, h.pod, h.zone) WHERE k.account = NEW.id; END;

    CREATE TEMP TRIGGER note_aggregate AFTER UPDATE ON main.host_aggregate
        BEGIN INSERT INTO stale_host SELECT host FROM host_aggregate_member WHERE aggregate = NEW.id; END;
    CREATE TEMP TRIGGER note_aggregate_joined AFTER INSERT ON main.host_aggregate_member
        BEGIN INSERT INTO stale_host VALUES (NEW.host); END;
    CREATE TEMP TRIGGER note_aggregate_left AFTER DELETE ON main.host_aggregate_member
        BEGIN INSERT INTO stale_host VALUES (OLD.host); END;

    CREATE TEMP TRIGGER note_pool_made AFTER INSERT ON main.storage_pool WHEN NEW.host IS NOT NULL
        BEGIN INSERT INTO stale_host VALUES (NEW.host); END;
    CREATE TEMP TRIGGER note_pool_gone AFTER DELETE ON main.storage_pool WHEN OLD.host IS NOT NULL
        BEGIN INSERT INTO stale_host VALUES (OLD.host); END;
    CREATE TEMP TRIGGER note_pool_changed AFTER UPDATE OF host, state, capacity, used, tags, removed ON main.storage_pool
        BEGIN INSERT INTO stale_host SELECT host FROM (SELECT OLD.host AS host UNION SELECT NEW.host) WHERE host IS NOT NULL; END;

    CREATE TEMP TRIGGER note_volume_made AFTER INSERT ON main.volume WHEN NEW.pool IS NOT NULL
        BEGIN INSERT INTO stale_host SELECT host FROM storage_pool WHERE id = NEW.pool AND host IS NOT NULL; END;
    CREATE TEMP TRIGGER note_volume_gone AFTER DELETE ON main.volume WHEN OLD.pool IS NOT NULL
        BEGIN INSERT INTO stale_host SELECT host FROM storage_pool WHERE id = OLD.pool AND host IS NOT NULL; END;
    CREATE TEMP TRIGGER note_volume_changed AFTER UPDATE OF pool, size, removed ON main.volume
        WHEN OLD.pool IS NOT NEW.pool OR OLD.size <> NEW.size OR OLD.removed IS NOT NEW.removed
        BEGIN INSERT INTO stale_host SELECT host FROM storage_pool WHERE id IN (OLD.pool, NEW.pool) AND host IS NOT NULL; END;
";

/// A zone's hosts, by name.
pub type ZoneHosts = Arc<Vec<Arc<HostCapacity>>>;

/// The hosts of every zone. Cloning it is cheap, and every clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct HostsNow {
    zones: Arc<RwLock<BTreeMap<ZoneId, ZoneHosts>>>,
}

/// The writer's side.
#[derive(Debug)]
pub(crate) struct Keeper {
    now: HostsNow,
    /// Whether something was noted since the last look.
    is_noted: Arc<AtomicBool>,
    /// The number of the last change that this connection did not make.
    foreign: i64,
}

/// What was read anew, to be published when the transaction is committed.
pub(crate) enum News {
    /// Of these hosts, with the rows of those that still run VMs.
    Some(Vec<HostId>, Vec<HostCapacity>),
    /// Of all.
    All(Vec<HostCapacity>),
}

impl HostsNow {
    /// The hosts of a zone that run VMs, by name.
    pub(crate) fn of(&self, zone: ZoneId) -> ZoneHosts {
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        zones.get(&zone).cloned().unwrap_or_default()
    }
}

impl HostsNow {
    /// Hosts that are shown otherwise than these rows have them, by id and name.
    pub(crate) fn differing(&self, rows: &[HostCapacity]) -> BTreeMap<HostId, String> {
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        let shown: BTreeMap<HostId, &HostCapacity> =
            zones.values().flat_map(|zone| zone.iter()).map(|row| (row.host, &**row)).collect();
        let recorded: BTreeMap<HostId, &HostCapacity> =
            rows.iter().map(|row| (row.host, row)).collect();
        let all = shown.iter().chain(&recorded);
        all.filter(|(host, _)| shown.get(host) != recorded.get(host))
            .map(|(host, row)| (*host, row.name.clone()))
            .collect()
    }
}

impl Keeper {
    /// Has the writer's connection note changes from now on.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn new(connection: &mut Connection, now: &HostsNow) -> Result<Self, StoreError> {
        let what = StoreError::sqlite("begin to note changes of hosts");
        // a row that REPLACE takes away is noted only so
        connection
            .pragma_update(None, "recursive_triggers", true)
            .and_then(|()| connection.execute_batch(NOTES))
            .map_err(what)?;
        let is_noted = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&is_noted);
        let hook = move |_: rusqlite::hooks::Action, database: &str, table: &str, _: i64| {
            if database == "temp" && table == "stale_host" {
                noted.store(true, Ordering::Relaxed);
            }
        };
        let what = StoreError::sqlite("begin to hear of changes of hosts");
        connection.update_hook(Some(hook)).map_err(what)?;
        Ok(Self { now: now.clone(), is_noted, foreign: foreign(connection)? })
    }

    /// Reads every host.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn begin(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        self.publish(News::All(every_capacity(tx)?));
        Ok(())
    }

    /// Reads anew what has changed, in the transaction that changed it; nothing: nothing has.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub(crate) fn read(
        &mut self,
        connection: &Connection,
        tx: &Tx<'_>,
    ) -> Result<Option<News>, StoreError> {
        let number = foreign(connection)?;
        let is_noted = self.is_noted.load(Ordering::Relaxed);
        if number != self.foreign {
            // somebody else wrote to the file: what has changed is not known
            self.foreign = number;
            take_notes(tx)?;
            return Ok(Some(News::All(every_capacity(tx)?)));
        }
        if !is_noted {
            return Ok(None);
        }
        let hosts = take_notes(tx)?;
        if hosts.is_empty() {
            // what was noted was taken back
            self.is_noted.store(false, Ordering::Relaxed);
            return Ok(None);
        }
        let rows = capacities_of(tx, &hosts)?;
        Ok(Some(News::Some(hosts, rows)))
    }

    /// Shows what was read: the transaction is committed.
    pub(crate) fn publish(&self, news: News) {
        self.is_noted.store(false, Ordering::Relaxed);
        let mut zones = self.now.zones.write().unwrap_or_else(PoisonError::into_inner);
        let rows = match news {
            News::All(rows) => {
                zones.clear();
                rows
            }
            News::Some(mut hosts, rows) => {
                let mut moved = Vec::new();
                for row in rows {
                    let host = row.host;
                    match replace(&mut zones, row) {
                        None => hosts.retain(|other| *other != host),
                        Some(row) => moved.push(row),
                    }
                }
                // most stay where they are; then the others are not looked at
                if !hosts.is_empty() {
                    for there in zones.values_mut() {
                        Arc::make_mut(there).retain(|row| !hosts.contains(&row.host));
                    }
                }
                moved
            }
        };
        for row in rows {
            let there = Arc::make_mut(zones.entry(row.zone).or_default());
            there.insert(place_of(there, &row), Arc::new(row));
        }
    }
}

/// Where a host is among those of its zone, or would be.
fn place_of(hosts: &[Arc<HostCapacity>], row: &HostCapacity) -> usize {
    hosts.partition_point(|other| (&other.name, other.host) < (&row.name, row.host))
}

/// Shows a host otherwise, if it is where it was; else gives it back.
fn replace(zones: &mut BTreeMap<ZoneId, ZoneHosts>, row: HostCapacity) -> Option<HostCapacity> {
    let Some(there) = zones.get_mut(&row.zone) else { return Some(row) };
    let at = place_of(there, &row);
    if there.get(at).is_none_or(|other| other.host != row.host) {
        return Some(row);
    }
    if let Some(shown) = Arc::make_mut(there).get_mut(at) {
        *shown = Arc::new(row);
    }
    None
}

/// Takes what was noted.
fn take_notes(tx: &Tx<'_>) -> Result<Vec<HostId>, StoreError> {
    let taken = "DELETE FROM temp.stale_host RETURNING host";
    let mut hosts: Vec<HostId> =
        tx.rows("take the hosts that have changed", taken, &[], |row| parsed(row, "host"))?;
    hosts.sort();
    hosts.dedup();
    Ok(hosts)
}

/// A number that changes when another connection has written to the file.
fn foreign(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .query_row("PRAGMA data_version", [], |row| row.get(0))
        .map_err(StoreError::sqlite("look whether somebody else has written"))
}

#[cfg(test)]
mod tests;
