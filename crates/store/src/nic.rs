//! Table `nic`: the network interfaces of VMs, read together with the networks that they are on.

use std::net::IpAddr;

use hostler_model::{MacAddress, NetworkId, NicId, Timestamp, VmId};
use ipnet::IpNet;
use rusqlite::{Row, params};
use serde::{Deserialize, Deserializer};

use crate::columns::{from_text, json, parsed};
use crate::{StoreError, Tx};

/// The refusal of a host name that another VM holds.
pub(crate) const NAME_TAKEN: &str =
    "another VM in the network's domain has this host name; choose another one (parameter name)";

/// A NIC that is to be recorded.
#[derive(Debug, Clone)]
pub struct NewNic {
    /// Its id.
    pub id: NicId,
    /// Its VM.
    pub vm: VmId,
    /// Its network.
    pub network: NetworkId,
    /// Its number in the VM.
    pub device: u32,
    /// Its hardware address.
    pub mac: MacAddress,
    /// Its address, if it is known.
    pub ip: Option<IpAddr>,
    /// Whether the default route goes this way.
    pub is_default: bool,
}

/// Records a NIC. The VM's first one in a network's domain holds the VM's host name there.
///
/// # Errors
/// [`StoreError::Taken`] if the network has the MAC or the address already, its domain the
/// host name, or the VM a default NIC.
pub fn nic_add(tx: &Tx<'_>, nic: &NewNic, now: Timestamp) -> Result<(), StoreError> {
    let added = tx.execute(
        "record a NIC",
        "INSERT INTO nic (id, vm, network, device, mac, ip, is_default, created, name_held, domain_held, vm_number)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, held.name, held.domain, (SELECT number FROM vm WHERE id = ?2) FROM (SELECT 1)
         LEFT JOIN (SELECT vm.host_name AS name, network.network_domain AS domain
                    FROM vm JOIN network ON network.id = ?3
                    WHERE vm.id = ?2 AND NOT EXISTS (SELECT 1 FROM nic other WHERE other.vm = ?2
                        AND other.removed IS NULL AND other.domain_held = network.network_domain)) held",

        params![
            nic.id.to_string(),
            nic.vm.to_string(),
            nic.network.to_string(),
            nic.device,
            nic.mac.to_string(),
            nic.ip.map(|ip| ip.to_string()),
            nic.is_default,
            now.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation_of("name_held") => {
            Err(StoreError::Taken(NAME_TAKEN.to_owned()))
        }
        Err(e) if e.is_unique_violation() => {
            let address = nic.ip.map_or_else(String::new, |ip| format!("address {ip} or "));
            Err(StoreError::Taken(format!(
                "{address}MAC {} is taken on network {}",
                nic.mac, nic.network
            )))
        }
        other => other.map(|_| ()),
    }
}

/// A NIC with its network, as a host needs to know them.
#[derive(Debug, Clone, Deserialize)]
pub struct NicRow {
    /// Its id.
    pub id: NicId,
    /// Its number in the VM.
    pub device: u32,
    /// Its hardware address.
    #[serde(deserialize_with = "from_text")]
    pub mac: MacAddress,
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Whether the default route goes this way.
    pub is_default: bool,
    /// Its network.
    pub network: NetworkId,
    /// The bridge on the hosts; nothing: each host's guest bridge.
    pub bridge: Option<String>,
    /// The network's addresses.
    pub cidr: IpNet,
    /// The way out.
    pub gateway: Option<IpAddr>,
    /// Name servers, the network's own or the zone's.
    #[serde(deserialize_with = "addresses")]
    pub dns: Vec<IpAddr>,
    /// Domain of its guests' names.
    pub domain: String,
    /// Largest packet in bytes.
    pub mtu: u16,
}

/// Addresses that are separated by commas; what is none is left out.
fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.split(',').filter_map(|address| address.trim().parse().ok()).collect())
}

/// The NICs of the VM `?1`, each a [`NicRow`] in JSON, in the order of their device numbers.
pub(crate) const NICS: &str = "SELECT json_object('id', nic.id, 'device', nic.device, 'mac', nic.mac, 'ip', nic.ip,
         'is_default', json(iif(nic.is_default, 'true', 'false')), 'network', network.id, 'bridge', network.bridge,
         'cidr', network.cidr, 'gateway', network.gateway, 'domain', network.network_domain, 'mtu', network.mtu,
         'dns', CASE WHEN network.dns <> '' THEN network.dns
                     ELSE zone.dns1 || coalesce(',' || zone.dns2, '') END) AS nic
     FROM nic JOIN network ON network.id = nic.network JOIN zone ON zone.id = network.zone
     WHERE nic.vm = ?1 AND nic.removed IS NULL ORDER BY nic.device";

/// The NICs of a VM, in the order of their device numbers.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn nics_of(tx: &Tx<'_>, vm: VmId) -> Result<Vec<NicRow>, StoreError> {
    let read = |row: &Row<'_>| json(row, "nic");
    tx.rows("read the NICs of a VM", NICS, params![vm.to_string()], read)
}

/// Removes the NICs of a VM and frees their addresses.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn nics_remove(tx: &Tx<'_>, vm: VmId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "free the addresses of a VM",
        "DELETE FROM address WHERE nic IN (SELECT id FROM nic WHERE vm = ?1)",
        params![vm.to_string()],
    )?;
    tx.execute(
        "remove the NICs of a VM",
        "UPDATE nic SET removed = ?2 WHERE vm = ?1 AND removed IS NULL",
        params![vm.to_string(), now.0],
    )?;
    Ok(())
}

/// The VMs that run with a NIC on a network, with their instance names, in the order in which they were made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vms_served(tx: &Tx<'_>, network: NetworkId) -> Result<Vec<(VmId, String)>, StoreError> {
    tx.rows(
        "find the VMs that run on a network",
        "SELECT id, instance_name FROM vm WHERE state = 'Running' AND removed IS NULL
             AND id IN (SELECT vm FROM nic WHERE network = ?1 AND removed IS NULL) ORDER BY number",
        params![network.to_string()],
        |row| Ok((parsed(row, "id")?, row.get("instance_name")?)),
    )
}
