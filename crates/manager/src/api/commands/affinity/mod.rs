//! Commands about affinity groups: VMs that are to run on one host, or on different ones.

use super::{Entry, known};

mod create_affinity_group;
mod delete_affinity_group;
mod list_affinity_group_types;
mod list_affinity_groups;
mod update_vm_affinity_group;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_affinity_group::CreateAffinityGroup>(),
    known::<delete_affinity_group::DeleteAffinityGroup>(),
    known::<list_affinity_group_types::ListAffinityGroupTypes>(),
    known::<list_affinity_groups::ListAffinityGroups>(),
    known::<update_vm_affinity_group::UpdateVmAffinityGroup>(),
];
