//! `moveDomain`: puts a domain, with all below it, into another.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::domain::{domain_move, domain_view};

use super::must_be_free;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{DOMAIN, domain};

api_command! {
    /// Puts a domain, with all that is below it, into another one.
    pub(crate) struct MoveDomain = "moveDomain", synchronous
        .roles(Roles::ADMIN).object("domain").shape(&DOMAIN);

    /// The domain to move.
    domainid: required uuid<DomainId> .entity("domain"),
    /// The domain that it is to be in.
    parentdomainid: required uuid<DomainId> .entity("domain"),
}

impl Handler for MoveDomain {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id, parent) = (call.authority(), self.domainid, self.parentdomainid);
        let event = call.event("DOMAIN.MOVE").about("Domain", id.uuid());
        let view = call
            .write(move |tx| {
                let row = authority.domain(tx, "domainid", id)?;
                let above = authority.domain(tx, "parentdomainid", parent)?;
                if row.parent.is_none() {
                    return Err(Failure::invalid("domainid: the root domain cannot be moved"));
                }
                let within = format!("{}/", row.path);
                if format!("{}/", above.path).starts_with(&within) {
                    return Err(Failure::invalid(format!(
                        "parentdomainid: {} is {} or below it; choose a domain elsewhere",
                        above.path, row.path
                    )));
                }
                if row.parent == Some(parent) {
                    return Ok(domain_view(tx, id)?);
                }
                let path = format!("{}/{}", above.path, row.name);
                must_be_free(tx, &path)?;
                domain_move(tx, id, parent, &row.name)?;
                event.record(tx, format!("domain {} was moved to {path}", row.path))?;
                Ok(domain_view(tx, id)?)
            })
            .await?;
        Ok(call.object(domain(&view)))
    }
}
