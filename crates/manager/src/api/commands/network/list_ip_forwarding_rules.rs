//! `listIpForwardingRules`: rules that forward whole addresses. Shared networks have none, so the list is empty; clients ask for it all the same.

use hostler_query_api::{Answer, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::FIREWALL_RULE;

api_command! {
    /// Lists rules that forward whole addresses; shared networks have none.
    pub(crate) struct ListIpForwardingRules = "listIpForwardingRules", synchronous
        .object("portforwardingrule").shape(&FIREWALL_RULE).paged();

    /// The one of this id.
    id: optional uuid<uuid::Uuid>,
    /// Everything that the caller may see.
    listall: optional boolean,
}

impl Handler for ListIpForwardingRules {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        match self.id {
            Some(id) => Err(call.unknown("id", id)),
            None => Ok(Answer::list(call.command, 0, Vec::new())),
        }
    }
}
