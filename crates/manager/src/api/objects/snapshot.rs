//! Snapshots of volumes in answers.

use hostler_store::snapshot_policy::SnapshotPolicyRow;
use hostler_store::snapshot_view::SnapshotView;

use super::tag::{TAG, tags};
use super::{api_object, date, job_id, job_status};
use crate::orchestration::snapshot::KINDS;

api_object! {
    /// A copy of a volume as it was at a moment.
    SNAPSHOT = "SnapshotResponse", snapshot(view: &SnapshotView, admin: bool) {
        "id" string "its id" => view.id,
        "name" string "its name" => view.name,
        "snapshottype" string "MANUAL, HOURLY, DAILY, WEEKLY or MONTHLY" => view.kind,
        "intervaltype" string "the same" => view.kind,
        "state" snapshot "Allocated, Creating, BackedUp, Error or Destroying" => view.state,
        "status" string "why it is in Error" => view.error,
        "virtualsize" long "how large a guest saw the volume, in bytes" => view.size,
        "physicalsize" long "what it takes on its pool, in bytes" => view.physical_size,
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "volumeid" string "the volume that it is a copy of" => view.volume,
        "volumename" string "that volume's name" => view.volume_name,
        "volumetype" string "ROOT or DATADISK" => view.volume_kind,
        "volumestate" string "where the volume is in its life" => view.volume_state,
        "datastoreid" string "the storage pool that it lives on" =>
            view.pool.as_ref().filter(|_| admin).map(|pool| pool.0),
        "datastorename" string "that pool's name" =>
            view.pool.as_ref().filter(|_| admin).map(|pool| &pool.1),
        "locationtype" string "always PRIMARY: beside its volume" => "PRIMARY",
        "revertable" boolean "whether its volume can be as it was again" =>
            view.state == hostler_model::SnapshotState::BackedUp && view.volume_state == "Ready",
        "jobid" string "the job that works on it" => job_id(view.job),
        "jobstatus" integer "that job's status" => job_status(view.job),
        "created" date "when it was asked for" => date(view.created),
        "tags" set(TAG) "its tags" => tags(&view.tags),
    }
}

api_object! {
    /// When a volume is copied by itself.
    SNAPSHOT_POLICY = "SnapshotPolicyResponse", snapshot_policy(row: &SnapshotPolicyRow) {
        "id" string "its id" => row.id,
        "volumeid" string "the volume" => row.volume,
        "volumename" string "that volume's name" => row.volume_name,
        "intervaltype" short "0 HOURLY, 1 DAILY, 2 WEEKLY, 3 MONTHLY" =>
            KINDS.into_iter().position(|kind| kind == row.kind),
        "schedule" string "MM, MM:HH or MM:HH:DD" => row.schedule,
        "timezone" string "by whose clock" => row.timezone,
        "maxsnaps" int "how many copies are kept, the newest" => row.max_snaps,
        "fordisplay" boolean "whether portals show it" => row.is_shown,
    }
}
