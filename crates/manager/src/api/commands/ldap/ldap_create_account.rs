//! `ldapCreateAccount`: a user from a directory, and an account for them unless there is one.

use hostler_model::{AccountId, DomainId, RoleId, UserId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::account::account_by_name;
use hostler_store::reference::Entity;
use hostler_store::user::NewUser;
use uuid::Uuid;

use super::person;
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::commands::account::account_now;
use crate::api::commands::account::rights::Rights;
use crate::api::commands::account::terms::Terms;
use crate::api::failure::Failure;
use crate::api::objects::account::ACCOUNT;
use crate::api::people;
use crate::ldap::Within;
use crate::orchestration::chosen_id::must_be_free;

api_command! {
    /// Makes a user who is in LDAP and logs in with the password of there. Their account is made unless there is one.
    pub(crate) struct LdapCreateAccount = "ldapCreateAccount", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN)
        .envelope("createaccountresponse").object("account").shape(&ACCOUNT);

    /// The account's name, one that there is or a new one; the user's if none is given.
    account: optional string .max(100),
    /// A new account's type: 0 user, 1 root admin, 2 domain admin, 3 resource admin. This or roleid is needed for one.
    accounttype: optional integer,
    /// A new account's role.
    roleid: optional uuid<RoleId> .entity("role"),
    /// The account's domain; the caller's if none is given.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// A new account's DNS domain, of the guests on networks that are made for it.
    networkdomain: optional string .max(253),
    /// The user's name for logging in, as LDAP has it.
    username: required string .max(100),
    /// What other systems keep of a new account, as accountdetails[0].name=value; shown as it is.
    accountdetails: optional map,
    /// By whose clock the user lives, as UTC or Europe/Berlin.
    timezone: optional string,
    /// The id that a new account is to have; one that is drawn without it.
    accountid: optional uuid<AccountId> .roles(Roles::ADMIN),
    /// The id that the user is to have; one that is drawn without it.
    userid: optional uuid<UserId> .roles(Roles::ADMIN),
}

impl Handler for LdapCreateAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let rights = Rights::read(call, self.roleid, self.accounttype)?;
        let terms = Terms::read(call, self.networkdomain, self.accountdetails)?;
        let timezone = call.timezone(self.timezone)?;
        let chosen = (self.accountid, self.userid);
        let (authority, now, domain) = (call.authority(), call.now(), self.domainid);
        let domain = call.read(move |tx| authority.domain_or_own(tx, "domainid", domain)).await?;
        let person = person(call, domain.id, "username", &self.username, Within::Base).await?;
        let name = self.account.unwrap_or_else(|| person.name.clone()).trim().to_owned();
        let (authority, event) = (call.authority(), call.event("ACCOUNT.CREATE"));
        let made = call
            .write(move |tx| {
                let id = if account_by_name(tx, domain.id, &name)?.is_some() {
                    let (name, domain) = (Some(name.clone()), Some(domain.id));
                    let named = AccountName { id: None, param: "account", name, domain };
                    let there = authority.account_to_change(tx, &named)?.id;
                    if chosen.0.is_some_and(|id| id != there) {
                        return Err(Failure::invalid(format!(
                            "accountid: there is the account already, with the id {there}; leave accountid out"
                        )));
                    }
                    there
                } else {
                    must_be_free(tx, "accountid", Entity::Account, chosen.0.map(AccountId::uuid))?;
                    let id = chosen.0.unwrap_or_else(|| AccountId::new(Uuid::new_v4()));
                    rights.new_account(tx, &authority, id, (domain.id, &name), now)?;
                    terms.record(tx, id)?;
                    id
                };
                must_be_free(tx, "userid", Entity::User, chosen.1.map(UserId::uuid))?;
                let drawn = people::new_user(&person, id)?;
                let user = NewUser { id: chosen.1.unwrap_or(drawn.id), timezone, ..drawn };
                people::add(tx, domain.id, &user, now)?;
                event.about("Account", id.uuid()).record(
                    tx,
                    format!("user {} of account {name} was made from LDAP", person.name),
                )?;
                account_now(tx, id)
            })
            .await?;
        Ok(call.object(made))
    }
}
