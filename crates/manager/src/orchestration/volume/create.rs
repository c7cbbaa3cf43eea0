//! Recording data volumes and renaming them: nothing is written on any host yet, so their jobs are over at once.

use hostler_model::{AccountId, Bytes, DiskOfferingId, JobId, LimitKind, VmId, VolumeId, ZoneId};
use hostler_store::Tx;
use hostler_store::disk_offering::disk_offering_for_sale;
use hostler_store::event::event_add;
use hostler_store::job::job_add_done;
use hostler_store::limit::{self, LimitDefaults};
use hostler_store::reference::Entity;
use hostler_store::volume::{NewDataVolume, volume_add, volume_get, volume_rename};
use serde_json::json;
use uuid::Uuid;

use super::must_live;
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::Caller;
use crate::orchestration::chosen_id::must_be_free;

/// A data volume that is asked for.
#[derive(Debug, Clone)]
pub struct NewVolume {
    /// Its id, where an administrator chooses it; nothing: one that is drawn.
    pub id: Option<VolumeId>,
    /// Whose it is to be.
    pub account: AccountId,
    /// Where it is to be used.
    pub zone: ZoneId,
    /// Its name; nothing: derived from its id.
    pub name: Option<String>,
    /// How large it is to be.
    pub size: Size,
}

/// What a caller says about the size of a data volume.
#[derive(Debug, Clone)]
pub struct Size {
    /// What it is sold as.
    pub offering: DiskOfferingId,
    /// The size, for an offering that leaves it open.
    pub chosen: Option<Bytes>,
    /// Path of the caller's domain, which must be one that may use the offering; nothing: an administrator asks.
    pub domain_path: Option<String>,
}

/// The size that a volume gets.
///
/// # Errors
/// If the offering is not for sale to the caller, or does not fit to the chosen size.
pub fn size_of(tx: &Tx<'_>, size: &Size) -> Result<Bytes, ServiceError> {
    let found = disk_offering_for_sale(tx, size.offering, size.domain_path.as_deref())?;
    let Some(offering) = found else {
        return Err(ServiceError::parameter(format!(
            "parameter diskofferingid: no disk offering {} is for sale",
            size.offering
        )));
    };
    match (offering.size, size.chosen) {
        (Some(fixed), None) => Ok(fixed),
        (None, Some(chosen)) => Ok(chosen),
        (Some(fixed), Some(_)) => Err(ServiceError::parameter(format!(
            "parameter size: volumes of disk offering {} have {fixed}; leave size out",
            offering.name
        ))),
        (None, None) => Err(ServiceError::parameter(format!(
            "parameter size is missing: disk offering {} leaves the size to the caller",
            offering.name
        ))),
    }
}

/// Records a data volume, `Allocated`. Its job is over at once.
///
/// # Errors
/// [`ServiceError`] names the parameter; nothing is written then.
pub async fn create(
    app: &Context,
    caller: &Caller,
    new: NewVolume,
) -> Result<(VolumeId, JobId), ServiceError> {
    let id = new.id.unwrap_or_else(|| VolumeId::new(Uuid::now_v7()));
    let (now, caller) = (app.now(), caller.clone());
    let subject = ("Volume", id.uuid());
    let job = caller.job("volume-create", "createVolume", subject, json!({ "volume": id }), &[]);
    let (job_id, limits) = (job.id, app.settings.limits());
    app.store
        .write(move |tx| {
            must_be_free(tx, "customid", Entity::Volume, new.id.map(VolumeId::uuid))?;
            let size = size_of(tx, &new.size)?;
            limit::claim(tx, &limits, new.account, &wanted(size))?;
            let name = new.name.unwrap_or_else(|| format!("DATA-{id}"));
            let text = format!("volume {name} of {size} is recorded");
            let (account, zone, offering) = (new.account, new.zone, new.size.offering);
            let offering = Some(offering);
            let row = NewDataVolume { id, account, zone, vm: None, name, offering, size };
            volume_add(tx, &row, now)?;
            job_add_done(tx, &job, &json!({ "volume": id }), now)?;
            event_add(tx, &caller.event(now, "VOLUME.CREATE", text, subject, Some(job.id)))?;
            Ok::<_, ServiceError>((id, job_id))
        })
        .await
}

/// What a data volume counts as.
pub(super) fn wanted(size: Bytes) -> [(LimitKind, u64); 2] {
    [(LimitKind::Volume, 1), (LimitKind::PrimaryStorage, size.0)]
}

/// Records the data volume of a deployment, as disk 1 of its VM.
///
/// # Errors
/// As [`create`].
pub(crate) fn record_of_vm(
    tx: &Tx<'_>,
    new: &NewVolume,
    vm: VmId,
    limits: &LimitDefaults,
    now: hostler_model::Timestamp,
) -> Result<(), ServiceError> {
    let size = size_of(tx, &new.size)?;
    limit::claim(tx, limits, new.account, &wanted(size))?;
    let row = NewDataVolume {
        id: VolumeId::new(Uuid::now_v7()),
        account: new.account,
        zone: new.zone,
        vm: Some((vm, 1)),
        name: new.name.clone().unwrap_or_else(|| format!("DATA-{vm}")),
        offering: Some(new.size.offering),
        size,
    };
    volume_add(tx, &row, now)?;
    Ok(())
}

/// Renames a volume. Its job is over at once.
///
/// # Errors
/// [`ServiceError`] if there is none, or it is being deleted.
pub async fn rename(
    app: &Context,
    caller: &Caller,
    id: VolumeId,
    name: Option<String>,
) -> Result<JobId, ServiceError> {
    let (now, caller, subject) = (app.now(), caller.clone(), ("Volume", id.uuid()));
    let job = caller.job("volume-update", "updateVolume", subject, json!({ "volume": id }), &[]);
    app.store
        .write(move |tx| {
            let volume = volume_get(tx, id)?;
            must_live(&volume)?;
            let name = name.unwrap_or_else(|| volume.name.clone());
            volume_rename(tx, id, &name)?;
            let text = format!("volume {} is named {name}", volume.name);
            job_add_done(tx, &job, &json!({ "volume": id }), now)?;
            event_add(tx, &caller.event(now, "VOLUME.UPDATE", text, subject, Some(job.id)))?;
            Ok::<_, ServiceError>(job.id)
        })
        .await
}
