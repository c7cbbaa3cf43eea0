//! `getUserKeys`: a user's keys for signing.

use hostler_model::UserId;
use hostler_query_api::{Answer, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{KEYS, keys};

api_command! {
    /// Gives a user's keys for signing requests.
    pub(crate) struct GetUserKeys = "getUserKeys", synchronous .object("userkeys").shape(&KEYS);

    /// The user.
    id: required uuid<UserId> .entity("user"),
}

impl Handler for GetUserKeys {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let found = call.read(move |tx| authority.user_to_change(tx, "id", id)).await?;
        let (Some(api_key), Some(secret_key)) = (&found.user.api_key, &found.secret_key) else {
            return Err(Failure::invalid(format!(
                "id: user {} has no keys; make some with registerUserKeys",
                found.user.name
            )));
        };
        Ok(call.object(keys(api_key, secret_key)))
    }
}
