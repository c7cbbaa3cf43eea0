//! `createSnapshotPolicy`: has a volume copied by itself, from time to time.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::snapshot::{SNAPSHOT_POLICY, snapshot_policy};
use crate::orchestration::snapshot::policy::{NewPolicy, set};

api_command! {
    /// Has a volume copied by itself, every hour, day, week or month. It takes the place of another policy of that kind
    /// on the volume. A time at which the manager did not run is made up for once.
    pub(crate) struct CreateSnapshotPolicy = "createSnapshotPolicy", synchronous
        .object("snapshotpolicy").shape(&SNAPSHOT_POLICY);

    /// The volume.
    volumeid: required uuid<VolumeId> .entity("volume"),
    /// HOURLY, DAILY, WEEKLY or MONTHLY.
    intervaltype: required string,
    /// When: MM for HOURLY, MM:HH for DAILY, MM:HH:DD for WEEKLY (1, Sunday, to 7) and MONTHLY (1 to 28).
    schedule: required string,
    /// By whose clock, as UTC or Europe/Berlin.
    timezone: required string,
    /// How many copies are kept; older ones are deleted.
    maxsnaps: required integer,
    /// Whether portals show it; true by default.
    fordisplay: optional boolean,
}

impl Handler for CreateSnapshotPolicy {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("volumeid", Entity::Volume, self.volumeid.uuid())]).await?;
        let new = NewPolicy {
            volume: self.volumeid,
            kind: self.intervaltype,
            schedule: self.schedule,
            timezone: self.timezone,
            max_snaps: u32::try_from(self.maxsnaps).unwrap_or(0),
            is_shown: self.fordisplay.unwrap_or(true),
        };
        let (caller, now) = (call.caller().clone(), call.now());
        let event = call.event("SNAPSHOTPOLICY.CREATE");
        let made = call
            .write(move |tx| {
                let row = set(tx, &caller, new, now)?;
                let text = format!("{} snapshots of {}", row.kind, row.volume_name);
                event.about("SnapshotPolicy", row.id.uuid()).record(tx, text)?;
                Ok(row)
            })
            .await?;
        Ok(call.object(snapshot_policy(&made)))
    }
}
