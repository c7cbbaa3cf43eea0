//! `DescribeCommand`: says what a libvirt domain is made of, whoever made it. Nothing is changed.

use std::path::Path;

use hostler_wire::{DescribeAnswer, DescribeCommand, DescribedDisk, DomainDescription};

use super::CommandError;
use crate::hypervisor::Facts;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &DescribeCommand,
) -> Result<DescribeAnswer, CommandError> {
    let uuid = command.domain;
    let found = resource.hypervisor.describe(uuid)?.ok_or(CommandError::NoSuchDomain { uuid })?;
    let Facts { vcpus, arch, machine, disks, nics, others } = found.facts;
    let domain = DomainDescription {
        uuid,
        domain_name: found.view.name,
        is_marked: found.view.mark.is_some(),
        power: found.view.power,
        reason: found.view.reason,
        persistent: found.persistent,
        autostart: found.autostart,
        vcpus: vcpus.max(found.view.vcpus),
        memory: found.view.memory,
        arch,
        machine,
        disks: disks.into_iter().map(|disk| placed(resource, disk)).collect(),
        nics,
        others,
        guest_bridge: resource.guest_bridge(),
        pools: resource.storage.local_pool().map(|pool| (pool.id, pool.path)).into_iter().collect(),
    };
    Ok(DescribeAnswer { domain: Box::new(domain) })
}

/// What the storage knows of a disk's file.
fn placed(resource: &LibvirtComputingResource, disk: DescribedDisk) -> DescribedDisk {
    if disk.kind != "file" || disk.device != "disk" {
        return disk;
    }
    let there = resource.storage.outside_file(Path::new(&disk.source));
    DescribedDisk { capacity: there.capacity, pool: there.pool, ..disk }
}
