//! `moveUser`: puts a user into another account of the same domain.

use hostler_model::{AccountId, UserId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::session::sessions_of_user_remove;
use hostler_store::user::user_move;

use super::not_self_nor_first;
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Puts a user into another account of the same domain; their sessions end.
    pub(crate) struct MoveUser = "moveUser", synchronous .roles(Roles::ADMIN);

    /// The user.
    id: required uuid<UserId> .entity("user"),
    /// The new account's name.
    account: optional string,
    /// The new account; wins over its name.
    accountid: optional uuid<AccountId> .entity("account"),
}

impl Handler for MoveUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("USER.MOVE").about("User", id.uuid());
        call.write(move |tx| {
            let row = authority.user_to_change(tx, "id", id)?.user;
            not_self_nor_first(&authority, &row, "moved")?;
            let (name, domain) = (self.account, Some(row.domain));
            let named = AccountName { id: self.accountid, param: "accountid", name, domain };
            let account = authority.account_to_change(tx, &named)?;
            if account.domain != row.domain {
                return Err(Failure::invalid(format!(
                    "accountid: account {} is in another domain than user {}; choose one in {}",
                    account.name, row.name, row.domain_path
                )));
            }
            user_move(tx, id, account.id)?;
            sessions_of_user_remove(tx, id)?;
            event.record(tx, format!("user {} was moved to account {}", row.name, account.name))
        })
        .await?;
        Ok(call.success())
    }
}
