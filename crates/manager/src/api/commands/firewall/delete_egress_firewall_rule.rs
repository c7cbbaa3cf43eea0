//! `deleteEgressFirewallRule`: there is no rule of a firewall that it could delete, and it says so.

use hostler_query_api::{Answer, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a rule for what leaves a network. No network has a firewall yet, so there is none.
    pub(crate) struct DeleteEgressFirewallRule = "deleteEgressFirewallRule", asynchronous;

    /// The rule.
    id: required uuid<Uuid>,
}

impl Handler for DeleteEgressFirewallRule {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Err(call.unknown("id", self.id))
    }
}
