//! `linkDomainToLdap`: a group or unit of a directory is let into a domain.

use hostler_model::{AccountId, AccountType, DomainId, Timestamp};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Tx;
use hostler_store::account::{account_add, account_by_name, account_get};
use hostler_store::ldap_link::{LdapLinkRow, ldap_link_put};
use uuid::Uuid;

use super::{Target, is_user_of};
use crate::api::call::{Call, Handler};
use crate::api::commands::account::{account_type, free_name};
use crate::api::failure::Failure;
use crate::api::objects::ldap::{LDAP_LINK, ldap_link};
use crate::api::people;
use crate::ldap::Person;

api_command! {
    /// Lets an LDAP group or unit into a domain: who is in it and logs in gets an account of their own. A domain has one such
    /// link; another one takes its place.
    pub(crate) struct LinkDomainToLdap = "linkDomainToLdap", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("LinkDomainToLdap").shape(&LDAP_LINK);

    /// The domain.
    domainid: required uuid<DomainId> .entity("domain"),
    /// What ldapdomain names: GROUP or OU.
    kind "type": required string,
    /// The distinguished name of the group or unit. This or name is needed.
    ldapdomain: optional string .max(1024),
    /// The same, as older clients call it.
    name: optional string .max(1024),
    /// The type of the accounts that are made: 0 user, 2 domain admin.
    accounttype: required integer,
    /// Somebody of the group or unit, by name, who gets an account as the domain's administrator at once.
    admin: optional string .max(100),
}

impl Handler for LinkDomainToLdap {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let domain = call.domain_seen(self.domainid).await?;
        let name = self.ldapdomain.or(self.name);
        let name = name.ok_or_else(|| {
            Failure::invalid("ldapdomain: give the distinguished name of the group or unit")
        })?;
        let target = Target::read(call, domain.id, Some(&self.kind), &name)?;
        let kind = account_type(call, Some(self.accounttype))?
            .filter(|kind| matches!(kind, AccountType::User | AccountType::DomainAdmin))
            .ok_or_else(|| call.wrong("accounttype", &self.accounttype.to_string(), "0 or 2"))?;
        let admin = target.admin(call, self.admin.as_deref()).await?;
        let (authority, now) = (call.authority(), call.now());
        let event = call.event("LINK.DOMAIN.TO.LDAP").about("Domain", domain.id.uuid());
        let (link, account) = call
            .write(move |tx| {
                authority.may_give(
                    tx,
                    kind,
                    None,
                    &format!("an account of domain {}", domain.path),
                )?;
                let link = ldap_link_put(tx, &target.link(None, kind, now))?;
                let account = match &admin {
                    Some(person) => {
                        let whom = format!("account {}", person.name);
                        authority.may_give(tx, AccountType::DomainAdmin, None, &whom)?;
                        Some(administrator(tx, &link, person, now)?)
                    }
                    None => None,
                };
                let text = format!("domain {} was linked to {} of LDAP", domain.path, link.name);
                event.record(tx, text)?;
                Ok((link, account))
            })
            .await?;
        Ok(call.object(ldap_link(&link, account)))
    }
}

/// The account of a person as the domain's administrator, made unless they have it.
fn administrator(
    tx: &Tx<'_>,
    link: &LdapLinkRow,
    person: &Person,
    now: Timestamp,
) -> Result<AccountId, Failure> {
    let (domain, name, kind) = (link.domain, &person.name, AccountType::DomainAdmin);
    if let Some(id) = account_by_name(tx, domain, name)?
        && account_get(tx, id)?.kind == kind
        && is_user_of(tx, id, domain, name)?
    {
        return Ok(id);
    }
    let id = AccountId::new(Uuid::new_v4());
    free_name(tx, "admin", domain, name)?;
    account_add(tx, id, domain, name, kind, now)?;
    people::add_user(tx, link, id, person, now)?;
    Ok(id)
}
