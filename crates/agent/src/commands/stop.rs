//! `StopCommand`: ends a VM's libvirt domain and removes its definition.
//!
//! Idempotent: a VM with no domain here is already stopped. Another run of the VM, and a domain that somebody else
//! made, are never touched, whatever their name. Volumes, seed and console log stay; so does the definition of a domain
//! that was adopted.

use std::time::Duration;

use hostler_model::{Generation, PowerReason, PowerState};
use hostler_wire::{StopAnswer, StopCommand, StopEnding};
use tracing::info;

use super::CommandError;
use crate::hypervisor::{DomainView, Ended, Found, OwnedDomain};
use crate::kvm::LibvirtComputingResource;
use crate::runs::{Phase, RunRecord};

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &StopCommand,
) -> Result<StopAnswer, CommandError> {
    let cloud = resource.cloud()?;
    let _turn = resource.busy(command.vm);
    let ended = match resource.hypervisor.look(cloud, &command.name, command.vm.uuid())? {
        Found::Nothing(_) => StopEnding::WasNotHere,
        Found::Alien(view) => {
            return Err(CommandError::Alien { name: view.name, uuid: view.uuid });
        }
        // The definition that is kept says which run was the last one.
        Found::Ours(domain, view)
            if domain.is_adopted()
                && domain.mark().run != command.run
                && view.power == PowerState::Off =>
        {
            StopEnding::WasNotHere
        }
        Found::Ours(domain, _) if domain.mark().run != command.run => {
            let (vm, wanted, here) = (command.vm, command.run, domain.mark().run);
            return Err(CommandError::OtherRun { vm, wanted, here });
        }
        Found::Ours(domain, view) => {
            let ended = end(resource, command, &domain, &view)?;
            if !domain.is_adopted() {
                resource.hypervisor.undefine(&domain)?;
            }
            ended
        }
    };
    let generation = remember(resource, command, ended)?;
    info!(vm = %command.vm, run = %command.run, ?ended, "stopped");
    Ok(StopAnswer { ended, generation })
}

fn end(
    resource: &LibvirtComputingResource,
    command: &StopCommand,
    domain: &OwnedDomain,
    view: &DomainView,
) -> Result<StopEnding, CommandError> {
    if view.power == PowerState::Off {
        return Ok(match view.reason {
            PowerReason::GuestShutdown => StopEnding::ShutDown,
            _ => StopEnding::Destroyed,
        });
    }
    let hears = !command.force && view.reason != PowerReason::Paused;
    let grace = Duration::from_secs(command.grace_seconds.into());
    if hears && resource.hypervisor.shut_down(domain, grace)? == Ended::Off {
        return Ok(StopEnding::ShutDown);
    }
    resource.hypervisor.destroy(domain)?;
    Ok(StopEnding::Destroyed)
}

/// Keeps the run as stopped, so that a start of it that comes late is refused.
fn remember(
    resource: &LibvirtComputingResource,
    command: &StopCommand,
    ended: StopEnding,
) -> Result<Generation, CommandError> {
    let known = resource.runs.get(command.run);
    if let Some(known) = known.as_ref().filter(|known| known.phase == Phase::Stopped) {
        return Ok(known.generation); // it was stopped before
    }
    let domain = resource.runs.domain_of(command.vm);
    let known = known.map_or(Generation::default(), |known| known.generation);
    let record = RunRecord {
        run: command.run,
        vm: command.vm,
        name: command.name.clone(),
        domain: (domain != command.vm.uuid()).then_some(domain),
        generation: known.max(command.generation).next(),
        power: PowerState::Off,
        reason: match ended {
            StopEnding::ShutDown => PowerReason::GuestShutdown,
            StopEnding::WasNotHere | StopEnding::Destroyed => PowerReason::Commanded,
        },
        phase: Phase::Stopped,
    };
    let generation = record.generation;
    resource.runs.put(record).map_err(CommandError::Journal)?;
    Ok(generation)
}
