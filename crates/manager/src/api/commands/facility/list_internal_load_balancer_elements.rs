//! `listInternalLoadBalancerElements`: what gives networks internal load balancers. There is none.

use hostler_query_api::{Answer, Roles, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::LOAD_BALANCER_ELEMENT;

api_command! {
    /// Lists what gives networks internal load balancers; there is none, because networks have no load balancers.
    pub(crate) struct ListInternalLoadBalancerElements = "listInternalLoadBalancerElements", synchronous
        .roles(Roles::ADMINS).object("internalloadbalancerelement").shape(&LOAD_BALANCER_ELEMENT).paged();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this provider of a physical network.
    nspid: optional uuid<Uuid>,
    /// Those that are switched on, or off.
    enabled: optional boolean,
}

impl Handler for ListInternalLoadBalancerElements {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        match self.id {
            Some(id) => Err(call.unknown("id", id)),
            None => Ok(Answer::list(call.command, 0, Vec::new())),
        }
    }
}
