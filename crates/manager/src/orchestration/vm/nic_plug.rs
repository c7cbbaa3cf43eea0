//! `vm.add_nic` and `vm.remove_nic`: NICs that come and go, also while their VM runs. note → serve → plug; and unplug, one
//! step, which cannot be undone.
//!
//! A VM that is off has a new one from its next start on. Not here: what else can be changed of a NIC (`nics`).

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{HostId, JobId, NetworkId, NicId, RunState, VmId, VmState};
use hostler_store::address::{
    NetworkRoom, address_of_host, address_of_host_if_given, network_room,
};
use hostler_store::blueprint::{Blueprint, blueprint};
use hostler_store::event::event_add;
use hostler_store::network::network_zone;
use hostler_store::nic::{NicRow, nics_of};
use hostler_store::nic_change::{nic_next_device, nic_remove};
use hostler_store::run::{RunRow, run_get};
use hostler_store::vm::{VmRow, vm_get};
use hostler_store::{StoreError, Tx};
use hostler_wire::{AttachNicCommand, DetachNicCommand, FailureKind, ReleaseNicCommand};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::must_not_be_adopted;
use super::nics::{NicWish, give_nic, nic_of};
use super::requests::{self, Ask};
use super::{spec, step_event, vm_of, vm_result};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::volume::running_vm;

const ADD: &[&str] = &["note", "serve", "plug"];
const REMOVE: &[&str] = &["unplug"];
/// How long an order may take before the agent is asked what became of it.
const WAIT: Duration = Duration::from_mins(5);
/// Seconds that a guest has to let go of a NIC.
const GRACE: u32 = 60;

/// Another NIC for a VM.
#[derive(Debug)]
pub struct AddNic;

/// One NIC less.
#[derive(Debug)]
pub struct RemoveNic;

#[derive(Debug, Serialize, Deserialize)]
struct Added {
    nic: NicId,
    network: NetworkId,
    wish: NicWish,
}

#[derive(Debug, Serialize, Deserialize)]
struct Removed {
    nic: NicId,
}

fn input<T: DeserializeOwned>(cx: &StepContext) -> Result<T, ServiceError> {
    serde_json::from_value(cx.job.input.clone()).map_err(|e| {
        let text = format!("the journal does not say which NIC is meant: {e}");
        ServiceError::new(ServiceErrorKind::Internal, text)
    })
}

/// Gives a VM another NIC.
///
/// # Errors
/// [`ServiceError`] if it neither runs nor is stopped, is on that network, or the address cannot be had.
pub async fn add_nic(
    app: &Context,
    caller: &Caller,
    vm: VmId,
    network: NetworkId,
    wish: NicWish,
) -> Result<JobId, ServiceError> {
    let vm = requests::vm_for(app, caller, vm).await?;
    let row = vm.clone();
    app.store.read(move |tx| place(tx, &row, network, wish).map(drop)).await?;
    let added = Added { nic: NicId::new(Uuid::new_v4()), network, wish };
    let ask = Ask {
        api_command: "addNicToVirtualMachine",
        event: "NIC.CREATE",
        verb: "given another NIC",
        kind: AddNic.kind(),
        steps: ADD,
        input: json!(added),
    };
    requests::ask(app, caller, &vm, ask).await
}

/// Takes a NIC from a VM.
///
/// # Errors
/// [`ServiceError`] if the VM neither runs nor is stopped, or the NIC is another VM's or the default one.
pub async fn remove_nic(
    app: &Context,
    caller: &Caller,
    vm: VmId,
    nic: NicId,
) -> Result<JobId, ServiceError> {
    let vm = requests::vm_for(app, caller, vm).await?;
    let row = vm.clone();
    app.store.read(move |tx| must_be_spare(tx, &row, nic)).await?;
    let ask = Ask {
        api_command: "removeNicFromVirtualMachine",
        event: "NIC.DELETE",
        verb: "relieved of a NIC",
        kind: RemoveNic.kind(),
        steps: REMOVE,
        input: json!(Removed { nic }),
    };
    requests::ask(app, caller, &vm, ask).await
}

fn must_be_changeable(vm: &VmRow, verb: &str) -> Result<(), ServiceError> {
    must_not_be_adopted(vm, verb)?;
    if matches!(vm.state, VmState::Running | VmState::Stopped) {
        return Ok(());
    }
    let text = format!(
        "{} is {}; a VM can be {verb} while it is Running or Stopped",
        vm.instance_name, vm.state
    );
    Err(ServiceError::new(ServiceErrorKind::Unsupported, text))
}

/// The network of a new NIC and its number in the VM, after every check.
fn place(
    tx: &Tx<'_>,
    vm: &VmRow,
    network: NetworkId,
    wish: NicWish,
) -> Result<(NetworkRoom, u32), ServiceError> {
    must_be_changeable(vm, "given another NIC")?;
    if network_zone(tx, network)? != vm.zone {
        let text = format!("parameter networkid: {network} is not in the VM's zone");
        return Err(ServiceError::parameter(text));
    }
    if nics_of(tx, vm.id)?.iter().any(|nic| nic.network == network) {
        let text = format!("parameter networkid: {} is on that network already", vm.instance_name);
        return Err(ServiceError::parameter(text));
    }
    let room = network_room(tx, network)?;
    room.choose(tx, wish.ip)?;
    Ok((room, nic_next_device(tx, vm.id)?))
}

/// Refuses to take away a NIC that the VM cannot do without.
fn must_be_spare(tx: &Tx<'_>, vm: &VmRow, nic: NicId) -> Result<(), ServiceError> {
    let place = nic_of(tx, vm.id, nic)?;
    must_be_changeable(vm, "relieved of a NIC")?;
    if place.is_default {
        return Err(ServiceError::parameter(
            "parameter nicid: it is the default NIC; make another one the default first \
             (updateDefaultNicForVirtualMachine)",
        ));
    }
    Ok(())
}

/// The run of a VM that runs.
fn run_of(tx: &Tx<'_>, vm: &VmRow) -> Result<Option<RunRow>, StoreError> {
    let run = vm.run.filter(|_| vm.state == VmState::Running).map(|run| run_get(tx, run));
    Ok(run.transpose()?.filter(|run| run.state != RunState::Ended))
}

/// A VM, its run while it runs, and one of its NICs if it is there still.
struct Scene {
    blueprint: Blueprint,
    run: Option<RunRow>,
    nic: Option<NicRow>,
}

impl Scene {
    async fn read(cx: &StepContext, nic: NicId) -> Result<Self, ServiceError> {
        let vm = vm_of(cx);
        cx.read(move |tx| {
            let blueprint = blueprint(tx, vm)?;
            let run = run_of(tx, &blueprint.vm)?;
            let nic = blueprint.nics.iter().find(|there| there.id == nic).cloned();
            Ok(Self { blueprint, run, nic })
        })
        .await
    }

    /// The NIC and where it is to be, or is, plugged in; nothing: the VM does not run.
    fn live(&self) -> Option<(&NicRow, &RunRow)> {
        self.nic.as_ref().zip(self.run.as_ref())
    }
}

#[async_trait]
impl Workflow for AddNic {
    fn kind(&self) -> &'static str {
        "vm.add_nic"
    }

    fn steps(&self) -> &'static [&'static str] {
        ADD
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "note" => note(cx).await,
            "serve" => serve(cx).await,
            _ => plug(cx).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let Added { nic, .. } = input(cx)?;
        let scene = Scene::read(cx, nic).await?;
        match step {
            "note" => return Ok(Undone { commit: forget(cx, nic) }),
            "serve" => release(cx, &scene).await?,
            _ => pull(cx, &scene).await?,
        }
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "NIC.CREATE", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

/// Records the NIC with its address, and the address under which the VM's host serves it.
async fn note(cx: &StepContext) -> Result<Done, StepError> {
    let (Added { nic, network, wish }, vm, now) = (input(cx)?, vm_of(cx), cx.app.now());
    let checked = cx.app.store.read(move |tx| {
        let vm = vm_get(tx, vm)?;
        let (room, device) = place(tx, &vm, network, wish)?;
        Ok::<_, ServiceError>((room, device, run_of(tx, &vm)?.map(|run| run.host)))
    });
    let (room, device, host): (_, _, Option<HostId>) = checked.await?;
    let text = format!("it becomes NIC {device}, on network {}", room.name);
    Ok(Done::writing(text, move |tx| {
        let is_first = nics_of(tx, vm)?.is_empty();
        give_nic(tx, (vm, nic), &network_room(tx, network)?, device, is_first, wish, now)?;
        host.map_or(Ok(()), |host| address_of_host(tx, network, host, now).map(drop))
    }))
}

fn forget(cx: &StepContext, nic: NicId) -> Commit {
    let now = cx.app.now();
    Box::new(move |tx| nic_remove(tx, nic, now))
}

/// Has the VM's host serve it by DHCP.
async fn serve(cx: &StepContext) -> Result<Done, StepError> {
    let Added { nic, .. } = input(cx)?;
    let scene = Scene::read(cx, nic).await?;
    let Some((nic, run)) = scene.live() else {
        return Ok(Done::writing("the host of the VM's next start serves it", |_| Ok(())));
    };
    let servers = spec::servers(&scene.blueprint, run.host);
    let command = spec::prepare_nic(&scene.blueprint, nic, &servers);
    cx.call(run.host, "serve", command, WAIT).await.map_err(ServiceError::from)?;
    Ok(Done::writing("its host serves it", |_| Ok(())))
}

async fn release(cx: &StepContext, scene: &Scene) -> Result<(), ServiceError> {
    let Some((nic, run)) = scene.live() else { return Ok(()) };
    let (host, network) = (run.host, nic.network);
    let address = cx.read(move |tx| address_of_host_if_given(tx, network, host)).await?;
    if let Some(address) = address {
        let network = spec::guest_network(nic, address);
        let command = ReleaseNicCommand { vm: scene.blueprint.vm.id, nic: nic.id, network };
        cx.call(host, "release", command, WAIT).await?;
    }
    Ok(())
}

/// Has the VM's host plug it into the VM that runs.
async fn plug(cx: &StepContext) -> Result<Done, StepError> {
    let Added { nic, .. } = input(cx)?;
    let scene = Scene::read(cx, nic).await?;
    let Blueprint { vm, template, .. } = &scene.blueprint;
    if let Some((nic, run)) = scene.live() {
        let servers = spec::servers(&scene.blueprint, run.host);
        let command = AttachNicCommand {
            to: running_vm(vm, run),
            nic: spec::nic_spec(nic, &servers),
            os: spec::guest_os(&template.os),
            adapter: vm.details.get("nicAdapter").cloned(),
        };
        cx.call(run.host, "attach", command, WAIT).await.map_err(ServiceError::from)?;
    }
    let text = match &scene.nic {
        Some(nic) => format!("{} has NIC {}, {}", vm.instance_name, nic.device, nic.mac),
        None => format!("{} has it no more", vm.instance_name),
    };
    let event = step_event(cx, "NIC.CREATE", "INFO", text.clone());
    Ok(Done::writing(text, move |tx| event_add(tx, &event)))
}

/// Has the guest let go of it. A VM that has ended meanwhile has let go of everything.
async fn pull(cx: &StepContext, scene: &Scene) -> Result<(), ServiceError> {
    let Some((nic, run)) = scene.live() else { return Ok(()) };
    let from = running_vm(&scene.blueprint.vm, run);
    let command = DetachNicCommand { from, mac: nic.mac, grace_seconds: GRACE };
    match cx.call(run.host, "detach", command, WAIT).await {
        Err(failure) if failure.kind != FailureKind::Conflict => Err(failure.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[async_trait]
impl Workflow for RemoveNic {
    fn kind(&self) -> &'static str {
        "vm.remove_nic"
    }

    fn steps(&self) -> &'static [&'static str] {
        REMOVE
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (Removed { nic }, now) = (input(cx)?, cx.app.now());
        let scene = Scene::read(cx, nic).await?;
        let vm = scene.blueprint.vm.clone();
        if scene.nic.is_none() {
            return Ok(Done::writing("it is not there any more", |_| Ok(())));
        }
        cx.app.store.read(move |tx| must_be_spare(tx, &vm, nic)).await?;
        pull(cx, &scene).await?;
        release(cx, &scene).await?;
        let text = format!("{} has no NIC {nic} any more", scene.blueprint.vm.instance_name);
        let event = step_event(cx, "NIC.DELETE", "INFO", text.clone());
        Ok(Done::writing(text, move |tx| {
            nic_remove(tx, nic, now)?;
            event_add(tx, &event)
        }))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // a guest that keeps the NIC has it as before
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "NIC.DELETE", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}
