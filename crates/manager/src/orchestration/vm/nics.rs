//! NICs of a VM that exists: other addresses, which is the default one.
//!
//! All of it is a matter of the record, because the VM is stopped; addresses beside a NIC's own can be had and
//! given back at any time, the guest sets them up itself. Not here: NICs that come and go (`nic_plug`).

use std::net::IpAddr;

use hostler_model::{JobId, MacAddress, NicId, Timestamp, VmId};
use hostler_store::address::{AddressFor, NetworkRoom, address_give, network_room};
use hostler_store::nic::{NewNic, nic_add};
use hostler_store::nic_change::{
    nic_get, nic_set_default, nic_set_ip, secondary_add, secondary_get, secondary_remove,
};
use hostler_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::{AtOnce, done_at_once, must_be_idle, visible};
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::Caller;

/// What a caller can say about a new NIC.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct NicWish {
    /// Its address; nothing: the lowest free one.
    pub ip: Option<IpAddr>,
    /// Its hardware address; nothing: one that is drawn.
    pub mac: Option<MacAddress>,
}

/// Records a NIC with its address.
pub(super) fn give_nic(
    tx: &Tx<'_>,
    (vm, id): (VmId, NicId),
    room: &NetworkRoom,
    device: u32,
    is_default: bool,
    wish: NicWish,
    now: Timestamp,
) -> Result<(), StoreError> {
    let drawn = id.uuid().into_bytes();
    let number = u32::from_be_bytes([drawn[0], drawn[1], drawn[2], drawn[3]]);
    let ip = room.choose(tx, wish.ip)?;
    let mac = wish.mac.unwrap_or_else(|| MacAddress::of_nic(drawn[4], number));
    let network = room.id;
    nic_add(tx, &NewNic { id, vm, network, device, mac, ip: Some(ip), is_default }, now)?;
    address_give(tx, network, (ip, wish.ip.is_some()), AddressFor::Nic(id), now)
}

fn of_vm(id: VmId) -> Value {
    json!({ "virtualmachine": id })
}

/// Makes a NIC of a stopped VM its default one.
///
/// # Errors
/// [`ServiceError`] if it is not stopped, or the NIC is another VM's.
pub async fn set_default_nic(
    app: &Context,
    caller: &Caller,
    id: VmId,
    nic: NicId,
) -> Result<JobId, ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    app.store
        .write(move |tx| {
            let row = visible(tx, &caller, id)?;
            let place = nic_of(tx, id, nic)?;
            must_be_idle(tx, &row, "given another default NIC")?;
            nic_set_default(tx, &place)?;
            let done = AtOnce {
                api_command: "updateDefaultNicForVirtualMachine",
                event: "NIC.UPDATE",
                what: format!("has NIC {nic} as its default one"),
                result: of_vm(id),
            };
            done_at_once(tx, &caller, &row, &done, now)
        })
        .await
}

/// Gives a NIC of a stopped VM another address; nothing: the lowest free one.
///
/// # Errors
/// [`ServiceError`] if the VM is not stopped, or the address cannot be had.
pub async fn set_nic_ip(
    app: &Context,
    caller: &Caller,
    nic: NicId,
    ip: Option<IpAddr>,
) -> Result<JobId, ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    app.store
        .write(move |tx| {
            let place = nic_get(tx, nic)?;
            let row = visible(tx, &caller, place.vm)?;
            must_be_idle(tx, &row, "given another address")?;
            if ip.is_none() || ip != place.ip {
                let ip = network_room(tx, place.network)?.choose(tx, ip)?;
                nic_set_ip(tx, &place, ip, now)?;
            }
            let done = AtOnce {
                api_command: "updateVmNicIp",
                event: "NIC.UPDATE",
                what: format!("has another address on NIC {nic}"),
                result: of_vm(row.id),
            };
            done_at_once(tx, &caller, &row, &done, now)
        })
        .await
}

/// Gives a NIC an address beside its own; nothing: the lowest free one. The address's id.
///
/// # Errors
/// [`ServiceError`] if it cannot be had.
pub async fn add_nic_ip(
    app: &Context,
    caller: &Caller,
    nic: NicId,
    ip: Option<IpAddr>,
) -> Result<(Uuid, JobId), ServiceError> {
    let (caller, now, id) = (caller.clone(), app.now(), Uuid::new_v4());
    app.store
        .write(move |tx| {
            let place = nic_get(tx, nic)?;
            let row = visible(tx, &caller, place.vm)?;
            let ip = network_room(tx, place.network)?.choose(tx, ip)?;
            secondary_add(tx, id, &place, ip, now)?;
            let result = json!({ "nicsecondaryip": {
                "id": id,
                "nicid": nic,
                "networkid": place.network,
                "ipaddress": ip,
                "virtualmachineid": place.vm,
            } });
            let done = AtOnce {
                api_command: "addIpToNic",
                event: "NIC.SECONDARY.IP.ASSIGN",
                what: format!("has the address {ip}, too"),
                result,
            };
            Ok((id, done_at_once(tx, &caller, &row, &done, now)?))
        })
        .await
}

/// Takes back an address that a NIC has beside its own.
///
/// # Errors
/// [`ServiceError`] if there is none.
pub async fn remove_nic_ip(
    app: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<JobId, ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    app.store
        .write(move |tx| {
            let unknown = || {
                let text = format!("parameter id: there is no secondary address {id}");
                ServiceError::parameter(text)
            };
            let (place, ip) = match secondary_get(tx, id) {
                Err(StoreError::NotFound { .. }) => return Err(unknown()),
                found => found?,
            };
            let row = visible(tx, &caller, place.vm).map_err(|_| unknown())?;
            secondary_remove(tx, id)?;
            let done = AtOnce {
                api_command: "removeIpFromNic",
                event: "NIC.SECONDARY.IP.UNASSIGN",
                what: format!("has the address {ip} no more"),
                result: json!({ "success": true }),
            };
            done_at_once(tx, &caller, &row, &done, now)
        })
        .await
}

/// A NIC of this VM.
pub(super) fn nic_of(
    tx: &Tx<'_>,
    vm: VmId,
    nic: NicId,
) -> Result<hostler_store::nic_change::NicPlace, ServiceError> {
    let place = nic_get(tx, nic)?;
    if place.vm == vm {
        return Ok(place);
    }
    Err(ServiceError::parameter(format!("parameter nicid: {nic} is no NIC of that VM")))
}
