//! `deleteLdapConfiguration`: a server of a directory is asked no more.

use hostler_model::{DomainId, LdapServerId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::ldap_server::ldap_server_remove;

use super::{port, servers_seen};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::ldap::{LDAP_SERVER, ldap_server};

api_command! {
    /// Removes an LDAP server. Users who come from LDAP stay, and can log in as long as another server knows them.
    pub(crate) struct DeleteLdapConfiguration = "deleteLdapConfiguration", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN)
        .envelope("ldapconfigurationresponse").object("LdapDeleteConfiguration").shape(&LDAP_SERVER);

    /// The server. This or hostname is needed.
    id: optional uuid<LdapServerId> .entity("ldapconfiguration"),
    /// The server of this name or address.
    hostname: optional string,
    /// With hostname: its port.
    port: optional integer,
    /// With hostname: the domain that it is for.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for DeleteLdapConfiguration {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.id.is_none() && self.hostname.is_none() {
            return Err(Failure::invalid("give id or hostname: listLdapConfigurations has them"));
        }
        let port = self.port.map(|number| port(call, number)).transpose()?;
        let mut found = servers_seen(call).await?;
        found.retain(|row| {
            self.id.is_none_or(|id| row.id == id)
                && self.hostname.as_ref().is_none_or(|h| row.host.eq_ignore_ascii_case(h.trim()))
                && port.is_none_or(|port| row.port == port)
                && self.domainid.is_none_or(|domain| row.domain == Some(domain))
        });
        let row = match (found.pop(), found.is_empty(), self.id) {
            (Some(row), true, _) => row,
            (None, _, Some(id)) => return Err(call.unknown("id", id)),
            (None, ..) => {
                let text =
                    "hostname: there is no such LDAP server; listLdapConfigurations names them";
                return Err(Failure::invalid(text));
            }
            _ => {
                let text =
                    "hostname: there are several such LDAP servers; give id, or port and domainid";
                return Err(Failure::invalid(text));
            }
        };
        let event = call.event("LDAP.CONFIGURATION.DELETE");
        let removed = call
            .write(move |tx| {
                ldap_server_remove(tx, row.id)?;
                event.record(tx, format!("LDAP server {} was removed", row.host))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(ldap_server(&removed)))
    }
}
