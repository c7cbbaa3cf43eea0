//! Commands about zones.

use super::{Entry, known};

mod create_zone;
mod delete_zone;
mod list_capacity;
mod list_zones;
mod update_zone;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_zone::CreateZone>(),
    known::<delete_zone::DeleteZone>(),
    known::<list_capacity::ListCapacity>(),
    known::<list_zones::ListZones>(),
    known::<update_zone::UpdateZone>(),
];
