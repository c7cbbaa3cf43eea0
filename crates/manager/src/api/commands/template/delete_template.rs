//! `deleteTemplate`: removes a template that no VM is made from.

use hostler_model::{TemplateId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use super::change::{Kind, require_own};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::template::delete;

api_command! {
    /// Deletes a template that no VM is made from.
    pub(crate) struct DeleteTemplate = "deleteTemplate", asynchronous;

    /// The template.
    id: required uuid<TemplateId> .entity("template"),
    /// Its zone; it is deleted in all zones that it is in.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Accepted: it is deleted at once, and refused all the same while VMs are made from it, whose disks are read from it.
    forced: optional boolean,
}

impl Handler for DeleteTemplate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid()));
        call.require(zone.into_iter().collect()).await?;
        require_own(call, Kind::Template, self.id).await?;
        let job = delete(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
