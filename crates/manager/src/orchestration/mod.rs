//! What the manager does: services that check and record, and the workflows of their jobs.
//!
//! A service checks, writes intent and a job in one transaction, and returns. The job's steps act.
//!
//! Not here: HTTP and parameters (`api`), how jobs run (`jobs`), frames (`agents`).

pub mod account;
mod audit;
mod caller;
mod children;
pub(crate) mod chosen_id;
pub mod domain;
pub mod drift;
pub mod host;
pub mod network;
mod plans;
pub mod snapshot;
pub mod template;
pub mod views;
pub mod vm;
pub mod vm_snapshot;
pub mod volume;

pub use audit::audit;
pub use caller::Caller;
pub use plans::{
    CapacityPlan, Names, Size, capacity_plan, drain_plan, placement_plan, rebalance_plan,
};

use crate::jobs::Workflow;

/// Every workflow there is. A job in the journal names one of them.
pub static WORKFLOWS: &[&dyn Workflow] = &[
    &vm::start::DEPLOY,
    &vm::start::START,
    &vm::record::RecordVm,
    &vm::stop::StopVm,
    &vm::reboot::RebootVm,
    &vm::restore::RESTORE,
    &vm::restore::RESTORE_RUNNING,
    &vm::scale::ScaleVm,
    &vm::iso::ATTACH,
    &vm::iso::DETACH,
    &vm::nic_plug::AddNic,
    &vm::nic_plug::RemoveNic,
    &vm::retire::DESTROY,
    &vm::retire::EXPUNGE,
    &vm::adoption::take::AdoptVm,
    &vm::adoption::release::ReleaseVm,
    &template::register::RegisterTemplate,
    &template::create::CreateTemplate,
    &template::extract::ExtractTemplate,
    &template::delete::DeleteTemplate,
    &volume::attach::AttachVolume,
    &volume::detach::DetachVolume,
    &volume::resize::ResizeVolume,
    &volume::delete::DeleteVolume,
    &volume::from_snapshot::FromSnapshot,
    &volume::extract::ExtractVolume,
    &volume::upload::UploadVolume,
    &volume::unstage::UnstageFile,
    &snapshot::create::CreateSnapshot,
    &snapshot::delete::DeleteSnapshot,
    &snapshot::revert::RevertSnapshot,
    &vm_snapshot::create::CreateVmSnapshot,
    &vm_snapshot::delete::DeleteVmSnapshot,
    &vm_snapshot::revert::RevertToVmSnapshot,
    &account::DeleteAccount,
    &account::DisableAccount,
    &domain::DeleteDomain,
    &vm::serve::ServeNics,
    &network::restart::RestartNetwork,
    &host::maintenance::MAINTAIN,
    &host::maintenance::RESUME,
    &host::reconnect::ReconnectHost,
];
