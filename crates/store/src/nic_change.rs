//! What can be changed of the NICs of a VM that exists: where they are, their addresses, which is the default one.

use std::net::IpAddr;

use hostler_model::{NetworkId, NicId, Timestamp, VmId};
use rusqlite::params;
use uuid::Uuid;

use crate::address::{AddressFor, address_give};
use crate::columns::{parsed, parsed_or_null};
use crate::{StoreError, Tx};

/// A NIC, as far as changes need it.
#[derive(Debug, Clone)]
pub struct NicPlace {
    /// Its id.
    pub id: NicId,
    /// Its VM.
    pub vm: VmId,
    /// Its network.
    pub network: NetworkId,
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Whether the default route goes this way.
    pub is_default: bool,
}

/// One NIC that is not removed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn nic_get(tx: &Tx<'_>, id: NicId) -> Result<NicPlace, StoreError> {
    tx.row(
        "read a NIC",
        "SELECT id, vm, network, ip, is_default FROM nic WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        |row| {
            Ok(NicPlace {
                id: parsed(row, "id")?,
                vm: parsed(row, "vm")?,
                network: parsed(row, "network")?,
                ip: parsed_or_null(row, "ip")?,
                is_default: row.get("is_default")?,
            })
        },
    )?
    .ok_or_else(|| StoreError::NotFound { what: "NIC", id: id.to_string() })
}

/// The first device number that no NIC of a VM has.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn nic_next_device(tx: &Tx<'_>, vm: VmId) -> Result<u32, StoreError> {
    let next = tx.row(
        "find a place for a NIC",
        "SELECT coalesce(max(device) + 1, 0) AS next FROM nic WHERE vm = ?1 AND removed IS NULL",
        params![vm.to_string()],
        |row| row.get("next"),
    )?;
    Ok(next.unwrap_or(0))
}

/// Removes one NIC and frees its addresses.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn nic_remove(tx: &Tx<'_>, nic: NicId, now: Timestamp) -> Result<(), StoreError> {
    let id = nic.to_string();
    let free = "DELETE FROM address WHERE nic = ?1";
    tx.execute("free the addresses of a NIC", free, params![id])?;
    let remove = "UPDATE nic SET removed = ?2 WHERE id = ?1 AND removed IS NULL";
    tx.execute("remove a NIC", remove, params![id, now.0])?;
    Ok(())
}

/// Gives a NIC another address of its network, which the caller has chosen as free, and frees the old one.
///
/// # Errors
/// [`StoreError::Taken`] if it is in use after all.
pub fn nic_set_ip(
    tx: &Tx<'_>,
    nic: &NicPlace,
    ip: IpAddr,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(old) = nic.ip {
        let moved = tx.execute(
            "give a NIC another address",
            "UPDATE address SET ip = ?3 WHERE nic = ?1 AND ip = ?2 AND secondary IS NULL",
            params![nic.id.to_string(), old.to_string(), ip.to_string()],
        );
        match moved {
            Err(e) if e.is_unique_violation() => {
                return Err(StoreError::Taken(format!("address {ip} is in use")));
            }
            other => other.map(|_| ())?,
        }
    } else {
        address_give(tx, nic.network, (ip, true), AddressFor::Nic(nic.id), now)?;
    }
    let set = "UPDATE nic SET ip = ?2 WHERE id = ?1";
    tx.execute("give a NIC another address", set, params![nic.id.to_string(), ip.to_string()])?;
    Ok(())
}

/// Makes a NIC its VM's default one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn nic_set_default(tx: &Tx<'_>, nic: &NicPlace) -> Result<(), StoreError> {
    let what = "choose the default NIC of a VM";
    let none = "UPDATE nic SET is_default = 0 WHERE vm = ?1 AND removed IS NULL";
    tx.execute(what, none, params![nic.vm.to_string()])?;
    tx.execute(what, "UPDATE nic SET is_default = 1 WHERE id = ?1", params![nic.id.to_string()])?;
    Ok(())
}

/// Gives a NIC an address beside its own.
///
/// # Errors
/// [`StoreError::Taken`].
pub fn secondary_add(
    tx: &Tx<'_>,
    id: Uuid,
    nic: &NicPlace,
    ip: IpAddr,
    now: Timestamp,
) -> Result<(), StoreError> {
    let given = tx.execute(
        "give out an address",
        "INSERT INTO address (network, ip, nic, given, secondary) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![nic.network.to_string(), ip.to_string(), nic.id.to_string(), now.0, id.to_string()],
    );
    match given {
        Err(e) if e.is_unique_violation() => {
            Err(StoreError::Taken(format!("address {ip} is in use")))
        }
        other => other.map(|_| ()),
    }
}

/// The NIC that has an address beside its own, and the address.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn secondary_get(tx: &Tx<'_>, id: Uuid) -> Result<(NicPlace, IpAddr), StoreError> {
    let found = tx.row(
        "read an address",
        "SELECT nic, ip FROM address WHERE secondary = ?1",
        params![id.to_string()],
        |row| Ok((parsed(row, "nic")?, parsed(row, "ip")?)),
    )?;
    let (nic, ip) = found
        .ok_or_else(|| StoreError::NotFound { what: "secondary address", id: id.to_string() })?;
    Ok((nic_get(tx, nic)?, ip))
}

/// Frees an address that a NIC has beside its own.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn secondary_remove(tx: &Tx<'_>, id: Uuid) -> Result<(), StoreError> {
    let free = "DELETE FROM address WHERE secondary = ?1";
    tx.execute("free an address", free, params![id.to_string()]).map(|_| ())
}
