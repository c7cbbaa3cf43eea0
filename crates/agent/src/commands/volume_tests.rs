//! Volumes of a running VM, on a hypervisor in memory.

use super::tests::{World, call, world};
use crate::domain_xml::tests::linux;
use crate::hypervisor::Trouble;
use hostler_model::{Bytes, Generation, RunId, VolumeId};
use hostler_wire::*;
use uuid::Uuid;

fn running(vm: &VmSpec) -> RunningVm {
    RunningVm { vm: vm.vm, run: vm.run, generation: vm.generation, name: vm.name.clone() }
}

/// A volume that is written and nobody's.
fn data(world: &World, number: u128) -> DiskSpec {
    let volume = VolumeId::new(Uuid::from_u128(0xda7a_0000 + number));
    let disk = DiskSpec { volume, device: 1, ..linux(1).disks[0].clone() };
    let (pool, size) = (disk.pool, Bytes::from_gib(1));
    world.storage.insert_volume(VolumeSpec { volume, pool, template: None, size });
    disk
}

fn attach(
    world: &World,
    vm: &VmSpec,
    disk: &DiskSpec,
) -> Result<AttachVolumeAnswer, CommandFailure> {
    call(&world.resource, AttachVolumeCommand { to: running(vm), disk: disk.clone() })
}

fn detach(
    world: &World,
    vm: &VmSpec,
    disk: &DiskSpec,
) -> Result<DetachVolumeAnswer, CommandFailure> {
    let (volume, pool) = (disk.volume, disk.pool);
    let from = running(vm);
    call(&world.resource, DetachVolumeCommand { from, volume, pool, grace_seconds: 1 })
}

fn files(world: &World, vm: &VmSpec, disk: &DiskSpec) -> usize {
    let files = world.hypervisor.files(vm.vm.uuid());
    files.iter().filter(|file| file.contains(&disk.volume.to_string())).count()
}

#[test]
fn a_volume_is_plugged_in_once_and_unplugged_once_however_often_that_is_ordered() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let disk = data(&world, 1);
    assert!(!attach(&world, &vm, &disk).unwrap().was_attached);
    assert!(attach(&world, &vm, &disk).unwrap().was_attached);
    assert_eq!(files(&world, &vm, &disk), 1);
    assert!(detach(&world, &vm, &disk).unwrap().was_attached);
    assert!(!detach(&world, &vm, &disk).unwrap().was_attached);
    assert_eq!(files(&world, &vm, &disk), 0);
}

#[test]
fn a_volume_that_another_domain_has_open_is_not_plugged_in() {
    let (world, one, two) = (world(), linux(1), linux(2));
    world.start(&one).unwrap();
    world.start(&two).unwrap();
    let disk = data(&world, 1);
    attach(&world, &one, &disk).unwrap();
    assert_eq!(attach(&world, &two, &disk).unwrap_err().kind, FailureKind::InUse);
}

#[test]
fn a_host_says_which_volumes_it_lacks_and_of_a_pool_that_it_does_not_have_nothing() {
    let world = world();
    let (there, gone) = (data(&world, 1), VolumeId::new(Uuid::from_u128(0x90_4e)));
    let question = FindVolumesCommand { pool: there.pool, volumes: vec![there.volume, gone] };
    assert_eq!(call(&world.resource, question).unwrap(), FindVolumesAnswer { missing: vec![gone] });
    let pool = hostler_model::StoragePoolId::new(Uuid::from_u128(0xbad));
    let elsewhere = FindVolumesCommand { pool, volumes: vec![gone] };
    assert!(call(&world.resource, elsewhere).unwrap_err().text.contains("no storage pool"));
}

#[test]
fn an_order_for_a_run_that_was_overtaken_touches_nothing() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let disk = data(&world, 1);
    let other = VmSpec { run: RunId::new(Uuid::from_u128(0xfeed)), ..vm.clone() };
    assert_eq!(attach(&world, &other, &disk).unwrap_err().kind, FailureKind::Conflict);
    attach(&world, &vm, &disk).unwrap();
    assert_eq!(detach(&world, &other, &disk).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(files(&world, &vm, &disk), 1);
    world.stop(&vm).unwrap();
    let late = VmSpec { generation: Generation(99), ..vm };
    assert_eq!(attach(&world, &late, &disk).unwrap_err().kind, FailureKind::Conflict);
    assert!(!detach(&world, &late, &disk).unwrap().was_attached, "off is as good as detached");
}

#[test]
fn a_guest_that_keeps_a_disk_is_a_failure_that_says_so() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let disk = data(&world, 1);
    attach(&world, &vm, &disk).unwrap();
    world.hypervisor.trouble(Trouble { keep_disks: true, ..Trouble::default() });
    let failure = detach(&world, &vm, &disk).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InUse);
    assert!(failure.text.contains("did not let go"), "{}", failure.text);
}

#[test]
fn a_volume_grows_in_the_vm_that_has_it_or_as_a_file_and_never_shrinks() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let disk = data(&world, 1);
    let grow = |gib, used_by| {
        let (volume, pool, size) = (disk.volume, disk.pool, Bytes::from_gib(gib));
        call(&world.resource, ResizeVolumeCommand { volume, pool, size, used_by })
    };
    assert_eq!(grow(2, None).unwrap().size, Bytes::from_gib(2));
    assert_eq!(grow(1, None).unwrap().size, Bytes::from_gib(2));
    attach(&world, &vm, &disk).unwrap();
    assert_eq!(grow(3, None).unwrap_err().kind, FailureKind::InUse);
    assert_eq!(grow(3, Some(running(&vm))).unwrap().size, Bytes::from_gib(3));
    assert!(world.hypervisor.calls().contains(&format!("resize_disk {}", vm.name)));
}
