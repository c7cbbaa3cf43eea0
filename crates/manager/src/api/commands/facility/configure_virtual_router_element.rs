//! `configureVirtualRouterElement`: there is nothing that it could switch on, and it says so.

use hostler_query_api::{Answer, Roles, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::ROUTER_ELEMENT;

api_command! {
    /// Switches what gives networks virtual routers on or off; there is none, because each host serves its own VMs.
    pub(crate) struct ConfigureVirtualRouterElement = "configureVirtualRouterElement", asynchronous
        .roles(Roles::ADMINS).object("virtualrouterelement").shape(&ROUTER_ELEMENT);

    /// What is to be switched.
    id: required uuid<Uuid>,
    /// Whether on.
    enabled: required boolean,
}

impl Handler for ConfigureVirtualRouterElement {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Self { id, enabled: _ } = self;
        Err(call.unknown("id", id))
    }
}
