//! `getUser`: whose API key it is.

use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::user::user_by_api_key;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{USER, user};

api_command! {
    /// Says whose API key it is.
    pub(crate) struct GetUser = "getUser", synchronous
        .roles(Roles::ADMIN).object("user").shape(&USER);

    /// The public half of the user's keys for signing.
    userapikey: required string .max(1024),
}

impl Handler for GetUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let key = self.userapikey;
        let found = call.read(move |tx| Ok(user_by_api_key(tx, &key)?)).await?;
        let credentials = found.ok_or_else(|| Failure::invalid("userapikey: it is nobody's"))?;
        Ok(call.object(user(&credentials.user)))
    }
}
