//! The table of API commands: one line each, and one file each.

use hostler_query_api::{ApiCommand, CommandDecl};

use super::call::{AnswerFuture, Call, Handler, run};
use super::sessions::{Login, Logout};

mod account;
mod cluster;
mod discovery;
mod event;
mod host;
mod job;
mod keypair;
mod network;
mod offering;
mod pod;
mod setting;
mod storage;
mod template;
mod vm;
mod zone;

pub(crate) use template::os_type::OsType;

/// A command, as the dispatcher knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What it is.
    pub(crate) declaration: fn() -> &'static CommandDecl,
    /// How it is carried out.
    pub(crate) run: Run,
}

/// How a command is carried out.
#[derive(Debug)]
pub(crate) enum Run {
    /// For a caller who proved who they are.
    Known(for<'a> fn(Call<'a>) -> AnswerFuture<'a>),
    /// `login`, which begins a session.
    Login,
    /// `logout`, which ends one.
    Logout,
}

const fn known<C: Handler + 'static>() -> Entry {
    Entry { declaration: C::declaration, run: Run::Known(|call| run::<C>(call)) }
}

/// Every command there is.
static COMMANDS: &[Entry] = &[
    Entry { declaration: Login::declaration, run: Run::Login },
    Entry { declaration: Logout::declaration, run: Run::Logout },
    known::<account::get_user_keys::GetUserKeys>(),
    known::<account::list_accounts::ListAccounts>(),
    known::<account::list_domains::ListDomains>(),
    known::<account::list_users::ListUsers>(),
    known::<account::register_user_keys::RegisterUserKeys>(),
    known::<cluster::add_cluster::AddCluster>(),
    known::<cluster::create_cluster::CreateCluster>(),
    known::<cluster::delete_cluster::DeleteCluster>(),
    known::<cluster::list_clusters::ListClusters>(),
    known::<discovery::list_apis::ListApis>(),
    known::<discovery::list_capabilities::ListCapabilities>(),
    known::<event::list_events::ListEvents>(),
    known::<host::add_host::AddHost>(),
    known::<host::delete_host::DeleteHost>(),
    known::<host::list_hosts::ListHosts>(),
    known::<job::list_async_jobs::ListAsyncJobs>(),
    known::<job::list_job_steps::ListJobSteps>(),
    known::<job::query_async_job_result::QueryAsyncJobResult>(),
    known::<keypair::delete_ssh_keypair::DeleteSshKeyPair>(),
    known::<keypair::list_ssh_keypairs::ListSshKeyPairs>(),
    known::<keypair::register_ssh_keypair::RegisterSshKeyPair>(),
    known::<network::create_network::CreateNetwork>(),
    known::<network::delete_network::DeleteNetwork>(),
    known::<network::list_ip_forwarding_rules::ListIpForwardingRules>(),
    known::<network::list_networks::ListNetworks>(),
    known::<network::list_port_forwarding_rules::ListPortForwardingRules>(),
    known::<network::list_public_ip_addresses::ListPublicIpAddresses>(),
    known::<offering::create_service_offering::CreateServiceOffering>(),
    known::<offering::delete_service_offering::DeleteServiceOffering>(),
    known::<offering::list_disk_offerings::ListDiskOfferings>(),
    known::<offering::list_network_offerings::ListNetworkOfferings>(),
    known::<offering::list_service_offerings::ListServiceOfferings>(),
    known::<pod::create_pod::CreatePod>(),
    known::<pod::delete_pod::DeletePod>(),
    known::<pod::list_pods::ListPods>(),
    known::<setting::list_configurations::ListConfigurations>(),
    known::<setting::update_configuration::UpdateConfiguration>(),
    known::<storage::list_storage_pools::ListStoragePools>(),
    known::<storage::list_volumes::ListVolumes>(),
    known::<template::delete_template::DeleteTemplate>(),
    known::<template::list_os_types::ListOsTypes>(),
    known::<template::list_templates::ListTemplates>(),
    known::<template::register_template::RegisterTemplate>(),
    known::<vm::deploy_virtual_machine::DeployVirtualMachine>(),
    known::<vm::destroy_virtual_machine::DestroyVirtualMachine>(),
    known::<vm::explain_placement::ExplainPlacement>(),
    known::<vm::expunge_virtual_machine::ExpungeVirtualMachine>(),
    known::<vm::get_virtual_machine_console_log::GetVirtualMachineConsoleLog>(),
    known::<vm::list_virtual_machines::ListVirtualMachines>(),
    known::<vm::reboot_virtual_machine::RebootVirtualMachine>(),
    known::<vm::start_virtual_machine::StartVirtualMachine>(),
    known::<vm::stop_virtual_machine::StopVirtualMachine>(),
    known::<zone::create_zone::CreateZone>(),
    known::<zone::delete_zone::DeleteZone>(),
    known::<zone::list_zones::ListZones>(),
];

/// The command of a name, in exactly this spelling.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| (entry.declaration)().name == name)
}

/// What every command is.
pub(crate) fn declarations() -> Vec<&'static CommandDecl> {
    COMMANDS.iter().map(|entry| (entry.declaration)()).collect()
}
