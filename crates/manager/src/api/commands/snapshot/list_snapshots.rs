//! `listSnapshots`: copies of volumes.

use hostler_model::{SnapshotId, StoragePoolId, VolumeId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::snapshot_view::{SnapshotFilter, snapshot_list};

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::snapshot::{SNAPSHOT, snapshot};

api_command! {
    /// Lists copies of volumes as they were at a moment.
    pub(crate) struct ListSnapshots = "listSnapshots", synchronous
        .object("snapshot").shape(&SNAPSHOT).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<SnapshotId> .entity("snapshot"),
    /// Those of these ids.
    ids: optional list<SnapshotId> .entity("snapshot"),
    /// Those of this name.
    name: optional string,
    /// Those of this volume.
    volumeid: optional uuid<VolumeId> .entity("volume"),
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those on this storage pool.
    storageid: optional uuid<StoragePoolId> .entity("storagepool").roles(Roles::ADMINS),
    /// MANUAL, HOURLY, DAILY, WEEKLY or MONTHLY only; RECURRING means any but MANUAL.
    snapshottype: optional string,
    /// HOURLY, DAILY, WEEKLY or MONTHLY only.
    intervaltype: optional string,
    /// Those with one of these tags, each a key and a value.
    tags: optional records,
}

impl Handler for ListSnapshots {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted =
            call.wanted(self.id.is_some() || self.ids.is_some() || self.volumeid.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let kind = self.snapshottype.or(self.intervaltype);
        let recurring = kind.as_ref().is_some_and(|kind| kind.eq_ignore_ascii_case("RECURRING"));
        let filter = SnapshotFilter {
            id: self.id,
            ids: self.ids.unwrap_or_default(),
            name: self.name,
            volume: self.volumeid,
            zone: self.zoneid,
            pool: self.storageid,
            kind: kind.filter(|_| !recurring),
            recurring: recurring.then_some(true),
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
        };
        let listed = call.read(move |tx| Ok(snapshot_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::Snapshot, id.uuid()));
        call.list(listed, id, |view| snapshot(view, call.is_root())).await
    }
}
