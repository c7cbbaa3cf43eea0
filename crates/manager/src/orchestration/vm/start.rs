//! `vm.deploy` and `vm.start`: place → prepare → start, each with its undo.
//!
//! A host that fails is remembered and not tried again; the number of tries is the setting `start.retry`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{
    Bytes, ClusterId, CopyState, HostId, LimitKind, PodId, RunEvent, RunId, RunState,
    StoragePoolId, TemplateState, VmEvent, VmState, VolumeEvent, VolumeId, VolumeState,
};
use hostler_scheduler::{Kept, NoHost, Verdict};
use hostler_store::address::address_of_host;
use hostler_store::blueprint::{Blueprint, blueprint};
use hostler_store::claim::{Claim, claim_take};
use hostler_store::event::event_add;
use hostler_store::limit;
use hostler_store::nic::NicRow;
use hostler_store::placement::placement_add;
use hostler_store::run::{RunRow, run_confirm, run_get, run_transition};
use hostler_store::template::copy_set;
use hostler_store::vm::{VmChange, vm_get, vm_transition};
use hostler_store::volume::{volume_transition, volumes_of};
use hostler_store::{StoreError, Tx};
use hostler_wire::{
    CommandFailure, CreateVolumeCommand, DeleteVolumeCommand, FailureKind, PrepareTemplateCommand,
    ReleaseNicCommand, StartCommand, StopCommand, VolumeSpec,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use uuid::Uuid;

use super::placing::{Planned, refusal, sight};
use super::spec::{self, ServerAddresses};
use super::{step_event, vm_of, vm_result};
use crate::agents::HostNews;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::volume::write_data;
use crate::settings::START_RETRY;

/// The first start of a VM. When it fails the VM is in Error.
pub static DEPLOY: StartVm = StartVm { kind: "vm.deploy", is_first: true };
/// Any later start. When it fails the VM is Stopped again.
pub static START: StartVm = StartVm { kind: "vm.start", is_first: false };

/// See [`DEPLOY`] and [`START`].
#[derive(Debug)]
pub struct StartVm {
    kind: &'static str,
    is_first: bool,
}

/// Names of the steps.
pub(super) const STEPS: &[&str] = &["place", "prepare", "start"];

/// How long a step's order may take before the agent is asked what became of it.
const WAIT: Duration = Duration::from_mins(10);

/// What the request adds to the record.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Input {
    /// The host that an administrator wants for this start.
    pub host: Option<HostId>,
    /// The cluster.
    pub cluster: Option<ClusterId>,
    /// The pod.
    pub pod: Option<PodId>,
}

/// What the steps leave for later ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Memory {
    chosen: Option<Chosen>,
    tried: Vec<(HostId, String)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Chosen {
    host: HostId,
    host_name: String,
    run: RunId,
    pool: StoragePoolId,
    /// Volumes that this start writes for the first time.
    creates: Vec<VolumeId>,
    /// Whether other volumes of the VM lie on that pool already.
    #[serde(default)]
    is_bound: bool,
}

impl Memory {
    fn of(cx: &StepContext) -> Self {
        serde_json::from_value(cx.job.memory.clone()).unwrap_or_default()
    }

    fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn chosen(cx: &StepContext) -> Result<Chosen, StepError> {
        Self::of(cx).chosen.ok_or_else(|| {
            StepError::fail(
                ServiceErrorKind::Internal,
                "the journal does not say which host was chosen",
            )
        })
    }
}

#[async_trait]
impl Workflow for StartVm {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "place" => choose(cx).await,
            "prepare" => prepare(cx).await,
            _ => start(cx).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = match step {
            "place" => undo_choice(cx),
            "prepare" => undo_preparation(cx).await?,
            _ => undo_start(cx).await?,
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (vm, now, is_first) = (vm_of(cx), cx.app.now(), self.is_first);
        let event = step_event(
            cx,
            if is_first { "VM.CREATE" } else { "VM.START" },
            "ERROR",
            why.to_owned(),
        );
        let error = why.to_owned();
        Ok(Box::new(move |tx| {
            let row = match vm_get(tx, vm) {
                Err(StoreError::NotFound { .. }) => None, // a job before this one has removed it
                found => Some(found?),
            };
            if let Some(row) = row.filter(|row| is_first && row.state == VmState::Stopped) {
                let row =
                    vm_transition(tx, &row, VmEvent::StartRequested, &VmChange::default(), now)?;
                let change = VmChange { error: Some(error), ..VmChange::default() };
                vm_transition(tx, &row, VmEvent::DeployFailed, &change, now)?;
            }
            event_add(tx, &event)
        }))
    }
}

/// Picks a host and claims room on it, in the transaction that re-checks the claim.
async fn choose(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, memory) = (vm_of(cx), Memory::of(cx));
    let input: Input = serde_json::from_value(cx.job.input.clone()).unwrap_or_default();
    let (blueprint, demand, host, placement) = loop {
        let mut news = cx.app.agents.subscribe();
        let app = cx.app.clone();
        let sight = cx.read(move |tx| sight(tx, &app, vm)).await?;
        check(&sight.blueprint)?;
        let Planned { demand, away, outcome } =
            sight.plan(&cx.app, memory.tried.clone(), &input)?;
        let placed = &cx.app.metrics.record;
        match outcome {
            Ok((host, placement)) => {
                placed.placed("placed");
                break (sight.blueprint, demand, host, placement);
            }
            Err(none) if !somebody_returns(cx, away, &mut news).await => {
                placed.placed(none.verdict.stopped_by().unwrap_or("no host in the zone"));
                return Err(refuse(cx, &none).await?);
            }
            Err(_) => {}
        }
    };
    let Some(pool) = host.pool.as_ref().map(|pool| pool.id) else {
        return Err(StepError::fail(
            ServiceErrorKind::Internal,
            "the chosen host has no storage pool",
        ));
    };
    let run = RunId::new(Uuid::now_v7());
    let unwritten = blueprint.volumes.iter().filter(|v| v.state == VolumeState::Allocated);
    let chosen = Chosen {
        host: host.id,
        host_name: host.name.clone(),
        run,
        pool,
        creates: unwritten.map(|v| v.id).collect(),
        is_bound: demand.disk_on.is_some(),
    };
    let output = format!("{} was chosen", host.name);
    let claim = Claim {
        run,
        vm,
        host: host.id,
        cpu: demand.cpu_on(&host),
        memory: demand.memory_on(&host),
        disk: (demand.disk.0 > 0).then_some((pool, demand.disk)),
    };
    let (ratios, now, job) = ((host.cpu_ratio, host.memory_ratio), cx.app.now(), cx.job.id);
    let verdict = as_kept(&placement.verdict);
    let memory = Memory { chosen: Some(chosen.clone()), ..memory };
    let (kept, mut blueprint) = (cx.kept.clone(), blueprint);
    let limits = cx.app.settings.limits();
    Ok(Done::writing(output, move |tx| {
        if limits.started_only {
            let cpus = u64::from(blueprint.cpus);
            let asked = [(LimitKind::Cpu, cpus), (LimitKind::Memory, blueprint.memory.0)];
            limit::claim(tx, &limits, blueprint.vm.account, &asked)?;
        }
        let row = blueprint.goes_to(tx, run, (chosen.host, pool), ratios, now)?;
        claim_take(tx, &claim)?;
        let change = VmChange { run: Some(run), last_host: Some(chosen.host), error: None };
        blueprint.vm = vm_transition(tx, &blueprint.vm, VmEvent::StartRequested, &change, now)?;
        for volume in blueprint.volumes.iter_mut().filter(|v| v.state == VolumeState::Allocated) {
            let event = VolumeEvent::CreateRequested;
            *volume = volume_transition(tx, volume, event, Some(pool), None, now)?;
        }
        let served = spec::servers(&blueprint, chosen.host);
        let unserved = |nic: &&NicRow| nic.ip.is_some() && !served.contains_key(&nic.network);
        for nic in blueprint.nics.iter().filter(unserved) {
            let ip = address_of_host(tx, nic.network, chosen.host, now)?;
            blueprint.served.push((nic.network, chosen.host, ip));
        }
        placement_add(tx, vm, job, Some(run), Some(chosen.host), &verdict, now)?;
        kept.keep(Scene { blueprint, run: row });
        Ok(())
    })
    .remembering(memory.value()))
}

/// Waits for news of hosts while `away` that the last manager had were not Up in this one yet.
///
/// `news` must be older than their count: who came Up since then is in it.
async fn somebody_returns(cx: &StepContext, away: usize, news: &mut Receiver<HostNews>) -> bool {
    let Some(left) = cx.app.hosts_return_within().filter(|_| away > 0) else { return false };
    cx.wait_for(&format!("the manager began a moment ago; {away} hosts are not connected yet"))
        .await;
    let heard = tokio::time::timeout(left, news.recv()).await;
    cx.go_on().await;
    // news that was missed is as good as news: look again
    !matches!(heard, Err(_) | Ok(Err(RecvError::Closed)))
}

/// A decision as it is kept.
fn as_kept(verdict: &Verdict) -> String {
    // all of it is numbers and text, which JSON has
    serde_json::to_string(&Kept::from(verdict)).unwrap_or_default()
}

/// Records why no host would do; the failure that says so.
async fn refuse(cx: &StepContext, none: &NoHost) -> Result<StepError, ServiceError> {
    let verdict = as_kept(&none.verdict);
    let (vm, job, now) = (vm_of(cx), cx.job.id, cx.app.now());
    cx.write(move |tx| placement_add(tx, vm, job, None, None, &verdict, now)).await?;
    Ok(StepError::Fail(refusal(none)))
}

/// Refuses a VM that cannot be started as it is.
pub(super) fn check(blueprint: &Blueprint) -> Result<(), StepError> {
    let vm = &blueprint.vm;
    if vm.state != VmState::Stopped {
        let text =
            format!("{} is {}; only a stopped VM can be started", vm.instance_name, vm.state);
        return Err(StepError::fail(ServiceErrorKind::Unsupported, text));
    }
    let mut roots = blueprint.volumes.iter().filter(|v| v.is_root);
    let is_written = roots.all(|v| v.state == VolumeState::Ready);
    if !is_written && blueprint.template.state != TemplateState::Ready {
        let text = format!(
            "the template of {} is {}, not Ready",
            vm.instance_name, blueprint.template.state
        );
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    }
    Ok(())
}

/// Ends the run, gives back its claim, and the VM is stopped again.
fn undo_choice(cx: &StepContext) -> Commit {
    let Some(chosen) = Memory::of(cx).chosen else { return nothing() };
    let (vm, now) = (vm_of(cx), cx.app.now());
    Box::new(move |tx| {
        let run = run_get(tx, chosen.run)?;
        if run.state != RunState::Ended {
            let event = match run.state {
                RunState::Claimed | RunState::Starting => RunEvent::Refused,
                RunState::Running | RunState::Stopping | RunState::Ended => RunEvent::Gone,
            };
            run_transition(tx, &run, event, run.generation, now)?;
        }
        let row = vm_get(tx, vm)?;
        if row.state == VmState::Starting {
            vm_transition(tx, &row, VmEvent::StartFailed, &VmChange::default(), now)?;
        }
        Ok(())
    })
}

/// The VM and its run, as a step finds them.
#[derive(Debug)]
struct Scene {
    blueprint: Blueprint,
    run: RunRow,
}

impl Scene {
    /// What the step before has left, or what the record says.
    async fn of(cx: &StepContext, run: RunId) -> Result<Self, ServiceError> {
        if let Some(scene) = cx.kept.take() {
            return Ok(scene);
        }
        let vm = vm_of(cx);
        cx.read(move |tx| Ok(Self { blueprint: blueprint(tx, vm)?, run: run_get(tx, run)? })).await
    }
}

/// Has the host write the volumes and serve the NICs, both at once.
async fn prepare(cx: &StepContext) -> Result<Done, StepError> {
    let chosen = Memory::chosen(cx)?;
    let Scene { mut blueprint, run } = Scene::of(cx, chosen.run).await?;
    let servers = spec::servers(&blueprint, chosen.host);
    let storage = prepare_storage(cx, &chosen, &blueprint);
    let network = prepare_network(cx, &chosen, &blueprint, &servers);
    let (storage, network) = tokio::join!(storage, network);
    let (paths, ()) = match (storage, network) {
        (Ok(paths), Ok(())) => (paths, ()),
        (Err(e), _) | (_, Err(e)) => return Err(try_elsewhere(cx, &chosen, &e)),
    };
    let (now, kept) = (cx.app.now(), cx.kept.clone());
    let (pool, creates) = (chosen.pool, chosen.creates);
    let output = format!(
        "{} volumes and {} NICs on {}",
        paths.len(),
        blueprint.nics.len(),
        chosen.host_name
    );
    Ok(Done::writing(output, move |tx| {
        for volume in blueprint.volumes.iter_mut().filter(|v| creates.contains(&v.id)) {
            let path = paths.get(&volume.id).map(String::as_str);
            *volume = volume_transition(tx, volume, VolumeEvent::Created, Some(pool), path, now)?;
        }
        let roots = blueprint.volumes.iter().any(|v| v.is_root && creates.contains(&v.id));
        if roots && !blueprint.template.copies.contains(&pool) {
            let (template, size) = (blueprint.vm.template, blueprint.template.size);
            copy_set(tx, template, pool, CopyState::Ready, size, now)?;
        }
        if let Some(iso) = blueprint.iso.as_ref().filter(|iso| !iso.copies.contains(&pool)) {
            copy_set(tx, iso.id, pool, CopyState::Ready, iso.size, now)?;
        }
        let run = run_transition(tx, &run, RunEvent::StartSent, run.generation.next(), now)?;
        kept.keep(Scene { blueprint, run });
        Ok(())
    }))
}

async fn prepare_storage(
    cx: &StepContext,
    chosen: &Chosen,
    blueprint: &Blueprint,
) -> Result<BTreeMap<VolumeId, String>, CommandFailure> {
    let mut paths = BTreeMap::new();
    let template = blueprint.vm.template;
    for volume in blueprint.volumes.iter().filter(|v| chosen.creates.contains(&v.id)) {
        if volume.template.is_some() {
            let source = spec::template_source(blueprint).ok_or_else(|| CommandFailure {
                kind: FailureKind::Failed,
                text: "no image worker has the template".to_owned(),
            })?;
            let command = PrepareTemplateCommand { template, pool: chosen.pool, source };
            cx.call(chosen.host, "template", command, WAIT).await?;
        }
        let least = volume.template.map_or(Bytes(0), |_| blueprint.template.virtual_size);
        let spec = VolumeSpec {
            volume: volume.id,
            pool: chosen.pool,
            template: volume.template,
            size: volume.size.max(least),
        };
        let label = format!("volume {}", volume.id);
        let path = if volume.is_root {
            let command = CreateVolumeCommand { volume: spec };
            cx.call(chosen.host, &label, command, WAIT).await?.path
        } else {
            write_data(cx, chosen.host, &label, spec, WAIT).await?
        };
        paths.insert(volume.id, path);
    }
    if let Some(iso) = &blueprint.iso {
        let source = spec::iso_source(iso).ok_or_else(|| CommandFailure {
            kind: FailureKind::Failed,
            text: "no image worker has the ISO in its drive".to_owned(),
        })?;
        let command = PrepareTemplateCommand { template: iso.id, pool: chosen.pool, source };
        cx.call(chosen.host, "iso", command, WAIT).await?;
    }
    Ok(paths)
}

async fn prepare_network(
    cx: &StepContext,
    chosen: &Chosen,
    blueprint: &Blueprint,
    servers: &ServerAddresses,
) -> Result<(), CommandFailure> {
    // One whose address is not known is somebody else's to serve.
    for nic in blueprint.nics.iter().filter(|nic| nic.ip.is_some()) {
        let command = spec::prepare_nic(blueprint, nic, servers);
        cx.call(chosen.host, &format!("nic {}", nic.id), command, WAIT).await?;
    }
    Ok(())
}

/// A failure that another host may not have: the job begins again without this one.
fn try_elsewhere(cx: &StepContext, chosen: &Chosen, failure: &CommandFailure) -> StepError {
    let mut memory = Memory::of(cx);
    let tries = u64::try_from(memory.tried.len()).unwrap_or(u64::MAX).saturating_add(1);
    let may_help = matches!(failure.kind, FailureKind::Failed | FailureKind::NoCapacity);
    let is_bound = chosen.is_bound;
    if !may_help || is_bound || tries >= cx.app.settings.number(&START_RETRY) {
        let text = format!("{}: {}", chosen.host_name, failure.text);
        let why = ServiceError::from(CommandFailure { text, ..failure.clone() });
        return StepError::Fail(why);
    }
    memory.tried.push((chosen.host, failure.text.clone()));
    StepError::Again {
        why: format!("{}: {}", chosen.host_name, failure.text),
        remember: memory.value(),
    }
}

/// Takes back what was prepared: the NICs, and the volumes that this start wrote.
async fn undo_preparation(cx: &StepContext) -> Result<Commit, ServiceError> {
    let Some(chosen) = Memory::of(cx).chosen else { return Ok(nothing()) };
    let vm = vm_of(cx);
    let blueprint = cx.read(move |tx| blueprint(tx, vm)).await?;
    let servers = spec::servers(&blueprint, chosen.host);
    for nic in &blueprint.nics {
        let network = spec::nic_spec(nic, &servers).network;
        let command = ReleaseNicCommand { vm: blueprint.vm.id, nic: nic.id, network };
        cx.call(chosen.host, &format!("nic {}", nic.id), command, WAIT).await?;
    }
    for volume in &chosen.creates {
        let command = DeleteVolumeCommand { volume: *volume, pool: chosen.pool };
        cx.call(chosen.host, &format!("volume {volume}"), command, WAIT).await?;
    }
    let now = cx.app.now();
    Ok(Box::new(move |tx: &Tx<'_>| {
        for volume in volumes_of(tx, vm)?.iter().filter(|v| chosen.creates.contains(&v.id)) {
            if matches!(volume.state, VolumeState::Creating | VolumeState::Ready) {
                volume_transition(tx, volume, VolumeEvent::CreateUndone, None, None, now)?;
            }
        }
        Ok(())
    }))
}

/// Has the host run the VM, and records that it does.
async fn start(cx: &StepContext) -> Result<Done, StepError> {
    let chosen = Memory::chosen(cx)?;
    let Scene { blueprint, run } = Scene::of(cx, chosen.run).await?;
    let servers = spec::servers(&blueprint, chosen.host);
    let vm = spec::vm_spec(&blueprint, run.id, run.generation, chosen.pool, &servers);
    let command = StartCommand { vm };
    let answer = match cx.call(chosen.host, "start", command, WAIT).await {
        Ok(answer) => answer,
        Err(failure) => return Err(try_elsewhere(cx, &chosen, &failure)),
    };
    let (vm, now) = (blueprint.vm, cx.app.now());
    let text = format!("{} runs on {}", vm.instance_name, chosen.host_name);
    let event = step_event(cx, "VM.START", "INFO", text.clone());
    Ok(Done::writing(text, move |tx| {
        run_confirm(tx, &run, answer.generation, answer.vnc_port, now)?;
        let change = VmChange { run: Some(run.id), last_host: Some(chosen.host), error: None };
        vm_transition(tx, &vm, VmEvent::AgentConfirmed, &change, now)?;
        event_add(tx, &event)
    }))
}

/// Makes sure that nothing of the run is alive on its host.
async fn undo_start(cx: &StepContext) -> Result<Commit, ServiceError> {
    let Some(chosen) = Memory::of(cx).chosen else { return Ok(nothing()) };
    let (vm, run) = (vm_of(cx), chosen.run);
    let (row, generation) =
        cx.read(move |tx| Ok((vm_get(tx, vm)?, run_get(tx, run)?.generation))).await?;
    let command =
        StopCommand { vm, run, generation, name: row.instance_name, force: true, grace_seconds: 0 };
    cx.call(chosen.host, "stop", command, WAIT).await?;
    Ok(nothing())
}
