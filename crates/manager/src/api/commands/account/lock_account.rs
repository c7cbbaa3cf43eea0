//! `lockAccount`: an account's users are refused; what it has runs on.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::account::account_set_state;
use hostler_store::session::sessions_of_account_remove;

use super::{account_now, not_own_nor_first};
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::ACCOUNT;

api_command! {
    /// Refuses an account's users from now on; what it has runs on.
    pub(crate) struct LockAccount = "lockAccount", synchronous
        .roles(Roles::ADMINS).object("account").shape(&ACCOUNT);

    /// The account's name.
    account: required string,
    /// The account's domain.
    domainid: required uuid<DomainId> .entity("domain"),
}

impl Handler for LockAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, event) = (call.authority(), call.event("ACCOUNT.LOCK"));
        let (name, domain) = (Some(self.account), Some(self.domainid));
        let named = AccountName { id: None, param: "account", name, domain };
        let now = call
            .write(move |tx| {
                let row = authority.account_to_change(tx, &named)?;
                not_own_nor_first(&authority, &row, "locked")?;
                account_set_state(tx, row.id, "locked", row.deleting)?;
                sessions_of_account_remove(tx, row.id)?;
                let event = event.about("Account", row.id.uuid());
                event.record(tx, format!("account {} was locked", row.name))?;
                account_now(tx, row.id)
            })
            .await?;
        Ok(call.object(now))
    }
}
