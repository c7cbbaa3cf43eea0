//! One conversation with one server: connect, encrypt, search as the principal, and bind as whoever wants in.
//!
//! Not here: how long it may take, and which server is next.

use std::collections::BTreeSet;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapResult, Scope, SearchEntry};
use tracing::Instrument as _;

use super::place::Place;
use super::terms::{Provider, Terms};
use super::trust::{self, TrustError};
use super::{Person, Question, Reply, Verdict, Within, filter};

/// Result codes of a bind by which a server says that it cannot answer now or so; every other one is a refusal:
/// operationsError, protocolError, authMethodNotSupported, strongerAuthRequired, confidentialityRequired, busy, unavailable
/// and other.
const NO_REFUSAL: [u32; 8] = [1, 2, 7, 8, 13, 51, 52, 80];
const NO_SUCH_OBJECT: u32 = 32;
const REFERRAL: u32 = 10;

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// No connection.
    #[error("cannot connect to {url}")]
    Connect { url: String, source: Box<ldap3::LdapError> },
    /// No certificates to believe.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The principal is not let in.
    #[error("it refuses setting ldap.bind.principal, {name}, or its password: {result}")]
    Principal { name: String, result: Box<LdapResult> },
    /// A password could not be checked.
    #[error("it does not check passwords: {0}")]
    Bind(Box<LdapResult>),
    /// A base of a search is missing.
    #[error("there is no entry {0}")]
    NotThere(String),
    /// A name is not one person's.
    #[error("several people have the name {name}: {dns}")]
    Ambiguous { name: String, dns: String },
    /// Anything else.
    #[error("cannot {what}")]
    Ldap { what: &'static str, source: Box<ldap3::LdapError> },
    /// A thread is missing.
    #[error("cannot read certificates")]
    Thread(#[from] tokio::task::JoinError),
}

fn ldap(what: &'static str) -> impl Fn(ldap3::LdapError) -> Trouble {
    move |source| Trouble::Ldap { what, source: Box::new(source) }
}

/// Asks one server.
///
/// # Errors
/// [`Trouble`]: it gave no answer, and another one may.
pub(super) async fn hold(
    place: &Place,
    terms: &Terms,
    question: &Question,
) -> Result<Reply, Trouble> {
    let mut link = connect(place, terms).await?;
    let reply = answer(&mut link, terms, question).await;
    let _ = link.unbind().await; // a goodbye; what matters was said
    reply
}

async fn connect(place: &Place, terms: &Terms) -> Result<Ldap, Trouble> {
    let url = place.url();
    let mut settings = LdapConnSettings::new().set_starttls(terms.starttls && !place.is_tls);
    if place.is_tls || settings.starttls() {
        let file = terms.trust.clone();
        let config = tokio::task::spawn_blocking(move || trust::config(file)).await??;
        settings = settings.set_config(config);
    }
    let (connection, mut link) = LdapConnAsync::with_settings(settings, &url)
        .await
        .map_err(|source| Trouble::Connect { url, source: Box::new(source) })?;
    let driven = async move {
        // who waits for an answer gets an error too
        if let Err(error) = connection.drive().await {
            tracing::debug!(%error, "a connection to an LDAP server ended");
        }
    };
    tokio::spawn(driven.in_current_span());
    if !terms.principal.is_empty() {
        let bound = link.simple_bind(&terms.principal, terms.password.reveal()).await;
        let result = bound.map_err(ldap("bind as setting ldap.bind.principal"))?;
        if result.rc != 0 {
            return Err(Trouble::Principal {
                name: terms.principal.clone(),
                result: Box::new(result),
            });
        }
    }
    Ok(link)
}

async fn answer(link: &mut Ldap, terms: &Terms, question: &Question) -> Result<Reply, Trouble> {
    let (name, within, password) = match question {
        Question::All(keyword) => {
            return Ok(Reply::People(people(link, terms, keyword.as_deref()).await?));
        }
        Question::Find(name, within) => (name, within, None),
        Question::LogIn(name, password, within) => (name, within, Some(password)),
    };
    let Some(person) = find(link, terms, name, within).await? else {
        return Ok(Reply::Verdict(Verdict::Nobody));
    };
    let Some(password) = password.map(hostler_wire::Secret::reveal) else {
        return Ok(Reply::Verdict(Verdict::In(person)));
    };
    // either one empty would bind as nobody, and succeed
    if person.dn.is_empty() || password.is_empty() {
        return Ok(Reply::Verdict(Verdict::Wrong(None)));
    }
    let bound = link.simple_bind(&person.dn, password).await;
    let result = bound.map_err(ldap("bind as who wants in"))?;
    if NO_REFUSAL.contains(&result.rc) {
        return Err(Trouble::Bind(Box::new(result)));
    }
    let is_right = result.rc == 0;
    let verdict = if is_right { Verdict::In(person) } else { Verdict::Wrong(Some(person.name)) };
    Ok(Reply::Verdict(verdict))
}

/// The one person of a name who is within, and in the group that everybody has to be in.
async fn find(
    link: &mut Ldap,
    terms: &Terms,
    name: &str,
    within: &Within,
) -> Result<Option<Person>, Trouble> {
    let (base, group) = match within {
        Within::Base => (&terms.base, None),
        Within::Group(group) => (&terms.base, Some(group)),
        Within::Unit(unit) => (unit, None),
    };
    let (filter, attributes) = (filter::named(terms, name), terms.attributes().to_vec());
    let entries = search(link, base, Scope::Subtree, &filter, attributes).await?;
    let mut found: Vec<_> =
        entries.into_iter().filter_map(|entry| person(terms, entry, Some(name))).collect();
    if found.len() > 1 {
        let dns = found.iter().map(|person| person.dn.as_str()).collect::<Vec<_>>().join(" and ");
        return Err(Trouble::Ambiguous { name: name.to_owned(), dns });
    }
    let Some(person) = found.pop() else { return Ok(None) };
    for group in terms.required_group.iter().chain(group) {
        if !is_member(link, terms, &person, group).await? {
            return Ok(None);
        }
    }
    Ok(Some(person))
}

async fn is_member(
    link: &mut Ldap,
    terms: &Terms,
    person: &Person,
    group: &str,
) -> Result<bool, Trouble> {
    let (base, filter) = filter::membership(terms, person, group);
    // 1.1 is no attribute at all
    match search(link, base, Scope::Base, &filter, vec!["1.1"]).await {
        Ok(entries) => Ok(!entries.is_empty()),
        Err(Trouble::NotThere(entry)) => {
            tracing::warn!(%entry, "there is no such LDAP group; nobody is in it");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn search(
    link: &mut Ldap,
    base: &str,
    scope: Scope,
    filter: &str,
    attributes: Vec<&str>,
) -> Result<Vec<SearchEntry>, Trouble> {
    let found = link.search(base, scope, filter, attributes).await.map_err(ldap("search"))?;
    let (entries, result) = (found.0, found.1);
    checked(result, base)?;
    Ok(entries.into_iter().map(SearchEntry::construct).collect())
}

/// A search that another server could say more to is done all the same.
fn checked(result: LdapResult, base: &str) -> Result<(), Trouble> {
    match result.rc {
        0 | REFERRAL => Ok(()),
        NO_SUCH_OBJECT => Err(Trouble::NotThere(base.to_owned())),
        _ => Err(ldap("search")(result.into())),
    }
}

/// Everybody below the base whose name contains `keyword`.
async fn people(
    link: &mut Ldap,
    terms: &Terms,
    keyword: Option<&str>,
) -> Result<Vec<Person>, Trouble> {
    let (filter, attributes) = (filter::people(terms, keyword), terms.attributes().to_vec());
    let pages: Vec<Box<dyn Adapter<'_, &str, Vec<&str>>>> =
        vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(terms.page_size))];
    let mut stream = link
        .streaming_search_with(pages, &terms.base, Scope::Subtree, &filter, attributes)
        .await
        .map_err(ldap("search"))?;
    let mut found = Vec::new();
    while let Some(entry) = stream.next().await.map_err(ldap("read what was found"))? {
        found.extend(person(terms, SearchEntry::construct(entry), None));
    }
    checked(stream.finish().await, &terms.base)?;
    if let (Provider::OpenLdap, Some(group)) = (terms.provider, &terms.required_group) {
        let members = members(link, terms, group).await?;
        let by_name = terms.group_member.eq_ignore_ascii_case("memberUid");
        found.retain(|person| {
            let key = if by_name { &person.name } else { &person.dn };
            members.contains(&key.to_lowercase())
        });
    }
    Ok(found)
}

/// Who a group says that its members are, in lower case.
async fn members(link: &mut Ldap, terms: &Terms, group: &str) -> Result<BTreeSet<String>, Trouble> {
    let filter = format!("(objectClass={})", terms.group_object);
    let attributes = vec![terms.group_member.as_str()];
    let entries = search(link, group, Scope::Base, &filter, attributes).await?;
    let values = entries.iter().flat_map(|entry| values(entry, &terms.group_member));
    Ok(values.map(|value| value.to_lowercase()).collect())
}

fn values<'a>(entry: &'a SearchEntry, attribute: &str) -> impl Iterator<Item = &'a String> {
    let of = entry.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
    of.into_iter().flat_map(|(_, values)| values)
}

/// An entry as a person; nothing, for one without a name. Of several names it is the one that was asked for.
fn person(terms: &Terms, entry: SearchEntry, asked: Option<&str>) -> Option<Person> {
    let is_asked = |name: &&String| asked.is_none_or(|a| name.to_lowercase() == a.to_lowercase());
    let name = values(&entry, &terms.user_name)
        .find(is_asked)
        .or_else(|| values(&entry, &terms.user_name).next())?
        .clone();
    let first = |attribute: &str| values(&entry, attribute).next().cloned().unwrap_or_default();
    let [email, first_name, last_name] =
        [&terms.email, &terms.first_name, &terms.last_name].map(|name| first(name));
    Some(Person { name, email, first_name, last_name, dn: entry.dn })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn attributes_are_found_however_the_server_spells_them() {
        let attrs = [
            ("UID", vec!["robert", "Bob"]),
            ("givenname", vec!["Robert"]),
            ("mail", vec!["bob@example.org", "r@example.org"]),
        ];
        let attrs = attrs.map(|(name, values)| {
            (name.to_owned(), values.into_iter().map(str::to_owned).collect())
        });
        let entry = |attrs| SearchEntry {
            dn: "uid=bob".to_owned(),
            attrs,
            bin_attrs: std::collections::HashMap::new(),
        };
        let terms = Terms::read(&Settings::default());
        let bob = person(&terms, entry(attrs.into_iter().collect()), Some("bob")).unwrap();
        let told = [bob.name, bob.email, bob.first_name, bob.last_name];
        assert_eq!(told, ["Bob", "bob@example.org", "Robert", ""]);
        assert_eq!(person(&terms, entry(std::collections::HashMap::new()), None), None);
    }
}
