//! `listIsos`: bootable and other media.

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
    /// Lists ISOs.
    pub(crate) struct ListIsos = "listIsos", synchronous
        .object("iso").shape(&TEMPLATE).paged().in_projects();

    /// Which ones: featured, self, selfexecutable (the default), shared, sharedexecutable, executable, community or all.
    isofilter: optional choice<Which>,
    /// The ISO of this id.
    id: optional uuid<TemplateId> .entity("iso"),
    /// ISOs of this name.
    name: optional string,
    /// ISOs in this zone, or in all.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Only ISOs that can be used; false shows all.
    isready: optional boolean,
    /// ISOs that everybody may use, or not.
    ispublic: optional boolean,
    /// ISOs that a VM can start from, or not.
    bootable: optional boolean,
    /// ISOs of this machine architecture.
    arch: optional string,
    /// ISOs whose kind of guest is of this family, from listOsCategories.
    oscategoryid: optional uuid<Uuid> .entity("oscategory"),
    /// ISOs of this hypervisor; all are KVM.
    hypervisor: optional string,
    /// ISOs that this image worker has.
    imagestoreid: optional uuid<HostId> .roles(Roles::ADMINS),
    /// ISOs with a copy on this pool.
    storageid: optional uuid<StoragePoolId> .entity("storagepool").roles(Roles::ADMINS),
    /// Each one once; they are, with or without it.
    showunique: optional boolean,
    /// ISOs with one of these tags, each a key and a value.
    tags: optional records,
    /// Whether to show deleted ones too.
    showremoved: optional boolean,
    /// ISOs of this account; goes with domainid.
    account: optional string,
    /// ISOs of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListIsos {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let which = self.isofilter.unwrap_or(if self.id.is_some() {
            Which::Executable
        } else {
            Which::SelfExecutable
        });
        which.check(call, "isofilter")?;
        let other = self.hypervisor.as_ref().is_some_and(|h| !h.eq_ignore_ascii_case("KVM"));
        if other {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let wanted = Wanted {
            account: self.account,
            domain: self.domainid,
            recursive: self.isrecursive.unwrap_or(false),
            everything: self.listall.unwrap_or(false) || which == Which::All,
            by_id: self.id.is_some(),
        };
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let base = which.filter(scope, true);
        let filter = TemplateFilter {
            id: self.id,
            name: self.name,
            zone: self.zoneid,
            // false asks for nothing: clients send it to see all
            ready: self.isready.filter(|ready| *ready).or(base.ready),
            public: self.ispublic,
            bootable: self.bootable,
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
        let id = self.id.map(|id| (Entity::Iso, id.uuid()));
        call.list(listed, id, |view| template(view, call.is_root())).await
    }
}
