//! Commands about instance groups: names that users group their VMs under.

use super::{Entry, known};

mod create_instance_group;
mod delete_instance_group;
mod list_instance_groups;
mod update_instance_group;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_instance_group::CreateInstanceGroup>(),
    known::<delete_instance_group::DeleteInstanceGroup>(),
    known::<list_instance_groups::ListInstanceGroups>(),
    known::<update_instance_group::UpdateInstanceGroup>(),
];
