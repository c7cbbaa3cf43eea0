//! `vm.restore` and `vm.restore_running`: a VM begins anew, from its template or from another one.
//!
//! A VM that runs is stopped, gets a new root volume in place of the old one, and is started again. The old volume
//! is deleted last: until then everything can be undone. One that is stopped gets its new root volume written when
//! it starts.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{
    Bytes, JobId, LimitKind, TemplateId, TemplateState, VmId, VmState, VolumeEvent, VolumeId,
    VolumeState,
};
use hostler_store::Tx;
use hostler_store::deploy::template_takes_passwords;
use hostler_store::event::event_add;
use hostler_store::limit;
use hostler_store::template::template_get;
use hostler_store::vm::{VmRow, vm_get};
use hostler_store::vm_change::{vm_set_password, vm_set_template};
use hostler_store::volume::{VolumeRow, volume_transition, volumes_of};
use hostler_store::volume_replace::{root_put_back, root_replace, root_replaced};
use hostler_wire::{DeleteVolumeCommand, ForgetCommand};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{change, credentials, requests, start, step_event, stop, vm_of, vm_result};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

/// A VM that is stopped.
pub static RESTORE: RestoreVm =
    RestoreVm { kind: "vm.restore", steps: &["begin", "stop", "release", "replace", "delete"] };
/// A VM that runs, and runs again afterwards.
pub static RESTORE_RUNNING: RestoreVm = RestoreVm {
    kind: "vm.restore_running",
    steps: &["begin", "stop", "release", "replace", "place", "prepare", "start", "delete"],
};

/// See [`RESTORE`] and [`RESTORE_RUNNING`].
#[derive(Debug)]
pub struct RestoreVm {
    kind: &'static str,
    steps: &'static [&'static str],
}

const WAIT: Duration = Duration::from_mins(5);

/// What a caller can say.
#[derive(Debug, Clone, Copy)]
pub struct RestoreRequest {
    /// What the VM is to be made from; nothing: what it was made from.
    pub template: Option<TemplateId>,
    /// Size of its root volume; nothing: as it is, or as the template needs it.
    pub root_size: Option<Bytes>,
}

/// What the steps need to know.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Input {
    template: TemplateId,
    volume: VolumeId,
    root_size: Option<Bytes>,
    /// What it was made from.
    #[serde(default)]
    before: Option<TemplateId>,
    #[serde(default)]
    forced: bool,
}

/// Has a VM begin anew.
///
/// # Errors
/// [`ServiceError`] if it is neither stopped nor running, or the template cannot be used.
pub async fn restore(
    app: &Context,
    caller: &Caller,
    id: VmId,
    request: RestoreRequest,
) -> Result<JobId, ServiceError> {
    let caller_ = caller.clone();
    let (vm, template) = app
        .store
        .read(move |tx| {
            let vm = change::visible(tx, &caller_, id)?;
            let template = request.template.unwrap_or(vm.template);
            check(tx, &vm, template, request.root_size)?;
            Ok::<_, ServiceError>((vm, template))
        })
        .await?;
    if !matches!(vm.state, VmState::Running | VmState::Stopped) {
        let text = format!("{} is {} and cannot be restored", vm.instance_name, vm.state);
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    }
    let workflow = if vm.state == VmState::Running { &RESTORE_RUNNING } else { &RESTORE };
    let volume = VolumeId::new(Uuid::now_v7());
    let ask = requests::Ask {
        api_command: "restoreVirtualMachine",
        event: "VM.RESTORE",
        verb: "restored",
        kind: workflow.kind,
        steps: workflow.steps,
        input: json!(Input {
            template,
            volume,
            root_size: request.root_size,
            before: Some(vm.template),
            forced: true,
        }),
    };
    requests::ask(app, caller, &vm, ask).await
}

/// How large the new root volume is to be.
fn check(
    tx: &Tx<'_>,
    vm: &VmRow,
    template: TemplateId,
    wanted: Option<Bytes>,
) -> Result<Bytes, ServiceError> {
    change::must_not_be_adopted(vm, "given a new root volume")?;
    let row = template_get(tx, template)?;
    if row.state != TemplateState::Ready || row.zone.is_some_and(|zone| zone != vm.zone) {
        return Err(ServiceError::parameter(format!(
            "parameter templateid: {} is {} and cannot be used in the VM's zone",
            row.name, row.state
        )));
    }
    if row.is_iso() && template != vm.template {
        return Err(ServiceError::parameter(format!(
            "parameter templateid: {} is an ISO, and VMs are restored from disk images; name a template",
            row.name
        )));
    }
    // one that began from an ISO begins with an empty volume again
    let needed = if row.is_iso() { Bytes(0) } else { row.virtual_size.unwrap_or_default() };
    if let Some(size) = wanted.filter(|size| *size < needed) {
        return Err(ServiceError::parameter(format!(
            "parameter rootdisksize: template {} needs {needed}, not {size}; ask for more",
            row.name
        )));
    }
    let root = root_of(tx, vm.id)?;
    Ok(wanted.unwrap_or(root.size).max(needed))
}

fn root_of(tx: &Tx<'_>, vm: VmId) -> Result<VolumeRow, ServiceError> {
    let root = volumes_of(tx, vm)?.into_iter().find(|volume| volume.is_root);
    root.ok_or_else(|| {
        let text = format!("VM {vm} has no root volume; there is nothing to restore");
        ServiceError::new(ServiceErrorKind::Unsupported, text)
    })
}

#[async_trait]
impl Workflow for RestoreVm {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn steps(&self) -> &'static [&'static str] {
        self.steps
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "begin" | "stop" | "release" => stop::act(cx, step).await,
            "replace" => replace(cx).await,
            "delete" => delete(cx).await,
            shared => start::START.act(cx, shared).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = match step {
            "begin" | "stop" | "release" => stop::undo(cx, step),
            "replace" => put_back(cx)?,
            "delete" => nothing(),
            shared => return start::START.undo(cx, shared).await,
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VM.RESTORE", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

fn input(cx: &StepContext) -> Result<Input, ServiceError> {
    serde_json::from_value(cx.job.input.clone())
        .map_err(|e| ServiceError::new(ServiceErrorKind::Internal, e.to_string()))
}

/// The record has a new root volume, which is not written yet, and the VM is made from its template.
async fn replace(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, now, input) = (vm_of(cx), cx.app.now(), input(cx)?);
    let found = cx.app.store.read(move |tx| {
        let row = vm_get(tx, vm)?;
        let size = check(tx, &row, input.template, input.root_size)?;
        let grown = Bytes(size.0.saturating_sub(root_of(tx, vm)?.size.0));
        let is_iso = template_get(tx, input.template)?.is_iso();
        let takes_passwords = template_takes_passwords(tx, input.template)?;
        Ok::<_, ServiceError>((row, size, grown, takes_passwords, is_iso))
    });
    let (row, size, grown, takes_passwords, is_iso) = found.await?;
    change::must_be_stopped(&row, "given a new root volume")?;
    let limits = cx.app.settings.limits();
    let password = takes_passwords.then(credentials::drawn);
    let event = step_event(cx, "VM.RESTORE", "INFO", format!("{} begins anew", row.instance_name));
    Ok(Done::writing(format!("a new root volume of {size}"), move |tx| {
        if grown.0 > 0 {
            limit::claim(tx, &limits, row.account, &[(LimitKind::PrimaryStorage, grown.0)])?;
        }
        let source = (!is_iso).then_some(input.template);
        root_replace(tx, vm, input.volume, source, size, now)?;
        vm_set_template(tx, vm, input.template, now)?;
        if let Some(password) = &password {
            vm_set_password(tx, vm, password, false, now)?;
        }
        event_add(tx, &event)
    }))
}

/// The old root volume is the VM's again. What was written of the new one, the start has taken back.
fn put_back(cx: &StepContext) -> Result<Commit, ServiceError> {
    let (vm, now, input) = (vm_of(cx), cx.app.now(), input(cx)?);
    Ok(Box::new(move |tx| {
        let old = root_put_back(tx, vm, input.volume)?;
        if let Some(template) = old.and_then(|old| old.template.or(input.before)) {
            vm_set_template(tx, vm, template, now)?;
        }
        Ok(())
    }))
}

/// Has the host delete the old root volume, if it was ever written, and forget a VM that does not run there.
async fn delete(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, now, input) = (vm_of(cx), cx.app.now(), input(cx)?);
    let found = cx.read(move |tx| Ok((vm_get(tx, vm)?, root_replaced(tx, input.volume)?)));
    let (row, old) = found.await?;
    let Some(old) = old else {
        return Ok(Done::writing("the old root volume is gone already", |_| Ok(())));
    };
    if let (Some(pool), Some(host)) = (old.pool, old.host) {
        let command = DeleteVolumeCommand { volume: old.id, pool };
        cx.call(host, &format!("volume {}", old.id), command, WAIT)
            .await
            .map_err(ServiceError::from)?;
        if row.state == VmState::Stopped || row.last_host != Some(host) {
            let command = ForgetCommand { vm, name: row.instance_name };
            cx.call(host, "forget", command, WAIT).await.map_err(ServiceError::from)?;
        }
    }
    Ok(Done::writing("the old root volume is deleted", move |tx| {
        let mut old = old;
        if old.state != VolumeState::Expunging {
            let pool = old.pool;
            old = volume_transition(tx, &old, VolumeEvent::ExpungeRequested, pool, None, now)?;
        }
        volume_transition(tx, &old, VolumeEvent::Expunged, old.pool, None, now).map(|_| ())
    }))
}
