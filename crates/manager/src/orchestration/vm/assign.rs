//! Giving a VM to another account, with its volumes, and perhaps to other networks and security groups.
//!
//! All of it is a matter of the record, because the VM is stopped. Not here: giving volumes away that no VM has.

use hostler_model::{AccountId, LimitKind, NetworkId, NetworkType, NicId, Timestamp, VmId};
use hostler_store::address::network_room;
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::network::{NetworkFilter, network_list};
use hostler_store::nic::{nics_of, nics_remove};
use hostler_store::vm::{VmRow, vm_get};
use hostler_store::vm_change::vm_assign;
use hostler_store::zone::zone_get;
use hostler_store::{Page, Scope, Tx, limit};
use uuid::Uuid;

use super::change::{OF_SIZE, must_be_idle, must_not_be_adopted, told, visible};
use super::groups;
use super::nics::{NicWish, give_nic};
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::{Caller, vm_snapshot};

/// Where a VM is to belong.
#[derive(Debug, Clone)]
pub struct AssignedTo {
    /// Whose it is to be.
    pub account: AccountId,
    /// The networks that it is on from then on, the default one first; none: those that it is on.
    pub networks: Vec<NetworkId>,
    /// The security groups of the account that it is in from then on.
    pub security: NamedGroups,
}

/// Gives a stopped VM with its volumes to another account. Its NICs stay where they are unless networks are named.
///
/// # Errors
/// [`ServiceError`] if it is not stopped, or is that account's already; if the account may not use a network, or has not
/// a group that is named.
pub async fn assign(
    app: &Context,
    caller: &Caller,
    id: VmId,
    to: AssignedTo,
) -> Result<(), ServiceError> {
    let (caller, now, limits) = (caller.clone(), app.now(), app.settings.limits());
    app.store
        .write(move |tx| {
            let (row, account) = (visible(tx, &caller, id)?, to.account);
            must_be_idle(tx, &row, "given away")?;
            vm_snapshot::refuse_if_any(tx, &row, "given away")?;
            if row.account == account {
                let text = format!("{} is that account's already", row.instance_name);
                return Err(ServiceError::parameter(format!("parameter account: {text}")));
            }
            let of_vm = [OF_SIZE, &[LimitKind::Volume, LimitKind::PrimaryStorage]].concat();
            limit::claim_growth(tx, &limits, account, &of_vm, || vm_assign(tx, id, account, now))?;
            if !to.networks.is_empty() {
                move_to(tx, &row, account, &to.networks, now)?;
            }
            if to.security.has_security() {
                groups::replace_security(tx, &vm_get(tx, id)?, &to.security)?;
            }
            told(tx, &caller, &row, "VM.ASSIGN", "was given to another account", now)
        })
        .await
}

/// Gives a VM NICs on these networks in place of those that it has. On a network that it was on it keeps its addresses.
fn move_to(
    tx: &Tx<'_>,
    vm: &VmRow,
    account: AccountId,
    networks: &[NetworkId],
    now: Timestamp,
) -> Result<(), ServiceError> {
    let refused = |why: String| ServiceError::parameter(format!("parameter networkids: {why}"));
    must_not_be_adopted(vm, "given other networks")?;
    if zone_get(tx, vm.zone)?.network_type == NetworkType::Basic {
        let why = "a VM in a basic zone is on the zone's own network; leave it out";
        return Err(refused(why.to_owned()));
    }
    for (index, network) in networks.iter().enumerate() {
        if networks[..index].contains(network) {
            return Err(refused(format!("{network} is named twice")));
        }
        let filter = NetworkFilter {
            id: Some(*network),
            zone: Some(vm.zone),
            usable_in: Some(Scope::Account(account)),
            ..NetworkFilter::default()
        };
        if network_list(tx, &filter, Page::default())?.rows.is_empty() {
            let why = "is no network of the VM's zone that the account may use; choose another one";
            return Err(refused(format!("{network} {why}")));
        }
    }
    let before = nics_of(tx, vm.id)?;
    nics_remove(tx, vm.id, now)?;
    for (device, network) in (0..).zip(networks) {
        let old = before.iter().find(|nic| nic.network == *network);
        let wish = NicWish { ip: old.and_then(|nic| nic.ip), mac: old.map(|nic| nic.mac) };
        let (room, nic) = (network_room(tx, *network)?, NicId::new(Uuid::new_v4()));
        give_nic(tx, (vm.id, nic), &room, device, device == 0, wish, now)?;
    }
    Ok(())
}
