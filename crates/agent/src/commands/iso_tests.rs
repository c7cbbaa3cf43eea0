//! ISOs in the drive of a VM, on a hypervisor in memory.

use super::tests::{World, call, prepare_iso, world};
use crate::domain_xml::tests::linux;
use crate::hypervisor::Trouble;
use hostler_model::TemplateId;
use hostler_wire::*;
use uuid::Uuid;

/// An ISO that the pool has.
fn iso(world: &World, number: u128) -> IsoSpec {
    let template = TemplateId::new(Uuid::from_u128(0x150_0000 + number));
    prepare_iso(world, template);
    IsoSpec { template, pool: linux(1).disks[0].pool, bootable: true }
}

fn change(
    world: &World,
    vm: &VmSpec,
    iso: Option<IsoSpec>,
    force: bool,
) -> Result<ChangeIsoAnswer, CommandFailure> {
    let (vm, run, generation, name) = (vm.vm, vm.run, vm.generation, vm.name.clone());
    let of = RunningVm { vm, run, generation, name };
    call(&world.resource, ChangeIsoCommand { of, iso, force })
}

/// The ISOs that the VM's domain has open.
fn isos(world: &World, vm: &VmSpec) -> Vec<String> {
    let files = world.hypervisor.files(vm.vm.uuid());
    files.into_iter().filter(|file| file.contains("/templates/")).collect()
}

#[test]
fn an_iso_is_put_into_the_drive_replaced_and_taken_out() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let (first, second) = (iso(&world, 1), iso(&world, 2));
    assert!(!change(&world, &vm, Some(first), false).unwrap().was_so);
    assert!(change(&world, &vm, Some(first), false).unwrap().was_so, "ordered again");
    assert!(!change(&world, &vm, Some(second), false).unwrap().was_so);
    assert_eq!(isos(&world, &vm), [format!("/simulated/templates/{}.raw", second.template)]);
    assert!(!change(&world, &vm, None, false).unwrap().was_so);
    assert!(change(&world, &vm, None, false).unwrap().was_so);
    assert_eq!(isos(&world, &vm), Vec::<String>::new());
    let seed = format!("/simulated/seeds/{}.iso", vm.vm);
    assert!(world.hypervisor.files(vm.vm.uuid()).contains(&seed), "the seed stays");
}

#[test]
fn a_vm_that_is_started_with_an_iso_has_it_in_its_drive() {
    let world = world();
    let vm = VmSpec { iso: Some(iso(&world, 1)), ..linux(1) };
    world.start(&vm).unwrap();
    assert_eq!(isos(&world, &vm).len(), 1);
    assert!(change(&world, &vm, vm.iso, false).unwrap().was_so);
}

#[test]
fn an_iso_that_is_not_on_the_pool_is_not_started_with() {
    let (world, template) = (world(), TemplateId::new(Uuid::from_u128(0xdead)));
    let iso = IsoSpec { template, pool: linux(1).disks[0].pool, bootable: true };
    let refused = world.start(&VmSpec { iso: Some(iso), ..linux(1) }).unwrap_err();
    assert!(refused.text.contains(&template.to_string()), "{refused:?}");
    assert!(world.hypervisor.domains().is_empty());
}

#[test]
fn a_drive_that_the_guest_has_locked_is_changed_only_by_force() {
    let (world, vm) = (world(), linux(1));
    world.start(&vm).unwrap();
    let iso = iso(&world, 1);
    world.hypervisor.trouble(Trouble { keep_disks: true, ..Trouble::default() });
    assert!(change(&world, &vm, Some(iso), false).is_err());
    assert!(isos(&world, &vm).is_empty());
    assert!(!change(&world, &vm, Some(iso), true).unwrap().was_so);
}

#[test]
fn a_vm_that_does_not_run_has_an_empty_drive_and_gets_no_iso() {
    let (world, vm) = (world(), linux(1));
    let iso = iso(&world, 1);
    assert!(change(&world, &vm, None, false).unwrap().was_so);
    let refused = change(&world, &vm, Some(iso), false).unwrap_err();
    assert_eq!(refused.kind, FailureKind::Conflict);
}
