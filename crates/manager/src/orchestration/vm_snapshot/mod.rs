//! VM snapshots: copies of all volumes of a VM as they were at one moment, on the pool of its host.
//!
//! Each copy is a snapshot that belongs to the VM snapshot: same files, same claims, made by one order. While the guest
//! runs, its QEMU makes all of them in one job; they are what a power failure at that moment would have left. What the guest
//! had in memory is in none ([0019](../../../../../docs/decisions/0019-vm-snapshots-are-copies.md)). Work on one is in
//! the lane of its VM, and takes the VM's volumes while it reads or writes them.

pub mod create;
pub mod delete;
pub mod revert;

pub use create::{Wish, create};
pub use delete::delete;
pub(super) use delete::{delete_of_vm, forget_of_vm, refuse_if_any};
pub use revert::revert;

use hostler_model::{JobId, RunState, VmId, VmSnapshotId, VmState};
use hostler_store::event::{NewEvent, event_add};
use hostler_store::job::{NewJob, job_add};
use hostler_store::run::{RunRow, run_get};
use hostler_store::vm::{VmRow, vm_get};
use hostler_store::volume::{VolumeRow, volume_take, volumes_of};
use hostler_store::{StoreError, Tx};
use hostler_wire::RunningVm;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Caller;
use super::volume::running_vm;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::StepContext;

/// What the journal says of a job; its subject is the VM.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Input {
    vm_snapshot: VmSnapshotId,
}

/// The VM snapshot that a job is about.
fn id_of(cx: &StepContext) -> Result<VmSnapshotId, ServiceError> {
    let input: Input = serde_json::from_value(cx.job.input.clone()).map_err(|e| {
        let text = format!("the journal does not say which VM snapshot is meant: {e}");
        ServiceError::new(ServiceErrorKind::Internal, text)
    })?;
    Ok(input.vm_snapshot)
}

/// A VM with its run and its volumes, as they are.
#[derive(Debug)]
struct Scene {
    vm: VmRow,
    run: Option<RunRow>,
    volumes: Vec<VolumeRow>,
}

impl Scene {
    fn read(tx: &Tx<'_>, vm: VmId) -> Result<Self, StoreError> {
        let vm = vm_get(tx, vm)?;
        let run = vm.run.map(|run| run_get(tx, run)).transpose()?;
        let volumes = volumes_of(tx, vm.id)?;
        Ok(Self { vm, run, volumes })
    }

    /// The VM's run as orders name it, if it runs.
    fn running(&self) -> Option<RunningVm> {
        let run = self.run.as_ref().filter(|_| self.vm.state == VmState::Running)?;
        (run.state != RunState::Ended).then(|| running_vm(&self.vm, run))
    }
}

/// A job on a VM snapshot that is asked for.
struct Ask<'a> {
    kind: &'static str,
    api_command: &'static str,
    steps: &'static [&'static str],
    id: VmSnapshotId,
    vm: VmId,
    /// The volumes that it reads or writes.
    takes: &'a [VolumeRow],
}

impl Ask<'_> {
    /// Takes the volumes, and records job and event.
    fn record(
        self,
        tx: &Tx<'_>,
        caller: &Caller,
        event: (&'static str, String),
        app: &Context,
    ) -> Result<NewJob, ServiceError> {
        tx.because(caller.cause());
        let (subject, now) = (("VirtualMachine", self.vm.uuid()), app.now());
        let input = json!(Input { vm_snapshot: self.id });
        let job = caller.job(self.kind, self.api_command, subject, input, self.steps);
        for volume in self.takes {
            volume_take(tx, volume, job.id)?;
        }
        job_add(tx, &job, now)?;
        let about = ("VMSnapshot", self.id.uuid());
        event_add(tx, &caller.event(now, event.0, event.1, about, Some(job.id)))?;
        Ok(job)
    }
}

/// Has a job run that was recorded.
fn run(app: &Context, job: &NewJob) -> JobId {
    app.jobs.run(app, job.subject.1, job.id);
    job.id
}

fn step_event(
    cx: &StepContext,
    kind: &'static str,
    level: &'static str,
    id: VmSnapshotId,
    text: String,
) -> NewEvent {
    cx.event(kind, level, ("VMSnapshot", id.uuid()), text)
}
