//! Table `address`: the addresses of guest networks that are given out.
//!
//! To NICs, and to hosts: each host serves DHCP and DNS on a network under an address of its own.

use std::collections::HashSet;
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

/// The addresses of a network, and which of them are given out.
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
    taken: HashSet<IpAddr>,
}

/// A row of `network` as a [`NetworkRoom`], in JSON.
pub(crate) const ROOM: &str = "json_object('id', network.id, 'name', network.name, 'start', network.start_ip,
     'last', network.end_ip, 'traffic_type', network.traffic_type,
     'services', (SELECT services FROM network_offering WHERE id = network.offering),
     'more', json((SELECT json_group_array(json_array(r.start_ip, r.end_ip)) FROM ip_range r WHERE r.network = network.id)),
     'taken', json((SELECT json_group_array(ip) FROM address WHERE network = network.id)))";

impl NetworkRoom {
    /// Whether it does `service` for its guests.
    pub fn has_service(&self, service: &str) -> bool {
        self.services.split(',').any(|has| has.eq_ignore_ascii_case(service))
    }

    /// The ranges of addresses that it may give out, the first one first.
    fn ranges(&self) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> + Clone + '_ {
        std::iter::once((self.start, self.last)).chain(self.more.iter().copied())
    }

    /// Addresses that are given out and are of none of its ranges: there should be none.
    pub(crate) fn outside(&self) -> Vec<IpAddr> {
        let inside = |ip: &IpAddr| {
            matches!(ip, IpAddr::V4(ip)
                if self.ranges().any(|(start, last)| (start..=last).contains(ip)))
        };
        let mut outside: Vec<_> = self.taken.iter().copied().filter(|ip| !inside(ip)).collect();
        outside.sort();
        outside
    }

    /// The ranges, for people.
    fn ranges_text(&self) -> String {
        let ranges: Vec<_> = self.ranges().map(|(start, last)| format!("{start}-{last}")).collect();
        ranges.join(", ")
    }

    /// The wanted address, or the lowest free one.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if the wanted one is given out or not of the network's ranges;
    /// [`StoreError::Exhausted`] if none is free.
    pub fn choose(&self, wanted: Option<IpAddr>) -> Result<IpAddr, StoreError> {
        let Some(ip) = wanted else { return self.lowest_free() };
        let name = &self.name;
        let is_inside = matches!(ip, IpAddr::V4(ip)
            if self.ranges().any(|(start, last)| (start..=last).contains(&ip)));
        if !is_inside {
            let ranges = self.ranges_text();
            return Err(StoreError::Taken(format!(
                "address {ip} is not of the range {ranges} of network {name}; choose one that is"
            )));
        }
        if self.taken.contains(&ip) {
            return Err(StoreError::Taken(format!("address {ip} of network {name} is in use")));
        }
        Ok(ip)
    }

    /// The lowest free address of the network's first range, else of those that were added to it.
    ///
    /// # Errors
    /// [`StoreError::Exhausted`] if there is none.
    pub fn lowest_free(&self) -> Result<IpAddr, StoreError> {
        let addresses = self.ranges().flat_map(|(start, last)| u32::from(start)..=u32::from(last));
        let mut addresses = addresses.map(|number| IpAddr::V4(Ipv4Addr::from(number)));
        addresses.find(|ip| !self.taken.contains(ip)).ok_or_else(|| {
            let Self { name, .. } = self;
            let ranges = self.ranges_text();
            StoreError::Exhausted(format!("network {name} has no free address in {ranges}"))
        })
    }
}

/// The lowest free address of the network's range.
///
/// # Errors
/// [`StoreError::Exhausted`] if there is none; [`StoreError::NotFound`] if there is no such network.
pub fn address_free(tx: &Tx<'_>, network: NetworkId) -> Result<IpAddr, StoreError> {
    network_room(tx, network)?.lowest_free()
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

/// Gives out an address. The row's key makes sure that it is given once.
///
/// # Errors
/// [`StoreError::Taken`].
pub fn address_give(
    tx: &Tx<'_>,
    network: NetworkId,
    ip: IpAddr,
    to: AddressFor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (nic, host) = match to {
        AddressFor::Nic(nic) => (Some(nic.to_string()), None),
        AddressFor::Host(host) => (None, Some(host.to_string())),
    };
    let given = tx.execute(
        "give out an address",
        "INSERT INTO address (network, ip, nic, host, given) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![network.to_string(), ip.to_string(), nic, host, now.0],
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
    address_give(tx, network, ip, AddressFor::Host(host), now)?;
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
