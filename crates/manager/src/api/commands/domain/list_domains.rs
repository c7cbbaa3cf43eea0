//! `listDomains`: the tenancy units.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Scope;
use hostler_store::domain::{DomainFilter, domain_list};
use hostler_store::limit::rooms_of_domains;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{DOMAIN, domain};
use crate::api::objects::limit::add_usage;

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
    /// Accepted: everything is shown, whatever is asked for.
    details: optional list<String>,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
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
        let limits = call.context.settings.limits();
        let (listed, rooms) = call
            .read(move |tx| {
                let listed = domain_list(tx, &filter, &sight, page)?;
                let domains: Vec<DomainId> = listed.rows.iter().map(|view| view.row.id).collect();
                Ok((listed, rooms_of_domains(tx, &limits, &domains)?))
            })
            .await?;
        call.list(listed, self.id.map(|id| (Entity::Domain, id.uuid())), |view| {
            let mut object = domain(view);
            add_usage(&mut object, view.row.id.uuid(), &rooms);
            object
        })
        .await
    }
}
