//! `volume.attach`: bind → write → plug. A VM that is off gets the volume in its record; the next start writes it
//! and puts it into the libvirt domain.

use async_trait::async_trait;
use hostler_model::{
    HostId, JobId, StoragePoolId, VmId, VmState, VolumeEvent, VolumeId, VolumeState,
};
use hostler_store::event::event_add;
use hostler_store::volume::{
    PoolRoom, VolumeRow, pool_require_room, pool_room_of_host, volume_get, volume_set_vm,
    volume_transition, volumes_of,
};
use hostler_store::{StoreError, Tx};
use hostler_wire::{
    AttachVolumeCommand, DeleteVolumeCommand, DetachVolumeCommand, DiskFormat, DiskSpec, RunningVm,
    VolumeSpec,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ask, Scene, WAIT, input, must_live, refused, run, running_vm, step_event, volume_of,
    volume_result, write_data,
};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::vm::must_not_be_adopted;

const STEPS: &[&str] = &["bind", "write", "plug"];
/// Disks of a VM, the root disk included: those that fit into the slots of its libvirt domain.
const MOST_DISKS: u32 = 16;
/// Seconds that a guest has to let go of a volume that is taken back.
const GRACE: u32 = 30;

/// See the file's description.
#[derive(Debug)]
pub struct AttachVolume;

/// What the steps leave for later ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Memory {
    /// The run that gets it, and where; nothing: the VM is off.
    live: Option<Live>,
    /// Whether this job writes the volume for the first time.
    creates: bool,
    device: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Live {
    host: HostId,
    pool: StoragePoolId,
    vm: RunningVm,
}

fn memory(cx: &StepContext) -> Option<Memory> {
    serde_json::from_value(cx.job.memory.clone()).ok()
}

/// Checks, takes the volume, records the job, and has it run.
///
/// # Errors
/// [`ServiceError`] says what is in the way.
pub async fn attach(
    app: &Context,
    caller: &Caller,
    id: VolumeId,
    vm: VmId,
    device: Option<u32>,
) -> Result<JobId, ServiceError> {
    if let Some(odd) = device.filter(|device| !(1..MOST_DISKS).contains(device)) {
        let most = MOST_DISKS - 1;
        let text = format!("parameter deviceid: {odd} is not a number from 1 to {most}");
        return Err(ServiceError::parameter(text));
    }
    let (caller, context) = (caller.clone(), app.clone());
    let job = app
        .store
        .write(move |tx| {
            let scene = Scene::read(tx, id, Some(vm))?;
            let disks = volumes_of(tx, vm)?;
            plan(tx, &scene, &disks, device)?;
            let ask = Ask {
                kind: "volume.attach",
                api_command: "attachVolume",
                steps: STEPS,
                wants: json!(device),
                vm: Some(vm),
            };
            let text = format!("volume {} is to be attached", scene.volume.name);
            ask.record(tx, &caller, &scene.volume, ("VOLUME.ATTACH", text), &context)
        })
        .await?;
    Ok(run(app, &job))
}

/// What attaching comes to, after every check.
fn plan(
    tx: &Tx<'_>,
    scene: &Scene,
    disks: &[VolumeRow],
    device: Option<u32>,
) -> Result<Memory, ServiceError> {
    let volume = &scene.volume;
    let Some(vm) = &scene.vm else {
        return Err(ServiceError::parameter("parameter virtualmachineid: there is no such VM"));
    };
    must_live(volume)?;
    must_not_be_adopted(vm, "given another volume")?;
    if volume.is_root {
        return Err(refused(format!(
            "volume {} is a root volume; it stays with its VM",
            volume.name
        )));
    }
    if let Some(other) = volume.vm {
        let text = format!("volume {} is attached to VM {other}; detach it first", volume.name);
        return Err(refused(text));
    }
    if volume.account != vm.account {
        let text = format!("volume {} and {} have different owners", volume.name, vm.instance_name);
        return Err(ServiceError::new(ServiceErrorKind::Denied, text));
    }
    if volume.zone != vm.zone {
        let text =
            format!("volume {} and {} are in different zones", volume.name, vm.instance_name);
        return Err(refused(text));
    }
    if !matches!(vm.state, VmState::Running | VmState::Stopped) {
        let text = format!(
            "{} is {}; a volume can be attached to a VM that is Running or Stopped",
            vm.instance_name, vm.state
        );
        return Err(refused(text));
    }
    let device = free_device(disks, device)?;
    let running = scene.running();
    let place = match running {
        Some((_, run)) => pool_room_of_host(tx, run.host)?.map(|room| (run.host, room)),
        None => None,
    };
    if running.is_some() && place.is_none() {
        let text = format!("the host of {} has no storage pool", vm.instance_name);
        return Err(ServiceError::new(ServiceErrorKind::Unavailable, text));
    }
    must_reach(volume, disks, place.as_ref())?;
    let creates = volume.state == VolumeState::Allocated && place.is_some();
    if let Some((_, room)) = place.as_ref().filter(|_| creates) {
        must_have_tags(volume, room)?;
        pool_require_room(tx, room.id, volume.size)?;
    }
    let live = running.zip(place).map(|((vm, run), (host, room))| Live {
        host,
        pool: room.id,
        vm: running_vm(vm, run),
    });
    Ok(Memory { live, creates, device })
}

/// The number that the volume gets in its VM.
fn free_device(disks: &[VolumeRow], wanted: Option<u32>) -> Result<u32, ServiceError> {
    let is_free = |device: &u32| disks.iter().all(|disk| disk.device != *device);
    match wanted {
        Some(device) if is_free(&device) => Ok(device),
        Some(device) => {
            let text = format!("parameter deviceid: the VM has a disk number {device} already");
            Err(ServiceError::parameter(text))
        }
        None => (1..MOST_DISKS).find(is_free).ok_or_else(|| {
            refused(format!("the VM has {MOST_DISKS} disks already; detach one first"))
        }),
    }
}

/// A volume that lies on a host's own pool can only be used there.
fn must_reach(
    volume: &VolumeRow,
    disks: &[VolumeRow],
    place: Option<&(HostId, PoolRoom)>,
) -> Result<(), ServiceError> {
    let Some(here) = volume.pool else { return Ok(()) };
    let of_vm = disks.iter().find(|disk| disk.pool.is_some());
    let there = match (place, of_vm) {
        (Some((_, room)), _) => (room.id, on(room.host_name.as_deref(), room.id)),
        (None, Some(disk)) => match disk.pool {
            Some(pool) => (pool, on(disk.host_name.as_deref(), pool)),
            None => return Ok(()),
        },
        (None, None) => return Ok(()),
    };
    if there.0 == here {
        return Ok(());
    }
    Err(refused(format!(
        "volume {} lies on {}, the VM on {}; a volume on a host's own storage cannot leave it",
        volume.name,
        on(volume.host_name.as_deref(), here),
        there.1
    )))
}

fn on(host: Option<&str>, pool: StoragePoolId) -> String {
    match host {
        Some(host) => format!("the storage pool of host {host}"),
        None => format!("storage pool {pool}"),
    }
}

fn must_have_tags(volume: &VolumeRow, room: &PoolRoom) -> Result<(), ServiceError> {
    let has = |tag: &&str| room.tags.split(',').any(|there| there.trim() == *tag);
    let mut wanted = volume.tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    match wanted.find(|tag| !has(tag)) {
        None => Ok(()),
        Some(tag) => Err(ServiceError::new(
            ServiceErrorKind::NoCapacity,
            format!(
                "storage pool {} of the VM's host lacks tag {tag}, which volume {} wants",
                room.name, volume.name
            ),
        )),
    }
}

#[async_trait]
impl Workflow for AttachVolume {
    fn kind(&self) -> &'static str {
        "volume.attach"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "bind" => bind(cx).await,
            "write" => write(cx).await,
            _ => plug(cx).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = match step {
            "bind" => unbind(cx)?,
            "write" => unwrite(cx).await?,
            _ => unplug(cx).await?,
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        volume_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VOLUME.ATTACH", "ERROR", volume_of(cx)?, why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

/// Gives the volume to the VM in the record, and claims room for it where the VM runs.
async fn bind(cx: &StepContext) -> Result<Done, StepError> {
    let (asked, vm, now) = (input(cx)?, VmId::new(cx.job.subject), cx.app.now());
    let device = serde_json::from_value(asked.wants).unwrap_or_default();
    let (scene, memory) = cx
        .app
        .store
        .read(move |tx| {
            let scene = Scene::read(tx, asked.volume, Some(vm))?;
            let disks = volumes_of(tx, vm)?;
            let memory = plan(tx, &scene, &disks, device)?;
            Ok::<_, ServiceError>((scene, memory))
        })
        .await?;
    let output = match &memory.live {
        Some(live) => format!("it becomes disk {} of {}, which runs", memory.device, live.vm.name),
        None => format!("it becomes disk {} at the next start", memory.device),
    };
    let remembered = serde_json::to_value(&memory).unwrap_or_default();
    Ok(Done::writing(output, move |tx| {
        let mut volume = scene.volume;
        if let Some(live) = memory.live.as_ref().filter(|_| memory.creates) {
            pool_require_room(tx, live.pool, volume.size)?;
            let (event, pool) = (VolumeEvent::CreateRequested, Some(live.pool));
            volume = volume_transition(tx, &volume, event, pool, None, now)?;
        }
        volume_set_vm(tx, &volume, Some((vm, memory.device)), now).map(drop)
    })
    .remembering(remembered))
}

/// The volume is nobody's again.
fn unbind(cx: &StepContext) -> Result<Commit, ServiceError> {
    let (id, vm, now) = (volume_of(cx)?, VmId::new(cx.job.subject), cx.app.now());
    if memory(cx).is_none() {
        return Ok(nothing());
    }
    Ok(Box::new(move |tx| {
        let volume = volume_get(tx, id)?;
        if volume.vm == Some(vm) {
            volume_set_vm(tx, &volume, None, now)?;
        }
        Ok(())
    }))
}

/// Has the VM's host write the volume.
async fn write(cx: &StepContext) -> Result<Done, StepError> {
    let id = volume_of(cx)?;
    let memory = memory(cx).unwrap_or_default();
    let Some(live) = memory.live.filter(|_| memory.creates) else {
        return Ok(Done::writing("nothing is to be written now", |_| Ok(())));
    };
    let volume = cx.read(move |tx| volume_get(tx, id)).await?;
    let spec = VolumeSpec { volume: id, pool: live.pool, template: None, size: volume.size };
    let written = write_data(cx, live.host, "create", spec, WAIT).await;
    let (path, now) = (written.map_err(ServiceError::from)?, cx.app.now());
    Ok(Done::writing(format!("{} at {path}", volume.size), move |tx| {
        let volume = volume_get(tx, id)?;
        let (event, path) = (VolumeEvent::Created, Some(path.as_str()));
        volume_transition(tx, &volume, event, Some(live.pool), path, now).map(drop)
    }))
}

async fn unwrite(cx: &StepContext) -> Result<Commit, ServiceError> {
    let (id, now) = (volume_of(cx)?, cx.app.now());
    let memory = memory(cx).unwrap_or_default();
    let Some(live) = memory.live.filter(|_| memory.creates) else { return Ok(nothing()) };
    let command = DeleteVolumeCommand { volume: id, pool: live.pool };
    cx.call(live.host, "delete", command, WAIT).await?;
    Ok(Box::new(move |tx: &Tx<'_>| -> Result<(), StoreError> {
        let volume = volume_get(tx, id)?;
        if matches!(volume.state, VolumeState::Creating | VolumeState::Ready) {
            volume_transition(tx, &volume, VolumeEvent::CreateUndone, None, None, now)?;
        }
        Ok(())
    }))
}

/// Has the host plug the volume into the VM that runs.
async fn plug(cx: &StepContext) -> Result<Done, StepError> {
    let id = volume_of(cx)?;
    let memory = memory(cx).unwrap_or_default();
    let volume = cx.read(move |tx| volume_get(tx, id)).await?;
    let text = format!("volume {} is disk {} of its VM", volume.name, memory.device);
    if let Some(live) = memory.live {
        let disk = DiskSpec {
            volume: id,
            pool: live.pool,
            format: DiskFormat::Qcow2,
            device: memory.device,
            terms: volume.terms,
        };
        let command = AttachVolumeCommand { to: live.vm, disk };
        cx.call(live.host, "attach", command, WAIT).await.map_err(ServiceError::from)?;
    }
    let event = step_event(cx, "VOLUME.ATTACH", "INFO", id, text.clone());
    Ok(Done::writing(text, move |tx| event_add(tx, &event)))
}

async fn unplug(cx: &StepContext) -> Result<Commit, ServiceError> {
    let volume = volume_of(cx)?;
    let Some(live) = memory(cx).unwrap_or_default().live else { return Ok(nothing()) };
    let (from, pool) = (live.vm, live.pool);
    let command = DetachVolumeCommand { from, volume, pool, grace_seconds: GRACE };
    cx.call(live.host, "detach", command, WAIT).await?;
    Ok(nothing())
}
