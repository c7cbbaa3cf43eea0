//! `lockUser`: refuses a user until they are enabled.

use hostler_model::UserId;
use hostler_query_api::{Answer, Roles, api_command};

use super::{shut_out, user_now};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::USER;

api_command! {
    /// Refuses a user until they are enabled; their sessions end.
    pub(crate) struct LockUser = "lockUser", synchronous
        .roles(Roles::ADMINS).object("user").shape(&USER);

    /// The user.
    id: required uuid<UserId> .entity("user"),
}

impl Handler for LockUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("USER.LOCK").about("User", id.uuid());
        let now = call
            .write(move |tx| {
                let row = shut_out(tx, &authority, id, "locked")?;
                event.record(tx, format!("user {} was locked", row.name))?;
                user_now(tx, id)
            })
            .await?;
        Ok(call.object(now))
    }
}
