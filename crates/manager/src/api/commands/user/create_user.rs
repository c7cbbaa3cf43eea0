//! `createUser`: one more user of an account.

use hostler_model::{DomainId, UserId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::user::NewUser;
use uuid::Uuid;

use super::{add_user, hashed, user_now};
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::USER;
use crate::orchestration::chosen_id::must_be_free;

api_command! {
    /// Makes a user of an account that there is.
    pub(crate) struct CreateUser = "createUser", synchronous
        .roles(Roles::ADMINS).object("user").shape(&USER);

    /// The account's name.
    account: required string,
    /// The account's domain; the caller's if none is given.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Mail address.
    email: required string,
    /// First name.
    firstname: required string,
    /// Last name.
    lastname: required string,
    /// The password.
    password: required string .max(1024),
    /// The name for logging in, unique in the domain.
    username: required string .max(100),
    /// By whose clock they live, as UTC or Europe/Berlin.
    timezone: optional string,
    /// The id that the user is to have; one that is drawn without it.
    userid: optional uuid<UserId> .roles(Roles::ADMIN),
}

impl Handler for CreateUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let timezone = call.timezone(self.timezone)?;
        let hash = hashed(self.password).await?;
        let (authority, now) = (call.authority(), call.now());
        let (name, domain) = (Some(self.account), self.domainid);
        let named = AccountName { id: None, param: "account", name, domain };
        let chosen = self.userid;
        let id = chosen.unwrap_or_else(|| UserId::new(Uuid::new_v4()));
        let (name, email) = (self.username, self.email);
        let (first_name, last_name) = (self.firstname, self.lastname);
        let event = call.event("USER.CREATE").about("User", id.uuid());
        let made = call
            .write(move |tx| {
                let account = authority.account_to_change(tx, &named)?;
                must_be_free(tx, "userid", Entity::User, chosen.map(UserId::uuid))?;
                let new = NewUser {
                    id,
                    account: account.id,
                    name,
                    first_name,
                    last_name,
                    email,
                    timezone,
                };
                add_user(tx, account.domain, &new, &hash, now)?;
                event.record(
                    tx,
                    format!("user {} of account {} was made", new.name, account.name),
                )?;
                user_now(tx, id)
            })
            .await?;
        Ok(call.object(made))
    }
}
