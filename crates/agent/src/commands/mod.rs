//! What an agent does for each command: one file a command, and the one list of all of them.
//!
//! Not here: the turns that commands of one VM take, and the journal of orders (the agent's core has both).

mod adopt;
#[cfg(test)]
mod adoption_tests;
mod attach_nic;
mod attach_volume;
mod change_iso;
mod console_log;
mod copy_volumes;
mod create_snapshot;
mod create_volume;
mod delete_snapshot;
mod delete_volume;
mod describe;
mod detach_nic;
mod detach_volume;
mod error;
mod find_volumes;
mod forget;
mod import_volume;
#[cfg(test)]
mod iso_tests;
#[cfg(test)]
mod nic_tests;
mod prepare_nic;
mod prepare_template;
mod reboot;
mod release;
mod release_nic;
mod remove_template;
mod report;
mod resize_volume;
mod restore_snapshot;
mod running;
mod send_template;
#[cfg(test)]
mod snapshot_tests;
mod start;
mod stop;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod volume_tests;

mod turns;

use hostler_wire::{Answer, Command, CommandFailure, FailureKind};
use tracing::instrument;

pub use error::CommandError;
pub(crate) use turns::Turns;

use crate::kvm::LibvirtComputingResource;
use crate::resource::Task;

/// Carries out one command. This `match` is the whole list of what a KVM host can do.
///
/// # Errors
/// [`CommandFailure`]; the text is the whole chain of causes.
#[instrument(skip_all, fields(command = command.name(), order = %task.order))]
pub fn execute(
    resource: &LibvirtComputingResource,
    command: Command,
    task: &Task,
) -> Result<Answer, CommandFailure> {
    if task.cancelled.is_cancelled() {
        return Err(CommandFailure {
            kind: FailureKind::Cancelled,
            text: format!("{} was called off before it began", command.name()),
        });
    }
    let name = command.name();
    let answer = match command {
        Command::Start(c) => start::execute(resource, &c).map(Answer::Start),
        Command::Stop(c) => stop::execute(resource, &c).map(Answer::Stop),
        Command::Reboot(c) => reboot::execute(resource, &c).map(Answer::Reboot),
        Command::Forget(c) => forget::execute(resource, &c).map(Answer::Forget),
        Command::PrepareTemplate(c) => {
            prepare_template::execute(resource, &c, task).map(Answer::PrepareTemplate)
        }
        Command::RemoveTemplate(c) => {
            remove_template::execute(resource, &c).map(Answer::RemoveTemplate)
        }
        Command::CreateVolume(c) => create_volume::execute(resource, &c).map(Answer::CreateVolume),
        Command::DeleteVolume(c) => delete_volume::execute(resource, &c).map(Answer::DeleteVolume),
        Command::AttachVolume(c) => attach_volume::execute(resource, &c).map(Answer::AttachVolume),
        Command::DetachVolume(c) => detach_volume::execute(resource, &c).map(Answer::DetachVolume),
        Command::ResizeVolume(c) => resize_volume::execute(resource, &c).map(Answer::ResizeVolume),
        Command::ChangeIso(c) => change_iso::execute(resource, &c).map(Answer::ChangeIso),
        Command::CreateSnapshot(c) => {
            create_snapshot::execute(resource, &c).map(Answer::CreateSnapshot)
        }
        Command::CopyVolumes(c) => copy_volumes::execute(resource, &c).map(Answer::CopyVolumes),
        Command::ImportVolume(c) => {
            import_volume::execute(resource, &c, task).map(Answer::ImportVolume)
        }
        Command::DeleteSnapshot(c) => {
            delete_snapshot::execute(resource, &c).map(Answer::DeleteSnapshot)
        }
        Command::RestoreSnapshot(c) => {
            restore_snapshot::execute(resource, &c).map(Answer::RestoreSnapshot)
        }
        Command::SendTemplate(c) => {
            send_template::execute(resource, &c, task).map(Answer::SendTemplate)
        }
        Command::PrepareNic(c) => prepare_nic::execute(resource, &c).map(Answer::PrepareNic),
        Command::ReleaseNic(c) => release_nic::execute(resource, &c).map(Answer::ReleaseNic),
        Command::AttachNic(c) => attach_nic::execute(resource, &c).map(Answer::AttachNic),
        Command::DetachNic(c) => detach_nic::execute(resource, &c).map(Answer::DetachNic),
        Command::ConsoleLog(c) => console_log::execute(resource, &c).map(Answer::ConsoleLog),
        Command::Report(c) => report::execute(resource, &c).map(Answer::Report),
        Command::Describe(c) => describe::execute(resource, &c).map(Answer::Describe),
        Command::Adopt(c) => adopt::execute(resource, &c).map(Answer::Adopt),
        Command::Release(c) => release::execute(resource, &c).map(Answer::Release),
        Command::FindVolumes(c) => find_volumes::execute(resource, &c).map(Answer::FindVolumes),
        Command::Inquire(_) | Command::Worker(_) => Err(CommandError::Unsupported { name }),
    };
    answer.map_err(|error| {
        let failure = CommandFailure::from(error);
        tracing::warn!(command = name, kind = ?failure.kind, error = failure.text, "command failed");
        failure
    })
}
