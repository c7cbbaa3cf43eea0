//! `ldapCreateAccount`: a user from a directory, and an account for them unless there is one.

use hostler_model::{AccountId, DomainId, RoleId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::account::{account_by_name, account_set_network_domain};
use uuid::Uuid;

use super::person;
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::commands::account::account_now;
use crate::api::commands::account::rights::Rights;
use crate::api::failure::Failure;
use crate::api::objects::account::ACCOUNT;
use crate::api::people;
use crate::ldap::Within;

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
}

impl Handler for LdapCreateAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let rights = Rights::read(call, self.roleid, self.accounttype)?;
        let network_domain = call.dns_domain("networkdomain", self.networkdomain)?;
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
                    authority.account_to_change(tx, &named)?.id
                } else {
                    let id = AccountId::new(Uuid::new_v4());
                    rights.new_account(tx, &authority, id, (domain.id, &name), now)?;
                    account_set_network_domain(tx, id, network_domain.as_deref())?;
                    id
                };
                people::add(tx, domain.id, &people::new_user(&person, id)?, now)?;
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
