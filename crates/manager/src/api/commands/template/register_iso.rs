//! `registerIso`: has an image worker fetch a CD or DVD.

use hostler_model::{DomainId, ZoneId};
use hostler_query_api::{Answer, IdOrAll, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::template::TemplateChoices;
use hostler_store::template_view::template_view;
use uuid::Uuid;

use super::change::{may_publish, os_of};
use super::source::{arch_of, check_checksum};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::{TEMPLATE, template};
use crate::orchestration::template::{RegisterRequest, register};

api_command! {
    /// Fetches an ISO from a URL. It has to be an ISO 9660 file system.
    pub(crate) struct RegisterIso = "registerIso", synchronous
        .object("iso").shape(&TEMPLATE).in_projects();

    /// Its name.
    name: required string,
    /// What it is, for people; its name by default.
    displaytext: optional string .max(4096),
    /// Where it is to be had: http or https; file only for the root administrator.
    url: required string .max(2048),
    /// The zone that it is for; -1 for all.
    zoneid: required uuid<IdOrAll<ZoneId>> .entity("zone"),
    /// Whether a VM can start from it; true by default.
    bootable: optional boolean,
    /// The kind of guest, from listOsTypes; Linux by default.
    ostypeid: optional uuid<Uuid> .entity("ostype"),
    /// What it must hash to: plain hex, or {algorithm}hex.
    checksum: optional string,
    /// Machine architecture; x86_64 by default.
    arch: optional string,
    /// Whether everybody may use it.
    ispublic: optional boolean,
    /// Whether it is recommended; for administrators.
    isfeatured: optional boolean .roles(Roles::ADMIN),
    /// Whether it may be downloaded.
    isextractable: optional boolean,
    /// Whether its VMs' passwords can be reset.
    passwordenabled: optional boolean,
    /// Whether its VMs can change size while they run.
    isdynamicallyscalable: optional boolean,
    /// Only false: hosts fetch ISOs from an image worker, which checks them, and never from their source.
    directdownload: optional boolean,
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for RegisterIso {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = match self.zoneid {
            IdOrAll::Id(id) => Some(id),
            IdOrAll::All => None,
        };
        call.require(zone.into_iter().map(|id| ("zoneid", Entity::Zone, id.uuid())).collect())
            .await?;
        if self.directdownload == Some(true) {
            let expected = "false: an image worker fetches and checks every ISO";
            return Err(call.wrong("directdownload", "true", expected));
        }
        check_checksum(call, self.checksum.as_deref())?;
        may_publish(call, self.ispublic)?;
        let os = self.ostypeid.map(|id| os_of(call, id)).transpose()?;
        let choices = TemplateChoices {
            os_type: os.as_ref().map(|(id, _)| *id),
            bootable: self.bootable.unwrap_or(true),
            password_enabled: self.passwordenabled.unwrap_or(false),
            dynamically_scalable: self.isdynamicallyscalable.unwrap_or(false),
            ..TemplateChoices::default()
        };
        let request = RegisterRequest {
            account: call.owner(self.account, self.domainid).await?,
            name: self.name,
            display_text: self.displaytext,
            url: self.url,
            format: "ISO".to_owned(),
            os: os.map_or_else(|| "Linux".to_owned(), |(_, name)| name),
            arch: arch_of(call, self.arch)?,
            checksum: self.checksum,
            zone,
            is_public: self.ispublic.unwrap_or(false),
            is_featured: self.isfeatured.unwrap_or(false),
            is_extractable: self.isextractable.unwrap_or(false),
            choices,
            details: std::collections::BTreeMap::new(),
        };
        let id = register(call.context, call.caller(), request).await?;
        let view = call.read(move |tx| Ok(template_view(tx, id)?)).await?;
        // clients know this answer as a list of one
        Ok(Answer::list(call.command, 1, vec![template(&view, call.is_root())]))
    }
}
