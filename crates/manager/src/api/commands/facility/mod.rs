//! Commands about what the cloud works with, and about what it has none of.

use super::{Entry, known};

mod list_annotations;
mod list_hypervisors;
mod list_image_stores;
mod list_routers;
mod list_storage_providers;
mod list_system_vms;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<list_annotations::ListAnnotations>(),
    known::<list_hypervisors::ListHypervisors>(),
    known::<list_image_stores::ListImageStores>(),
    known::<list_routers::ListRouters>(),
    known::<list_storage_providers::ListStorageProviders>(),
    known::<list_system_vms::ListSystemVms>(),
];
