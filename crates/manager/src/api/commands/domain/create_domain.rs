//! `createDomain`: a new domain within another.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::domain::{DomainRow, DomainView, domain_add};
use hostler_store::reference::Entity;
use uuid::Uuid;

use super::{domain_name, must_be_free};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{DOMAIN, domain};
use crate::orchestration::chosen_id;

api_command! {
    /// Makes a domain within another.
    pub(crate) struct CreateDomain = "createDomain", synchronous
        .roles(Roles::ADMIN_AND_DOMAIN_ADMIN).object("domain").shape(&DOMAIN);

    /// Its name, unique within the domain that it is in.
    name: required string,
    /// The domain that it is in; the caller's if none is given.
    parentdomainid: optional uuid<DomainId> .entity("domain"),
    /// DNS domain of the guests on networks that are made for its accounts; without one, that of the domain above.
    networkdomain: optional string .max(253),
    /// The id that it is to have; one that is drawn without it.
    domainid: optional uuid<DomainId> .roles(Roles::ADMIN),
}

impl Handler for CreateDomain {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (name, chosen) = (domain_name(&self.name)?, self.domainid);
        let id = chosen.unwrap_or_else(|| DomainId::new(Uuid::new_v4()));
        let network_domain = call.dns_domain("networkdomain", self.networkdomain)?;
        let (authority, created, parent) = (call.authority(), call.now(), self.parentdomainid);
        let event = call.event("DOMAIN.CREATE").about("Domain", id.uuid());
        let row = call
            .write(move |tx| {
                let above = authority.domain_or_own(tx, "parentdomainid", parent)?;
                let path = format!("{}/{name}", above.path);
                must_be_free(tx, &path)?;
                chosen_id::must_be_free(
                    tx,
                    "domainid",
                    Entity::Domain,
                    chosen.map(DomainId::uuid),
                )?;
                let parent = Some(above.id);
                let row = DomainRow { id, parent, name, path, network_domain, created };
                domain_add(tx, &row)?;
                event.record(tx, format!("domain {} was made", row.path))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(domain(&DomainView { row, has_children: false })))
    }
}
