//! Commands about VMs.

use hostler_model::VmId;
use hostler_query_api::Answer;
use hostler_store::vm_view::vm_view;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::api::objects::vm::{Sight, vm};
use crate::orchestration::vm::Rehearsal;

mod assign_virtual_machine;
mod change_service_for_virtual_machine;
mod deploy_virtual_machine;
mod destroy_virtual_machine;
mod explain_placement;
mod expunge_virtual_machine;
mod get_virtual_machine_console_log;
mod get_virtual_machine_user_data;
mod hints;
mod list_virtual_machines;
mod reboot_virtual_machine;
mod recover_virtual_machine;
mod reset_password_for_virtual_machine;
mod reset_ssh_key_for_virtual_machine;
mod reset_user_data_for_virtual_machine;
mod restore_virtual_machine;
mod scale_virtual_machine;
mod start_virtual_machine;
mod stop_virtual_machine;
mod update_virtual_machine;
pub(crate) mod user_data;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<assign_virtual_machine::AssignVirtualMachine>(),
    known::<change_service_for_virtual_machine::ChangeServiceForVirtualMachine>(),
    known::<deploy_virtual_machine::DeployVirtualMachine>(),
    known::<destroy_virtual_machine::DestroyVirtualMachine>(),
    known::<explain_placement::ExplainPlacement>(),
    known::<expunge_virtual_machine::ExpungeVirtualMachine>(),
    known::<get_virtual_machine_console_log::GetVirtualMachineConsoleLog>(),
    known::<get_virtual_machine_user_data::GetVirtualMachineUserData>(),
    known::<list_virtual_machines::ListVirtualMachines>(),
    known::<reboot_virtual_machine::RebootVirtualMachine>(),
    known::<recover_virtual_machine::RecoverVirtualMachine>(),
    known::<reset_password_for_virtual_machine::ResetPasswordForVirtualMachine>(),
    known::<reset_ssh_key_for_virtual_machine::ResetSshKeyForVirtualMachine>(),
    known::<reset_user_data_for_virtual_machine::ResetUserDataForVirtualMachine>(),
    known::<restore_virtual_machine::RestoreVirtualMachine>(),
    known::<scale_virtual_machine::ScaleVirtualMachine>(),
    known::<start_virtual_machine::StartVirtualMachine>(),
    known::<stop_virtual_machine::StopVirtualMachine>(),
    known::<update_virtual_machine::UpdateVirtualMachine>(),
];

/// What would be done, flat in the envelope.
fn rehearsed(call: Call<'_>, rehearsal: Rehearsal) -> Answer {
    let mut fields = serde_json::json!({ "dryrun": true, "displaytext": rehearsal.summary });
    if let Some(verdict) = rehearsal.verdict.filter(|_| call.is_root()) {
        fields["placement"] = verdict;
    }
    Answer::flat(call.command, fields)
}

/// A VM as it is now, under the command's key.
async fn shown(call: Call<'_>, id: VmId) -> Result<Answer, Failure> {
    let view = call.read(move |tx| Ok(vm_view(tx, id)?)).await?;
    let sight = Sight { admin: call.is_root(), ..Sight::default() };
    Ok(call.object(vm(&view, sight)))
}
