//! `configureInternalLoadBalancerElement`: there is nothing that it could switch on, and it says so.

use hostler_query_api::{Answer, Roles, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::LOAD_BALANCER_ELEMENT;

api_command! {
    /// Switches what gives networks internal load balancers on or off; there is none, because networks have no load balancers.
    pub(crate) struct ConfigureInternalLoadBalancerElement = "configureInternalLoadBalancerElement", asynchronous
        .roles(Roles::ADMINS).object("internalloadbalancerelement").shape(&LOAD_BALANCER_ELEMENT);

    /// What is to be switched.
    id: required uuid<Uuid>,
    /// Whether on.
    enabled: required boolean,
}

impl Handler for ConfigureInternalLoadBalancerElement {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Self { id, enabled: _ } = self;
        Err(call.unknown("id", id))
    }
}
