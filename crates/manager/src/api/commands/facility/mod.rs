//! Commands about what the cloud works with, and about what it has none of.

use super::{Entry, known};

mod configure_internal_load_balancer_element;
mod configure_virtual_router_element;
mod list_annotations;
mod list_hypervisors;
mod list_image_stores;
mod list_internal_load_balancer_elements;
mod list_routers;
mod list_storage_providers;
mod list_system_vms;
mod list_virtual_router_elements;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<configure_internal_load_balancer_element::ConfigureInternalLoadBalancerElement>(),
    known::<configure_virtual_router_element::ConfigureVirtualRouterElement>(),
    known::<list_annotations::ListAnnotations>(),
    known::<list_hypervisors::ListHypervisors>(),
    known::<list_image_stores::ListImageStores>(),
    known::<list_internal_load_balancer_elements::ListInternalLoadBalancerElements>(),
    known::<list_routers::ListRouters>(),
    known::<list_storage_providers::ListStorageProviders>(),
    known::<list_system_vms::ListSystemVms>(),
    known::<list_virtual_router_elements::ListVirtualRouterElements>(),
];
