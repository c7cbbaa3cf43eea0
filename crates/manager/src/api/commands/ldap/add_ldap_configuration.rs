//! `addLdapConfiguration`: one more server of a directory.

use hostler_model::{DomainId, LdapServerId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::ldap_server::{LdapServerRow, ldap_server_add};
use uuid::Uuid;

use super::port;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::ldap::{LDAP_SERVER, ldap_server};
use crate::ldap::Place;

api_command! {
    /// Adds an LDAP server. It is asked when those that were added before give no answer; it need not be there yet.
    pub(crate) struct AddLdapConfiguration = "addLdapConfiguration", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN)
        .envelope("ldapconfigurationresponse").object("LdapAddConfiguration").shape(&LDAP_SERVER);

    /// Its name or address; with ldaps:// before it, or with port 636, TLS begins at once.
    hostname: required string,
    /// Its port, mostly 389 or 636.
    port: required integer,
    /// Only for users of this domain, who are then looked for in its servers alone.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for AddLdapConfiguration {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let port = port(call, self.port)?;
        let host = self.hostname.trim().to_ascii_lowercase();
        Place::read(&host, port).map_err(|error| Failure::invalid(format!("hostname: {error}")))?;
        let id = LdapServerId::new(Uuid::new_v4());
        let row = LdapServerRow { id, domain: self.domainid, host, port, created: call.now() };
        let (authority, event) = (call.authority(), call.event("LDAP.CONFIGURATION.ADD"));
        let added = call
            .write(move |tx| {
                if let Some(domain) = row.domain {
                    authority.domain(tx, "domainid", domain)?;
                }
                ldap_server_add(tx, &row)?;
                event.record(tx, format!("LDAP server {} was added", row.host))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(ldap_server(&added)))
    }
}
