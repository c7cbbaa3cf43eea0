//! `listLdapConfigurations`: the servers of directories.

use hostler_model::{DomainId, LdapServerId};
use hostler_query_api::{Answer, api_command};

use super::{port, servers_seen};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::ldap::{LDAP_SERVER, ldap_server};
use crate::api::owner::Wanted;

api_command! {
    /// Lists LDAP servers in the order in which they are asked: those that are for no domain of their own.
    pub(crate) struct ListLdapConfigurations = "listLdapConfigurations", synchronous
        .envelope("ldapconfigurationresponse").object("ldapconfiguration").shape(&LDAP_SERVER).paged();

    /// The server of this id, whatever else is given.
    id: optional uuid<LdapServerId> .entity("ldapconfiguration"),
    /// Servers of this name or address.
    hostname: optional string,
    /// Servers with this port.
    port: optional integer,
    /// Servers that are for this domain alone.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Servers of every domain that the caller sees, too.
    listall: optional boolean,
}

impl Handler for ListLdapConfigurations {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let port = self.port.map(|number| port(call, number)).transpose()?;
        if self.domainid.is_some() {
            call.scope(Wanted { domain: self.domainid, ..Wanted::default() }).await?;
        }
        let mut rows = servers_seen(call).await?;
        if let Some(id) = self.id {
            rows.retain(|row| row.id == id);
            if rows.is_empty() {
                return Err(call.unknown("id", id));
            }
        } else {
            let (all, keyword) = (self.listall.unwrap_or(false), call.keyword());
            let keyword = keyword.map(|text| text.to_lowercase());
            rows.retain(|row| {
                (row.domain == self.domainid || all && self.domainid.is_none())
                    && self
                        .hostname
                        .as_ref()
                        .is_none_or(|h| row.host.eq_ignore_ascii_case(h.trim()))
                    && port.is_none_or(|port| row.port == port)
                    && keyword.as_ref().is_none_or(|text| row.host.contains(text))
            });
        }
        call.page_of(rows.iter().map(ldap_server).collect())
    }
}
