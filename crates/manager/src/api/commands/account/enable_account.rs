//! `enableAccount`: takes back what disabled or locked an account.

use hostler_model::{AccountId, DomainId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::account::account_set_state;

use super::account_now;
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::ACCOUNT;

api_command! {
    /// Lets an account's users in again.
    pub(crate) struct EnableAccount = "enableAccount", synchronous
        .roles(Roles::ADMINS).object("account").shape(&ACCOUNT);

    /// The account; or account and domainid.
    id: optional uuid<AccountId> .entity("account"),
    /// The account's name; goes with domainid.
    account: optional string,
    /// The account's domain.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for EnableAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, event) = (call.authority(), call.event("ACCOUNT.ENABLE"));
        let named =
            AccountName { id: self.id, param: "id", name: self.account, domain: self.domainid };
        let now = call
            .write(move |tx| {
                let row = authority.account_to_change(tx, &named)?;
                account_set_state(tx, row.id, "enabled", false)?;
                let event = event.about("Account", row.id.uuid());
                event.record(tx, format!("account {} was enabled", row.name))?;
                account_now(tx, row.id)
            })
            .await?;
        Ok(call.object(now))
    }
}
