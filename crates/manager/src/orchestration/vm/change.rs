//! Changes of a VM that are only a matter of the record: names, choices, size, its way back from being destroyed.
//!
//! Each checks and writes in one transaction. A guest sees them at its next start.

use std::collections::BTreeMap;

use hostler_model::{JobId, LimitKind, ServiceOfferingId, VmEvent, VmId, VmState};
use hostler_store::Tx;
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::event::event_add;
use hostler_store::job::{job_add_done, job_is_open_on};
use hostler_store::limit;
use hostler_store::vm::{VmChange, VmRow, vm_get, vm_transition};
use hostler_store::vm_change::{VmUpdate, size_rule, vm_resize, vm_update};

use super::user_data::{self, UserDataWish};
use super::{groups, requests, size};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::orchestration::Caller;

/// What a VM takes of its owner's limits beside its volumes.
pub(super) const OF_SIZE: &[LimitKind] = &[LimitKind::UserVm, LimitKind::Cpu, LimitKind::Memory];

/// Changes names and choices; `data` is what its guest is told from now on, `groups` the security groups that it is in
/// from now on, if any are named.
///
/// # Errors
/// [`ServiceError`] if there is no such VM, or another one has the name; if the VM cannot have what is named.
pub async fn update(
    app: &Context,
    caller: &Caller,
    id: VmId,
    update: VmUpdate,
    data: UserDataWish,
    security: NamedGroups,
) -> Result<(), ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    app.store
        .write(move |tx| {
            let row = visible(tx, &caller, id)?;
            requests::must_not_be(&row, requests::GONE, "changed")?;
            groups::instance_group(tx, row.account, update.group.as_deref(), now)?;
            vm_update(tx, id, &update, now)?;
            if !data.is_empty() {
                user_data::replace(tx, &row, data, false, now)?;
            }
            if security.has_security() {
                groups::replace_security(tx, &row, &security)?;
            }
            told(tx, &caller, &row, "VM.UPDATE", "was changed", now)
        })
        .await
}

/// Gives a VM that is stopped other user data; its guest does at its next start what guests do at their first.
///
/// # Errors
/// [`ServiceError`] if it is not stopped, or cannot have what is named.
pub async fn reset_user_data(
    app: &Context,
    caller: &Caller,
    id: VmId,
    data: UserDataWish,
) -> Result<(), ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    app.store
        .write(move |tx| {
            let row = visible(tx, &caller, id)?;
            must_be_idle(tx, &row, "given other user data")?;
            must_not_be_adopted(&row, "given other user data")?;
            user_data::replace(tx, &row, data, true, now)?;
            told(tx, &caller, &row, "VM.RESETUSERDATA", "has other user data", now)
        })
        .await
}

/// Gives a VM that is stopped another offering; `details` has the size that a custom one leaves open.
///
/// # Errors
/// [`ServiceError`] if it is not stopped, or the size is not within the offering's bounds.
pub async fn change_service(
    app: &Context,
    caller: &Caller,
    id: VmId,
    offering: ServiceOfferingId,
    details: BTreeMap<String, String>,
) -> Result<(), ServiceError> {
    let (caller, now, limits) = (caller.clone(), app.now(), app.settings.limits());
    app.store
        .write(move |tx| {
            let row = visible(tx, &caller, id)?;
            limit::claim_growth(tx, &limits, row.account, OF_SIZE, || {
                resize(tx, &row, offering, details, now)
            })?;
            told(tx, &caller, &row, "VM.UPGRADE", "has another size", now)
        })
        .await
}

/// Checks and writes another size.
pub(super) fn resize(
    tx: &Tx<'_>,
    row: &VmRow,
    offering: ServiceOfferingId,
    mut details: BTreeMap<String, String>,
    now: hostler_model::Timestamp,
) -> Result<(), ServiceError> {
    must_be_stopped(row, "given another size")?;
    must_not_be_adopted(row, "given another size")?;
    let own = size::chosen(&size_rule(tx, offering)?, &mut details)?;
    Ok(vm_resize(tx, row.id, offering, own, now)?)
}

/// Takes a VM back that was destroyed and is not expunged.
///
/// # Errors
/// [`ServiceError`] if it is not destroyed.
pub async fn recover(app: &Context, caller: &Caller, id: VmId) -> Result<(), ServiceError> {
    let (caller, now, limits) = (caller.clone(), app.now(), app.settings.limits());
    app.store
        .write(move |tx| {
            tx.because(caller.cause());
            let row = visible(tx, &caller, id)?;
            if row.state != VmState::Destroyed {
                let text = format!(
                    "{} is {}; only a VM that is Destroyed can be recovered",
                    row.instance_name, row.state
                );
                return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
            }
            if job_is_open_on(tx, id.uuid())? {
                let text =
                    format!("{} is being expunged; it cannot be recovered", row.instance_name);
                return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
            }
            limit::claim_growth(tx, &limits, row.account, OF_SIZE, || {
                vm_transition(tx, &row, VmEvent::RecoverRequested, &VmChange::default(), now)
            })?;
            told(tx, &caller, &row, "VM.RECOVER", "was recovered", now)
        })
        .await
}

/// Refuses a VM that is not stopped, or that a job works on or is about to.
pub(super) fn must_be_idle(tx: &Tx<'_>, row: &VmRow, verb: &str) -> Result<(), ServiceError> {
    must_be_stopped(row, verb)?;
    if job_is_open_on(tx, row.id.uuid())? {
        let text =
            format!("a job works on {}; it can be {verb} when that is over", row.instance_name);
        return Err(ServiceError::new(ServiceErrorKind::InUse, text));
    }
    Ok(())
}

/// What a change that is a job, and over at once, is called.
pub(super) struct AtOnce {
    pub(super) api_command: &'static str,
    pub(super) event: &'static str,
    /// What became of the VM, for people.
    pub(super) what: String,
    /// What the job's answer names.
    pub(super) result: serde_json::Value,
}

/// Records a job that had nothing to wait for, with its event.
pub(super) fn done_at_once(
    tx: &Tx<'_>,
    caller: &Caller,
    row: &VmRow,
    done: &AtOnce,
    now: hostler_model::Timestamp,
) -> Result<JobId, ServiceError> {
    let subject = ("VirtualMachine", row.id.uuid());
    let job = caller.job("vm.change", done.api_command, subject, serde_json::json!({}), &[]);
    job_add_done(tx, &job, &done.result, now)?;
    told(tx, caller, row, done.event, &done.what, now)?;
    Ok(job.id)
}

/// A VM that the caller may see.
pub(super) fn visible(tx: &Tx<'_>, caller: &Caller, id: VmId) -> Result<VmRow, ServiceError> {
    let row = vm_get(tx, id)?;
    if requests::may_see(tx, caller, &row)? {
        return Ok(row);
    }
    Err(ServiceError::parameter(format!("there is no virtual machine {id}")))
}

/// Refuses a VM that was adopted: its libvirt domain keeps the definition that it came with.
pub(crate) fn must_not_be_adopted(row: &VmRow, verb: &str) -> Result<(), ServiceError> {
    let Some(domain) = &row.adopted else { return Ok(()) };
    let text = format!(
        "{} was adopted, and libvirt domain {domain} keeps the definition that it came with; it cannot be {verb}: release \
         it, change it in libvirt and adopt it again",
        row.instance_name
    );
    Err(ServiceError::new(ServiceErrorKind::Unsupported, text))
}

/// Refuses anything but a stopped VM.
pub(super) fn must_be_stopped(row: &VmRow, verb: &str) -> Result<(), ServiceError> {
    if row.state == VmState::Stopped {
        return Ok(());
    }
    let text = format!(
        "{} is {}; only a stopped VM can be {verb}: stop it first",
        row.instance_name, row.state
    );
    Err(ServiceError::new(ServiceErrorKind::Unsupported, text))
}

/// Records that something was done.
pub(super) fn told(
    tx: &Tx<'_>,
    caller: &Caller,
    row: &VmRow,
    kind: &'static str,
    what: &str,
    now: hostler_model::Timestamp,
) -> Result<(), ServiceError> {
    let subject = ("VirtualMachine", row.id.uuid());
    let mut event = caller.event(now, kind, format!("{} {what}", row.instance_name), subject, None);
    event.state = "Completed";
    Ok(event_add(tx, &event)?)
}
