//! `createAccount`: a new account, and its first user with it.

use hostler_model::{AccountId, DomainId, RoleId, UserId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::user::NewUser;
use uuid::Uuid;

use super::account_now;
use super::rights::Rights;
use super::terms::Terms;
use crate::api::call::{Call, Handler};
use crate::api::commands::user::{add_user, hashed};
use crate::api::failure::Failure;
use crate::api::objects::account::ACCOUNT;
use crate::orchestration::chosen_id::must_be_free;

api_command! {
    /// Makes an account and its first user.
    pub(crate) struct CreateAccount = "createAccount", synchronous
        .roles(Roles::ADMINS).object("account").shape(&ACCOUNT);

    /// The account's name, unique in its domain; the user's if none is given.
    account: optional string .max(100),
    /// The account's type: 0 user, 1 root admin, 2 domain admin, 3 resource admin. This or roleid is needed.
    accounttype: optional integer,
    /// The account's role.
    roleid: optional uuid<RoleId> .entity("role"),
    /// The account's domain; the caller's if none is given.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// DNS domain of the guests on networks that are made for the account; without one, that of its domain.
    networkdomain: optional string .max(253),
    /// The user's mail address.
    email: required string,
    /// The user's first name.
    firstname: required string,
    /// The user's last name.
    lastname: required string,
    /// The user's password.
    password: required string .max(1024),
    /// The user's name for logging in, unique in the domain.
    username: required string .max(100),
    /// What other systems keep of it, as accountdetails[0].name=value; shown as it is.
    accountdetails: optional map,
    /// By whose clock the user lives, as UTC or Europe/Berlin.
    timezone: optional string,
    /// The id that the account is to have; one that is drawn without it.
    accountid: optional uuid<AccountId> .roles(Roles::ADMIN),
    /// The id that the user is to have; one that is drawn without it.
    userid: optional uuid<UserId> .roles(Roles::ADMIN),
}

impl Handler for CreateAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let rights = Rights::read(call, self.roleid, self.accounttype)?;
        let terms = Terms::read(call, self.networkdomain, self.accountdetails)?;
        let timezone = call.timezone(self.timezone)?;
        let hash = hashed(self.password).await?;
        let (authority, now, domain) = (call.authority(), call.now(), self.domainid);
        let name = self.account.as_ref().unwrap_or(&self.username).trim().to_owned();
        let chosen = (self.accountid, self.userid);
        let id = chosen.0.unwrap_or_else(|| AccountId::new(Uuid::new_v4()));
        let user = NewUser {
            id: chosen.1.unwrap_or_else(|| UserId::new(Uuid::new_v4())),
            account: id,
            name: self.username,
            first_name: self.firstname,
            last_name: self.lastname,
            email: self.email,
            timezone,
        };
        let event = call.event("ACCOUNT.CREATE").about("Account", id.uuid());
        let made = call
            .write(move |tx| {
                let domain = authority.domain_or_own(tx, "domainid", domain)?;
                must_be_free(tx, "accountid", Entity::Account, chosen.0.map(AccountId::uuid))?;
                must_be_free(tx, "userid", Entity::User, chosen.1.map(UserId::uuid))?;
                rights.new_account(tx, &authority, id, (domain.id, &name), now)?;
                terms.record(tx, id)?;
                add_user(tx, domain.id, &user, &hash, now)?;
                event.record(tx, format!("account {name} was made in domain {}", domain.path))?;
                account_now(tx, id)
            })
            .await?;
        Ok(call.object(made))
    }
}
