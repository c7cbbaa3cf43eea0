//! `listDomainChildren`: the domains in a domain.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::domain::{DomainFilter, domain_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{DOMAIN, domain};

api_command! {
    /// Lists the domains in a domain.
    pub(crate) struct ListDomainChildren = "listDomainChildren", synchronous
        .roles(Roles::ADMINS).object("domain").shape(&DOMAIN).paged();

    /// The domain; the caller's if none is given.
    id: optional uuid<DomainId> .entity("domain"),
    /// Domains of this name.
    name: optional string,
    /// All that are below it, not only those directly in it.
    isrecursive: optional boolean,
    /// The same as isrecursive.
    listall: optional boolean,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListDomainChildren {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, sight, page) = (call.authority(), call.identity.sight(), call.page()?);
        let recursive = self.isrecursive.unwrap_or(false) || self.listall.unwrap_or(false);
        let keyword = call.keyword();
        let (wanted, name) = (self.id, self.name);
        let listed = call
            .read(move |tx| {
                let above = authority.domain_or_own(tx, "id", wanted)?;
                let filter = DomainFilter {
                    name,
                    parent: (!recursive).then_some(above.id),
                    below: Some(above.path),
                    keyword,
                    ..DomainFilter::default()
                };
                Ok(domain_list(tx, &filter, &sight, page)?)
            })
            .await?;
        call.list(listed, self.id.map(|id| (Entity::Domain, id.uuid())), domain).await
    }
}
