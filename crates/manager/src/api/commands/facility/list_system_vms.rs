//! `listSystemVms`: the cloud's own VMs. There are none.

use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::SYSTEM_VM;

api_command! {
    /// Lists the cloud's own VMs; there are none, hosts and image workers do their work.
    pub(crate) struct ListSystemVms = "listSystemVms", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("systemvm").shape(&SYSTEM_VM).paged();

    /// Those of this name.
    name: optional string,
    /// Those in this state.
    state: optional string,
    /// Those that do this.
    systemvmtype: optional string,
}

impl Handler for ListSystemVms {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Ok(Answer::list(call.command, 0, Vec::new()))
    }
}
