//! `listRouters`: virtual routers. There are none.

use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::ROUTER;

api_command! {
    /// Lists virtual routers; there are none, each host serves its own VMs.
    pub(crate) struct ListRouters = "listRouters", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("router").shape(&ROUTER).paged();

    /// Those of this name.
    name: optional string,
    /// Those in this state.
    state: optional string,
    /// Everything that the caller may see.
    listall: optional boolean,
}

impl Handler for ListRouters {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Ok(Answer::list(call.command, 0, Vec::new()))
    }
}
