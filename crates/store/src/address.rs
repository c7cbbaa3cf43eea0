//! Table `address`: the addresses of guest networks that are given out.
//!
//! To NICs, and to hosts: each host serves DHCP and DNS on a network under an address of its own.

use std::net::{IpAddr, Ipv4Addr};

use hostler_model::{HostId, NetworkId, NicId, Timestamp};
use rusqlite::{Row, params};
use serde::Deserialize;

use crate::columns::{json, parsed};
use crate::{StoreError, Tx};

/// Whom an address is for.
#[derive(Debug, Clone, Copy)]
pub enum AddressFor {
    /// A VM's NIC.
    Nic(NicId),
    /// A host's DHCP and DNS service.
    Host(HostId),
}

/// The addresses of a network, and the next one that is free.
#[derive(Debug, Clone, Deserialize)]
pub struct NetworkRoom {
    /// The network.
    pub id: NetworkId,
    /// Its name.
    pub name: String,
    /// Whose traffic it carries: `Guest`.
    pub traffic_type: String,
    /// What it does for its guests, comma separated.
    pub services: String,
    start: Ipv4Addr,
    last: Ipv4Addr,
    more: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// The lowest free one, as a number.
    free: Option<u32>,
}

/// An expression for the number of a dotted address.
macro_rules! number {
    ($ip:literal) => {
        concat!(
            "((json_extract('[' || replace(",
            $ip,
            ", '.', ',') || ']', '$[0]') << 24)",
            " | (json_extract('[' || replace(",
            $ip,
            ", '.', ',') || ']', '$[1]') << 16)",
            " | (json_extract('[' || replace(",
            $ip,
            ", '.', ',') || ']', '$[2]') << 8)",
            " | json_extract('[' || replace(",
            $ip,
            ", '.', ',') || ']', '$[3]'))"
        )
    };
}

/// A query for the number of the first free address of `network` from the number `$from` to the address `$last`. Each is
/// looked up, so that it costs as much as there are given ones in the way.
macro_rules! first_free {
    ($from:expr, $last:literal) => {
        concat!(
            "(WITH RECURSIVE probe (number, last) AS (SELECT ", $from, ", ", number!($last),
            " UNION ALL SELECT number + 1, last FROM probe WHERE number <= last AND EXISTS (
                 SELECT 1 FROM address WHERE address.network = network.id AND ip = printf('%d.%d.%d.%d',
                     number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255)))
             SELECT number FROM (SELECT max(number) AS number, last FROM probe) WHERE number <= last)"
        )
    };
}

/// A row of `network` as a [`NetworkRoom`], in JSON.
pub(crate) const ROOM: &str = concat!(
    "json_object('id', network.id, 'name', network.name, 'start', network.start_ip,
     'last', network.end_ip, 'traffic_type', network.traffic_type,
     'services', (SELECT services FROM network_offering WHERE id = network.offering),
     'more', json((SELECT json_group_array(json_array(r.start_ip, r.end_ip)) FROM ip_range r WHERE r.network = network.id)),
     'free', coalesce(",
    first_free!(concat!("max(network.next_ip, ", number!("network.start_ip"), ")"), "network.end_ip"),
    ", ",
    first_free!(number!("network.start_ip"), "network.end_ip"),
    ", (SELECT free FROM (SELECT r.rowid AS place, ",
    first_free!(number!("r.start_ip"), "r.end_ip"),
    " AS free FROM ip_range r WHERE r.network = network.id) WHERE free IS NOT NULL ORDER BY place LIMIT 1)))"
);

impl NetworkRoom {
    /// Whether it does `service` for its guests.
    pub fn has_service(&self, service: &str) -> bool {
        self.services.split(',').any(|has| has.eq_ignore_ascii_case(service))
    }

    /// The ranges of addresses that it may give out, the first one first.
    fn ranges(&self) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> + Clone + '_ {
        std::iter::once((self.start, self.last)).chain(self.more.iter().copied())
    }

    /// Whether an address is of one of its ranges.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        matches!(ip, IpAddr::V4(ip) if self.ranges().any(|(start, last)| (start..=last).contains(&ip)))
    }

    /// The ranges, for people.
    fn ranges_text(&self) -> String {
        let ranges: Vec<_> = self.ranges().map(|(start, last)| format!("{start}-{last}")).collect();
        ranges.join(", ")
    }

    /// The wanted address, or the next free one. Whoever takes it must do so in the transaction that read this.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if the wanted one is given out or not of the network's ranges;
    /// [`StoreError::Exhausted`] if none is free.
    pub fn choose(&self, tx: &Tx<'_>, wanted: Option<IpAddr>) -> Result<IpAddr, StoreError> {
        let Some(ip) = wanted else { return self.next_free() };
        let name = &self.name;
        if !self.has(ip) {
            let ranges = self.ranges_text();
            return Err(StoreError::Taken(format!(
                "address {ip} is not of the range {ranges} of network {name}; choose one that is"
            )));
        }
        let given = tx.row(
            "look whether an address is given out",
            "SELECT 1 FROM address WHERE network = ?1 AND ip = ?2",
            params![self.id.to_string(), ip.to_string()],
            |_| Ok(()),
        )?;
        match given {
            Some(()) => Err(StoreError::Taken(format!("address {ip} of network {name} is in use"))),
            None => Ok(ip),
        }
    }

    /// The next free address of the network's first range, else of those that were added to it.
    ///
    /// # Errors
    /// [`StoreError::Exhausted`] if there is none.
    pub fn next_free(&self) -> Result<IpAddr, StoreError> {
        self.free.map(|number| IpAddr::V4(Ipv4Addr::from(number))).ok_or_else(|| {
            let Self { name, .. } = self;
            let ranges = self.ranges_text();
            StoreError::Exhausted(format!("network {name} has no free address in {ranges}"))
        })
    }
}

/// The next free address of the network's ranges.
///
/// # Errors
/// [`StoreError::Exhausted`] if there is none; [`StoreError::NotFound`] if there is no such network.
pub fn address_free(tx: &Tx<'_>, network: NetworkId) -> Result<IpAddr, StoreError> {
    network_room(tx, network)?.next_free()
}

/// The addresses of a network.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn network_room(tx: &Tx<'_>, network: NetworkId) -> Result<NetworkRoom, StoreError> {
    let sql = format!("SELECT {ROOM} AS room FROM network WHERE id = ?1 AND removed IS NULL");
    let read = |row: &Row<'_>| json::<NetworkRoom>(row, "room");
    tx.row("read the addresses of a network", &sql, params![network.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "network", id: network.to_string() })
}

/// Gives out an address, `asked` for by somebody or the next free one. The row's key makes sure that it is given once.
///
/// # Errors
/// [`StoreError::Taken`].
pub fn address_give(
    tx: &Tx<'_>,
    network: NetworkId,
    (ip, asked): (IpAddr, bool),
    to: AddressFor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (nic, host) = match to {
        AddressFor::Nic(nic) => (Some(nic.to_string()), None),
        AddressFor::Host(host) => (None, Some(host.to_string())),
    };
    let given = tx.execute(
        "give out an address",
        "INSERT INTO address (network, ip, nic, host, given, asked) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![network.to_string(), ip.to_string(), nic, host, now.0, asked],
    );
    match given {
        Err(e) if e.is_unique_violation() => {
            Err(StoreError::Taken(format!("address {ip} of network {network} is in use")))
        }
        other => other.map(|_| ()),
    }
}

/// The address under which a host serves a network, given out the first time.
///
/// # Errors
/// [`StoreError::Exhausted`] if the network has no address left.
pub fn address_of_host(
    tx: &Tx<'_>,
    network: NetworkId,
    host: HostId,
    now: Timestamp,
) -> Result<IpAddr, StoreError> {
    if let Some(ip) = address_of_host_if_given(tx, network, host)? {
        return Ok(ip);
    }
    let ip = address_free(tx, network)?;
    address_give(tx, network, (ip, false), AddressFor::Host(host), now)?;
    Ok(ip)
}

/// The address under which a host serves a network, if it ever did.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn address_of_host_if_given(
    tx: &Tx<'_>,
    network: NetworkId,
    host: HostId,
) -> Result<Option<IpAddr>, StoreError> {
    tx.row(
        "read a host's address on a network",
        "SELECT ip FROM address WHERE network = ?1 AND host = ?2",
        params![network.to_string(), host.to_string()],
        |row| parsed(row, "ip"),
    )
}
