//! NICs as they are listed, with the names of their networks.
//!
//! Not here: the rows and how they change (`nic`, `nic_change`).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use hostler_model::{MacAddress, NetworkId, NicId, VmId};
use ipnet::Ipv4Net;
use rusqlite::{Row, params};

use crate::columns::{json, parsed, parsed_or_null};
use crate::{StoreError, Tx};

/// A network interface of a VM.
#[derive(Debug, Clone)]
pub struct NicView {
    /// Its id.
    pub id: NicId,
    /// Its VM.
    pub vm: VmId,
    /// Its place among the VM's interfaces, from 0.
    pub device: u32,
    /// The network that it is on.
    pub network: NetworkId,
    /// That network's name.
    pub network_name: String,
    /// The network's subnet.
    pub cidr: Ipv4Net,
    /// The network's router.
    pub gateway: Option<Ipv4Addr>,
    /// `Shared`, ...
    pub guest_type: String,
    /// `Guest`.
    pub traffic_type: String,
    /// Largest packet, in bytes.
    pub mtu: u32,
    /// Its hardware address.
    pub mac: MacAddress,
    /// Its address.
    pub ip: Option<Ipv4Addr>,
    /// Whether the default route goes through it.
    pub is_default: bool,
    /// Addresses that it has beside its own, with their ids.
    pub secondary: Vec<(String, Ipv4Addr)>,
}

/// The NICs of some VMs, each VM's in the order of their device numbers.
pub(crate) fn nics_by_vm(
    tx: &Tx<'_>,
    vms: &[VmId],
) -> Result<BTreeMap<VmId, Vec<NicView>>, StoreError> {
    let mut by_vm: BTreeMap<VmId, Vec<NicView>> = BTreeMap::new();
    for nic in nic_views(tx, vms)? {
        by_vm.entry(nic.vm).or_default().push(nic);
    }
    Ok(by_vm)
}

/// The NICs of some VMs, in the order of their device numbers.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn nic_views(tx: &Tx<'_>, vms: &[VmId]) -> Result<Vec<NicView>, StoreError> {
    let ids: Vec<String> = vms.iter().map(VmId::to_string).collect();
    tx.rows(
        "list the NICs of VMs",
        "SELECT nic.*, (SELECT json_group_array(json_array(secondary, ip)) FROM address
                    WHERE address.nic = nic.id AND secondary IS NOT NULL) AS secondary,
                n.name AS network_name, n.cidr, n.gateway, n.guest_type, n.traffic_type, n.mtu
         FROM nic JOIN network n ON n.id = nic.network
         WHERE nic.removed IS NULL AND nic.vm IN (SELECT value FROM json_each(?1))
         ORDER BY nic.device",
        params![serde_json::json!(ids).to_string()],
        read_nic,
    )
}

fn read_nic(row: &Row<'_>) -> rusqlite::Result<NicView> {
    Ok(NicView {
        id: parsed(row, "id")?,
        vm: parsed(row, "vm")?,
        device: row.get("device")?,
        network: parsed(row, "network")?,
        network_name: row.get("network_name")?,
        cidr: parsed(row, "cidr")?,
        gateway: parsed_or_null(row, "gateway")?,
        guest_type: row.get("guest_type")?,
        traffic_type: row.get("traffic_type")?,
        mtu: row.get("mtu")?,
        mac: parsed(row, "mac")?,
        ip: parsed_or_null(row, "ip")?,
        is_default: row.get("is_default")?,
        secondary: json(row, "secondary")?,
    })
}
