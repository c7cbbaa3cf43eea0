//! `deletePortForwardingRule`: there is no rule that it could delete, and it says so.

use hostler_query_api::{Answer, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a rule that forwards ports. No network has public addresses yet, so there is none.
    pub(crate) struct DeletePortForwardingRule = "deletePortForwardingRule", asynchronous;

    /// The rule.
    id: required uuid<Uuid>,
}

impl Handler for DeletePortForwardingRule {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Err(call.unknown("id", self.id))
    }
}
