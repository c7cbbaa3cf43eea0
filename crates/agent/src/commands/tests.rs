//! Commands on a hypervisor in memory, and the same life of a VM on libvirt's test driver.

use super::*;
use crate::domain_xml::DomainType;
use crate::domain_xml::tests::linux;
use crate::hypervisor::{
    DomainView, FakeHypervisor, Hypervisor, LibvirtHypervisor, OwnerMark, Trouble,
};
use crate::kvm::KvmSettings;
use crate::network::MemoryNetwork;
use crate::resource::{ProgressSink, Resource};
use crate::storage::MemoryStorage;
use crate::threads::Threads;
use hostler_model::{
    Bytes, CloudId, CommandId, Generation, HostGuid, HostId, Mib, PowerReason, PowerState, RunId,
    TemplateId, ZoneId,
};
use hostler_wire::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) struct World {
    pub(crate) hypervisor: Arc<FakeHypervisor>,
    pub(super) storage: Arc<MemoryStorage>,
    pub(crate) resource: LibvirtComputingResource,
    state: tempfile::TempDir,
}

fn cloud() -> CloudId {
    CloudId::new(Uuid::from_u128(0xc10d))
}

fn resource_over(
    hypervisor: Arc<dyn Hypervisor>,
    state: &std::path::Path,
) -> (Arc<MemoryStorage>, LibvirtComputingResource) {
    let pool = linux(1).disks[0].pool;
    let storage = Arc::new(MemoryStorage::new(pool, Bytes::from_gib(100)));
    let settings = KvmSettings {
        state_dir: Some(state.to_owned()),
        guest_bridge: None,
        reserved_memory: Mib(0),
        pretend: None,
        threads: Threads::Own,
    };
    let (network, kept) = (Arc::new(MemoryNetwork::default()), Arc::clone(&storage));
    let resource = LibvirtComputingResource::over(hypervisor, kept, network, settings).unwrap();
    (storage, resource)
}

fn ready() -> ReadyCommand {
    ReadyCommand {
        version: ProtocolVersion::CURRENT,
        cloud: cloud(),
        manager: 1,
        host: HostId::new(Uuid::nil()),
        zone: ZoneId::new(Uuid::nil()),
        ping_interval_seconds: 60,
    }
}

/// A host with the volumes of VMs 1 to 3.
pub(crate) fn world() -> World {
    let hypervisor = Arc::new(FakeHypervisor::new());
    let state = tempfile::tempdir().unwrap();
    let (storage, resource) =
        resource_over(Arc::<FakeHypervisor>::clone(&hypervisor), state.path());
    resource.ready(&ready());
    for number in 1..=3 {
        insert_volume(&storage, number);
    }
    World { hypervisor, storage, resource, state }
}

fn insert_volume(storage: &MemoryStorage, number: u128) {
    let disk = &linux(number).disks[0];
    let (volume, pool) = (disk.volume, disk.pool);
    storage.insert_volume(VolumeSpec { volume, pool, template: None, size: Bytes(1 << 20) });
}

/// Has the pool have an ISO.
pub(super) fn prepare_iso(world: &World, template: TemplateId) {
    let source = TemplateSource {
        worker: HostGuid::new(Uuid::nil()),
        address: String::new(),
        size: Bytes(1 << 20),
        virtual_size: Bytes(1 << 20),
        format: DiskFormat::Iso,
        sha256: String::new(),
    };
    let pool = linux(1).disks[0].pool;
    call(&world.resource, PrepareTemplateCommand { template, pool, source }).unwrap();
}

fn task() -> Task {
    Task {
        order: CommandId::new(Uuid::nil()),
        cancelled: CancellationToken::new(),
        progress: ProgressSink::new(|_| {}),
    }
}

pub(super) fn call<C: Call>(
    resource: &LibvirtComputingResource,
    command: C,
) -> Result<C::Answer, CommandFailure>
where
    <C::Answer as TryFrom<Answer>>::Error: std::fmt::Debug,
{
    resource.execute(command.into(), &task()).map(|answer| answer.try_into().unwrap())
}

impl World {
    pub(crate) fn start(&self, vm: &VmSpec) -> Result<StartAnswer, CommandFailure> {
        call(&self.resource, StartCommand { vm: vm.clone() })
    }

    pub(crate) fn stop(&self, vm: &VmSpec) -> Result<StopAnswer, CommandFailure> {
        call(&self.resource, stop_command(vm))
    }

    fn names_of_calls(&self) -> Vec<String> {
        let first = |call: String| call.split(' ').next().unwrap_or_default().to_owned();
        self.hypervisor.calls().into_iter().map(first).collect()
    }

    fn refuse(&self, calls: &[&'static str]) {
        let refuse = calls.iter().copied().collect::<BTreeSet<_>>();
        self.hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
    }
}

fn stop_command(vm: &VmSpec) -> StopCommand {
    StopCommand {
        vm: vm.vm,
        run: vm.run,
        generation: vm.generation,
        name: vm.name.clone(),
        force: false,
        grace_seconds: 30,
    }
}

fn another_run(vm: &VmSpec) -> VmSpec {
    VmSpec { run: RunId::new(Uuid::from_u128(0x0777)), ..vm.clone() }
}

/// Somebody else's domain, under the name and UUID of VM 1.
fn alien(mark: Option<OwnerMark>) -> DomainView {
    let vm = linux(1);
    DomainView {
        uuid: vm.vm.uuid(),
        name: vm.name.to_string(),
        mark,
        power: PowerState::On,
        reason: PowerReason::Found,
        vcpus: 1,
        memory: Mib(64),
    }
}

#[test]
fn a_vm_is_defined_started_and_from_then_on_the_agents_to_report() {
    let world = world();
    let answer = world.start(&linux(1)).unwrap();
    assert_eq!(
        answer,
        StartAnswer { generation: Generation(4), was_running: false, vnc_port: Some(5900) }
    );
    assert_eq!(world.names_of_calls(), ["define", "start"]);
    let mark = world.hypervisor.domains()[0].mark.clone().unwrap();
    assert_eq!((mark.cloud, mark.run, mark.generation), (cloud(), linux(1).run, Generation(4)));
    let report = world.resource.report();
    assert!(report.complete);
    assert_eq!((report.runs[0].power, report.runs[0].generation), (PowerState::On, Generation(4)));
}

#[test]
fn the_same_run_started_again_is_a_success_that_changes_nothing() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let again = world.start(&linux(1)).unwrap();
    assert!(again.was_running);
    assert_eq!(again.generation, Generation(4));
    assert_eq!(world.names_of_calls(), ["define", "start"]);
}

#[test]
fn another_run_of_a_vm_that_runs_is_a_conflict() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let refused = world.start(&another_run(&linux(1))).unwrap_err();
    assert_eq!(refused.kind, FailureKind::Conflict);
    assert_eq!(world.hypervisor.domains().len(), 1);
}

#[test]
fn a_start_that_comes_after_the_stop_of_its_run_is_refused() {
    let world = world();
    let late = linux(1);
    assert_eq!(world.stop(&late).unwrap().ended, StopEnding::WasNotHere);
    assert_eq!(world.start(&late).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(world.hypervisor.calls(), [""; 0]);
}

#[test]
fn a_start_that_fails_leaves_nothing() {
    for call in ["define", "start"] {
        let world = world();
        world.refuse(&[call]);
        let failure = world.start(&linux(1)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Failed);
        assert!(failure.text.contains("told to refuse"), "{}", failure.text);
        assert_eq!(world.hypervisor.domains(), []);
        assert_eq!(world.storage.seeds(), []);
        assert_eq!(world.resource.report().runs, []);
        world.refuse(&[]);
        world.start(&linux(1)).unwrap();
    }
}

#[test]
fn a_start_that_can_not_be_taken_back_is_not_known_to_have_failed() {
    let world = world();
    world.refuse(&["start", "undefine"]);
    assert_eq!(world.start(&linux(1)).unwrap_err().kind, FailureKind::Unavailable);
}

#[test]
fn a_start_without_its_volume_names_the_file_that_is_missing() {
    let failure = world().start(&linux(9)).unwrap_err();
    assert!(
        failure.text.contains("volumes") && failure.text.contains("mount its storage pool"),
        "{}",
        failure.text
    );
}

#[test]
fn what_an_earlier_run_left_is_cleared_away_by_the_next_start() {
    let world = world();
    world.start(&linux(1)).unwrap();
    world.hypervisor.power_lost(linux(1).vm.uuid(), PowerReason::Crashed);
    world.start(&another_run(&linux(1))).unwrap();
    assert_eq!(world.hypervisor.domains()[0].mark.clone().unwrap().run, another_run(&linux(1)).run);
}

#[test]
fn a_guest_that_obeys_is_shut_down_and_undefined() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let answer = world.stop(&linux(1)).unwrap();
    assert_eq!(answer.ended, StopEnding::ShutDown);
    assert!(answer.generation > Generation(4));
    assert_eq!(world.names_of_calls()[2..], ["shut_down", "undefine"]);
    assert_eq!(world.hypervisor.domains(), []);
    assert_eq!(world.resource.report().runs, []);
}

#[test]
fn a_guest_that_ignores_the_request_is_destroyed_when_its_time_is_up() {
    let world = world();
    world.start(&linux(1)).unwrap();
    world.hypervisor.trouble(Trouble { ignore_shutdown: true, ..Trouble::default() });
    let command = StopCommand { grace_seconds: 0, ..stop_command(&linux(1)) };
    assert_eq!(call(&world.resource, command).unwrap().ended, StopEnding::Destroyed);
    assert_eq!(world.names_of_calls()[2..], ["shut_down", "destroy", "undefine"]);
}

#[test]
fn a_forced_stop_asks_no_guest() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let command = StopCommand { force: true, ..stop_command(&linux(1)) };
    assert_eq!(call(&world.resource, command).unwrap().ended, StopEnding::Destroyed);
    assert_eq!(world.names_of_calls()[2..], ["destroy", "undefine"]);
}

#[test]
fn stopping_twice_gives_the_same_generation() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let first = world.stop(&linux(1)).unwrap();
    let second = world.stop(&linux(1)).unwrap();
    assert_eq!(second, StopAnswer { ended: StopEnding::WasNotHere, generation: first.generation });
}

#[test]
fn no_command_touches_a_domain_without_our_mark_even_under_our_name() {
    let other = OwnerMark {
        cloud: CloudId::new(Uuid::from_u128(0xbad)),
        vm: linux(1).vm,
        run: linux(1).run,
        generation: Generation(1),
        adopted: None,
    };
    for mark in [None, Some(other)] {
        let world = world();
        world.hypervisor.insert(alien(mark.clone()));
        let vm = linux(1);
        assert_eq!(world.start(&vm).unwrap_err().kind, FailureKind::Conflict);
        assert_eq!(world.stop(&vm).unwrap_err().kind, FailureKind::Conflict);
        let reboot = RebootCommand { vm: vm.vm, run: vm.run, name: vm.name.clone(), force: true };
        assert_eq!(call(&world.resource, reboot).unwrap_err().kind, FailureKind::Conflict);
        call(&world.resource, ForgetCommand { vm: vm.vm, name: vm.name }).unwrap();
        assert_eq!(world.hypervisor.calls(), [""; 0]);
        assert_eq!(world.hypervisor.domains(), [alien(mark)]);
        assert_eq!(world.resource.report().aliens.len(), 1);
    }
}

#[test]
fn a_stop_for_another_run_is_a_conflict_and_touches_nothing() {
    let world = world();
    world.start(&linux(1)).unwrap();
    assert_eq!(world.stop(&another_run(&linux(1))).unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(world.names_of_calls(), ["define", "start"]);
}

#[test]
fn a_reboot_restarts_the_guest_and_raises_the_generation() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let vm = linux(1);
    for (force, done) in [(false, "reboot"), (true, "reset")] {
        let command = RebootCommand { vm: vm.vm, run: vm.run, name: vm.name.clone(), force };
        assert!(call(&world.resource, command).unwrap().generation > Generation(4));
        assert_eq!(world.names_of_calls().last().unwrap(), done);
    }
}

#[test]
fn a_vm_that_runs_is_not_forgotten_and_one_that_ended_is() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let forget = ForgetCommand { vm: linux(1).vm, name: linux(1).name };
    assert_eq!(call(&world.resource, forget.clone()).unwrap_err().kind, FailureKind::InUse);
    world.hypervisor.power_lost(linux(1).vm.uuid(), PowerReason::GuestShutdown);
    let log = world.resource.console_log(linux(1).vm).unwrap();
    std::fs::write(&log, "login:").unwrap();
    call(&world.resource, forget).unwrap();
    assert_eq!(world.hypervisor.domains(), []);
    assert_eq!(world.storage.seeds(), []);
    assert!(!log.exists());
    assert_eq!(world.resource.report().runs, []);
}

#[test]
fn a_volume_that_a_running_domain_has_open_is_not_deleted() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let disk = &linux(1).disks[0];
    let command = DeleteVolumeCommand { volume: disk.volume, pool: disk.pool };
    assert_eq!(call(&world.resource, command.clone()).unwrap_err().kind, FailureKind::InUse);
    world.stop(&linux(1)).unwrap();
    assert!(call(&world.resource, command.clone()).unwrap().was_there);
    assert!(!call(&world.resource, command).unwrap().was_there);
}

#[test]
fn the_end_of_a_console_log_is_shown_also_when_it_was_moved_aside() {
    let world = world();
    let log = world.resource.console_log(linux(1).vm).unwrap();
    let show = |tail| {
        let command = ConsoleLogCommand { vm: linux(1).vm, name: linux(1).name, tail: Bytes(tail) };
        call(&world.resource, command).unwrap().text
    };
    assert_eq!(show(10), "");
    std::fs::write(log.with_extension("log.0"), "older ").unwrap();
    std::fs::write(&log, b"new\xff").unwrap();
    assert_eq!(show(4), "new\u{fffd}");
    assert_eq!(show(7), "er new\u{fffd}");
}

#[test]
fn an_order_that_was_called_off_before_it_began_has_no_effect() {
    let world = world();
    let task = task();
    task.cancelled.cancel();
    let start = Command::Start(StartCommand { vm: linux(1) });
    assert_eq!(world.resource.execute(start, &task).unwrap_err().kind, FailureKind::Cancelled);
    assert_eq!(world.hypervisor.calls(), [""; 0]);
}

#[test]
fn orders_for_other_resources_are_unsupported() {
    let world = world();
    let inquire = Command::Inquire(InquireCommand { orders: vec![] });
    let worker = Command::Worker(WorkerCommand::List(ListTemplatesCommand {}));
    for command in [inquire, worker] {
        let failure = world.resource.execute(command, &task()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unsupported);
    }
}

#[test]
fn before_a_manager_has_taken_the_agent_in_nothing_is_started_or_concluded() {
    let state = tempfile::tempdir().unwrap();
    let hypervisor = Arc::new(FakeHypervisor::new());
    let (_, resource) = resource_over(Arc::<FakeHypervisor>::clone(&hypervisor), state.path());
    assert!(!resource.report().complete);
    let start = call(&resource, StartCommand { vm: linux(1) });
    assert_eq!(start.unwrap_err().kind, FailureKind::Unavailable);
}

#[test]
fn a_restarted_agent_knows_its_cloud_and_its_runs() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let before = world.resource.report();
    let (_, resource) =
        resource_over(Arc::<FakeHypervisor>::clone(&world.hypervisor), world.state.path());
    assert_eq!(resource.report(), before);
}

#[test]
fn a_command_for_one_vm_does_not_wait_for_another_vms_slow_start() {
    let world = world();
    world
        .hypervisor
        .trouble(Trouble { start_takes: Duration::from_hours(1), ..Trouble::default() });
    let world = Arc::new(world);
    let slow = Arc::clone(&world);
    std::thread::spawn(move || slow.start(&linux(1)));
    while world.hypervisor.calls().len() < 2 {
        std::thread::yield_now();
    }
    world.hypervisor.trouble(Trouble::default());
    world.start(&linux(2)).unwrap();
    assert_eq!(world.stop(&linux(2)).unwrap().ended, StopEnding::ShutDown);
}

/// The whole life on libvirt's own test driver: real XML checks, real metadata, real states.
#[test]
fn a_vm_lives_and_ends_on_libvirts_test_driver_and_its_neighbours_are_left_alone() {
    let hypervisor = Arc::new(LibvirtHypervisor::new("test:///default", DomainType::Test));
    let state = tempfile::tempdir().unwrap();
    let (storage, resource) =
        resource_over(Arc::<LibvirtHypervisor>::clone(&hypervisor), state.path());
    insert_volume(&storage, 1);
    resource.ready(&ready());
    let (changes, mut told) = tokio::sync::mpsc::unbounded_channel();
    resource.watch(changes);
    let vm = linux(1);

    let neighbours = resource.report().aliens;
    assert_eq!(neighbours.iter().map(|alien| alien.name.as_str()).collect::<Vec<_>>(), ["test"]);

    let started = call(&resource, StartCommand { vm: vm.clone() }).unwrap();
    assert!(!started.was_running);
    assert!(call(&resource, StartCommand { vm: vm.clone() }).unwrap().was_running);
    let report = resource.report();
    assert!(report.complete);
    assert_eq!(report.runs.len(), 1);
    assert_eq!((report.runs[0].run, report.runs[0].power), (vm.run, PowerState::On));

    // Somebody ends it from outside; the agent tells within a moment.
    hypervisor.end_from_outside(vm.vm.uuid());
    let news = loop {
        let report = told.blocking_recv().unwrap();
        let lost = report.runs.into_iter().find(|run| run.power == PowerState::Off);
        if let Some(run) = lost {
            break run;
        }
    };
    assert_eq!((news.run, news.reason), (vm.run, PowerReason::Destroyed));
    assert!(news.generation > started.generation);

    let stopped = call(&resource, stop_command(&vm)).unwrap();
    assert_eq!(stopped.ended, StopEnding::Destroyed);
    assert!(stopped.generation > news.generation);
    assert_eq!(call(&resource, stop_command(&vm)).unwrap().ended, StopEnding::WasNotHere);
    assert_eq!(resource.report().runs, []);
    assert_eq!(resource.report().aliens, neighbours);
}
