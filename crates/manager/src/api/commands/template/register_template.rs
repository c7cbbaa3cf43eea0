//! `registerTemplate`: has an image worker fetch what VMs can be made from.

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
use crate::orchestration::Caller;
use crate::orchestration::template::{RegisterRequest, register};

api_command! {
    /// Fetches a template from a URL.
    pub(crate) struct RegisterTemplate = "registerTemplate", synchronous
        .object("template").shape(&TEMPLATE).in_projects();

    /// Its name.
    name: required string,
    /// What it is, for people; its name by default.
    displaytext: optional string .max(4096),
    /// Where it is to be had: http or https; file only for the root administrator.
    url: required string .max(2048),
    /// QCOW2 or RAW.
    format: required string,
    /// KVM.
    hypervisor: required string,
    /// The kind of guest, from listOsTypes; Linux by default.
    ostypeid: optional uuid<Uuid> .entity("ostype"),
    /// The zone that it is for; -1 for all, which is the default.
    zoneid: optional uuid<IdOrAll<ZoneId>> .entity("zone"),
    /// The zone that it is for, as a list of one; -1 for all.
    zoneids: optional list<IdOrAll<ZoneId>> .entity("zone"),
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
    /// Whether its VMs take SSH keys; true by default.
    sshkeyenabled: optional boolean,
    /// Whether its VMs can change size while they run.
    isdynamicallyscalable: optional boolean,
    /// Whether it needs a CPU that helps; true by default.
    requireshvm: optional boolean,
    /// The tag that hosts of its VMs must have.
    templatetag: optional string .roles(Roles::ADMIN),
    /// Only false: hosts fetch templates from an image worker, which checks them, and never from their source.
    directdownload: optional boolean,
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Choices that few need.
    details: optional first_map,
}

impl Handler for RegisterTemplate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = self.zone(call)?;
        if let Some(id) = zone {
            let param = if self.zoneid.is_some() { "zoneid" } else { "zoneids" };
            call.require(vec![(param, Entity::Zone, id.uuid())]).await?;
        }
        if !self.hypervisor.eq_ignore_ascii_case("KVM") {
            return Err(call.wrong("hypervisor", &self.hypervisor, "KVM"));
        }
        let format = self.format.to_ascii_uppercase();
        if !matches!(format.as_str(), "QCOW2" | "RAW") {
            return Err(call.wrong("format", &self.format, "QCOW2 or RAW"));
        }
        if self.directdownload == Some(true) {
            let expected = "false: an image worker fetches and checks every template";
            return Err(call.wrong("directdownload", "true", expected));
        }
        check_checksum(call, self.checksum.as_deref())?;
        may_publish(call, self.ispublic)?;
        let os = self.ostypeid.map(|id| os_of(call, id)).transpose()?;
        let choices = TemplateChoices {
            os_type: os.as_ref().map(|(id, _)| *id),
            host_tag: self.templatetag.unwrap_or_default(),
            bootable: true,
            password_enabled: self.passwordenabled.unwrap_or(false),
            ssh_key_enabled: self.sshkeyenabled.unwrap_or(true),
            dynamically_scalable: self.isdynamicallyscalable.unwrap_or(false),
            requires_hvm: self.requireshvm.unwrap_or(true),
        };
        let account = call.owner(self.account, self.domainid).await?;
        let caller = Caller { account, ..call.caller().clone() };
        let request = RegisterRequest {
            account,
            name: self.name,
            display_text: self.displaytext,
            url: self.url,
            format,
            os: os.map_or_else(|| "Linux".to_owned(), |(_, name)| name),
            arch: arch_of(call, self.arch)?,
            checksum: self.checksum,
            zone,
            is_public: self.ispublic.unwrap_or(false),
            is_featured: self.isfeatured.unwrap_or(false),
            is_extractable: self.isextractable.unwrap_or(false),
            choices,
            details: self.details.unwrap_or_default(),
        };
        let id = register(call.context, &caller, request).await?;
        let view = call.read(move |tx| Ok(template_view(tx, id)?)).await?;
        // clients know this answer as a list of one
        Ok(Answer::list(call.command, 1, vec![template(&view, call.is_root())]))
    }
}

impl RegisterTemplate {
    fn zone(&self, call: Call<'_>) -> Result<Option<ZoneId>, Failure> {
        let listed = match self.zoneids.as_deref() {
            None | Some([]) => None,
            Some([one]) => Some(*one),
            Some(_) => {
                return Err(call.wrong("zoneids", "a longer list", "one zone's id, or -1 for all"));
            }
        };
        Ok(match self.zoneid.or(listed) {
            Some(IdOrAll::Id(id)) => Some(id),
            Some(IdOrAll::All) | None => None,
        })
    }
}
