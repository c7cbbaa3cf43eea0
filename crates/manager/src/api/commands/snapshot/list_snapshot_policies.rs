//! `listSnapshotPolicies`: when volumes are copied by themselves.

use hostler_model::{SnapshotPolicyId, VolumeId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::snapshot_policy::{SnapshotPolicyFilter, snapshot_policy_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::snapshot::{SNAPSHOT_POLICY, snapshot_policy};

api_command! {
    /// Lists when volumes are copied by themselves.
    pub(crate) struct ListSnapshotPolicies = "listSnapshotPolicies", synchronous
        .object("snapshotpolicy").shape(&SNAPSHOT_POLICY).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<SnapshotPolicyId> .entity("snapshotpolicy"),
    /// Those of this volume.
    volumeid: optional uuid<VolumeId> .entity("volume"),
    /// Those that portals show, or those that they do not.
    fordisplay: optional boolean,
}

impl Handler for ListSnapshotPolicies {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = call.wanted(self.id.is_some() || self.volumeid.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter =
            SnapshotPolicyFilter { id: self.id, volume: self.volumeid, shown: self.fordisplay };
        let keyword = call.keyword();
        let read = call.read(move |tx| {
            Ok(snapshot_policy_list(tx, &filter, &scope, keyword.as_deref(), page)?)
        });
        let listed = read.await?;
        let id = self.id.map(|id| (Entity::SnapshotPolicy, id.uuid()));
        call.list(listed, id, snapshot_policy).await
    }
}
