//! Every kind of VM that the agent can describe, begun by a real QEMU and ended again.

use hostler_agent::kvm::LibvirtComputingResource;
use hostler_model::*;
use hostler_wire::*;

use super::{id, start, stop, vm};

/// QEMU itself takes every kind of VM, not only libvirt's schema.
pub(super) fn every_shape_starts(host: &LibvirtComputingResource) {
    let shape = |number: u128, change: &dyn Fn(&mut VmSpec)| {
        let mut spec = VmSpec { run: id(5000 + number), ..vm(1) };
        change(&mut spec);
        start(host, &spec).unwrap_or_else(|failure| panic!("shape {number}: {failure}"));
        stop(host, &spec, true);
    };
    let detail = |vm: &mut VmSpec, name: &str, value: &str| {
        vm.details.insert(name.to_owned(), value.to_owned());
    };
    shape(1, &|vm| vm.os = GuestOs::Windows);
    shape(2, &|vm| vm.os = GuestOs::WindowsLegacy);
    shape(3, &|vm| {
        vm.os = GuestOs::WindowsLegacy;
        detail(vm, "machine", "pc");
    });
    shape(4, &|vm| vm.os = GuestOs::Other);
    shape(6, &|vm| {
        detail(vm, "iothreads", "true");
        detail(vm, "io.policy", "native");
        detail(vm, "nic.multiqueue.number", "2");
        detail(vm, "nic.packed.virtqueues.enabled", "true");
    });
    shape(5, &|vm| {
        detail(vm, "rootDiskController", "scsi");
        detail(vm, "nicAdapter", "e1000");
        vm.vnc.keyboard = Some("de".to_owned());
        vm.cpu_limited = true;
        let rate =
            Throttle { per_second: Some(10 << 20), burst: Some(20 << 20), burst_seconds: Some(5) };
        let few = Throttle { per_second: Some(100), ..Throttle::default() };
        vm.disks[0].terms = DiskTerms {
            read_bytes: rate,
            write_bytes: rate,
            read_operations: few,
            write_operations: few,
            cache: DiskCache::Writeback,
        };
        vm.memory_guaranteed = Mib(96);
    });
}
