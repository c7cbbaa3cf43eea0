//! Commands about VMs.

use super::{Entry, known};

mod deploy_virtual_machine;
mod destroy_virtual_machine;
mod explain_placement;
mod expunge_virtual_machine;
mod get_virtual_machine_console_log;
mod list_virtual_machines;
mod reboot_virtual_machine;
mod start_virtual_machine;
mod stop_virtual_machine;
pub(crate) mod user_data;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<deploy_virtual_machine::DeployVirtualMachine>(),
    known::<destroy_virtual_machine::DestroyVirtualMachine>(),
    known::<explain_placement::ExplainPlacement>(),
    known::<expunge_virtual_machine::ExpungeVirtualMachine>(),
    known::<get_virtual_machine_console_log::GetVirtualMachineConsoleLog>(),
    known::<list_virtual_machines::ListVirtualMachines>(),
    known::<reboot_virtual_machine::RebootVirtualMachine>(),
    known::<start_virtual_machine::StartVirtualMachine>(),
    known::<stop_virtual_machine::StopVirtualMachine>(),
];
