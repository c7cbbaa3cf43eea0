//! `listSnapshotPolicies`: when volumes are copied by themselves.

use hostler_model::{DomainId, SnapshotPolicyId, VolumeId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::snapshot_policy::{SnapshotPolicyFilter, snapshot_policy_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::snapshot::{SNAPSHOT_POLICY, snapshot_policy};
use crate::api::owner::wanted;

api_command! {
    /// Lists when volumes are copied by themselves.
    pub(crate) struct ListSnapshotPolicies = "listSnapshotPolicies", synchronous
        .object("snapshotpolicy").shape(&SNAPSHOT_POLICY).paged().in_projects();

    /// The one of this id.
    id: optional uuid<SnapshotPolicyId> .entity("snapshotpolicy"),
    /// Those of this volume.
    volumeid: optional uuid<VolumeId> .entity("volume"),
    /// Those that portals show, or those that they do not.
    fordisplay: optional boolean,
    /// Those of volumes of this account; goes with domainid.
    account: optional string,
    /// Those of volumes of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
}

impl Handler for ListSnapshotPolicies {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = wanted!(self, self.id.is_some() || self.volumeid.is_some());
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
