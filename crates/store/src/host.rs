//! Table `host`: machines whose agents have connected, and what is known about them.
//!
//! A row is made by an agent's own Startup, never by adding a host. Each connection of a host has a number;
//! news of a connection that is not the newest changes nothing.
//!
//! Not here: which connection is alive (the manager's memory), what a host has left (`claim`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use hostler_model::{
    ClusterId, HostEvent, HostGuid, HostId, HostStatus, Mhz, Mib, PodId, ResourceEvent,
    ResourceState, Timestamp, Version, ZoneId,
};
use rusqlite::{Row, params};

use crate::columns::{amount, json, parsed, parsed_or_null, stored, time, time_or_null, to_json};
use crate::event::{NewEvent, event_add};
use crate::{StoreError, Tx};

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// Which one.
    pub id: HostId,
    /// The machine.
    pub guid: HostGuid,
    /// `Routing` (runs VMs) or `SecondaryStorage` (an image worker).
    pub kind: String,
    /// Its name, as it calls itself.
    pub name: String,
    /// Its zone.
    pub zone: ZoneId,
    /// Its pod; image workers have none.
    pub pod: Option<PodId>,
    /// Its cluster; image workers have none.
    pub cluster: Option<ClusterId>,
    /// The state of its connection.
    pub status: HostStatus,
    /// Why it is in that state, for a person.
    pub status_reason: String,
    /// Since when.
    pub status_changed: Timestamp,
    /// What an administrator wants of it.
    pub admin_state: ResourceState,
    /// How often the row was changed.
    pub version: Version,
    /// The number of its newest connection.
    pub connection: u64,
    /// The manager that holds that connection.
    pub manager: Option<u64>,
    /// The address that managers and other hosts use.
    pub private_address: Option<IpAddr>,
    /// The address of public traffic.
    pub public_address: Option<IpAddr>,
    /// The address of storage traffic.
    pub storage_address: Option<IpAddr>,
    /// Image workers: where hosts fetch templates, address and port.
    pub serve_address: Option<String>,
    /// The agent's own version.
    pub agent_version: String,
    /// The protocol version agreed on.
    pub wire_version: u16,
    /// Machine architecture, for instance `x86_64`.
    pub arch: String,
    /// `kvm` or `qemu`.
    pub hypervisor: String,
    /// Versions of QEMU and libvirt, for people.
    pub hypervisor_version: String,
    /// What it can do, comma separated.
    pub capabilities: String,
    /// Logical CPUs.
    pub cpus: u32,
    /// CPU sockets.
    pub cpu_sockets: u32,
    /// Speed of one CPU.
    pub cpu_speed: Mhz,
    /// All memory.
    pub memory: Mib,
    /// Memory kept for the host itself.
    pub reserved: Mib,
    /// Tags, comma separated.
    pub tags: String,
    /// Facts by name, as its agent tells them.
    pub details: BTreeMap<String, String>,
    /// What its last ping said, as JSON; `{}` before the first.
    pub stats: serde_json::Value,
    /// When it was last heard of.
    pub last_ping: Option<Timestamp>,
    /// When it first connected.
    pub created: Timestamp,
    /// When it was removed.
    pub removed: Option<Timestamp>,
}

/// What an agent's Startup says of its host. Everything else of a row is the manager's.
#[derive(Debug, Clone)]
pub struct ConnectingHost {
    /// The id of a host that was never seen; an old one keeps its own.
    pub new_id: HostId,
    /// The machine.
    pub guid: HostGuid,
    /// See [`HostRow::kind`].
    pub kind: &'static str,
    /// See [`HostRow::name`].
    pub name: String,
    /// Its zone.
    pub zone: ZoneId,
    /// Its pod.
    pub pod: Option<PodId>,
    /// Its cluster.
    pub cluster: Option<ClusterId>,
    /// The manager that it connected to.
    pub manager: u64,
    /// Where it is reached.
    pub private_address: Option<IpAddr>,
    /// See [`HostRow::public_address`].
    pub public_address: Option<IpAddr>,
    /// See [`HostRow::storage_address`].
    pub storage_address: Option<IpAddr>,
    /// See [`HostRow::serve_address`].
    pub serve_address: Option<String>,
    /// See [`HostRow::agent_version`].
    pub agent_version: String,
    /// See [`HostRow::wire_version`].
    pub wire_version: u16,
    /// See [`HostRow::arch`].
    pub arch: String,
    /// See [`HostRow::hypervisor`].
    pub hypervisor: String,
    /// See [`HostRow::hypervisor_version`].
    pub hypervisor_version: String,
    /// See [`HostRow::capabilities`].
    pub capabilities: String,
    /// See [`HostRow::cpus`].
    pub cpus: u32,
    /// See [`HostRow::cpu_sockets`].
    pub cpu_sockets: u32,
    /// See [`HostRow::cpu_speed`].
    pub cpu_speed: Mhz,
    /// See [`HostRow::memory`].
    pub memory: Mib,
    /// See [`HostRow::reserved`].
    pub reserved: Mib,
    /// See [`HostRow::details`].
    pub details: BTreeMap<String, String>,
}

/// Which hosts a list is to have; nothing set: all that are not removed.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostFilter {
    /// Of this zone.
    pub zone: Option<ZoneId>,
    /// Of this pod.
    pub pod: Option<PodId>,
    /// Of this cluster.
    pub cluster: Option<ClusterId>,
    /// Of this kind, see [`HostRow::kind`].
    pub kind: Option<&'static str>,
    /// In this state.
    pub status: Option<HostStatus>,
}

const COLUMNS: &str = "id, guid, kind, name, zone, pod, cluster, status, status_reason, status_changed, admin_state, \
    version, connection, manager, private_address, public_address, storage_address, serve_address, agent_version, \
    wire_version, arch, hypervisor, hypervisor_version, capabilities, cpus, cpu_sockets, cpu_mhz, memory_mib, \
    reserved_mib, tags, details, stats, last_ping, created, removed";

fn read(row: &Row<'_>) -> rusqlite::Result<HostRow> {
    Ok(HostRow {
        id: parsed(row, "id")?,
        guid: parsed(row, "guid")?,
        kind: row.get("kind")?,
        name: row.get("name")?,
        zone: parsed(row, "zone")?,
        pod: parsed_or_null(row, "pod")?,
        cluster: parsed_or_null(row, "cluster")?,
        status: parsed(row, "status")?,
        status_reason: row.get("status_reason")?,
        status_changed: time(row, "status_changed")?,
        admin_state: parsed(row, "admin_state")?,
        version: Version(row.get("version")?),
        connection: amount(row, "connection")?,
        manager: row.get::<_, Option<i64>>("manager")?.and_then(|m| u64::try_from(m).ok()),
        private_address: parsed_or_null(row, "private_address")?,
        public_address: parsed_or_null(row, "public_address")?,
        storage_address: parsed_or_null(row, "storage_address")?,
        serve_address: row.get("serve_address")?,
        agent_version: row.get("agent_version")?,
        wire_version: row.get("wire_version")?,
        arch: row.get("arch")?,
        hypervisor: row.get("hypervisor")?,
        hypervisor_version: row.get("hypervisor_version")?,
        capabilities: row.get("capabilities")?,
        cpus: row.get("cpus")?,
        cpu_sockets: row.get("cpu_sockets")?,
        cpu_speed: Mhz(amount(row, "cpu_mhz")?),
        memory: Mib(amount(row, "memory_mib")?),
        reserved: Mib(amount(row, "reserved_mib")?),
        tags: row.get("tags")?,
        details: json(row, "details")?,
        stats: json(row, "stats")?,
        last_ping: time_or_null(row, "last_ping")?,
        created: time(row, "created")?,
        removed: time_or_null(row, "removed")?,
    })
}

/// A host that is not removed, if there is one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_find(tx: &Tx<'_>, host: HostId) -> Result<Option<HostRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM host WHERE id = ?1 AND removed IS NULL");
    tx.row("read a host", &sql, params![host.to_string()], read)
}

/// A host that is not removed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn host_get(tx: &Tx<'_>, host: HostId) -> Result<HostRow, StoreError> {
    host_find(tx, host)?.ok_or_else(|| StoreError::NotFound { what: "host", id: host.to_string() })
}

/// The host of a machine, if it is not removed.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_by_guid(tx: &Tx<'_>, guid: HostGuid) -> Result<Option<HostRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM host WHERE guid = ?1 AND removed IS NULL");
    tx.row("look a host up by its guid", &sql, params![guid.to_string()], read)
}

/// Hosts that are not removed and that have an address, by address: is this machine known already?
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_by_address(tx: &Tx<'_>, address: IpAddr) -> Result<Option<HostRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM host WHERE private_address = ?1 AND kind = 'Routing' AND removed IS NULL"
    );
    tx.row("look a host up by its address", &sql, params![address.to_string()], read)
}

/// When the machine was last removed, if it ever was.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_removed_at(tx: &Tx<'_>, guid: HostGuid) -> Result<Option<Timestamp>, StoreError> {
    tx.row(
        "look a removed host up",
        "SELECT removed FROM host WHERE guid = ?1 AND removed IS NOT NULL ORDER BY removed DESC",
        params![guid.to_string()],
        |row| time(row, "removed"),
    )
}

/// Hosts that are not removed, by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_list(tx: &Tx<'_>, filter: &HostFilter) -> Result<Vec<HostRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM host WHERE removed IS NULL AND (?1 IS NULL OR zone = ?1)
         AND (?2 IS NULL OR pod = ?2) AND (?3 IS NULL OR cluster = ?3) AND (?4 IS NULL OR kind = ?4)
         AND (?5 IS NULL OR status = ?5) ORDER BY name, id"
    );
    tx.rows(
        "list hosts",
        &sql,
        params![
            filter.zone.map(|id| id.to_string()),
            filter.pod.map(|id| id.to_string()),
            filter.cluster.map(|id| id.to_string()),
            filter.kind,
            filter.status.map(HostStatus::as_str),
        ],
        read,
    )
}

/// Records that an agent has said Startup: the row is made or brought up to date, the host is Connecting,
/// and its connection has the next number.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_connect(
    tx: &Tx<'_>,
    host: &ConnectingHost,
    reason: &str,
    now: Timestamp,
) -> Result<HostRow, StoreError> {
    let known = host_by_guid(tx, host.guid)?;
    let id = known.as_ref().map_or(host.new_id, |row| row.id);
    if let Some(row) = &known {
        row.status.next(HostEvent::AgentConnected)?;
    }
    tx.execute(
        "record a connecting host",
        "INSERT INTO host (id, guid, kind, name, zone, pod, cluster, status, status_changed, connection, manager,
             private_address, public_address, storage_address, serve_address, agent_version, wire_version, arch,
             hypervisor, hypervisor_version, capabilities, cpus, cpu_sockets, cpu_mhz, memory_mib, reserved_mib,
             details, created, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'Connecting', ?8, 1, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?8, ?26)
         ON CONFLICT (id) DO UPDATE SET kind = ?3, name = CASE renamed WHEN 1 THEN name ELSE ?4 END, zone = ?5, pod = ?6, cluster = ?7,
             status = 'Connecting', status_reason = '', status_changed = ?8, connection = connection + 1, manager = ?9,
             private_address = ?10, public_address = ?11, storage_address = ?12, serve_address = ?13,
             agent_version = ?14, wire_version = ?15, arch = ?16, hypervisor = ?17, hypervisor_version = ?18,
             capabilities = ?19, cpus = ?20, cpu_sockets = ?21, cpu_mhz = ?22, memory_mib = ?23, reserved_mib = ?24,
             details = ?25, cause = ?26, version = version + 1",
        params![
            id.to_string(),
            host.guid.to_string(),
            host.kind,
            host.name,
            host.zone.to_string(),
            host.pod.map(|id| id.to_string()),
            host.cluster.map(|id| id.to_string()),
            now.0,
            stored(host.manager),
            host.private_address.map(|a| a.to_string()),
            host.public_address.map(|a| a.to_string()),
            host.storage_address.map(|a| a.to_string()),
            host.serve_address,
            host.agent_version,
            host.wire_version,
            host.arch,
            host.hypervisor,
            host.hypervisor_version,
            host.capabilities,
            host.cpus,
            host.cpu_sockets,
            stored(host.cpu_speed.0),
            stored(host.memory.0),
            stored(host.reserved.0),
            serde_json::to_string(&host.details).unwrap_or_else(|_| "{}".to_owned()),
            to_json(&tx.cause().or(reason)),
        ],
    )?;
    let row = host_get(tx, id)?;
    if known.is_none_or(|known| known.status != HostStatus::Connecting) {
        event_add(tx, &status_event(&row, HostStatus::Connecting, reason, now))?;
    }
    Ok(row)
}

/// Moves a host along `event` and records why, if `connection` is still its newest one.
///
/// Returns the row as it is afterwards, or nothing if a newer connection has taken over, or the host is removed.
/// News that changes nothing is not recorded.
///
/// # Errors
/// [`StoreError::Transition`] if the host's state does not allow the event.
pub fn host_transition(
    tx: &Tx<'_>,
    host: HostId,
    connection: u64,
    event: HostEvent,
    reason: &str,
    now: Timestamp,
) -> Result<Option<HostRow>, StoreError> {
    let Some(row) = host_find(tx, host)? else { return Ok(None) };
    if row.connection != connection {
        return Ok(None);
    }
    let status = row.status.next(event)?;
    if status == row.status {
        return Ok(Some(row));
    }
    let manager =
        matches!(status, HostStatus::Connecting | HostStatus::Up).then_some(row.manager).flatten();
    let changed = tx.execute(
        "record a host's new state",
        "UPDATE host SET status = ?3, status_reason = ?4, status_changed = ?5, manager = ?6, cause = ?8,
             version = version + 1
         WHERE id = ?1 AND connection = ?2 AND version = ?7",
        params![
            host.to_string(),
            stored(connection),
            status.as_str(),
            reason,
            now.0,
            manager.map(stored),
            row.version.0,
            to_json(&tx.cause().or(reason)),
        ],
    )?;
    if changed == 0 {
        return Ok(None);
    }
    event_add(tx, &status_event(&row, status, reason, now))?;
    Ok(Some(HostRow {
        status,
        status_reason: reason.to_owned(),
        status_changed: now,
        manager,
        version: row.version.next(),
        ..row
    }))
}

fn status_event(row: &HostRow, status: HostStatus, reason: &str, now: Timestamp) -> NewEvent {
    let (kind, level) = match status {
        HostStatus::Up => ("HOST.UP", "INFO"),
        HostStatus::Connecting => ("HOST.CONNECTING", "INFO"),
        HostStatus::Disconnected => ("HOST.DISCONNECTED", "WARN"),
        HostStatus::Alert => ("HOST.ALERT", "ERROR"),
        HostStatus::Down => ("HOST.DOWN", "ERROR"),
        HostStatus::Removed => ("HOST.REMOVED", "INFO"),
    };
    NewEvent {
        at: now,
        kind,
        level,
        state: "Completed",
        description: format!("host {} is {status}: {reason}", row.name),
        cause: format!("connection {} of host {}", row.connection, row.id),
        account: None,
        user: None,
        subject: Some(("Host", row.id.uuid())),
        job: None,
    }
}

/// Records that `manager` has ended, for every host that it held. Returns how many there were.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_manager_lost(
    tx: &Tx<'_>,
    manager: u64,
    reason: &str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM host WHERE removed IS NULL AND manager = ?1 AND status IN ('Up', 'Connecting')"
    );
    let held = tx.rows("list a manager's hosts", &sql, params![stored(manager)], read)?;
    for row in &held {
        host_transition(tx, row.id, row.connection, HostEvent::ManagerLost, reason, now)?;
    }
    Ok(held.len())
}

/// Records a sign of life of connection `connection`, with statistics as JSON.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_ping(
    tx: &Tx<'_>,
    host: HostId,
    connection: u64,
    stats: &serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "record a host's ping",
        "UPDATE host SET last_ping = ?3, stats = ?4 WHERE id = ?1 AND connection = ?2 AND removed IS NULL",
        params![host.to_string(), stored(connection), now.0, stats.to_string()],
    )?;
    Ok(())
}

/// Moves what an administrator wants of a host along `event`. Says what it was, and what it is now.
///
/// A host that is to be maintained and has no VM that may be alive is in Maintenance at once.
///
/// # Errors
/// [`StoreError::Transition`] if the present state does not allow it, [`StoreError::NotFound`].
pub fn host_administer(
    tx: &Tx<'_>,
    host: HostId,
    event: ResourceEvent,
) -> Result<(ResourceState, ResourceState), StoreError> {
    let before = host_get(tx, host)?.admin_state;
    let mut after = before.next(event)?;
    if after == ResourceState::PrepareForMaintenance && host_in_use(tx, host)?.0 == 0 {
        after = after.next(ResourceEvent::Emptied)?;
    }
    if after != before {
        change(tx, host, "admin_state", after.as_str())?;
    }
    Ok((before, after))
}

/// A run on the host has ended: if it is to be maintained and that was the last one, it is in Maintenance.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub(crate) fn host_left(tx: &Tx<'_>, host: HostId, now: Timestamp) -> Result<(), StoreError> {
    let emptied = tx.execute(
        "record that a host is in maintenance",
        "UPDATE host SET admin_state = 'Maintenance', cause = ?2, version = version + 1
         WHERE id = ?1 AND admin_state = 'PrepareForMaintenance' AND removed IS NULL
           AND NOT EXISTS (SELECT 1 FROM vm_run WHERE host = ?1 AND state <> 'Ended')",
        params![host.to_string(), to_json(&tx.cause().or("the last run on it ended"))],
    )?;
    if emptied == 0 {
        return Ok(());
    }
    let name = host_get(tx, host)?.name;
    event_add(
        tx,
        &NewEvent {
            at: now,
            kind: "MAINT.PREPARE",
            level: "INFO",
            state: "Completed",
            description: format!("the last VM has left host {name}; it is in Maintenance"),
            cause: format!("the last run on host {host} ended"),
            account: None,
            user: None,
            subject: Some(("Host", host.uuid())),
            job: None,
        },
    )
}

/// Gives a host a name of an administrator's choice, which its agent does not change any more.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn host_rename(tx: &Tx<'_>, host: HostId, name: &str) -> Result<(), StoreError> {
    change(tx, host, "renamed = 1, name", name)
}

/// Sets a host's tags, comma separated.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn host_set_tags(tx: &Tx<'_>, host: HostId, tags: &str) -> Result<(), StoreError> {
    change(tx, host, "tags", tags)
}

fn change(tx: &Tx<'_>, host: HostId, column: &'static str, value: &str) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE host SET {column} = ?2, cause = ?3, version = version + 1 WHERE id = ?1 AND removed IS NULL"
    );
    match tx.execute("change a host", &sql, params![host.to_string(), value, tx.cause_json()])? {
        0 => Err(StoreError::NotFound { what: "host", id: host.to_string() }),
        _ => Ok(()),
    }
}

/// What stands in the way of removing a host: runs that may be alive, volumes and snapshots on its local pools.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_in_use(tx: &Tx<'_>, host: HostId) -> Result<(u64, u64), StoreError> {
    let counts = tx.row(
        "count what a host is used for",
        "SELECT (SELECT count(*) FROM vm_run WHERE host = ?1 AND state <> 'Ended') AS runs,
                (SELECT count(*) FROM volume v JOIN storage_pool p ON p.id = v.pool
                 WHERE p.host = ?1 AND v.removed IS NULL)
                + (SELECT count(*) FROM snapshot s JOIN storage_pool p ON p.id = s.pool
                   WHERE p.host = ?1 AND s.removed IS NULL AND s.state <> 'Error') AS volumes",
        params![host.to_string()],
        |row| Ok((amount(row, "runs")?, amount(row, "volumes")?)),
    )?;
    Ok(counts.unwrap_or_default())
}

/// Takes a host out of the cloud. Its row stays, for what refers to it; the addresses under which it served networks are
/// free again.
///
/// # Errors
/// [`StoreError::NotFound`] if it is removed already.
pub fn host_remove(
    tx: &Tx<'_>,
    host: HostId,
    reason: &str,
    now: Timestamp,
) -> Result<HostRow, StoreError> {
    let row = host_get(tx, host)?;
    let status = row.status.next(HostEvent::RemoveRequested)?;
    tx.execute(
        "remove a host",
        "UPDATE host SET status = ?2, status_reason = ?3, status_changed = ?4, removed = ?4, manager = NULL, cause = ?5,
             connection = connection + 1, version = version + 1 WHERE id = ?1",
        params![
            host.to_string(),
            status.as_str(),
            reason,
            now.0,
            to_json(&tx.cause().or(reason)),
        ],
    )?;
    let free = "DELETE FROM address WHERE host = ?1";
    tx.execute("free the addresses of a host", free, params![host.to_string()])?;
    event_add(tx, &status_event(&row, status, reason, now))?;
    Ok(row)
}
