//! `deleteAffinityGroup`: removes a group. Its VMs stay where they are and go on without it.

use hostler_model::{AffinityGroupId, DomainId};
use hostler_query_api::{Answer, api_command};
use hostler_store::affinity_group::{
    affinity_group_remove, affinity_group_view, affinity_groups_named,
};
use hostler_store::job::job_add_done;
use hostler_store::reference::Entity;
use serde_json::json;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes an affinity group. Its VMs stay where they are.
    pub(crate) struct DeleteAffinityGroup = "deleteAffinityGroup", asynchronous.in_projects();

    /// The group to delete; or give its name.
    id: optional uuid<AffinityGroupId> .entity("affinitygroup"),
    /// Its name, in place of its id.
    name: optional string,
    /// With a name: the account that it belongs to.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for DeleteAffinityGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = match (self.id, self.name) {
            (Some(id), None) => {
                call.require(vec![("id", Entity::AffinityGroup, id.uuid())]).await?;
                id
            }
            (None, Some(name)) => {
                let account = call.owner(self.account, self.domainid).await?;
                let names = vec![name.clone()];
                let found = call
                    .read(move |tx| Ok(affinity_groups_named(tx, account, &[], &names)?))
                    .await?;
                let Some((id, _)) = found.into_iter().next() else {
                    return Err(Failure::invalid(format!(
                        "name: there is no affinity group named {name}; \
                         listAffinityGroups names those that exist"
                    )));
                };
                id
            }
            _ => return Err(Failure::invalid("give exactly one of id and name")),
        };
        let (now, subject) = (call.now(), ("AffinityGroup", id.uuid()));
        let event = call.event("AG.DELETE").about(subject.0, subject.1);
        let job =
            call.caller().job("affinitygroup.delete", call.command.name, subject, json!({}), &[]);
        let job_id = job.id;
        call.write(move |tx| {
            let name = affinity_group_view(tx, id)?.row.name;
            affinity_group_remove(tx, id)?;
            event.record(tx, format!("affinity group {name} was deleted"))?;
            Ok(job_add_done(tx, &job, &json!({"success": true}), now)?)
        })
        .await?;
        Ok(Answer::job(call.command, None, job_id.uuid()))
    }
}
