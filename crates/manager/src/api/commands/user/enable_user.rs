//! `enableUser`: lets a user in again who was disabled, locked, or wrong too often with the password.

use hostler_model::UserId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::user::user_set_state;

use super::user_now;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::USER;

api_command! {
    /// Lets a user in again.
    pub(crate) struct EnableUser = "enableUser", synchronous
        .roles(Roles::ADMINS).object("user").shape(&USER);

    /// The user.
    id: required uuid<UserId> .entity("user"),
}

impl Handler for EnableUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("USER.ENABLE").about("User", id.uuid());
        let now = call
            .write(move |tx| {
                let row = authority.user_to_change(tx, "id", id)?.user;
                user_set_state(tx, id, "enabled")?;
                event.record(tx, format!("user {} was enabled", row.name))?;
                user_now(tx, id)
            })
            .await?;
        Ok(call.object(now))
    }
}
