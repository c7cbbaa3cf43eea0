//! `deleteSnapshotPolicies`: volumes are not copied by themselves any more.

use hostler_model::SnapshotPolicyId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::snapshot_policy::snapshot_policy_remove;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Removes policies; the copies that they have made stay.
    pub(crate) struct DeleteSnapshotPolicies = "deleteSnapshotPolicies", synchronous;

    /// The policy.
    id: optional uuid<SnapshotPolicyId> .entity("snapshotpolicy"),
    /// The policies, in place of or beside id.
    ids: optional list<SnapshotPolicyId> .entity("snapshotpolicy"),
}

impl Handler for DeleteSnapshotPolicies {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let one = self.id.map(|id| ("id", id));
        let more = self.ids.unwrap_or_default().into_iter().map(|id| ("ids", id));
        let mut all: Vec<_> = one.into_iter().chain(more).collect();
        all.sort_by_key(|(_, id)| *id);
        all.dedup_by_key(|(_, id)| *id);
        if all.is_empty() {
            return Err(Failure::invalid("id and ids are both missing; give one of them"));
        }
        let named = |(param, id): &(&'static str, SnapshotPolicyId)| {
            (*param, Entity::SnapshotPolicy, id.uuid())
        };
        call.require(all.iter().map(named).collect()).await?;
        let event = call.event("SNAPSHOTPOLICY.DELETE");
        call.write(move |tx| {
            for (_, id) in all {
                snapshot_policy_remove(tx, id)?;
                let event = event.clone().about("SnapshotPolicy", id.uuid());
                event.record(tx, format!("snapshot policy {id} was deleted"))?;
            }
            Ok(())
        })
        .await?;
        Ok(call.success())
    }
}
