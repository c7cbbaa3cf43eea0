//! `listDomains`: the tenancy units.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Scope;
use hostler_store::domain::{DomainFilter, domain_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{DOMAIN, domain};

api_command! {
    /// Lists domains.
    pub(crate) struct ListDomains = "listDomains", synchronous
        .roles(Roles::ADMINS).object("domain").shape(&DOMAIN).paged();

    /// The domain of this id.
    id: optional uuid<DomainId> .entity("domain"),
    /// Domains of this name.
    name: optional string,
    /// Domains so many steps below the root, which is at 0.
    level: optional integer,
    /// Everything that the caller may see.
    listall: optional boolean,
}

impl Handler for ListDomains {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let sight: Scope = call.identity.sight();
        let level = self.level.map(|level| u64::try_from(level).unwrap_or(u64::MAX));
        let filter = DomainFilter {
            id: self.id,
            name: self.name,
            level,
            keyword: call.keyword(),
            ..DomainFilter::default()
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(domain_list(tx, &filter, &sight, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::Domain, id.uuid())), domain).await
    }
}
