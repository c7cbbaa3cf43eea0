//! Users whom a directory knows (LDAP): how their password is checked, and how they are made, by an administrator or by
//! their own first log-in.
//!
//! Not here: how a directory is asked (`ldap`), what a wrong password leads to (`sessions`).

use hostler_model::{AccountId, DomainId, LdapLinkKind, Timestamp, UserId, UserSource};
use hostler_store::Tx;
use hostler_store::account::{account_add, account_get};
use hostler_store::event::{NewEvent, event_add};
use hostler_store::ldap_link::{LdapLinkRow, ldap_link_get, ldap_links_of};
use hostler_store::ldap_server::ldap_servers_of;
use hostler_store::user::{
    Credentials, NewUser, user_add, user_by_name, user_credentials, user_from_ldap,
};
use hostler_wire::Secret;
use uuid::Uuid;

use super::commands::account::free_name;
use super::commands::user::must_be_free;
use super::failure::Failure;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::ldap::{Directory, LdapError, Person, Verdict, Within};

/// What is known of somebody who wants in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is them.
    Right,
    /// It is not.
    Wrong,
    /// Nobody could be asked.
    Unknown,
}

/// The longest name that a user or an account can have.
const LONGEST_NAME: usize = 100;

/// The directory that knows the users of a domain.
pub(super) async fn directory(context: &Context, domain: DomainId) -> Result<Directory, Failure> {
    let servers =
        context.store.read(move |tx| Ok::<_, Failure>(ldap_servers_of(tx, domain)?)).await?;
    Ok(Directory::new(&context.settings, servers))
}

/// Where in a directory those are whom a link to this name lets in.
pub(super) fn within(kind: LdapLinkKind, name: &str) -> Within {
    match kind {
        LdapLinkKind::Group => Within::Group(name.to_owned()),
        LdapLinkKind::Ou => Within::Unit(name.to_owned()),
    }
}

/// Why a directory could not be asked, for an administrator.
pub(super) fn unanswered(error: &LdapError) -> Failure {
    match error {
        LdapError::NoAnswer(_) => {
            ServiceError::new(ServiceErrorKind::Unavailable, error.to_string()).into()
        }
        LdapError::NoServer | LdapError::Unset(_) => Failure::invalid(error.to_string()),
    }
}

/// Whether a password is that of a user who comes from a directory. Who came by a link has to be let in by it still.
pub(super) async fn proof(
    context: &Context,
    credentials: &Credentials,
    password: &Secret,
) -> Result<Proof, Failure> {
    let (user, link) = (&credentials.user, credentials.ldap_link);
    let (name, domain) = (user.name.as_str(), user.domain);
    let link = context
        .store
        .read(move |tx| Ok::<_, Failure>(link.map(|id| ldap_link_get(tx, id)).transpose()?))
        .await?;
    let directory = directory(context, domain).await?;
    let within = link.map_or(Within::Base, |link| within(link.kind, &link.name));
    match directory.log_in(name, password, within).await {
        Ok(Verdict::In(_)) => Ok(Proof::Right),
        Ok(Verdict::Wrong(_) | Verdict::Nobody) => Ok(Proof::Wrong),
        Err(error) => {
            tracing::error!(user = %user.id, %error, "an LDAP user cannot log in");
            Ok(Proof::Unknown)
        }
    }
}

/// Somebody whom the domain has no user of: they are made if a link of the domain lets them in. Nothing, if no link knows
/// them; with a wrong password the user whose it would have been, for a directory may know them by several spellings.
pub(super) async fn first_login(
    context: &Context,
    domain: DomainId,
    name: &str,
    password: &Secret,
) -> Result<Option<(Credentials, Proof)>, Failure> {
    let links = context.store.read(move |tx| Ok::<_, Failure>(ldap_links_of(tx, domain)?)).await?;
    if links.is_empty() {
        return Ok(None);
    }
    let directory = directory(context, domain).await?;
    for link in links {
        match directory.log_in(name, password, within(link.kind, &link.name)).await {
            Ok(Verdict::In(person)) => {
                let made = enter(context, link, person).await?;
                return Ok(made.map(|credentials| (credentials, Proof::Right)));
            }
            Ok(Verdict::Wrong(Some(name))) => {
                let found = context.store.read(move |tx| user_by_name(tx, domain, &name)).await?;
                let found = found.filter(|found| found.user.source == UserSource::Ldap);
                return Ok(found.map(|credentials| (credentials, Proof::Wrong)));
            }
            Ok(Verdict::Wrong(None)) => return Ok(None),
            Ok(Verdict::Nobody) => {}
            Err(error) => {
                tracing::error!(%domain, link = %link.id, %error, "nobody new can log in by an LDAP link");
            }
        }
    }
    Ok(None)
}

/// The user of a person whom a link lets in, made unless there is one. Nothing, if somebody else has their name.
async fn enter(
    context: &Context,
    link: LdapLinkRow,
    person: Person,
) -> Result<Option<Credentials>, Failure> {
    if context.is_read_only() {
        return Ok(None);
    }
    let now = context.now();
    let (domain, name) = (link.domain, person.name.clone());
    let made = context
        .store
        .write(move |tx| {
            if let Some(found) = user_by_name(tx, link.domain, &person.name)? {
                let is_theirs = found.user.source == UserSource::Ldap
                    && found.ldap_link.is_none_or(|id| id == link.id);
                return Ok(is_theirs.then_some(found));
            }
            // the directory was asked outside: the link may have changed meanwhile
            if !ldap_links_of(tx, link.domain)?.contains(&link) {
                return Ok(None);
            }
            let account = match link.account {
                Some(id) => account_get(tx, id)?.id,
                None => add_account(tx, &link, &person.name, now)?,
            };
            let id = add_user(tx, &link, account, &person, now)?;
            let text = format!("user {} came from LDAP", person.name);
            event_add(tx, &came(now, account, id, text))?;
            Ok::<_, Failure>(Some(user_credentials(tx, id)?))
        })
        .await;
    match made {
        Ok(Some(credentials)) => Ok(Some(credentials)),
        Ok(None) => {
            tracing::warn!(%domain, name, "an LDAP link lets somebody in whose name another user has");
            Ok(None)
        }
        Err(Failure(error)) => {
            tracing::error!(%domain, name, error = %error.text, "a user from LDAP cannot be made");
            Ok(None)
        }
    }
}

fn add_account(
    tx: &Tx<'_>,
    link: &LdapLinkRow,
    name: &str,
    now: Timestamp,
) -> Result<AccountId, Failure> {
    let id = AccountId::new(Uuid::new_v4());
    free_name(tx, "account", link.domain, name)?;
    account_add(tx, id, link.domain, name, link.account_kind, now)?;
    Ok(id)
}

/// Makes the user of a person who comes by a link.
pub(super) fn add_user(
    tx: &Tx<'_>,
    link: &LdapLinkRow,
    account: AccountId,
    person: &Person,
    now: Timestamp,
) -> Result<UserId, Failure> {
    let new = new_user(person, account)?;
    add(tx, link.domain, &new, now)?;
    user_from_ldap(tx, new.id, Some(link.id))?;
    Ok(new.id)
}

/// Adds a user whose password a directory checks.
pub(super) fn add(
    tx: &Tx<'_>,
    domain: DomainId,
    new: &NewUser,
    now: Timestamp,
) -> Result<(), Failure> {
    must_be_free(tx, domain, &new.name)?;
    user_add(tx, new, now)?;
    Ok(user_from_ldap(tx, new.id, None)?)
}

/// A person as a user of an account.
///
/// # Errors
/// A name that no user can have.
pub(super) fn new_user(person: &Person, account: AccountId) -> Result<NewUser, Failure> {
    if person.name.chars().count() > LONGEST_NAME || person.name.contains(char::is_control) {
        return Err(Failure::invalid(format!(
            "username: {:?} is longer than {LONGEST_NAME} characters or has some that no name has",
            person.name
        )));
    }
    Ok(NewUser {
        id: UserId::new(Uuid::new_v4()),
        account,
        name: person.name.clone(),
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        email: person.email.clone(),
        timezone: None,
    })
}

fn came(at: Timestamp, account: AccountId, user: UserId, description: String) -> NewEvent {
    NewEvent {
        at,
        kind: "USER.CREATE",
        level: "INFO",
        state: "Completed",
        description,
        cause: "the first log-in by an LDAP link".to_owned(),
        account: Some(account),
        user: Some(user),
        subject: Some(("User", user.uuid())),
        job: None,
    }
}
