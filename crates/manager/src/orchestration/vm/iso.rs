//! `vm.attach_iso` and `vm.detach_iso`: what is in a VM's drive. note → fetch → insert.
//!
//! A VM that is off has it from its next start on. The record says so first, so that the ISO cannot be deleted
//! meanwhile; a drive that the guest has locked fails the job, and the record says again what is in the drive.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{
    CopyState, HostId, JobId, RunState, StoragePoolId, TemplateId, TemplateState, VmId, VmState,
};
use hostler_store::blueprint::{Blueprint, blueprint};
use hostler_store::event::event_add;
use hostler_store::run::{RunRow, run_get};
use hostler_store::template::{copy_set, template_get};
use hostler_store::vm::VmRow;
use hostler_store::vm_change::vm_set_iso;
use hostler_store::volume::pool_room_of_host;
use hostler_store::{StoreError, Tx};
use hostler_wire::{ChangeIsoCommand, FailureKind, IsoSpec, PrepareTemplateCommand, RunningVm};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::change::must_not_be_adopted;
use super::{requests, spec, step_event, vm_of, vm_result};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

/// An ISO into a VM's drive, in place of the one that is there.
pub static ATTACH: ChangeIso = ChangeIso {
    kind: "vm.attach_iso",
    steps: &["note", "fetch", "insert"],
    api_command: "attachIso",
    event: "ISO.ATTACH",
};
/// The ISO out of a VM's drive.
pub static DETACH: ChangeIso = ChangeIso {
    kind: "vm.detach_iso",
    steps: &["note", "insert"],
    api_command: "detachIso",
    event: "ISO.DETACH",
};

/// Fetching an ISO may take as long as fetching a template.
const FETCH: Duration = Duration::from_mins(10);
const WAIT: Duration = Duration::from_mins(5);

/// See [`ATTACH`] and [`DETACH`].
#[derive(Debug)]
pub struct ChangeIso {
    kind: &'static str,
    steps: &'static [&'static str],
    api_command: &'static str,
    event: &'static str,
}

/// What the steps need to know.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Input {
    /// What is to be in the drive.
    iso: Option<TemplateId>,
    /// Whether to change it although the guest has locked its drive.
    forced: bool,
}

/// What the first step leaves for later ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Memory {
    /// What was in the drive.
    before: Option<TemplateId>,
    /// Where the VM runs; nothing: it is off.
    live: Option<Live>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Live {
    host: HostId,
    pool: StoragePoolId,
    vm: RunningVm,
}

/// Puts an ISO into a VM's drive.
///
/// # Errors
/// [`ServiceError`] says what is in the way.
pub async fn attach_iso(
    app: &Context,
    caller: &Caller,
    iso: TemplateId,
    vm: VmId,
    forced: bool,
) -> Result<JobId, ServiceError> {
    let vm = requests::vm_for(app, caller, vm).await?;
    must_be_changeable(&vm, &[VmState::Running, VmState::Stopped])?;
    let row = vm.clone();
    app.store.read(move |tx| usable(tx, &row, iso)).await?;
    ATTACH.ask(app, caller, &vm, Input { iso: Some(iso), forced }).await
}

/// Takes the ISO out of a VM's drive.
///
/// # Errors
/// [`ServiceError`] if there is none in it.
pub async fn detach_iso(
    app: &Context,
    caller: &Caller,
    vm: VmId,
    forced: bool,
) -> Result<JobId, ServiceError> {
    let vm = requests::vm_for(app, caller, vm).await?;
    must_be_changeable(&vm, &[VmState::Running, VmState::Stopped, VmState::Destroyed])?;
    if vm.iso.is_none() {
        let text = format!("{} has no ISO in its drive", vm.instance_name);
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    }
    DETACH.ask(app, caller, &vm, Input { iso: None, forced }).await
}

fn must_be_changeable(vm: &VmRow, states: &[VmState]) -> Result<(), ServiceError> {
    must_not_be_adopted(vm, "given or relieved of an ISO")?;
    if states.contains(&vm.state) {
        return Ok(());
    }
    let text = format!(
        "{} is {}; the ISO in its drive can be changed while it is Running or Stopped",
        vm.instance_name, vm.state
    );
    Err(ServiceError::new(ServiceErrorKind::Unsupported, text))
}

/// An ISO that is there, in the VM's zone.
fn usable(tx: &Tx<'_>, vm: &VmRow, iso: TemplateId) -> Result<(), ServiceError> {
    let row = template_get(tx, iso)?;
    if !row.is_iso() {
        let text = format!("parameter id: {} is a template, not an ISO", row.name);
        return Err(ServiceError::parameter(text));
    }
    if row.state != TemplateState::Ready || row.zone.is_some_and(|zone| zone != vm.zone) {
        return Err(ServiceError::parameter(format!(
            "parameter id: {} is {} and cannot be used in the VM's zone",
            row.name, row.state
        )));
    }
    Ok(())
}

impl ChangeIso {
    async fn ask(
        &self,
        app: &Context,
        caller: &Caller,
        vm: &VmRow,
        input: Input,
    ) -> Result<JobId, ServiceError> {
        let verb = if input.iso.is_some() { "given an ISO" } else { "freed of its ISO" };
        let ask = requests::Ask {
            api_command: self.api_command,
            event: self.event,
            verb,
            kind: self.kind,
            steps: self.steps,
            input: json!(input),
        };
        requests::ask(app, caller, vm, ask).await
    }
}

#[async_trait]
impl Workflow for ChangeIso {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn steps(&self) -> &'static [&'static str] {
        self.steps
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "note" => note(cx).await,
            "fetch" => fetch(cx).await,
            _ => insert(cx, self.event).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = match step {
            "note" => unnote(cx),
            // a host keeps the ISOs that it has, for the next one who wants them
            "fetch" => nothing(),
            _ => put_back(cx).await?,
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, self.event, "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

fn input(cx: &StepContext) -> Result<Input, ServiceError> {
    serde_json::from_value(cx.job.input.clone())
        .map_err(|e| ServiceError::new(ServiceErrorKind::Internal, e.to_string()))
}

fn memory(cx: &StepContext) -> Option<Memory> {
    serde_json::from_value(cx.job.memory.clone()).ok()
}

/// The VM with its run, if it runs.
fn scene(tx: &Tx<'_>, vm: VmId) -> Result<(Blueprint, Option<RunRow>), StoreError> {
    let blueprint = blueprint(tx, vm)?;
    let run = match blueprint.vm.run.filter(|_| blueprint.vm.state == VmState::Running) {
        Some(run) => Some(run_get(tx, run)?).filter(|run| run.state != RunState::Ended),
        None => None,
    };
    Ok((blueprint, run))
}

/// Says in the record what is in the drive from now on.
async fn note(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, now, input) = (vm_of(cx), cx.app.now(), input(cx)?);
    let (row, live) = cx
        .app
        .store
        .read(move |tx| {
            let (blueprint, run) = scene(tx, vm)?;
            let live = run.map(|run| live(tx, &blueprint.vm, &run)).transpose()?;
            Ok::<_, ServiceError>((blueprint.vm, live))
        })
        .await?;
    let states = &[VmState::Running, VmState::Stopped, VmState::Destroyed];
    must_be_changeable(&row, if input.iso.is_some() { &states[..2] } else { states })?;
    let memory = Memory { before: row.iso, live };
    let output = match &memory.live {
        Some(live) => format!("{} runs; its drive is changed", live.vm.name),
        None => "it is so from the next start on".to_owned(),
    };
    Ok(Done::writing(output, move |tx| {
        if let Some(iso) = input.iso {
            // whoever deletes it looks for this note in a transaction of their own
            if let Err(why) = usable(tx, &row, iso) {
                return Err(StoreError::Taken(why.to_string()));
            }
        }
        vm_set_iso(tx, vm, input.iso, now)
    })
    .remembering(serde_json::to_value(&memory).unwrap_or_default()))
}

fn live(tx: &Tx<'_>, vm: &VmRow, run: &RunRow) -> Result<Live, ServiceError> {
    let Some(room) = pool_room_of_host(tx, run.host)? else {
        let text = format!("the host of {} has no storage pool", vm.instance_name);
        return Err(ServiceError::new(ServiceErrorKind::Unavailable, text));
    };
    let (name, generation) = (vm.instance_name.clone(), run.generation);
    let vm = RunningVm { vm: vm.id, run: run.id, generation, name };
    Ok(Live { host: run.host, pool: room.id, vm })
}

fn unnote(cx: &StepContext) -> Commit {
    let (vm, now) = (vm_of(cx), cx.app.now());
    let Some(Memory { before, .. }) = memory(cx) else { return nothing() };
    Box::new(move |tx| {
        let is_there = |iso: &TemplateId| {
            template_get(tx, *iso).is_ok_and(|row| row.state == TemplateState::Ready)
        };
        vm_set_iso(tx, vm, before.filter(is_there), now)
    })
}

/// Has the VM's host have the ISO.
async fn fetch(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, now) = (vm_of(cx), cx.app.now());
    let Some(live) = memory(cx).and_then(|memory| memory.live) else {
        return Ok(Done::writing("the host of its next start fetches it", |_| Ok(())));
    };
    let (blueprint, _) = cx.read(move |tx| scene(tx, vm)).await?;
    let found = blueprint.iso.and_then(|iso| spec::iso_source(&iso).map(|source| (iso, source)));
    let Some((iso, source)) = found else {
        return Err(StepError::fail(
            ServiceErrorKind::Unavailable,
            "no image worker has the ISO; look at its status (listIsos)",
        ));
    };
    let command = PrepareTemplateCommand { template: iso.id, pool: live.pool, source };
    let answer = cx.call(live.host, "iso", command, FETCH).await.map_err(ServiceError::from)?;
    Ok(Done::writing(format!("{} on the host's pool", answer.size), move |tx| {
        copy_set(tx, iso.id, live.pool, CopyState::Ready, iso.size, now)
    }))
}

/// Has the host change what is in the drive.
async fn insert(cx: &StepContext, kind: &'static str) -> Result<Done, StepError> {
    let (vm, input) = (vm_of(cx), input(cx)?);
    let (blueprint, _) = cx.read(move |tx| scene(tx, vm)).await?;
    if let Some(Live { host, pool, vm }) = memory(cx).and_then(|memory| memory.live) {
        let iso = blueprint.iso.as_ref().map(|iso| spec::iso_spec(iso, pool));
        let command = ChangeIsoCommand { of: vm, iso, force: input.forced };
        cx.call(host, "insert", command, WAIT).await.map_err(ServiceError::from)?;
    }
    let text = match input.iso {
        Some(iso) => format!("ISO {iso} is in the drive of {}", blueprint.vm.instance_name),
        None => format!("the drive of {} is empty", blueprint.vm.instance_name),
    };
    let event = step_event(cx, kind, "INFO", text.clone());
    Ok(Done::writing(text, move |tx| event_add(tx, &event)))
}

/// Puts back what was in the drive before: the host has it still.
async fn put_back(cx: &StepContext) -> Result<Commit, ServiceError> {
    let Some(Memory { before, live: Some(Live { host, pool, vm }) }) = memory(cx) else {
        return Ok(nothing());
    };
    let row = match before {
        Some(iso) => Some(cx.read(move |tx| template_get(tx, iso)).await?),
        None => None,
    };
    let there = row.filter(|row| row.state == TemplateState::Ready);
    let iso = there.map(|row| IsoSpec { template: row.id, pool, bootable: row.bootable });
    let command = ChangeIsoCommand { of: vm, iso, force: true };
    match cx.call(host, "put back", command, WAIT).await {
        // it has ended meanwhile; its next start reads the record
        Err(failure) if failure.kind == FailureKind::Conflict => Ok(nothing()),
        Err(failure) => Err(failure.into()),
        Ok(_) => Ok(nothing()),
    }
}
