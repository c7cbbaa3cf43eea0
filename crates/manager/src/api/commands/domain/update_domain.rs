//! `updateDomain`: gives a domain another name, or another DNS domain. The paths of all below it follow its name.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Tx;
use hostler_store::domain::{DomainRow, domain_move, domain_set_network_domain, domain_view};

use super::{domain_name, must_be_free};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{DOMAIN, domain};

api_command! {
    /// Gives a domain another name, which the paths of all domains below it follow, or another DNS domain.
    pub(crate) struct UpdateDomain = "updateDomain", synchronous
        .roles(Roles::ADMIN).object("domain").shape(&DOMAIN);

    /// The domain.
    id: required uuid<DomainId> .entity("domain"),
    /// Its new name.
    name: optional string,
    /// DNS domain of the guests on networks that are made from now on for accounts in it and below; blank: that of the
    /// domain above.
    networkdomain: optional string .max(253),
}

impl Handler for UpdateDomain {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let name = self.name.as_deref().map(domain_name).transpose()?;
        let changes_dns = self.networkdomain.is_some();
        let network_domain = call.dns_domain("networkdomain", self.networkdomain)?;
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("DOMAIN.UPDATE").about("Domain", id.uuid());
        let view = call
            .write(move |tx| {
                let row = authority.domain(tx, "id", id)?;
                let mut told = Vec::new();
                if let Some(name) = name.filter(|name| *name != row.name) {
                    rename(tx, &row, &name)?;
                    told.push(format!("renamed to {name}"));
                }
                if changes_dns {
                    domain_set_network_domain(tx, id, network_domain.as_deref())?;
                    let dns = network_domain.as_deref().unwrap_or("of the one above");
                    told.push(format!("given the DNS domain {dns}"));
                }
                if !told.is_empty() {
                    event.record(tx, format!("domain {} was {}", row.path, told.join(" and ")))?;
                }
                Ok(domain_view(tx, id)?)
            })
            .await?;
        Ok(call.object(domain(&view)))
    }
}

fn rename(tx: &Tx<'_>, row: &DomainRow, name: &str) -> Result<(), Failure> {
    let Some(parent) = row.parent else {
        return Err(Failure::invalid("id: the root domain cannot be renamed"));
    };
    let above = row.path.strip_suffix(&row.name).unwrap_or_default();
    must_be_free(tx, &format!("{above}{name}"))?;
    Ok(domain_move(tx, row.id, parent, name)?)
}
