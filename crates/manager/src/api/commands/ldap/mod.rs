//! Commands about directories (LDAP): which there are, who of them is let in, and who is in them.

use hostler_model::{
    AccountId, AccountType, DomainId, LdapLinkId, LdapLinkKind, Timestamp, UserSource,
};
use hostler_store::Tx;
use hostler_store::ldap_link::LdapLinkRow;
use hostler_store::ldap_server::{LdapServerRow, ldap_server_all};
use hostler_store::user::user_by_name;
use uuid::Uuid;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::api::owner::sees_domain;
use crate::api::people;
use crate::ldap::{Person, Within};

mod add_ldap_configuration;
mod delete_ldap_configuration;
mod ldap_create_account;
mod link_account_to_ldap;
mod link_domain_to_ldap;
mod list_ldap_configurations;
mod list_ldap_users;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_ldap_configuration::AddLdapConfiguration>(),
    known::<delete_ldap_configuration::DeleteLdapConfiguration>(),
    known::<ldap_create_account::LdapCreateAccount>(),
    known::<link_account_to_ldap::LinkAccountToLdap>(),
    known::<link_domain_to_ldap::LinkDomainToLdap>(),
    known::<list_ldap_configurations::ListLdapConfigurations>(),
    known::<list_ldap_users::ListLdapUsers>(),
];

/// The servers that the caller sees: those of no domain, and those of the domains that it sees.
async fn servers_seen(call: Call<'_>) -> Result<Vec<LdapServerRow>, Failure> {
    let all = call.read(|tx| Ok(ldap_server_all(tx)?)).await?;
    let is_seen =
        |path: &Option<String>| path.as_ref().is_none_or(|path| sees_domain(call.identity, path));
    Ok(all.into_iter().filter(|(_, path)| is_seen(path)).map(|(row, _)| row).collect())
}

/// The port that is given, as one.
fn port(call: Call<'_>, number: i32) -> Result<u16, Failure> {
    u16::try_from(number)
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| call.wrong("port", &number.to_string(), "a number from 1 to 65535"))
}

/// What is to be linked to what, as a request says it.
#[derive(Debug)]
struct Target {
    domain: DomainId,
    kind: LdapLinkKind,
    name: String,
}

impl Target {
    /// Reads `type` and the distinguished name.
    fn read(
        call: Call<'_>,
        domain: DomainId,
        kind: Option<&str>,
        name: &str,
    ) -> Result<Self, Failure> {
        let kind = match kind {
            None => LdapLinkKind::Group,
            Some(text) => text.parse().map_err(|_| call.wrong("type", text, "GROUP or OU"))?,
        };
        let name = name.trim().to_owned();
        if !name.contains('=') {
            return Err(Failure::invalid(format!(
                "ldapdomain: {name:?} is no distinguished name; give one such as cn=team,ou=groups,dc=example,dc=org"
            )));
        }
        Ok(Self { domain, kind, name })
    }

    /// The link that it is to be.
    fn link(
        self,
        account: Option<AccountId>,
        account_kind: AccountType,
        created: Timestamp,
    ) -> LdapLinkRow {
        let Self { domain, kind, name } = self;
        let id = LdapLinkId::new(Uuid::new_v4());
        LdapLinkRow { id, domain, account, kind, name, account_kind, created }
    }

    /// The person of parameter `admin`, if one is given, who has to be within what is linked.
    async fn admin(&self, call: Call<'_>, name: Option<&str>) -> Result<Option<Person>, Failure> {
        let Some(name) = name else { return Ok(None) };
        let within = people::within(self.kind, &self.name);
        person(call, self.domain, "admin", name, within).await.map(Some)
    }
}

/// Somebody by name.
///
/// # Errors
/// Names `param` if there is nobody of that name within.
async fn person(
    call: Call<'_>,
    domain: DomainId,
    param: &str,
    name: &str,
    within: Within,
) -> Result<Person, Failure> {
    let directory = people::directory(call.context, domain).await?;
    let place = match &within {
        Within::Base => "below the base of setting ldap.basedn".to_owned(),
        Within::Group(dn) => format!("in the group {dn}"),
        Within::Unit(dn) => format!("below {dn}"),
    };
    let found = directory.find(name, within).await.map_err(|error| people::unanswered(&error))?;
    found.ok_or_else(|| {
        Failure::invalid(format!(
            "{param}: the LDAP directory has nobody named {name} {place}; listLdapUsers names who is there"
        ))
    })
}

/// Whether a person is a user of this account already, by the directory.
fn is_user_of(
    tx: &Tx<'_>,
    account: AccountId,
    domain: DomainId,
    name: &str,
) -> Result<bool, Failure> {
    let found = user_by_name(tx, domain, name)?;
    Ok(found.is_some_and(|f| f.user.account == account && f.user.source == UserSource::Ldap))
}
