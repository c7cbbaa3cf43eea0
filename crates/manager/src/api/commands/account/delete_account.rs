//! `deleteAccount`: removes an account with all that it has.

use hostler_model::AccountId;
use hostler_query_api::{Answer, Roles, api_command};

use super::not_own_nor_first;
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::account::delete;

api_command! {
    /// Removes an account with its users, VMs, volumes, templates, keys and groups.
    pub(crate) struct DeleteAccount = "deleteAccount", asynchronous .roles(Roles::ADMINS);

    /// The account.
    id: required uuid<AccountId> .entity("account"),
}

impl Handler for DeleteAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        call.read(move |tx| {
            let named = AccountName { id: Some(id), param: "id", name: None, domain: None };
            not_own_nor_first(&authority, &authority.account_to_change(tx, &named)?, "deleted")
        })
        .await?;
        let job = delete(call.context, call.caller(), id, call.command.name).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
