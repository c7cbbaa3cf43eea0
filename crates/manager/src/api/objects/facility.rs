//! What this cloud works with, in answers: hypervisors, storage providers, image stores; and what it has none of.

use hostler_store::host_view::HostView;

use super::{api_object, api_shape};

api_object! {
    /// Something that has no more than a name.
    NAMED = "DeploymentPlannersResponse", named(name: &str) {
        "name" string "its name" => name,
    }
}

api_object! {
    /// Who looks after storage.
    STORAGE_PROVIDER = "StorageProviderResponse", storage_provider(name: &str, kind: &str) {
        "name" string "its name" => name,
        "type" string "primary: volumes; image: templates" => kind,
    }
}

api_object! {
    /// An image worker, as a place where templates are.
    IMAGE_STORE = "ImageStoreResponse", image_store(view: &HostView) {
        "id" string "its id" => view.id,
        "name" string "its name" => view.name,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "url" string "the address of the image worker" => view.address.as_ref().map(|ip| format!("https://{ip}")),
        "protocol" string "how hosts fetch templates, always https" => "https",
        "providername" string "who looks after it" => IMAGE_PROVIDER,
        "scope" scopetype "who can use it, always ZONE" => "ZONE",
        "readonly" boolean "whether it takes no new templates" =>
            view.admin_state != hostler_model::ResourceState::Enabled,
    }
}

/// Who looks after templates.
pub(crate) const IMAGE_PROVIDER: &str = "ImageWorker";

api_shape! {
    /// A note on something. There are none yet.
    ANNOTATION = "AnnotationResponse" {
        "id" string "its id",
        "annotation" string "what it says",
        "entityid" string "what it is on",
        "entitytype" string "the kind of that",
    }
}

api_shape! {
    /// One of the cloud's own VMs. There are none: hosts and image workers do their work.
    SYSTEM_VM = "SystemVmResponse" {
        "id" string "its id",
        "name" string "its name",
        "state" string "whether it runs",
        "systemvmtype" string "what it does",
    }
}

api_shape! {
    /// A virtual router. There are none: each host serves its own VMs.
    ROUTER = "DomainRouterResponse" {
        "id" string "its id",
        "name" string "its name",
        "state" state "whether it runs",
        "zoneid" string "the zone that it is in",
    }
}

api_shape! {
    /// What gives networks virtual routers. There is none.
    ROUTER_ELEMENT = "OvsProviderResponse" {
        "id" string "its id",
        "nspid" string "its provider of a physical network",
        "enabled" boolean "whether it is switched on",
    }
}

api_shape! {
    /// What gives networks internal load balancers. There is none.
    LOAD_BALANCER_ELEMENT = "InternalLoadBalancerElementResponse" {
        "id" string "its id",
        "nspid" string "its provider of a physical network",
        "enabled" boolean "whether it is switched on",
    }
}
