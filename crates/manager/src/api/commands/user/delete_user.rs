//! `deleteUser`: removes a user; what its account has stays.

use hostler_model::UserId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::session::sessions_of_user_remove;
use hostler_store::user::user_remove;

use super::not_self_nor_first;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Removes a user; what its account has stays.
    pub(crate) struct DeleteUser = "deleteUser", synchronous .roles(Roles::ADMINS);

    /// The user.
    id: required uuid<UserId> .entity("user"),
}

impl Handler for DeleteUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id, now) = (call.authority(), self.id, call.now());
        let event = call.event("USER.DELETE").about("User", id.uuid());
        call.write(move |tx| {
            let row = authority.user_to_change(tx, "id", id)?.user;
            not_self_nor_first(&authority, &row, "deleted")?;
            sessions_of_user_remove(tx, id)?;
            user_remove(tx, id, now)?;
            event.record(
                tx,
                format!("user {} of account {} was deleted", row.name, row.account_name),
            )
        })
        .await?;
        Ok(call.success())
    }
}
