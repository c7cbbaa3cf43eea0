//! `updateDomain`: gives a domain another name. The paths of all below it follow.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::domain::{domain_move, domain_view};

use super::{domain_name, must_be_free};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{DOMAIN, domain};

api_command! {
    /// Gives a domain another name; the paths of all domains below it follow.
    pub(crate) struct UpdateDomain = "updateDomain", synchronous
        .roles(Roles::ADMIN).object("domain").shape(&DOMAIN);

    /// The domain.
    id: required uuid<DomainId> .entity("domain"),
    /// Its new name.
    name: optional string,
}

impl Handler for UpdateDomain {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let name = self.name.as_deref().map(domain_name).transpose()?;
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("DOMAIN.UPDATE").about("Domain", id.uuid());
        let view = call
            .write(move |tx| {
                let row = authority.domain(tx, "id", id)?;
                let Some(name) = name.filter(|name| *name != row.name) else {
                    return Ok(domain_view(tx, id)?);
                };
                let Some(parent) = row.parent else {
                    return Err(Failure::invalid("id: the root domain cannot be renamed"));
                };
                let above = row.path.strip_suffix(&row.name).unwrap_or_default();
                must_be_free(tx, &format!("{above}{name}"))?;
                domain_move(tx, id, parent, &name)?;
                event.record(tx, format!("domain {} was renamed to {name}", row.path))?;
                Ok(domain_view(tx, id)?)
            })
            .await?;
        Ok(call.object(domain(&view)))
    }
}
