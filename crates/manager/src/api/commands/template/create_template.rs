//! `createTemplate`: makes what VMs can be made from out of a volume or a snapshot.

use hostler_model::{DomainId, SnapshotId, VolumeId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::template::TemplateChoices;
use uuid::Uuid;

use super::change::{may_publish, os_of};
use super::source::arch_of;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::TEMPLATE;
use crate::orchestration::Caller;
use crate::orchestration::template::{CreateRequest, TemplateOrigin, create};

api_command! {
    /// Makes a template from a volume whose VM is stopped, or that no VM has, or from a snapshot. Its host sends what a
    /// guest sees of it to an image worker; from there every host of the zone can have it.
    pub(crate) struct CreateTemplate = "createTemplate", asynchronous_create
        .object("template").shape(&TEMPLATE).in_projects();

    /// Its name.
    name: required string,
    /// The kind of guest, from listOsTypes.
    ostypeid: required uuid<Uuid> .entity("ostype"),
    /// What it is, for people; its name by default.
    displaytext: optional string .max(4096),
    /// The volume that it is made from; its VM must be stopped.
    volumeid: optional uuid<VolumeId> .entity("volume"),
    /// The snapshot that it is made from.
    snapshotid: optional uuid<SnapshotId> .entity("snapshot"),
    /// Machine architecture; x86_64 by default.
    arch: optional string,
    /// Whether everybody may use it.
    ispublic: optional boolean,
    /// Whether it is recommended; for administrators.
    isfeatured: optional boolean .roles(Roles::ADMIN),
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
    /// The account that it is for; without it, the one that has the volume or snapshot.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Choices that few need.
    details: optional first_map,
}

impl Handler for CreateTemplate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let volume = self.volumeid.map(|id| ("volumeid", Entity::Volume, id.uuid()));
        let snapshot = self.snapshotid.map(|id| ("snapshotid", Entity::Snapshot, id.uuid()));
        call.require([volume, snapshot].into_iter().flatten().collect()).await?;
        let (os_type, os) = os_of(call, self.ostypeid)?;
        let origin = match (self.volumeid, self.snapshotid) {
            (Some(volume), None) => TemplateOrigin::Volume(volume),
            (None, Some(snapshot)) => TemplateOrigin::Snapshot(snapshot),
            (None, None) => {
                let text = "parameter volumeid is missing; give it, or snapshotid";
                return Err(Failure::invalid(text));
            }
            (Some(_), Some(_)) => {
                return Err(Failure::invalid(
                    "volumeid and snapshotid were both given; leave one out",
                ));
            }
        };
        may_publish(call, self.ispublic)?;
        let choices = TemplateChoices {
            os_type: Some(os_type),
            host_tag: self.templatetag.unwrap_or_default(),
            bootable: true,
            password_enabled: self.passwordenabled.unwrap_or(false),
            ssh_key_enabled: self.sshkeyenabled.unwrap_or(true),
            dynamically_scalable: self.isdynamicallyscalable.unwrap_or(false),
            requires_hvm: self.requireshvm.unwrap_or(true),
        };
        let names_owner = self.account.is_some() || call.params.get_filled("projectid").is_some();
        let owner = call.owner(self.account, self.domainid).await?;
        let account = names_owner.then_some(owner);
        let caller =
            Caller { account: account.unwrap_or(call.caller().account), ..call.caller().clone() };
        let request = CreateRequest {
            origin,
            account,
            name: self.name,
            display_text: self.displaytext,
            os,
            arch: arch_of(call, self.arch)?,
            is_public: self.ispublic.unwrap_or(false),
            is_featured: self.isfeatured.unwrap_or(false),
            choices,
            details: self.details.unwrap_or_default(),
        };
        let (id, job) = create(call.context, &caller, request).await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job.uuid()))
    }
}
