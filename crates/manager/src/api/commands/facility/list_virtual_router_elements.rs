//! `listVirtualRouterElements`: what gives networks virtual routers. There is none.

use hostler_query_api::{Answer, Roles, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::ROUTER_ELEMENT;

api_command! {
    /// Lists what gives networks virtual routers; there is none, because each host serves its own VMs.
    pub(crate) struct ListVirtualRouterElements = "listVirtualRouterElements", synchronous
        .roles(Roles::ADMINS).object("virtualrouterelement").shape(&ROUTER_ELEMENT).paged();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this provider of a physical network.
    nspid: optional uuid<Uuid>,
    /// Those that are switched on, or off.
    enabled: optional boolean,
}

impl Handler for ListVirtualRouterElements {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        match self.id {
            Some(id) => Err(call.unknown("id", id)),
            None => Ok(Answer::list(call.command, 0, Vec::new())),
        }
    }
}
