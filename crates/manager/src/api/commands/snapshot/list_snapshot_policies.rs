//! `listSnapshotPolicies`: volumes are not copied by themselves yet, and the list says so.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::snapshot::SNAPSHOT_POLICY;

api_command! {
    /// Lists when volumes are copied by themselves; there are none.
    pub(crate) struct ListSnapshotPolicies = "listSnapshotPolicies", synchronous.object("snapshotpolicy").shape(&SNAPSHOT_POLICY).paged();

    /// The one of this id.
    id: optional uuid<Uuid> .entity("snapshotpolicy"),
    /// Those of this volume.
    volumeid: optional uuid<VolumeId> .entity("volume"),
    /// Everything that the caller may see.
    listall: optional boolean,
}

impl Handler for ListSnapshotPolicies {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        match self.id {
            Some(id) => Err(call.unknown("id", id)),
            None => Ok(Answer::list(call.command, 0, Vec::new())),
        }
    }
}
