//! `updateSnapshotPolicy`: whether portals show a policy.
//!
//! It answers with a job that is over, as clients expect of this command.

use hostler_model::SnapshotPolicyId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::snapshot_policy::snapshot_policy_show;

use crate::api::call::{Call, Handler};
use crate::api::done::finished;
use crate::api::failure::Failure;
use crate::api::objects::snapshot::SNAPSHOT_POLICY;

api_command! {
    /// Changes whether portals show a policy. createSnapshotPolicy changes when it copies.
    pub(crate) struct UpdateSnapshotPolicy = "updateSnapshotPolicy", asynchronous
        .object("snapshotpolicy").shape(&SNAPSHOT_POLICY);

    /// The policy.
    id: optional uuid<SnapshotPolicyId> .entity("snapshotpolicy"),
    /// Whether portals show it.
    fordisplay: optional boolean .roles(Roles::ADMIN),
}

impl Handler for UpdateSnapshotPolicy {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Some(id) = self.id else {
            return Err(Failure::invalid("parameter id is missing; it names the policy"));
        };
        call.require(vec![("id", Entity::SnapshotPolicy, id.uuid())]).await?;
        let job = finished(call, "SnapshotPolicy", id.uuid()).showing("snapshotpolicy", id.uuid());
        let (number, event) = (job.id(), call.event("SNAPSHOTPOLICY.UPDATE"));
        call.write(move |tx| {
            if let Some(shown) = self.fordisplay {
                snapshot_policy_show(tx, id, shown)?;
            }
            let event = event.about("SnapshotPolicy", id.uuid());
            event.record(tx, format!("snapshot policy {id} was changed"))?;
            job.record(tx)
        })
        .await?;
        Ok(Answer::job(call.command, None, number))
    }
}
