//! Copies of volumes, on a hypervisor in memory.

use super::tests::{World, call, world};
use crate::domain_xml::tests::linux;
use crate::hypervisor::Trouble;
use crate::storage::Storage as _;
use hostler_model::{Bytes, HostGuid, SnapshotId, TemplateId};
use hostler_wire::*;
use std::collections::BTreeSet;
use uuid::Uuid;

fn snapshot() -> SnapshotId {
    SnapshotId::new(Uuid::from_u128(0x5a95))
}

/// Copies the root volume of a VM that the manager thinks runs, or that it thinks is off.
fn copy(world: &World, vm: &VmSpec, runs: bool) -> Result<CreateSnapshotAnswer, CommandFailure> {
    let (volume, pool) = (vm.disks[0].volume, vm.disks[0].pool);
    let (id, run, generation, name) = (vm.vm, vm.run, vm.generation, vm.name.clone());
    let used_by = runs.then_some(RunningVm { vm: id, run, generation, name });
    call(&world.resource, CreateSnapshotCommand { snapshot: snapshot(), volume, pool, used_by })
}

fn copies_by_qemu(world: &World) -> usize {
    world.hypervisor.calls().iter().filter(|call| call.starts_with("copy_disks")).count()
}

#[test]
fn the_disk_of_a_guest_that_runs_is_copied_by_its_own_qemu_and_once() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let first = copy(&world, &vm, true).unwrap();
    assert_eq!(copy(&world, &vm, true).unwrap(), first);
    assert_eq!(copies_by_qemu(&world), 1);
    assert_eq!(world.storage.snapshots(), [snapshot()]);
}

#[test]
fn a_disk_that_a_guest_has_open_is_never_copied_from_outside() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let refused = copy(&world, &vm, false).unwrap_err();
    assert_eq!(refused.kind, FailureKind::InUse);
    assert!(world.storage.snapshots().is_empty());
}

#[test]
fn the_disk_of_a_guest_that_has_ended_meanwhile_is_copied_as_a_file() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    world.stop(&vm).unwrap();
    copy(&world, &vm, true).unwrap();
    assert_eq!((copies_by_qemu(&world), world.storage.snapshots().len()), (0, 1));
}

#[test]
fn a_copy_that_qemu_gives_up_leaves_nothing() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let refuse = BTreeSet::from(["copy_disks"]);
    world.hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
    copy(&world, &vm, true).unwrap_err();
    assert!(world.storage.snapshots().is_empty());
    world.hypervisor.trouble(Trouble::default());
    copy(&world, &vm, true).unwrap();
}

#[test]
fn a_volume_is_written_from_a_copy_unless_a_guest_has_it_open() {
    let (world, vm) = (world(), linux(1));
    copy(&world, &vm, false).unwrap();
    let (volume, pool) = (vm.disks[0].volume, vm.disks[0].pool);
    let restore = |size: u64| {
        let command =
            RestoreSnapshotCommand { snapshot: snapshot(), volume, pool, size: Bytes(size) };
        call(&world.resource, command)
    };
    assert_eq!(restore(1 << 22).unwrap().size, Bytes(1 << 22));
    assert_eq!(world.storage.volume_size(pool, volume).unwrap(), Bytes(1 << 22));
    world.start(&vm).unwrap();
    assert_eq!(restore(1 << 22).unwrap_err().kind, FailureKind::InUse);
}

#[test]
fn a_copy_is_deleted_once_however_often_that_is_ordered() {
    let (world, vm) = (world(), linux(1));
    copy(&world, &vm, false).unwrap();
    let pool = vm.disks[0].pool;
    let delete = || call(&world.resource, DeleteSnapshotCommand { snapshot: snapshot(), pool });
    assert!(delete().unwrap().was_there);
    assert!(!delete().unwrap().was_there);
}

#[test]
fn a_volume_becomes_a_template_only_while_no_guest_has_it_open() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let send = SendTemplateCommand {
        template: TemplateId::new(Uuid::from_u128(0x7e)),
        origin: TemplateOrigin::Volume(vm.disks[0].volume),
        pool: vm.disks[0].pool,
        worker: HostGuid::new(Uuid::nil()),
        address: "10.0.0.1:8251".to_owned(),
    };
    let refused = call(&world.resource, send.clone()).unwrap_err();
    assert_eq!(refused.kind, FailureKind::InUse);
    world.stop(&vm).unwrap();
    call(&world.resource, send).unwrap();
}

/// Copies the two volumes of a VM at once.
fn copy_both(world: &World, vm: &VmSpec, runs: bool) -> Result<CopyVolumesAnswer, CommandFailure> {
    let id = |number| SnapshotId::new(Uuid::from_u128(number));
    let copies = vec![(id(1), vm.disks[0].volume), (id(2), vm.disks[1].volume)];
    let (of, run, generation, name) = (vm.vm, vm.run, vm.generation, vm.name.clone());
    let used_by = runs.then_some(RunningVm { vm: of, run, generation, name });
    call(&world.resource, CopyVolumesCommand { copies, pool: vm.disks[0].pool, used_by })
}

/// A VM with two disks that are there.
fn with_two_disks(world: &World) -> VmSpec {
    let mut vm = linux(1);
    vm.disks.truncate(1);
    let volume = hostler_model::VolumeId::new(Uuid::from_u128(0xd2));
    vm.disks.push(DiskSpec { volume, device: 1, ..vm.disks[0].clone() });
    for disk in &vm.disks {
        let (volume, pool, size) = (disk.volume, disk.pool, Bytes(1 << 20));
        world.storage.insert_volume(VolumeSpec { volume, pool, template: None, size });
    }
    vm
}

#[test]
fn the_disks_of_a_guest_that_runs_are_copied_in_one_job_and_once() {
    let world = world();
    let vm = with_two_disks(&world);
    world.start(&vm).unwrap();
    let first = copy_both(&world, &vm, true).unwrap();
    assert_eq!(copy_both(&world, &vm, true).unwrap(), first);
    assert_eq!((first.copies.len(), copies_by_qemu(&world)), (2, 1));
    assert_eq!(world.storage.snapshots().len(), 2);
}

#[test]
fn all_copies_of_a_vm_are_there_or_none_and_one_of_another_moment_is_made_anew() {
    let world = world();
    let vm = with_two_disks(&world);
    world.start(&vm).unwrap();
    let refused = copy_both(&world, &vm, false).unwrap_err();
    assert_eq!((refused.kind, world.storage.snapshots().len()), (FailureKind::InUse, 0));
    copy_both(&world, &vm, true).unwrap();
    let (snapshot, pool) = (SnapshotId::new(Uuid::from_u128(2)), vm.disks[0].pool);
    call(&world.resource, DeleteSnapshotCommand { snapshot, pool }).unwrap();
    let refuse = BTreeSet::from(["copy_disks"]);
    world.hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
    copy_both(&world, &vm, true).unwrap_err();
    assert!(world.storage.snapshots().is_empty());
    world.hypervisor.trouble(Trouble::default());
    copy_both(&world, &vm, true).unwrap();
    assert_eq!((copies_by_qemu(&world), world.storage.snapshots().len()), (3, 2));
}
