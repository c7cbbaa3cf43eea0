//! Taking over domains that somebody else made, their life as VMs, and giving them back, on a hypervisor in memory.

use super::tests::{World, call, world};
use crate::domain_xml::tests::linux;
use crate::hypervisor::{DomainView, Trouble};
use crate::resource::Resource;
use crate::storage::Storage;
use hostler_model::{Generation, Mib, PowerReason, PowerState, RunId};
use hostler_wire::*;
use uuid::Uuid;

const XML: &str = "<domain><name>web</name><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>\
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/simulated/web.qcow2'/>\
    <target dev='vda' bus='virtio'/></disk></devices></domain>";

fn domain() -> Uuid {
    Uuid::from_u128(0xa11e)
}

fn view(power: PowerState) -> DomainView {
    DomainView {
        uuid: domain(),
        name: "my web server".to_owned(),
        mark: None,
        power,
        reason: PowerReason::Found,
        vcpus: 1,
        memory: Mib(64),
    }
}

/// A host with a domain that somebody else made, which runs.
fn with_alien() -> World {
    let world = world();
    world.hypervisor.insert_with(view(PowerState::On), XML);
    world
}

fn disks() -> Vec<AdoptedDisk> {
    let disk = &linux(9).disks[0];
    let path = "/simulated/web.qcow2".to_owned();
    vec![AdoptedDisk { volume: disk.volume, pool: disk.pool, path }]
}

fn adopt(world: &World) -> Result<AdoptAnswer, CommandFailure> {
    let vm = linux(9);
    let (generation, domain, disks) = (vm.generation, domain(), disks());
    let command = AdoptCommand { vm: vm.vm, run: vm.run, generation, name: vm.name, domain, disks };
    call(&world.resource, command)
}

fn release(world: &World) -> Result<ReleaseAnswer, CommandFailure> {
    let vm = linux(9);
    call(&world.resource, ReleaseCommand { vm: vm.vm, name: vm.name, disks: disks() })
}

/// VM 9 in its next run.
fn next_run() -> VmSpec {
    let mut vm = VmSpec { run: RunId::new(Uuid::from_u128(0x0999)), ..linux(9) };
    vm.details.insert(KEPT_DEFINITION.0.to_owned(), KEPT_DEFINITION.1.to_owned());
    vm
}

#[test]
fn a_domain_is_described_with_what_the_storage_knows_of_its_disks() {
    let world = with_alien();
    let told = call(&world.resource, DescribeCommand { domain: domain() }).unwrap().domain;
    assert_eq!((&*told.domain_name, told.vcpus, told.memory), ("my web server", 1, Mib(64)));
    assert_eq!(told.disks[0].pool, Some(linux(9).disks[0].pool));
    assert!(told.disks[0].capacity.is_some() && !told.is_marked);
    assert!(world.hypervisor.calls().is_empty());
    let none = call(&world.resource, DescribeCommand { domain: Uuid::nil() }).unwrap_err();
    assert!(none.text.contains("there is no libvirt domain"), "{none}");
}

#[test]
fn a_domain_is_adopted_once_and_is_a_run_and_no_alien_from_then_on() {
    let world = with_alien();
    let first = adopt(&world).unwrap();
    assert_eq!(first.generation, linux(9).generation.next());
    assert_eq!(adopt(&world).unwrap(), first, "ordered again");
    assert_eq!(world.hypervisor.calls(), ["adopt my web server"]);
    let report = world.resource.report();
    assert!(report.complete && report.aliens.is_empty(), "{report:?}");
    assert_eq!((report.runs[0].run, &report.runs[0].name), (linux(9).run, &linux(9).name));
    let volume = linux(9).disks[0].clone();
    let file = world.storage.volume_file(volume.pool, volume.volume).unwrap();
    assert_eq!(file.to_str(), Some("/simulated/web.qcow2"));
}

#[test]
fn what_is_not_as_it_was_planned_is_left_alone() {
    let world = world();
    world.hypervisor.insert_with(view(PowerState::Off), XML);
    assert!(adopt(&world).unwrap_err().text.contains("it does not run"));
    world.hypervisor.insert_with(view(PowerState::On), &XML.replace("web.qcow2", "other.qcow2"));
    assert!(adopt(&world).unwrap_err().text.contains("its disks"));
    let refuse = std::collections::BTreeSet::from(["adopt"]);
    world.hypervisor.insert_with(view(PowerState::On), XML);
    world.hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
    adopt(&world).unwrap_err();
    let volume = linux(9).disks[0].clone();
    assert!(world.storage.volume_file(volume.pool, volume.volume).is_err(), "it is no volume");
    assert_eq!(world.resource.report().aliens.len(), 1);
}

#[test]
fn an_adopted_vm_is_stopped_and_started_as_it_is_defined() {
    let world = with_alien();
    adopt(&world).unwrap();
    assert_eq!(world.stop(&linux(9)).unwrap().ended, StopEnding::ShutDown);
    assert_eq!(world.hypervisor.domains()[0].power, PowerState::Off);
    let report = world.resource.report();
    assert!(report.complete && report.runs.is_empty() && report.aliens.is_empty(), "{report:?}");
    let again = world.start(&next_run()).unwrap();
    assert!(again.generation > Generation(0) && !again.was_running);
    let calls = ["adopt", "shut_down", "mark", "start"].map(|call| format!("{call} my web server"));
    assert_eq!(world.hypervisor.calls(), calls);
    assert_eq!(world.resource.report().runs[0].run, next_run().run);
    assert_eq!(world.stop(&linux(9)).unwrap_err().kind, FailureKind::Conflict, "an older run");
    world.stop(&next_run()).unwrap();
}

#[test]
fn a_stop_of_a_run_that_never_came_finds_nothing_to_stop() {
    let world = with_alien();
    adopt(&world).unwrap();
    world.stop(&linux(9)).unwrap();
    assert_eq!(world.stop(&next_run()).unwrap().ended, StopEnding::WasNotHere);
}

#[test]
fn an_adopted_vm_whose_definition_is_gone_is_not_replaced_by_another_machine() {
    let world = world();
    let failure = world.start(&next_run()).unwrap_err();
    assert!(failure.text.contains("not defined on this host"), "{failure}");
    assert!(world.hypervisor.domains().is_empty());
}

#[test]
fn a_released_domain_runs_on_and_is_an_alien_again() {
    let world = with_alien();
    adopt(&world).unwrap();
    assert!(release(&world).unwrap().was_here);
    assert!(!release(&world).unwrap().was_here, "ordered again");
    assert_eq!(world.hypervisor.domains(), [view(PowerState::On)]);
    let report = world.resource.report();
    assert!(report.runs.is_empty() && report.aliens.len() == 1, "{report:?}");
    let volume = linux(9).disks[0].clone();
    assert!(world.storage.volume_file(volume.pool, volume.volume).is_err());
    adopt(&world).unwrap();
}

#[test]
fn a_vm_that_the_cloud_made_is_not_released() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let (vm, name) = (linux(1).vm, linux(1).name);
    let refused = call(&world.resource, ReleaseCommand { vm, name, disks: Vec::new() });
    assert!(refused.unwrap_err().text.contains("was made by this cloud"));
}
