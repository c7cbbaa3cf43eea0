//! `updateIso`: says something anew of an ISO.

use hostler_model::TemplateId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::template_change::TemplateUpdate;
use uuid::Uuid;

use super::change::{Kind, details_anew, os_of, update};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::{TEMPLATE, template};

api_command! {
    /// Says something anew of an ISO.
    pub(crate) struct UpdateIso = "updateIso", synchronous .object("iso").shape(&TEMPLATE);

    /// The ISO.
    id: required uuid<TemplateId> .entity("iso"),
    /// Its name.
    name: optional string,
    /// What it is, for people.
    displaytext: optional string .max(4096),
    /// The kind of guest, from listOsTypes.
    ostypeid: optional uuid<Uuid> .entity("ostype"),
    /// Whether to name another kind of guest though there are VMs of it: they change at their next start.
    forceupdateostype: optional boolean,
    /// Machine architecture: x86_64 or aarch64.
    arch: optional string,
    /// Whether a VM can start from it.
    bootable: optional boolean,
    /// Whether its VMs' passwords can be reset.
    passwordenabled: optional boolean,
    /// Whether its VMs take SSH keys.
    sshkeyenabled: optional boolean,
    /// Whether its VMs can change size while they run.
    isdynamicallyscalable: optional boolean,
    /// Whether it needs a CPU that helps.
    requireshvm: optional boolean,
    /// Its place in lists; lower comes first.
    sortkey: optional integer .roles(Roles::ADMINS),
    /// Choices that few need, in place of those before.
    details: optional first_map,
    /// Whether to forget all choices that few need; without details only.
    cleanupdetails: optional boolean,
}

impl Handler for UpdateIso {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let details = details_anew(call, self.details, self.cleanupdetails)?;
        let changes = TemplateUpdate {
            name: self.name,
            display_text: self.displaytext,
            os: self.ostypeid.map(|id| os_of(call, id)).transpose()?,
            arch: self.arch,
            bootable: self.bootable,
            password_enabled: self.passwordenabled,
            ssh_key_enabled: self.sshkeyenabled,
            dynamically_scalable: self.isdynamicallyscalable,
            requires_hvm: self.requireshvm,
            sort_key: self.sortkey,
            host_tag: None,
            details,
        };
        let force_os = self.forceupdateostype.unwrap_or(false);
        let view = update(call, Kind::Iso, self.id, changes, force_os).await?;
        Ok(call.object(template(&view, call.is_root())))
    }
}
