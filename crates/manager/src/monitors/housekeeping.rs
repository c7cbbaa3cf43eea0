//! What time brings: leases are renewed, destroyed VMs expunged and destroyed volumes deleted, snapshots made, old jobs
//! and events removed, and files that image workers keep for volumes.

use std::time::Duration;

use hostler_model::Timestamp;
use hostler_store::event::event_prune;
use hostler_store::history::history_prune;
use hostler_store::job::{job_prune, jobs_renew};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::snapshot::policy;
use crate::orchestration::volume::unstage_surplus;
use crate::orchestration::{vm, volume};
use crate::settings::{
    EVENT_PURGE_DAYS, EXPUNGE_DELAY, EXPUNGE_INTERVAL, JOB_EXPIRE_MINUTES, STORAGE_CLEANUP_DELAY,
    STORAGE_CLEANUP_ENABLED, STORAGE_CLEANUP_INTERVAL,
};

/// How often leases are renewed; well within their length.
const RENEW: Duration = Duration::from_mins(1);
/// How often old rows are looked for.
const PRUNE: Duration = Duration::from_mins(10);
/// How often snapshots are looked for that are due, or are too many.
const SNAPSHOTS: Duration = Duration::from_secs(30);

/// Runs until `stop`. A task that fails is tried again at its next turn.
pub async fn keep_house(app: Context, stop: CancellationToken) {
    let mut renew = every(RENEW);
    let mut prune = every(PRUNE);
    let mut snapshots = every(SNAPSHOTS);
    // not at the start: hosts and image workers are not back yet
    let mut unstage = interval_at(Instant::now() + PRUNE, PRUNE);
    unstage.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut expunge = every(app.settings.duration(&EXPUNGE_INTERVAL));
    let mut clean = every(app.settings.duration(&STORAGE_CLEANUP_INTERVAL));
    loop {
        let (task, result) = tokio::select! {
            () = stop.cancelled() => return,
            _ = renew.tick() => ("renewing leases", renew_leases(&app).await),
            _ = prune.tick() => ("removing old rows", prune_old(&app).await),
            _ = snapshots.tick() => ("making snapshots", keep_snapshots(&app).await),
            _ = unstage.tick() => ("removing files of image workers", unstage_surplus(&app).await),
            _ = expunge.tick() => ("expunging VMs", expunge_destroyed(&app).await),
            _ = clean.tick() => ("deleting destroyed volumes", clean_storage(&app).await),
        };
        if let Err(error) = result {
            warn!(task, %error, "a task failed; it is tried again");
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn renew_leases(app: &Context) -> Result<(), ServiceError> {
    let (manager, until) = (app.manager, app.now().plus(crate::jobs::LEASE));
    app.store.write(move |tx| jobs_renew(tx, manager, until)).await?;
    Ok(())
}

/// The time that lies `age` back.
fn back(app: &Context, age: Duration) -> Timestamp {
    let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp(app.now().0.saturating_sub(age))
}

async fn prune_old(app: &Context) -> Result<(), ServiceError> {
    let jobs = back(app, app.settings.duration(&JOB_EXPIRE_MINUTES));
    let age = app.settings.duration(&EVENT_PURGE_DAYS);
    let events = (!age.is_zero()).then(|| back(app, age));
    let (jobs, events) = app
        .store
        .write(move |tx| {
            if let Some(before) = events {
                history_prune(tx, before)?;
            }
            let events = events.map_or(Ok(0), |before| event_prune(tx, before))?;
            Ok::<_, ServiceError>((job_prune(tx, jobs)?, events))
        })
        .await?;
    if jobs + events > 0 {
        info!(jobs, events, "removed old rows");
    }
    Ok(())
}

/// Makes the snapshots that are due, and deletes those that are more than is kept.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read.
pub async fn keep_snapshots(app: &Context) -> Result<(), ServiceError> {
    policy::make_due(app).await?;
    policy::delete_surplus(app).await
}

/// Expunges the destroyed VMs whose time is over.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read.
pub async fn expunge_destroyed(app: &Context) -> Result<(), ServiceError> {
    vm::expunge_due(app, back(app, app.settings.duration(&EXPUNGE_DELAY))).await
}

/// Deletes the destroyed volumes whose time is over, if that is to be done.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read.
pub async fn clean_storage(app: &Context) -> Result<(), ServiceError> {
    if !app.settings.flag(&STORAGE_CLEANUP_ENABLED) {
        return Ok(());
    }
    volume::clean_up(app, back(app, app.settings.duration(&STORAGE_CLEANUP_DELAY))).await
}
