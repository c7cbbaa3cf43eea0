//! Commands about the network interfaces of VMs.

use super::{Entry, known};

mod add_ip_to_nic;
mod add_nic_to_virtual_machine;
mod list_nics;
mod remove_ip_from_nic;
mod remove_nic_from_virtual_machine;
mod update_default_nic_for_virtual_machine;
mod update_vm_nic_ip;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_ip_to_nic::AddIpToNic>(),
    known::<add_nic_to_virtual_machine::AddNicToVirtualMachine>(),
    known::<list_nics::ListNics>(),
    known::<remove_ip_from_nic::RemoveIpFromNic>(),
    known::<remove_nic_from_virtual_machine::RemoveNicFromVirtualMachine>(),
    known::<update_default_nic_for_virtual_machine::UpdateDefaultNicForVirtualMachine>(),
    known::<update_vm_nic_ip::UpdateVmNicIp>(),
];
