//! Network interfaces of a running VM, on a hypervisor in memory.

use super::tests::{World, call, world};
use crate::domain_xml::tests::linux;
use crate::hypervisor::{Hypervisor as _, Trouble};
use hostler_model::{NicId, RunId};
use hostler_wire::*;
use uuid::Uuid;

fn running(vm: &VmSpec) -> RunningVm {
    RunningVm { vm: vm.vm, run: vm.run, generation: vm.generation, name: vm.name.clone() }
}

/// A NIC that the VM does not have.
fn another(vm: &VmSpec) -> NicSpec {
    NicSpec {
        nic: NicId::new(Uuid::from_u128(0x41c)),
        device: 1,
        mac: "06:aa:00:00:00:01".parse().unwrap(),
        is_default: false,
        ..vm.nics[0].clone()
    }
}

fn attach(world: &World, vm: &VmSpec) -> Result<AttachNicAnswer, CommandFailure> {
    let (to, nic) = (running(vm), another(vm));
    call(&world.resource, AttachNicCommand { to, nic, os: vm.os, adapter: None })
}

fn detach(world: &World, vm: &VmSpec) -> Result<DetachNicAnswer, CommandFailure> {
    let (from, mac) = (running(vm), another(vm).mac);
    call(&world.resource, DetachNicCommand { from, mac, grace_seconds: 1 })
}

fn plugged(world: &World, vm: &VmSpec) -> usize {
    let devices = world.hypervisor.devices(vm.vm.uuid()).unwrap().unwrap();
    let mac = another(vm).mac.to_string();
    devices.nics.iter().filter(|nic| nic.mac == mac).count()
}

#[test]
fn a_nic_is_plugged_in_once_and_unplugged_once_however_often_that_is_ordered() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    assert!(!attach(&world, &vm).unwrap().was_attached);
    assert!(attach(&world, &vm).unwrap().was_attached);
    assert_eq!(plugged(&world, &vm), 1);
    assert!(detach(&world, &vm).unwrap().was_attached);
    assert!(!detach(&world, &vm).unwrap().was_attached);
    assert_eq!(plugged(&world, &vm), 0);
}

#[test]
fn a_nic_that_the_guest_keeps_is_named_and_stays() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    attach(&world, &vm).unwrap();
    world.hypervisor.trouble(Trouble { keep_disks: true, ..Trouble::default() });
    let failure = detach(&world, &vm).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InUse);
    assert!(failure.text.contains("06:aa:00:00:00:01"), "{}", failure.text);
    assert_eq!(plugged(&world, &vm), 1);
}

#[test]
fn the_nics_of_another_run_and_of_no_run_are_left_alone() {
    let (world, vm) = (world(), linux(1));
    assert!(!detach(&world, &vm).unwrap().was_attached, "it does not run");
    assert!(attach(&world, &vm).is_err(), "it does not run");
    world.start(&vm).unwrap();
    attach(&world, &vm).unwrap();
    let other = VmSpec { run: RunId::new(Uuid::from_u128(99)), ..vm.clone() };
    assert_eq!(attach(&world, &other).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(detach(&world, &other).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(plugged(&world, &vm), 1);
}

#[test]
fn an_adapter_that_is_not_known_is_refused_by_name_and_changes_nothing() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let adapter = Some("token ring".to_owned());
    let command = AttachNicCommand { to: running(&vm), nic: another(&vm), os: vm.os, adapter };
    let failure = call(&world.resource, command).unwrap_err();
    assert!(failure.text.contains("token ring"), "{}", failure.text);
    assert_eq!(plugged(&world, &vm), 0);
}
