//! Policies: recording when copies are due, making those that are, and keeping no more than was asked for.
//!
//! That a copy is asked for and when the next one is due are one transaction: a time that is due makes one copy. A
//! manager that was away makes one for all times that it has missed.

use hostler_model::{SnapshotPolicyId, Timestamp, VolumeId};
use hostler_store::event::event_add;
use hostler_store::snapshot_policy::{
    SnapshotPolicyRow, snapshot_policies_due, snapshot_policy_advance, snapshot_policy_get,
    snapshot_policy_set, snapshots_too_many,
};
use hostler_store::volume::volume_get;
use hostler_store::{StoreError, Tx};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::create::{Wish, record};
use super::delete;
use super::schedule::{KINDS, Schedule, zone};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::orchestration::Caller;
use crate::orchestration::volume::{must_live, run};

/// A policy that is asked for, as the API has it.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// The volume.
    pub volume: VolumeId,
    /// `HOURLY`, `DAILY`, `WEEKLY` or `MONTHLY`.
    pub kind: String,
    /// `MM`, `MM:HH` or `MM:HH:DD`.
    pub schedule: String,
    /// The name of a time zone.
    pub timezone: String,
    /// How many copies are kept.
    pub max_snaps: u32,
    /// Whether portals show it.
    pub is_shown: bool,
}

/// Records a policy, in place of one of the same kind on the volume.
///
/// # Errors
/// [`ServiceError`] names the parameter.
pub fn set(
    tx: &Tx<'_>,
    caller: &Caller,
    new: NewPolicy,
    now: Timestamp,
) -> Result<SnapshotPolicyRow, ServiceError> {
    let wrong = |param: &str, value: &str, expected: &str| {
        ServiceError::parameter(format!("parameter {param}: {value} is not {expected}"))
    };
    let Some(kind) = KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(&new.kind)) else {
        return Err(wrong("intervaltype", &new.kind, "HOURLY, DAILY, WEEKLY or MONTHLY"));
    };
    if new.max_snaps == 0 {
        return Err(wrong("maxsnaps", "0", "how many copies are to be kept, at least 1"));
    }
    let Some(schedule) = Schedule::parse(kind, &new.schedule) else {
        let expected = "MM (HOURLY), MM:HH (DAILY), MM:HH:DD with a day from 1, Sunday, to 7 (WEEKLY) or from 1 to 28 (MONTHLY)";
        return Err(wrong("schedule", &new.schedule, expected));
    };
    let Some(zone) = zone(&new.timezone) else {
        let expected = "a time zone that the controller knows, as UTC or Europe/Berlin; is package tzdata installed?";
        return Err(wrong("timezone", &new.timezone, expected));
    };
    let volume = volume_get(tx, new.volume)?;
    must_live(&volume)?;
    let row = SnapshotPolicyRow {
        id: SnapshotPolicyId::new(Uuid::now_v7()),
        volume: volume.id,
        volume_name: volume.name,
        account: volume.account,
        kind: kind.to_owned(),
        schedule: new.schedule,
        timezone: new.timezone,
        max_snaps: new.max_snaps,
        user: caller.user,
        is_shown: new.is_shown,
        next_run: next(schedule, &zone, now),
    };
    Ok(snapshot_policy_set(tx, &row, now)?)
}

/// What a schedule has next; one that has nothing any more is never due.
fn next(schedule: Schedule, zone: &jiff::tz::TimeZone, now: Timestamp) -> Timestamp {
    let after = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let next = schedule.next(zone, after);
    next.map_or(Timestamp(i64::MAX), |next| Timestamp(next.as_millisecond()))
}

fn next_of(row: &SnapshotPolicyRow, now: Timestamp) -> Timestamp {
    match (Schedule::parse(&row.kind, &row.schedule), zone(&row.timezone)) {
        (Some(schedule), Some(zone)) => next(schedule, &zone, now),
        _ => Timestamp(i64::MAX),
    }
}

/// Has every copy made that is due.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read.
pub async fn make_due(app: &Context) -> Result<(), ServiceError> {
    let now = app.now();
    let due = app.store.read(move |tx| snapshot_policies_due(tx, now)).await?;
    for policy in due {
        let id = policy.id;
        if let Err(error) = make(app, policy, now).await {
            warn!(policy = %id, %error, "a snapshot that is due cannot be asked for");
        }
    }
    Ok(())
}

async fn make(
    app: &Context,
    policy: SnapshotPolicyRow,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let caller = on_behalf_of(app, &policy).await?;
    let (context, by, row) = (app.clone(), caller.clone(), policy.clone());
    let made = app
        .store
        .write(move |tx| {
            if !snapshot_policy_advance(tx, &row, next_of(&row, now))? {
                return Ok(None); // another manager was here, or the policy is another now
            }
            let kind = KINDS.into_iter().find(|kind| *kind == row.kind).unwrap_or("MANUAL");
            let wish = Wish { volume: row.volume, name: None, kind: (kind, Some(row.id)) };
            record(tx, &context, &by, wish).map(Some)
        })
        .await;
    match made {
        Ok(None) => Ok(()),
        Ok(Some((snapshot, job))) => {
            info!(%snapshot, policy = %policy.id, "a snapshot is due");
            run(app, &job);
            Ok(())
        }
        // Somebody works on the volume or its VM: the next look finds it due still.
        Err(error)
            if matches!(error.kind, ServiceErrorKind::InUse | ServiceErrorKind::Unsupported) =>
        {
            debug!(policy = %policy.id, %error, "a snapshot that is due has to wait");
            Ok(())
        }
        Err(error) => missed(app, &caller, policy, now, &error).await,
    }
}

/// A copy that cannot be had, as when a limit is reached: that is said once, and the next time is waited for.
async fn missed(
    app: &Context,
    caller: &Caller,
    policy: SnapshotPolicyRow,
    now: Timestamp,
    why: &ServiceError,
) -> Result<(), ServiceError> {
    let text = format!("no {} snapshot of volume {}: {why}", policy.kind, policy.volume_name);
    let subject = ("Volume", policy.volume.uuid());
    let mut event = caller.event(now, "SNAPSHOT.CREATE", text, subject, None);
    (event.level, event.state) = ("ERROR", "Completed");
    app.store
        .write(move |tx| {
            snapshot_policy_advance(tx, &policy, next_of(&policy, now))?;
            event_add(tx, &event)
        })
        .await?;
    Ok(())
}

/// Deletes the oldest copies that are more than their policies keep.
///
/// # Errors
/// [`ServiceError`]; those before it are being deleted then.
pub async fn delete_surplus(app: &Context) -> Result<(), ServiceError> {
    for (snapshot, policy) in app.store.read(snapshots_too_many).await? {
        let policy = app.store.read(move |tx| snapshot_policy_get(tx, policy)).await?;
        let caller = on_behalf_of(app, &policy).await?;
        delete(app, &caller, snapshot).await?;
    }
    Ok(())
}

/// Who asks: the volume's owner, by the user who made the policy.
async fn on_behalf_of(app: &Context, policy: &SnapshotPolicyRow) -> Result<Caller, StoreError> {
    let (user, account, cause) = (policy.user, policy.account, format!("policy {}", policy.id));
    app.store.read(move |tx| Caller::on_behalf_of(tx, user, account, cause)).await
}
