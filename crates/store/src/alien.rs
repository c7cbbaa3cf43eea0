//! Table `alien`: libvirt domains that are not this cloud's. They are listed and left alone.

use hostler_model::{ClusterId, HostId, Mib, PowerState, Timestamp, ZoneId};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::columns::{amount, json, parsed, parsed_or_null, stored, time, to_json};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// An alien, as its host tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlienRow {
    /// `<uuid>` of the domain.
    pub uuid: Uuid,
    /// `<name>` of the domain; any text.
    pub name: String,
    /// Whether it runs.
    pub power: PowerState,
    /// Its CPUs.
    pub vcpus: u32,
    /// Its memory.
    pub memory: Mib,
    /// Its disks.
    pub disks: Vec<AlienDevice>,
    /// Its network interfaces.
    pub nics: Vec<AlienDevice>,
}

/// A disk or a network interface of an alien.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlienDevice {
    /// Name of the disk in the XML, or MAC address.
    pub name: String,
    /// What is behind it: file, device, volume, bridge or network.
    pub source: String,
}

/// An alien as it is listed.
#[derive(Debug, Clone)]
pub struct AlienView {
    /// The alien.
    pub alien: AlienRow,
    /// Its host.
    pub host: HostId,
    /// That host's name.
    pub host_name: String,
    /// That host's connection status.
    pub host_status: String,
    /// That host's cluster and its name.
    pub cluster: Option<(ClusterId, String)>,
    /// That host's zone.
    pub zone: ZoneId,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
}

/// Which aliens to list.
#[derive(Debug, Clone, Default)]
pub struct AlienFilter {
    /// The one with this UUID.
    pub uuid: Option<Uuid>,
    /// Those on this host.
    pub host: Option<HostId>,
    /// Those on hosts of this cluster.
    pub cluster: Option<ClusterId>,
    /// Those on hosts of this zone.
    pub zone: Option<ZoneId>,
    /// Those in this power state.
    pub power: Option<PowerState>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// The aliens of a host, by their UUIDs.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn aliens_on(tx: &Tx<'_>, host: HostId) -> Result<Vec<AlienRow>, StoreError> {
    let sql = "SELECT * FROM alien WHERE host = ?1 ORDER BY uuid";
    tx.rows("list the aliens of a host", sql, params![host.to_string()], read)
}

/// Records what a host has of aliens: those of `seen` are there, others are not.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn aliens_set(
    tx: &Tx<'_>,
    host: HostId,
    seen: &[AlienRow],
    now: Timestamp,
) -> Result<(), StoreError> {
    let uuids: Vec<_> = seen.iter().map(|alien| alien.uuid.to_string()).collect();
    tx.execute(
        "remove aliens that a host does not have any more",
        "DELETE FROM alien WHERE host = ?1 AND uuid NOT IN (SELECT value FROM json_each(?2))",
        params![host.to_string(), to_json(&uuids)],
    )?;
    for alien in seen {
        tx.execute(
            "record an alien",
            "INSERT INTO alien (host, uuid, name, power, vcpus, memory_mib, disks, nics, first_seen, last_seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
             ON CONFLICT (host, uuid) DO UPDATE SET name = ?3, power = ?4, vcpus = ?5, memory_mib = ?6, disks = ?7,
                 nics = ?8, last_seen = ?9",
            params![
                host.to_string(),
                alien.uuid.to_string(),
                alien.name,
                alien.power.to_string(),
                alien.vcpus,
                stored(alien.memory.0),
                to_json(&alien.disks),
                to_json(&alien.nics),
                now.0,
            ],
        )?;
    }
    Ok(())
}

/// Forgets an alien, which is none any more.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn alien_forget(tx: &Tx<'_>, host: HostId, domain: Uuid) -> Result<(), StoreError> {
    let sql = "DELETE FROM alien WHERE host = ?1 AND uuid = ?2";
    tx.execute("forget an alien", sql, params![host.to_string(), domain.to_string()])?;
    Ok(())
}

/// Aliens by their hosts and names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn alien_list(
    tx: &Tx<'_>,
    filter: &AlienFilter,
    page: Page,
) -> Result<Listed<AlienView>, StoreError> {
    Query::new(
        "a.*, h.name AS host_name, h.status AS host_status, h.zone, h.cluster, c.name AS cluster_name,
         CASE h.status WHEN 'Up' THEN max(a.last_seen, coalesce(h.last_ping, 0)) ELSE a.last_seen END AS seen",
        "alien a JOIN host h ON h.id = a.host LEFT JOIN cluster c ON c.id = h.cluster",
        "h.name, a.name, a.uuid",
    )
    .only("h.removed IS NULL")
    .is("a.uuid", filter.uuid)
    .is("a.host", filter.host)
    .is("h.cluster", filter.cluster)
    .is("h.zone", filter.zone)
    .filter("a.power = ?", filter.power.map(|power| power.to_string()))
    .keyword(&["a.name"], filter.keyword.as_deref())
    .list(tx, "list aliens", page, |row| {
        let cluster: Option<ClusterId> = parsed_or_null(row, "cluster")?;
        Ok(AlienView {
            alien: read(row)?,
            host: parsed(row, "host")?,
            host_name: row.get("host_name")?,
            host_status: row.get("host_status")?,
            cluster: cluster.zip(row.get("cluster_name")?),
            zone: parsed(row, "zone")?,
            first_seen: time(row, "first_seen")?,
            last_seen: time(row, "seen")?,
        })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<AlienRow> {
    Ok(AlienRow {
        uuid: parsed(row, "uuid")?,
        name: row.get("name")?,
        power: parsed(row, "power")?,
        vcpus: row.get("vcpus")?,
        memory: Mib(amount(row, "memory_mib")?),
        disks: json(row, "disks")?,
        nics: json(row, "nics")?,
    })
}
