//! `listLdapUsers`: who is in the directory.

use std::collections::BTreeMap;

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::user::{UserFilter, UserRow, user_list};
use hostler_store::{Page, Scope};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::source;
use crate::api::objects::ldap::{LDAP_USER, ldap_user};
use crate::api::people::{directory, unanswered};

api_command! {
    /// Lists who is in LDAP, as its servers say now. Nobody, if there is no server.
    pub(crate) struct ListLdapUsers = "listLdapUsers", synchronous
        .roles(Roles::ADMINS)
        .envelope("ldapuserresponse").object("LdapUser").shape(&LDAP_USER).paged();

    /// As the LDAP servers of this domain say; the caller's if none is given.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// new: only who is no user yet; all. The filter says it better.
    listtype: optional string,
    /// NoFilter: everybody; LocalDomain: who is no user of the domain; AnyDomain: who is no user anywhere that the caller
    /// sees; PotentialImport: everybody, with where a user of the domain of that name comes from.
    userfilter: optional string,
}

/// Whom to leave out.
#[derive(Clone, Copy, PartialEq)]
enum Filter {
    Nobody,
    OfDomain,
    OfAny,
    /// Nobody, but tell of users of the domain.
    Tell,
}

impl Handler for ListLdapUsers {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = self.filter(call)?;
        let (authority, domain, sight) = (call.authority(), self.domainid, call.identity.sight());
        let (domain, users) = call
            .read(move |tx| {
                let domain = authority.domain_or_own(tx, "domainid", domain)?.id;
                let scope = match filter {
                    Filter::Nobody => return Ok((domain, Vec::new())),
                    Filter::OfDomain | Filter::Tell => Scope::Domain(domain),
                    Filter::OfAny => sight,
                };
                let all = Page::default();
                Ok((domain, user_list(tx, &UserFilter::default(), &scope, all)?.rows))
            })
            .await?;
        let directory = directory(call.context, domain).await?;
        let mut people = if directory.is_empty() {
            Vec::new()
        } else {
            directory.people(call.keyword()).await.map_err(|error| unanswered(&error))?
        };
        let users: BTreeMap<String, UserRow> =
            users.into_iter().map(|user| (user.name.to_lowercase(), user)).collect();
        if matches!(filter, Filter::OfDomain | Filter::OfAny) {
            people.retain(|person| !users.contains_key(&person.name.to_lowercase()));
        }
        let rows = people.iter().map(|person| {
            let user = users.get(&person.name.to_lowercase());
            ldap_user(person, user.map(|user| source(user.source)))
        });
        call.page_of(rows.collect())
    }
}

impl ListLdapUsers {
    fn filter(&self, call: Call<'_>) -> Result<Filter, Failure> {
        if let Some(text) = &self.userfilter {
            const KNOWN: [(&str, Filter); 4] = [
                ("NoFilter", Filter::Nobody),
                ("LocalDomain", Filter::OfDomain),
                ("AnyDomain", Filter::OfAny),
                ("PotentialImport", Filter::Tell),
            ];
            let names = "NoFilter, LocalDomain, AnyDomain or PotentialImport";
            let found = KNOWN.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
            return found
                .map(|(_, filter)| *filter)
                .ok_or_else(|| call.wrong("userfilter", text, names));
        }
        match self.listtype.as_deref() {
            Some(text) if text.eq_ignore_ascii_case("new") => Ok(Filter::OfAny),
            Some(text) if !text.eq_ignore_ascii_case("all") => {
                Err(call.wrong("listtype", text, "new or all"))
            }
            _ => Ok(Filter::Nobody),
        }
    }
}
