//! The libvirt domain of a run that must be running: what orders about a running VM have in common.

use hostler_model::{MacAddress, PowerState};
use hostler_wire::RunningVm;

use super::CommandError;
use crate::hypervisor::{Found, OwnedDomain};
use crate::kvm::LibvirtComputingResource;
use crate::runs::Phase;

/// The domain of that run and of no other.
///
/// # Errors
/// [`CommandError::NotRunning`] if there is none that runs, [`CommandError::OtherRun`] or [`CommandError::Ended`] if the
/// order was overtaken.
pub(super) fn running(
    resource: &LibvirtComputingResource,
    vm: &RunningVm,
) -> Result<OwnedDomain, CommandError> {
    if let Some(known) = resource.runs.get(vm.run).filter(|known| known.phase == Phase::Stopped) {
        let (run, known, sent) = (vm.run, known.generation, vm.generation);
        return Err(CommandError::Ended { run, known, sent });
    }
    match resource.hypervisor.look(resource.cloud()?, &vm.name, vm.vm.uuid())? {
        Found::Alien(view) => Err(CommandError::Alien { name: view.name, uuid: view.uuid }),
        Found::Ours(domain, _) if domain.mark().run != vm.run => {
            let (vm, wanted, here) = (vm.vm, vm.run, domain.mark().run);
            Err(CommandError::OtherRun { vm, wanted, here })
        }
        Found::Ours(domain, view) if view.power != PowerState::Off => Ok(domain),
        Found::Nothing(_) | Found::Ours(..) => Err(CommandError::NotRunning { vm: vm.vm }),
    }
}

/// The same; nothing: it does not run any more.
///
/// # Errors
/// [`CommandError::OtherRun`] if another run has taken its place.
pub(super) fn running_still(
    resource: &LibvirtComputingResource,
    vm: &RunningVm,
) -> Result<Option<OwnedDomain>, CommandError> {
    match running(resource, vm) {
        Err(CommandError::NotRunning { .. } | CommandError::Ended { .. }) => Ok(None),
        found => found.map(Some),
    }
}

/// Whether a domain has the network interface of that hardware address.
///
/// # Errors
/// [`CommandError::Hypervisor`]; then nothing is known.
pub(super) fn has_nic(
    resource: &LibvirtComputingResource,
    domain: &OwnedDomain,
    mac: MacAddress,
) -> Result<bool, CommandError> {
    let devices = resource.hypervisor.devices(domain.uuid())?.unwrap_or_default();
    Ok(devices.nics.iter().any(|nic| nic.mac.eq_ignore_ascii_case(&mac.to_string())))
}
