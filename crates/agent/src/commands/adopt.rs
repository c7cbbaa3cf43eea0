//! `AdoptCommand`: takes a running libvirt domain over. It goes on running; only its metadata change, and its disks
//! become volumes where they are.
//!
//! Idempotent: a domain that is of this run already is a success. What fails leaves the domain unmarked.

use std::collections::BTreeSet;
use std::path::Path;

use hostler_model::{PowerReason, PowerState, error_chain};
use hostler_wire::{AdoptAnswer, AdoptCommand};
use tracing::{info, warn};

use super::CommandError;
use crate::hypervisor::{Claim, Claimable, OwnedDomain, UnmarkedDomain};
use crate::kvm::LibvirtComputingResource;
use crate::runs::{Phase, RunRecord};

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &AdoptCommand,
) -> Result<AdoptAnswer, CommandError> {
    let answer = {
        let _turn = resource.busy(command.vm);
        adopt(resource, command)?
    };
    resource.tell_everything(); // it is no alien any more
    Ok(answer)
}

fn adopt(
    resource: &LibvirtComputingResource,
    command: &AdoptCommand,
) -> Result<AdoptAnswer, CommandError> {
    let (uuid, cloud) = (command.domain, resource.cloud()?);
    let found = resource.hypervisor.claimable(cloud, uuid)?;
    let domain = match found.ok_or(CommandError::NoSuchDomain { uuid })? {
        Claimable::Others(view) => {
            return Err(CommandError::Alien { name: view.name, uuid: view.uuid });
        }
        Claimable::Ours(domain) if domain.mark().vm != command.vm => {
            let (name, vm) = (domain.name().to_owned(), domain.mark().vm);
            return Err(CommandError::IsVm { name, vm });
        }
        Claimable::Ours(domain) if domain.mark().run != command.run => {
            let (vm, wanted, here) = (command.vm, command.run, domain.mark().run);
            return Err(CommandError::OtherRun { vm, wanted, here });
        }
        Claimable::Ours(domain) => domain,
        Claimable::Unmarked(unmarked) => {
            must_be_as_planned(resource, command)?;
            take(resource, command, unmarked)?
        }
    };
    let known = resource.runs.get(command.run).map_or(command.generation, |run| run.generation);
    let generation = known.max(command.generation.next());
    let record = RunRecord {
        run: command.run,
        vm: command.vm,
        name: command.name.clone(),
        domain: Some(uuid),
        generation,
        power: PowerState::On,
        reason: PowerReason::Commanded,
        phase: Phase::Live,
    };
    resource.runs.put(record).map_err(CommandError::Journal)?;
    info!(vm = %command.vm, run = %command.run, domain = domain.name(), "adopted");
    // A console that cannot be found is no reason to leave it.
    let vnc_port = resource.hypervisor.vnc_port(&domain).unwrap_or_default();
    Ok(AdoptAnswer { generation, vnc_port })
}

/// It runs, and its disks are those that the manager has planned with.
fn must_be_as_planned(
    resource: &LibvirtComputingResource,
    command: &AdoptCommand,
) -> Result<(), CommandError> {
    let uuid = command.domain;
    let seen = resource.hypervisor.describe(uuid)?.ok_or(CommandError::NoSuchDomain { uuid })?;
    let name = seen.view.name.clone();
    if seen.view.power != PowerState::On || seen.view.reason == PowerReason::Paused {
        return Err(CommandError::NotAsPlanned { name, what: "it does not run".to_owned() });
    }
    let disks = seen.facts.disks.iter().filter(|disk| disk.device == "disk");
    let there: BTreeSet<&str> = disks.map(|disk| &*disk.source).collect();
    let planned: BTreeSet<&str> = command.disks.iter().map(|disk| &*disk.path).collect();
    if there != planned {
        let what = "its disks are not those that were planned with".to_owned();
        return Err(CommandError::NotAsPlanned { name, what });
    }
    Ok(())
}

fn take(
    resource: &LibvirtComputingResource,
    command: &AdoptCommand,
    domain: UnmarkedDomain,
) -> Result<OwnedDomain, CommandError> {
    let claim = Claim {
        cloud: resource.cloud()?,
        vm: command.vm,
        run: command.run,
        generation: command.generation.next(), // from now on it is the agent's to raise
        name: command.name.clone(),
    };
    let taken = volumes(resource, command)
        .and_then(|()| resource.hypervisor.adopt(domain, &claim).map_err(CommandError::from));
    taken.inspect_err(|_| {
        for disk in &command.disks {
            if let Err(error) = resource.storage.release_volume(disk.pool, disk.volume) {
                warn!(volume = %disk.volume, error = %error_chain(&error), "a volume that was not adopted is left behind");
            }
        }
    })
}

fn volumes(
    resource: &LibvirtComputingResource,
    command: &AdoptCommand,
) -> Result<(), CommandError> {
    for disk in &command.disks {
        resource.storage.adopt_volume(disk.pool, disk.volume, Path::new(&disk.path))?;
    }
    Ok(())
}
