//! `linkAccountToLdap`: a group or unit of a directory is let into an account.

use hostler_model::{AccountId, AccountType, DomainId, RoleId, Timestamp};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Tx;
use hostler_store::account::{AccountRow, account_by_name, account_get};
use hostler_store::domain::DomainRow;
use hostler_store::ldap_link::ldap_link_put;
use uuid::Uuid;

use super::{Target, is_user_of};
use crate::api::authority::{AccountName, Authority};
use crate::api::call::{Call, Handler};
use crate::api::commands::account::rights::Rights;
use crate::api::failure::Failure;
use crate::api::objects::ldap::{LDAP_LINK, ldap_link};
use crate::api::people;

api_command! {
    /// Lets an LDAP group or unit into an account: who is in it and logs in becomes a user of the account. An account has
    /// one such link; another one takes its place.
    pub(crate) struct LinkAccountToLdap = "linkAccountToLdap", synchronous
        .roles(Roles::ADMIN_AND_DOMAIN_ADMIN).object("LinkDomainToLdap").shape(&LDAP_LINK);

    /// The account's domain.
    domainid: required uuid<DomainId> .entity("domain"),
    /// The account's name; it is made unless there is one.
    account: required string .max(100),
    /// The distinguished name of the group or unit.
    ldapdomain: required string .max(1024),
    /// What ldapdomain names: GROUP, which it is without this, or OU.
    kind "type": optional string,
    /// A new account's type: 0 user, 2 domain admin; a user's without this.
    accounttype: optional integer,
    /// A new account's role.
    roleid: optional uuid<RoleId> .entity("role"),
    /// Somebody of the group or unit, by name, who becomes a user of the account at once.
    admin: optional string .max(100),
}

impl Handler for LinkAccountToLdap {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let domain = call.domain_seen(self.domainid).await?;
        let target = Target::read(call, domain.id, self.kind.as_deref(), &self.ldapdomain)?;
        let rights = Rights::read(call, self.roleid, self.accounttype)?;
        let admin = target.admin(call, self.admin.as_deref()).await?;
        let wanted = Wanted { domain, name: self.account.trim().to_owned(), rights };
        let (authority, now) = (call.authority(), call.now());
        let event = call.event("LINK.ACCOUNT.TO.LDAP");
        let link = call
            .write(move |tx| {
                let account = wanted.account(tx, &authority, now)?;
                let (id, domain) = (account.id, account.domain);
                let link = ldap_link_put(tx, &target.link(Some(id), account.kind, now))?;
                if let Some(person) = &admin
                    && !is_user_of(tx, id, domain, &person.name)?
                {
                    people::add_user(tx, &link, id, person, now)?;
                }
                let text = format!("account {} was linked to {} of LDAP", account.name, link.name);
                event.about("Account", id.uuid()).record(tx, text)?;
                Ok(link)
            })
            .await?;
        Ok(call.object(ldap_link(&link, link.account)))
    }
}

/// The account that is to be linked.
struct Wanted {
    domain: DomainRow,
    name: String,
    rights: Rights,
}

impl Wanted {
    /// The one that there is, or a new one.
    fn account(
        &self,
        tx: &Tx<'_>,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<AccountRow, Failure> {
        let Self { domain, name, rights } = self;
        if account_by_name(tx, domain.id, name)?.is_some() {
            let (name, domain) = (Some(name.clone()), Some(domain.id));
            let named = AccountName { id: None, param: "account", name, domain };
            let row = authority.account_to_change(tx, &named)?;
            return if rights.kind.is_some_and(|kind| kind != row.kind) {
                Err(Failure::invalid(format!(
                    "accounttype: account {} is {}; leave accounttype out",
                    row.name, row.kind
                )))
            } else {
                Ok(row)
            };
        }
        let rights = match rights {
            Rights { role: None, kind: None } => {
                Rights { role: None, kind: Some(AccountType::User) }
            }
            given => *given,
        };
        let id = AccountId::new(Uuid::new_v4());
        rights.new_account(tx, authority, id, (domain.id, name), now)?;
        Ok(account_get(tx, id)?)
    }
}
