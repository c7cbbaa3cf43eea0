//! Data volumes: the services that check and record, and the workflows that act.
//!
//! A volume is recorded `Allocated`; the pool of the host that first runs its VM is where it is written, empty or from a file
//! that an image worker has fetched (`upload`). From then on it binds its VM to that host, because pools are local so far. A job that works on a volume takes it
//! (`volume_take`), in the transaction that checks: no second one can. Work on an attached volume is in the lane of its
//! VM, so that it never meets a start or a stop. One that is thrown away is kept for a while (`destroy`).

pub mod attach;
pub mod create;
pub mod delete;
pub mod destroy;
pub mod detach;
pub mod extract;
pub mod from_snapshot;
pub mod resize;
pub mod unstage;
pub mod upload;
mod write;

pub use attach::attach;
pub(crate) use create::record_of_vm;
pub use create::{NewVolume, Size, create, rename, size_of};
pub use delete::{clean_up, delete, delete_of_account};
pub use destroy::{destroy, recover};
pub use detach::{AttachedVolume, detach};
pub use extract::extract;
pub use from_snapshot::create_from_snapshot;
pub use resize::{NewSize, resize};
pub use unstage::unstage_surplus;
pub use upload::{Upload, upload};
pub(super) use write::write_data;

use std::time::Duration;

use hostler_model::{JobId, RunState, VmId, VmState, VolumeEvent, VolumeId, VolumeState};
use hostler_store::event::{NewEvent, event_add};
use hostler_store::job::{NewJob, job_add};
use hostler_store::run::{RunRow, run_get};
use hostler_store::vm::{VmRow, vm_get};
use hostler_store::volume::{VolumeRow, volume_get, volume_take, volume_transition};
use hostler_store::{StoreError, Tx};
use hostler_wire::RunningVm;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, StepContext};
use crate::orchestration::Caller;

/// How long an order may take before the agent is asked what became of it.
const WAIT: Duration = Duration::from_mins(5);
/// How long bringing a file to an image worker, or from there, may take before that.
const LONG: Duration = Duration::from_mins(330);

/// What a job on a volume is about; its subject may be the VM.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) volume: VolumeId,
    /// What else the request says.
    #[serde(default)]
    pub(super) wants: Value,
}

/// The volume that a job is about.
///
/// # Errors
/// If the journal does not say.
fn volume_of(cx: &StepContext) -> Result<VolumeId, ServiceError> {
    Ok(input(cx)?.volume)
}

pub(super) fn input(cx: &StepContext) -> Result<Input, ServiceError> {
    serde_json::from_value(cx.job.input.clone()).map_err(|e| {
        let text = format!("the journal does not say which volume is meant: {e}");
        ServiceError::new(ServiceErrorKind::Internal, text)
    })
}

/// What the API shows of a job: the volume as it is when asked.
fn volume_result(cx: &StepContext) -> Value {
    json!({ "volume": cx.job.input.get("volume") })
}

fn step_event(
    cx: &StepContext,
    kind: &'static str,
    level: &'static str,
    volume: VolumeId,
    description: String,
) -> NewEvent {
    cx.event(kind, level, ("Volume", volume.uuid()), description)
}

/// The end of a job that was to make a volume and has failed: there is no such volume.
///
/// # Errors
/// If the journal does not say which one.
fn never_was(cx: &StepContext, kind: &'static str, why: &str) -> Result<Commit, ServiceError> {
    let (id, now) = (volume_of(cx)?, cx.app.now());
    let event = step_event(cx, kind, "ERROR", id, why.to_owned());
    Ok(Box::new(move |tx| {
        let volume = volume_get(tx, id)?;
        let requested = VolumeEvent::ExpungeRequested;
        let volume = volume_transition(tx, &volume, requested, None, None, now)?;
        volume_transition(tx, &volume, VolumeEvent::Expunged, None, None, now)?;
        event_add(tx, &event)
    }))
}

/// A job on a volume that is asked for.
pub(super) struct Ask {
    pub(super) kind: &'static str,
    pub(super) api_command: &'static str,
    pub(super) steps: &'static [&'static str],
    pub(super) wants: Value,
    /// In whose lane it runs; nothing: the volume's own.
    pub(super) vm: Option<VmId>,
}

impl Ask {
    fn job(&self, caller: &Caller, volume: VolumeId) -> NewJob {
        let subject = self.vm.map_or(("Volume", volume.uuid()), |vm| ("VirtualMachine", vm.uuid()));
        let input = json!({ "volume": volume, "wants": self.wants });
        caller.job(self.kind, self.api_command, subject, input, self.steps)
    }

    /// Takes the volume, and records job and event.
    pub(super) fn record(
        &self,
        tx: &Tx<'_>,
        caller: &Caller,
        volume: &VolumeRow,
        event: (&'static str, String),
        app: &Context,
    ) -> Result<NewJob, ServiceError> {
        tx.because(caller.cause());
        let (job, now) = (self.job(caller, volume.id), app.now());
        volume_take(tx, volume, job.id)?;
        job_add(tx, &job, now)?;
        let subject = ("Volume", volume.id.uuid());
        event_add(tx, &caller.event(now, event.0, event.1, subject, Some(job.id)))?;
        Ok(job)
    }
}

/// Has a job run that was recorded.
pub(super) fn run(app: &Context, job: &NewJob) -> JobId {
    app.jobs.run(app, job.subject.1, job.id);
    job.id
}

/// A volume with its VM and that VM's run, as they are.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) volume: VolumeRow,
    pub(super) vm: Option<VmRow>,
    run: Option<RunRow>,
}

impl Scene {
    /// `vm` is the VM to look at; nothing: the one that has the volume.
    pub(super) fn read(
        tx: &Tx<'_>,
        volume: VolumeId,
        vm: Option<VmId>,
    ) -> Result<Self, StoreError> {
        let volume = volume_get(tx, volume)?;
        let vm = vm.or(volume.vm).map(|vm| vm_get(tx, vm)).transpose()?;
        let run = vm.as_ref().and_then(|vm| vm.run).map(|run| run_get(tx, run)).transpose()?;
        Ok(Self { volume, vm, run })
    }

    /// The VM's run, if it runs.
    pub(super) fn running(&self) -> Option<(&VmRow, &RunRow)> {
        let vm = self.vm.as_ref().filter(|vm| vm.state == VmState::Running)?;
        Some((vm, self.run.as_ref().filter(|run| run.state != RunState::Ended)?))
    }
}

/// A run as orders name it.
pub(super) fn running_vm(vm: &VmRow, run: &RunRow) -> RunningVm {
    let (name, generation) = (vm.instance_name.clone(), run.generation);
    RunningVm { vm: vm.id, run: run.id, generation, name }
}

/// Refuses a volume that was thrown away or is being deleted.
pub(super) fn must_live(volume: &VolumeRow) -> Result<(), ServiceError> {
    match volume.state {
        VolumeState::Destroy => Err(refused(format!(
            "volume {} was destroyed; recover it first (recoverVolume)",
            volume.name
        ))),
        VolumeState::Expunging => Err(refused(format!("volume {} is being deleted", volume.name))),
        _ => Ok(()),
    }
}

/// Refuses anything but a data volume that no VM has and that is not being deleted.
fn must_be_free(volume: &VolumeRow) -> Result<(), ServiceError> {
    if volume.state != VolumeState::Destroy {
        must_live(volume)?;
    }
    if volume.is_root {
        return Err(refused(format!(
            "volume {} is a root volume; it goes when its VM is expunged",
            volume.name
        )));
    }
    if let Some(vm) = volume.vm {
        let text = format!("volume {} is attached to VM {vm}; detach it first", volume.name);
        return Err(refused(text));
    }
    Ok(())
}

pub(super) fn refused(text: String) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Unsupported, text)
}
