//! VMs: the services that check and record, and the workflows that act.

pub mod adoption;
mod assign;
mod change;
mod credentials;
mod deploy;
mod due;
mod follow;
mod groups;
mod hints;
pub mod iso;
mod look;
pub mod nic_plug;
mod nics;
mod placing;
pub mod reboot;
pub mod record;
mod rehearse;
mod requests;
pub mod restore;
pub mod retire;
pub mod scale;
pub mod serve;
mod size;
mod spec;
pub(crate) use spec::{disk_format, host_view, split};
pub mod start;
pub mod stop;
mod user_data;

pub use adoption::{
    AdoptRequest, AdoptionPlan, NicChoices, PlannedNic, PlannedSize, PlannedVolume, adopt,
    rehearse_adoption, release,
};
pub use assign::{AssignedTo, assign};
pub(crate) use change::must_not_be_adopted;
pub use change::{change_service, recover, reset_user_data, update};
pub use credentials::{reset_keys, reset_password};
pub use deploy::{DeployRequest, deploy};
pub use due::expunge_due;
pub use follow::{Told, confirm, follow, keep, never_started, take_up, tell};
pub use hints::Hints;
pub use iso::{attach_iso, detach_iso};
pub use look::{believed_here, believed_of, look_of};
pub use nic_plug::{add_nic, remove_nic};
pub use nics::{NicWish, add_nic_ip, remove_nic_ip, set_default_nic, set_nic_ip};
pub use rehearse::{Rehearsal, rehearse_deploy, rehearse_end, rehearse_start};
pub use requests::{
    Placing, clean_up_stray, console_log, destroy, expunge, found_off, reboot, start, stop,
    stop_stray,
};
pub use restore::{RestoreRequest, restore};
pub use scale::scale;
pub(crate) use serve::serve_nics;
pub use user_data::UserDataWish;

use hostler_model::VmId;
use hostler_store::event::NewEvent;
use serde_json::{Value, json};

use crate::jobs::StepContext;

/// What the API shows of a job on a VM: the VM as it is when asked.
fn vm_result(cx: &StepContext) -> Value {
    json!({ "virtualmachine": cx.job.subject })
}

/// An event of a job's step.
fn step_event(
    cx: &StepContext,
    kind: &'static str,
    level: &'static str,
    description: String,
) -> NewEvent {
    cx.event(kind, level, ("VirtualMachine", cx.job.subject), description)
}

/// The VM that a job is about.
fn vm_of(cx: &StepContext) -> VmId {
    VmId::new(cx.job.subject)
}
