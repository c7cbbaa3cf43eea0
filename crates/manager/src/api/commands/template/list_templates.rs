//! `listTemplates`: what VMs can be made from.

use hostler_model::{DomainId, HostId, StoragePoolId, TemplateId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::template_view::{TemplateFilter, template_list};
use uuid::Uuid;

use super::listing::{Which, kinds_of};
use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::template::{TEMPLATE, template};
use crate::api::owner::Wanted;

api_command! {
    /// Lists templates.
    pub(crate) struct ListTemplates = "listTemplates", synchronous
        .object("template").shape(&TEMPLATE).paged().in_projects();

    /// Which ones: featured, self, selfexecutable, shared, sharedexecutable, executable, community or all.
    templatefilter: required choice<Which>,
    /// The template of this id.
    id: optional uuid<TemplateId> .entity("template"),
    /// The templates of these ids.
    ids: optional list<TemplateId> .entity("template"),
    /// Templates of this name.
    name: optional string,
    /// Templates in this zone, or in all.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Templates that can be used, or not.
    isready: optional boolean,
    /// USER, or SYSTEM for those of the cloud's own VMs, of which there are none.
    templatetype: optional string,
    /// Templates of this machine architecture.
    arch: optional string,
    /// Templates whose kind of guest is of this family, from listOsCategories.
    oscategoryid: optional uuid<Uuid> .entity("oscategory"),
    /// Templates of this hypervisor; all are KVM.
    hypervisor: optional string,
    /// Templates that this image worker has.
    imagestoreid: optional uuid<HostId> .roles(Roles::ADMINS),
    /// Templates with a copy on this pool.
    storageid: optional uuid<StoragePoolId> .entity("storagepool").roles(Roles::ADMINS),
    /// Each one once; they are, with or without it.
    showunique: optional boolean,
    /// Templates with one of these tags, each a key and a value.
    tags: optional records,
    /// Whether to show deleted ones too.
    showremoved: optional boolean,
    /// Templates of this account; goes with domainid.
    account: optional string,
    /// Templates of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
    /// Templates of network appliances; there are none.
    isvnf: optional boolean,
    /// Templates for clusters of containers; there are none.
    forcks: optional boolean,
    /// Templates of this one's data volumes; there are none.
    parenttemplateid: optional uuid<Uuid> .entity("template"),
    /// Templates for this extension; there are none.
    extensionid: optional uuid<Uuid> .entity("extension"),
    /// Accepted: everything is shown, whatever is asked for.
    details: optional list<String>,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListTemplates {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let which = self.templatefilter;
        which.check(call, "templatefilter")?;
        let other = self.hypervisor.as_ref().is_some_and(|h| !h.eq_ignore_ascii_case("KVM"))
            || [self.isvnf, self.forcks].contains(&Some(true))
            || self.parenttemplateid.or(self.extensionid).is_some()
            || self.templatetype.as_ref().is_some_and(|kind| !kind.eq_ignore_ascii_case("USER"));
        if other {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let wanted = Wanted {
            account: self.account,
            domain: self.domainid,
            recursive: self.isrecursive.unwrap_or(false),
            everything: self.listall.unwrap_or(false) || which == Which::All,
            by_id: self.id.is_some() || self.ids.is_some(),
        };
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let base = which.filter(scope, false);
        let filter = TemplateFilter {
            id: self.id,
            ids: self.ids.unwrap_or_default(),
            name: self.name,
            zone: self.zoneid,
            ready: self.isready.or(base.ready),
            arch: self.arch,
            os_types: kinds_of(call, self.oscategoryid)?,
            worker: self.imagestoreid,
            pool: self.storageid,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
            with_deleted: self.showremoved.unwrap_or(false),
            ..base
        };
        let listed = call.read(move |tx| Ok(template_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::Template, id.uuid()));
        call.list(listed, id, |view| template(view, call.is_root())).await
    }
}
