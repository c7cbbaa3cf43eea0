//! Table `address`: the addresses of guest networks that are given out.
//!
//! To NICs, and to hosts: each host serves DHCP and DNS on a network under an address of its own.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};

use hostler_model::{HostId, NetworkId, NicId, Timestamp};
use rusqlite::params;

use crate::{StoreError, Tx, columns::parsed};

/// Whom an address is for.
#[derive(Debug, Clone, Copy)]
pub enum AddressFor {
    /// A VM's NIC.
    Nic(NicId),
    /// A host's DHCP and DNS service.
    Host(HostId),
}

/// The lowest free address of the network's range.
///
/// # Errors
/// [`StoreError::Exhausted`] if there is none; [`StoreError::NotFound`] if there is no such network.
pub fn address_free(tx: &Tx<'_>, network: NetworkId) -> Result<IpAddr, StoreError> {
    let rows: Vec<(String, Ipv4Addr, Ipv4Addr, Option<String>)> = tx.rows(
        "read the addresses of a network",
        "SELECT network.name AS name, network.start_ip AS start, network.end_ip AS last, address.ip AS ip
         FROM network LEFT JOIN address ON address.network = network.id WHERE network.id = ?1",
        params![network.to_string()],
        |row| Ok((row.get("name")?, parsed(row, "start")?, parsed(row, "last")?, row.get("ip")?)),
    )?;
    let Some((name, start, last, _)) = rows.first() else {
        return Err(StoreError::NotFound { what: "network", id: network.to_string() });
    };
    let taken: HashSet<Ipv4Addr> =
        rows.iter().filter_map(|row| row.3.as_ref()?.parse().ok()).collect();
    (u32::from(*start)..=u32::from(*last))
        .map(Ipv4Addr::from)
        .find(|ip| !taken.contains(ip))
        .map(IpAddr::V4)
        .ok_or_else(|| {
            StoreError::Exhausted(format!("network {name} has no free address in {start}-{last}"))
        })
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
