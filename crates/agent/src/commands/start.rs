//! `StartCommand`: defines and starts a VM's libvirt domain.
//!
//! The same run that runs already is a success. A start that fails leaves no definition and no seed; volumes and
//! the network's entries are other commands' business. A domain that was adopted is started as it is defined.

use hostler_model::{Generation, PowerReason, PowerState, error_chain};
use hostler_wire::{KEPT_DEFINITION, StartAnswer, StartCommand, VmSpec};
use tracing::{info, warn};

use super::CommandError;
use crate::domain_xml::{HostSide, domain_xml};
use crate::hypervisor::{Found, HypervisorError, OwnedDomain, Vacancy};
use crate::kvm::LibvirtComputingResource;
use crate::runs::{Phase, RunRecord};

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &StartCommand,
) -> Result<StartAnswer, CommandError> {
    let spec = &command.vm;
    let cloud = resource.cloud()?;
    let _turn = resource.busy(spec.vm);
    match resource.hypervisor.look(cloud, &spec.name, spec.vm.uuid())? {
        Found::Alien(view) => Err(CommandError::Alien { name: view.name, uuid: view.uuid }),
        Found::Ours(domain, view) if view.power != PowerState::Off => {
            if domain.mark().run != spec.run {
                let (vm, wanted, here) = (spec.vm, spec.run, domain.mark().run);
                return Err(CommandError::OtherRun { vm, wanted, here });
            }
            already_running(resource, spec, &domain)
        }
        Found::Ours(domain, _) if domain.is_adopted() => {
            refuse_late(resource, spec)?;
            start_kept(resource, spec, &domain)
        }
        Found::Ours(domain, _) => {
            refuse_late(resource, spec)?;
            resource.hypervisor.undefine(&domain)?; // what is left of an earlier run
            match resource.hypervisor.look(cloud, &spec.name, spec.vm.uuid())? {
                Found::Nothing(place) => start(resource, spec, place),
                Found::Ours(domain, _) => {
                    Err(HypervisorError::NotOurs { name: domain.name().to_owned() }.into())
                }
                Found::Alien(view) => Err(CommandError::Alien { name: view.name, uuid: view.uuid }),
            }
        }
        Found::Nothing(_) if keeps_definition(spec) => {
            Err(CommandError::NoDefinition { vm: spec.vm })
        }
        Found::Nothing(place) => {
            refuse_late(resource, spec)?;
            start(resource, spec, place)
        }
    }
}

fn already_running(
    resource: &LibvirtComputingResource,
    spec: &VmSpec,
    domain: &OwnedDomain,
) -> Result<StartAnswer, CommandError> {
    let known = resource.runs.get(spec.run);
    let generation = match &known {
        Some(record) if record.phase == Phase::Live => record.generation.max(spec.generation),
        _ => domain.mark().generation.max(spec.generation).next(),
    };
    record_running(resource, spec, own_uuid(spec, domain), generation)?;
    let vnc_port = resource.hypervisor.vnc_port(domain).unwrap_or_default();
    Ok(StartAnswer { generation, was_running: true, vnc_port })
}

/// Whether the VM was adopted: then nobody else's definition will do.
fn keeps_definition(spec: &VmSpec) -> bool {
    spec.details.get(KEPT_DEFINITION.0).is_some_and(|value| value == KEPT_DEFINITION.1)
}

/// The UUID of a domain that is not its VM's.
fn own_uuid(spec: &VmSpec, domain: &OwnedDomain) -> Option<uuid::Uuid> {
    Some(domain.uuid()).filter(|uuid| *uuid != spec.vm.uuid())
}

/// Starts a domain that was adopted as it is defined: the guest finds the machine that it had.
fn start_kept(
    resource: &LibvirtComputingResource,
    spec: &VmSpec,
    domain: &OwnedDomain,
) -> Result<StartAnswer, CommandError> {
    let generation = spec.generation.next();
    resource.hypervisor.mark(domain, spec.run, generation)?;
    resource.hypervisor.start(domain)?;
    record_running(resource, spec, own_uuid(spec, domain), generation)?;
    info!(vm = %spec.vm, run = %spec.run, domain = domain.name(), "started as it is defined");
    let vnc_port = resource.hypervisor.vnc_port(domain).unwrap_or_default();
    Ok(StartAnswer { generation, was_running: false, vnc_port })
}

/// A start that was overtaken by the end of its run.
fn refuse_late(resource: &LibvirtComputingResource, spec: &VmSpec) -> Result<(), CommandError> {
    match resource.runs.get(spec.run) {
        Some(known) if known.phase != Phase::Starting && known.generation >= spec.generation => {
            Err(CommandError::Ended {
                run: spec.run,
                known: known.generation,
                sent: spec.generation,
            })
        }
        _ => Ok(()),
    }
}

fn start(
    resource: &LibvirtComputingResource,
    spec: &VmSpec,
    place: Vacancy,
) -> Result<StartAnswer, CommandError> {
    let starting = RunRecord {
        run: spec.run,
        vm: spec.vm,
        name: spec.name.clone(),
        domain: None,
        generation: spec.generation,
        power: PowerState::Unknown,
        reason: PowerReason::Commanded,
        phase: Phase::Starting,
    };
    resource.runs.put(starting).map_err(CommandError::Journal)?;
    let mut domain = None;
    match bring_up(resource, spec, place, &mut domain) {
        Ok(answer) => {
            info!(vm = %spec.vm, run = %spec.run, name = %spec.name, "started");
            Ok(answer)
        }
        Err(error) => Err(undo(resource, spec, domain.as_ref(), error)),
    }
}

fn bring_up(
    resource: &LibvirtComputingResource,
    spec: &VmSpec,
    place: Vacancy,
    defined: &mut Option<OwnedDomain>,
) -> Result<StartAnswer, CommandError> {
    let host = host_side(resource, spec)?;
    resource.storage.write_seed(spec)?;
    let generation = spec.generation.next(); // from now on it is the agent's to raise
    let xml = domain_xml(&VmSpec { generation, ..spec.clone() }, &host)?;
    let domain = defined.insert(resource.hypervisor.define(place, &xml)?);
    resource.hypervisor.start(domain)?;
    record_running(resource, spec, None, generation)?;
    // A console that cannot be found is no reason to end a VM that runs.
    let vnc_port = resource.hypervisor.vnc_port(domain).unwrap_or_default();
    Ok(StartAnswer { generation, was_running: false, vnc_port })
}

fn host_side(resource: &LibvirtComputingResource, spec: &VmSpec) -> Result<HostSide, CommandError> {
    let disks = spec
        .disks
        .iter()
        .map(|disk| resource.storage.volume_file(disk.pool, disk.volume))
        .collect::<Result<_, _>>()?;
    let bridges = spec
        .nics
        .iter()
        .map(|nic| resource.network.bridge(&nic.network))
        .collect::<Result<_, _>>()?;
    Ok(HostSide {
        cloud: resource.cloud()?,
        domain_type: resource.domain_type()?,
        cpu_speed: resource.cpu_speed(),
        disks,
        seed: resource.storage.seed_file(spec.vm),
        iso: spec
            .iso
            .map(|iso| resource.storage.template_file(iso.pool, iso.template))
            .transpose()?,
        console_log: resource.console_log(spec.vm)?,
        bridges,
    })
}

fn record_running(
    resource: &LibvirtComputingResource,
    spec: &VmSpec,
    domain: Option<uuid::Uuid>,
    generation: Generation,
) -> Result<(), CommandError> {
    let record = RunRecord {
        run: spec.run,
        vm: spec.vm,
        name: spec.name.clone(),
        domain,
        generation,
        power: PowerState::On,
        reason: PowerReason::Commanded,
        phase: Phase::Live,
    };
    resource.runs.put(record).map_err(CommandError::Journal)
}

/// Takes back what a failed start has done, and says so where it cannot.
fn undo(
    resource: &LibvirtComputingResource,
    spec: &VmSpec,
    defined: Option<&OwnedDomain>,
    error: CommandError,
) -> CommandError {
    let cleared = defined.map_or(Ok(()), |domain| {
        resource.hypervisor.destroy(domain).and_then(|()| resource.hypervisor.undefine(domain))
    });
    if let Err(undo) = cleared {
        warn!(vm = %spec.vm, %undo, "a start failed and cannot be taken back");
        return CommandError::NotUndone { text: error_chain(&error), undo: error_chain(&undo) };
    }
    resource.storage.remove_seed(spec.vm);
    resource.runs.remove(spec.run);
    error
}
