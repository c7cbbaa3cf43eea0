//! `registerUserKeys`: gives a user new keys for signing. The old ones are worthless at once.

use hostler_model::UserId;
use hostler_query_api::{Answer, api_command};
use hostler_store::user::user_set_keys;

use crate::api::bootstrap::Keys;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{KEYS, keys};

api_command! {
    /// Makes new keys for a user; the old ones are worthless at once.
    pub(crate) struct RegisterUserKeys = "registerUserKeys", synchronous .object("userkeys").shape(&KEYS);

    /// The user.
    id: required uuid<UserId> .entity("user"),
}

impl Handler for RegisterUserKeys {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (id, fresh) = (self.id, Keys::random());
        let event = call.event("REGISTER.USER.KEY").about("User", id.uuid());
        let (written, authority) = (fresh.clone(), call.authority());
        call.write(move |tx| {
            authority.user_to_change(tx, "id", id)?;
            user_set_keys(tx, id, &written.api_key, &written.secret_key)?;
            event.record(tx, format!("user {id} was given new keys"))
        })
        .await?;
        Ok(call.object(keys(&fresh.api_key, &fresh.secret_key)))
    }
}
