//! Table `claim`: what runs take of their hosts. Free capacity is what the claims leave.

use hostler_model::{
    AccountId, Bytes, ClusterId, DedicatedKind, HostId, Mhz, Mib, PodId, RunId, StoragePoolId,
    VmId, ZoneId,
};
use rusqlite::{Row, params};
use serde::Deserialize;

use crate::columns::{amount, json, parsed, parsed_or_null, stored, to_json};
use crate::dedication::IS_TENANT;
use crate::{StoreError, Tx};

/// What a run takes of its host. The amounts are of the physical machine: what was sold, divided by the overcommit
/// ratio in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// Its VM.
    pub vm: VmId,
    /// Its host.
    pub host: HostId,
    /// CPU.
    pub cpu: Mhz,
    /// Memory.
    pub memory: Mib,
    /// Room on a storage pool, for volumes that are not written yet; the volumes' own rows take it.
    pub disk: Option<(StoragePoolId, Bytes)>,
}

/// Takes room on a host for a run, if there is room at this moment and affinity groups, hints and dedications still allow it.
///
/// # Errors
/// [`StoreError::Raced`] if someone else was faster; nothing is taken then.
pub fn claim_take(tx: &Tx<'_>, claim: &Claim) -> Result<(), StoreError> {
    let Claim { run, vm, host, cpu, memory, disk } = *claim;
    let taken = tx.execute(
        "claim room on a host",
        &format!(
            "INSERT INTO claim (run, host, cpu_mhz, memory_mib)
         SELECT ?1, host.id, ?3, ?4 FROM host
         WHERE host.id = ?2 AND host.removed IS NULL AND host.admin_state = 'Enabled'
           AND host.cpus * host.cpu_mhz
               >= ?3 + (SELECT coalesce(sum(cpu_mhz), 0) FROM claim WHERE claim.host = ?2)
           AND host.memory_mib - host.reserved_mib
               >= ?4 + (SELECT coalesce(sum(memory_mib), 0) FROM claim WHERE claim.host = ?2)
           AND (?5 IS NULL OR EXISTS (
               SELECT 1 FROM storage_pool p WHERE p.id = ?5 AND p.host = ?2 AND p.removed IS NULL AND p.state = 'Up'
                   AND p.capacity >= ?6 + max(p.used, (SELECT coalesce(sum(size), 0) FROM volume
                       WHERE volume.pool = p.id AND volume.removed IS NULL))))
           AND NOT EXISTS (
               SELECT 1 FROM vm_mate mate JOIN vm_run r ON r.vm = mate.other AND r.state <> 'Ended'
               WHERE mate.vm = ?7 AND (mate.kind = 'host affinity' AND r.host <> ?2
                   OR mate.kind = 'host anti-affinity' AND r.host = ?2))
           AND NOT EXISTS (
               SELECT 1 FROM dedicated_resource k JOIN domain d ON d.id = k.domain
               JOIN vm ON vm.id = ?7 JOIN account a ON a.id = vm.account
               JOIN domain o ON o.id = a.domain
               WHERE k.resource IN (host.id, host.cluster, host.pod, host.zone) AND NOT {IS_TENANT})"
        ),
        params![
            run.to_string(),
            host.to_string(),
            stored(cpu.0),
            stored(memory.0),
            disk.map(|(pool, _)| pool.to_string()),
            disk.map(|(_, size)| stored(size.0)),
            vm.to_string(),
        ],
    )?;
    if taken == 0 {
        return Err(StoreError::Raced(format!(
            "host {host} has no room for {cpu} and {memory} by now, its pool none for the volumes, it takes no new VMs, \
             an affinity group or a hint forbids it, or it is kept for others"
        )));
    }
    Ok(())
}

/// Gives back what a run took. Nothing there is fine.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn claim_end(tx: &Tx<'_>, run: RunId) -> Result<(), StoreError> {
    tx.execute("end a claim", "DELETE FROM claim WHERE run = ?1", params![run.to_string()])?;
    Ok(())
}

/// How many runs an account has on each host, without those of one VM.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vms_by_host(
    tx: &Tx<'_>,
    account: AccountId,
    but: VmId,
) -> Result<Vec<(HostId, u64)>, StoreError> {
    tx.rows(
        "count an account's VMs by host",
        "SELECT r.host AS host, count(*) AS runs FROM vm JOIN vm_run r ON r.vm = vm.id AND r.state <> 'Ended'
         WHERE vm.account = ?1 AND vm.removed IS NULL AND vm.id <> ?2 GROUP BY r.host ORDER BY r.host",
        params![account.to_string(), but.to_string()],
        |row| Ok((parsed(row, "host")?, amount(row, "runs")?)),
    )
}

/// A host with what it can still give, for the scheduler's snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct HostCapacity {
    /// The host.
    pub host: HostId,
    /// Its zone.
    pub zone: ZoneId,
    /// Its name.
    pub name: String,
    /// Its cluster's id and name.
    pub cluster: (ClusterId, String),
    /// Its pod.
    pub pod: PodId,
    /// Its status, as recorded.
    pub status: String,
    /// Why it takes no new VMs, if so: what an administrator said of it, its cluster or its pod.
    pub closed: Option<String>,
    /// Machine architecture.
    pub arch: String,
    /// Tags, its own and those of its aggregates, comma separated.
    pub tags: String,
    /// For whom it, its cluster, pod or zone is kept.
    pub kept_for: Vec<KeptFor>,
    /// Availability zones that it is in.
    pub availability_zones: Vec<String>,
    /// CPUs.
    pub cpus: u64,
    /// Speed of one.
    pub cpu_mhz: Mhz,
    /// CPU that runs have claimed.
    pub cpu_claimed: Mhz,
    /// Memory for VMs, without what the host keeps for itself.
    pub memory: Mib,
    /// Memory that runs have claimed.
    pub memory_claimed: Mib,
    /// Overcommit ratios of its cluster: CPU, memory.
    pub ratios: (f64, f64),
    /// Runs that may be alive there.
    pub runs: u64,
    /// Its local pool.
    pub pool: Option<PoolCapacity>,
}

/// For whom a host or what it lies in is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptFor {
    /// What is: the kind of place.
    pub kind: DedicatedKind,
    /// The domain's path.
    pub domain: String,
    /// The account in it and its name, if not everybody there.
    pub account: Option<(AccountId, String)>,
}

/// A local pool with what it can still give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolCapacity {
    /// The pool.
    pub id: StoragePoolId,
    /// Whether it takes new volumes.
    pub is_enabled: bool,
    /// Tags, comma separated.
    pub tags: String,
    /// Size of its file system.
    pub capacity: Bytes,
    /// In use there, by whomever.
    pub used: Bytes,
    /// Promised to volumes.
    pub promised: Bytes,
}

/// A [`HostCapacity`] for each host that runs VMs. The claims of a host are added up by themselves, so that reading one does
/// not read all.
const CAPACITY: &str = "SELECT host.id AS id, host.zone AS zone, host.name AS name, cluster.id AS cluster, cluster.name AS cluster_name, pod.id AS pod_id, host.status AS status,
                CASE WHEN host.admin_state <> 'Enabled' THEN 'it is ' || host.admin_state
                     WHEN cluster.allocation_state <> 'Enabled' THEN 'its cluster ' || cluster.name || ' is Disabled'
                     WHEN pod.allocation_state <> 'Enabled' THEN 'its pod ' || pod.name || ' is Disabled'
                END AS closed,
                host.arch AS arch,
                trim(host.tags || coalesce((SELECT group_concat(',' || g.tags, '') FROM host_aggregate_member m
                    JOIN host_aggregate g ON g.id = m.aggregate WHERE m.host = host.id AND g.tags <> ''), ''), ',') AS tags,
                (SELECT json_group_array(json_object('kind', k.kind, 'domain', d.path, 'account',
                        json(iif(a.id IS NULL, 'null', json_array(a.id, a.name)))) ORDER BY k.number)
                    FROM dedicated_resource k JOIN domain d ON d.id = k.domain LEFT JOIN account a ON a.id = k.account
                    WHERE k.resource IN (host.id, host.cluster, host.pod, host.zone)) AS kept_for,
                (SELECT json_group_array(DISTINCT g.availability_zone) FROM host_aggregate_member m
                    JOIN host_aggregate g ON g.id = m.aggregate
                    WHERE m.host = host.id AND g.availability_zone IS NOT NULL) AS availability_zones,
                host.cpus AS cpus, host.cpu_mhz AS cpu_mhz,
                host.memory_mib - host.reserved_mib AS memory,
                (SELECT coalesce(sum(cpu_mhz), 0) FROM claim WHERE claim.host = host.id) AS cpu_claimed,
                (SELECT coalesce(sum(memory_mib), 0) FROM claim WHERE claim.host = host.id) AS memory_claimed,
                (SELECT count(*) FROM claim WHERE claim.host = host.id) AS runs,
                cluster.cpu_ratio AS cpu_ratio, cluster.memory_ratio AS memory_ratio,
                p.id AS pool, p.state AS pool_state, p.tags AS pool_tags, p.capacity AS capacity, p.used AS used,
                (SELECT coalesce(sum(size), 0) FROM volume WHERE volume.pool = p.id AND removed IS NULL) AS promised
         FROM host JOIN cluster ON cluster.id = host.cluster JOIN pod ON pod.id = host.pod
         LEFT JOIN storage_pool p ON p.host = host.id AND p.removed IS NULL AND p.state IN ('Up', 'Disabled')
         WHERE host.kind = 'Routing' AND host.removed IS NULL";

fn read_capacity(row: &Row<'_>) -> rusqlite::Result<HostCapacity> {
    let pool = parsed_or_null(row, "pool")?;
    Ok(HostCapacity {
        host: parsed(row, "id")?,
        zone: parsed(row, "zone")?,
        name: row.get("name")?,
        cluster: (parsed(row, "cluster")?, row.get("cluster_name")?),
        pod: parsed(row, "pod_id")?,
        status: row.get("status")?,
        closed: row.get("closed")?,
        arch: row.get("arch")?,
        tags: row.get("tags")?,
        kept_for: json(row, "kept_for")?,
        availability_zones: json(row, "availability_zones")?,
        cpus: amount(row, "cpus")?,
        cpu_mhz: Mhz(amount(row, "cpu_mhz")?),
        cpu_claimed: Mhz(amount(row, "cpu_claimed")?),
        memory: Mib(amount(row, "memory").unwrap_or(0)),
        memory_claimed: Mib(amount(row, "memory_claimed")?),
        ratios: (row.get("cpu_ratio")?, row.get("memory_ratio")?),
        runs: amount(row, "runs")?,
        pool: match pool {
            Some(id) => Some(PoolCapacity {
                id,
                is_enabled: row.get::<_, String>("pool_state")? == "Up",
                tags: row.get("pool_tags")?,
                capacity: Bytes(amount(row, "capacity")?),
                used: Bytes(amount(row, "used")?),
                promised: Bytes(amount(row, "promised")?),
            }),
            None => None,
        },
    })
}

/// Every host of a zone that runs VMs, as it is in the record.
#[cfg(test)]
pub(crate) fn host_capacities(tx: &Tx<'_>, zone: ZoneId) -> Result<Vec<HostCapacity>, StoreError> {
    let sql = format!("{CAPACITY} AND host.zone = ?1 ORDER BY host.name, host.id");
    tx.rows("read the hosts' capacity", &sql, params![zone.to_string()], read_capacity)
}

/// Every host that runs VMs, by name.
pub(crate) fn every_capacity(tx: &Tx<'_>) -> Result<Vec<HostCapacity>, StoreError> {
    let sql = format!("{CAPACITY} ORDER BY host.name, host.id");
    tx.rows("read every host's capacity", &sql, &[], read_capacity)
}

/// Those of these hosts that run VMs.
pub(crate) fn capacities_of(
    tx: &Tx<'_>,
    hosts: &[HostId],
) -> Result<Vec<HostCapacity>, StoreError> {
    let sql = format!("{CAPACITY} AND host.id IN (SELECT value FROM json_each(?1))");
    tx.rows(
        "read the capacity of hosts that changed",
        &sql,
        params![to_json(&hosts)],
        read_capacity,
    )
}
