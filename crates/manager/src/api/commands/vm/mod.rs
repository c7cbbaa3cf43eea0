//! Commands about VMs.

pub(crate) mod deploy_virtual_machine;
pub(crate) mod destroy_virtual_machine;
pub(crate) mod explain_placement;
pub(crate) mod expunge_virtual_machine;
pub(crate) mod get_virtual_machine_console_log;
pub(crate) mod list_virtual_machines;
pub(crate) mod reboot_virtual_machine;
pub(crate) mod start_virtual_machine;
pub(crate) mod stop_virtual_machine;
pub(crate) mod user_data;
