//! A KVM host's resource with real libvirt, QEMU, dnsmasq and a guest that boots.
//!
//! Runs inside a host of the lab, as root, with libvirtd and a bridge `br0`, and only where `HOSTLER_LAB=1` says
//! that it may: it starts guests and ends processes. `HOSTLER_GUEST_IMAGE` names the guest's disk (see
//! `tests/lab/build-guest-image`). Prints how long things took.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hostler_agent::domain_xml::{DomainType, tap_name};
use hostler_agent::hypervisor::LibvirtHypervisor;
use hostler_agent::kvm::{KvmSettings, LibvirtComputingResource};
use hostler_agent::network::HostNetwork;
use hostler_agent::resource::{ProgressSink, Resource, Task};
use hostler_agent::storage::{DirectoryStorage, FetchFailure, Parcel, Sent, TemplateFetcher};
use hostler_agent::threads::Threads;
use hostler_model::*;
use hostler_wire::*;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use served::{http, only_our_nics_are_answered, pid_of_dnsmasq, resolve};

#[path = "kvm_in_lab/served.rs"]
mod served;
#[path = "kvm_in_lab/shapes.rs"]
mod shapes;

/// How long anything may take before the test says what it waited for.
const PATIENCE: Duration = Duration::from_mins(3);
const ROOT: &str = "/var/lib/libvirt/hostler-test";

#[derive(Debug)]
struct CopyFetcher(PathBuf);

impl TemplateFetcher for CopyFetcher {
    fn fetch(
        &self,
        _: TemplateId,
        _: &TemplateSource,
        to: &Path,
        _: &Task,
    ) -> Result<(), FetchFailure> {
        let copied = std::fs::copy(&self.0, to);
        copied.map(drop).map_err(|error| FetchFailure::Failed(Box::new(error)))
    }

    fn send(&self, parcel: Parcel<'_>, _: &Task) -> Result<Sent, FetchFailure> {
        Err(FetchFailure::Failed(format!("nobody takes {}", parcel.file.display()).into()))
    }
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(number: u128) -> T {
    Uuid::from_u128((7 << 100) + number).to_string().parse().unwrap()
}

fn image() -> PathBuf {
    std::env::var("HOSTLER_GUEST_IMAGE").expect("HOSTLER_GUEST_IMAGE names the guest's disk").into()
}

fn host() -> LibvirtComputingResource {
    let state = Path::new(ROOT).join("state");
    let pool = Path::new(ROOT).join("pool");
    std::fs::create_dir_all(&state).unwrap();
    let settings = KvmSettings {
        state_dir: Some(state.clone()),
        guest_bridge: Some("br0".to_owned()),
        reserved_memory: Mib(256),
        pretend: None,
        threads: Threads::Own,
    };
    let fetcher = Arc::new(CopyFetcher(image()));
    let resource = LibvirtComputingResource::over(
        Arc::new(LibvirtHypervisor::new("qemu:///system", DomainType::Qemu)),
        Arc::new(DirectoryStorage::open(Some(id(1)), &pool, fetcher).unwrap()),
        Arc::new(HostNetwork::open(&state, Some("br0".to_owned())).unwrap()),
        settings,
    )
    .unwrap();
    resource.ready(&ReadyCommand {
        version: ProtocolVersion::CURRENT,
        cloud: id(2),
        manager: 1,
        host: id(3),
        zone: id(4),
        ping_interval_seconds: 60,
    });
    resource
}

fn call<C: Call>(host: &LibvirtComputingResource, command: C) -> Result<C::Answer, CommandFailure>
where
    <C::Answer as TryFrom<Answer>>::Error: std::fmt::Debug,
{
    let task = Task {
        order: CommandId::new(Uuid::nil()),
        cancelled: CancellationToken::new(),
        progress: ProgressSink::new(|_| {}),
    };
    host.execute(command.into(), &task).map(|answer| answer.try_into().unwrap())
}

fn network() -> GuestNetwork {
    GuestNetwork {
        id: id(20),
        bridge: None,
        cidr: "10.66.0.0/24".parse().unwrap(),
        gateway: Some("10.66.0.1".parse().unwrap()),
        server_address: "10.66.0.2".parse().unwrap(),
        dns: vec![],
        domain: "test.internal".to_owned(),
        mtu: 1450,
    }
}

fn vm(number: u128) -> VmSpec {
    VmSpec {
        vm: id(1000 + number),
        run: id(2000 + number),
        generation: Generation(2),
        name: format!("i-2-{number}-VM").parse().unwrap(),
        display_name: "a <test> VM".to_owned(),
        host_name: format!("guest-{number}").parse().unwrap(),
        vcpus: 1,
        cpu_speed: Mhz(500),
        cpu_limited: false,
        memory: Mib(192),
        memory_guaranteed: Mib(192),
        arch: "x86_64".to_owned(),
        os: GuestOs::Linux,
        firmware: Firmware::Bios,
        disks: vec![DiskSpec {
            volume: id(3000 + number),
            pool: id(1),
            format: DiskFormat::Qcow2,
            device: 0,
            terms: DiskTerms::default(),
        }],
        nics: vec![NicSpec {
            nic: id(4000 + number),
            device: 0,
            mac: MacAddress::of_nic(9, u32::try_from(number).unwrap()),
            address: Some(Ipv4Addr::new(10, 66, 0, 10 + u8::try_from(number).unwrap()).into()),
            is_default: true,
            network: network(),
        }],
        seed: SeedSpec {
            ssh_keys: vec!["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI test".to_owned()],
            ..SeedSpec::default()
        },
        vnc: VncSpec {
            listen: "127.0.0.1".parse().unwrap(),
            password: Secret::new("geheim"),
            keyboard: None,
        },
        details: std::collections::BTreeMap::new(),
        iso: None,
    }
}

fn prepare(host: &LibvirtComputingResource, vm: &VmSpec) {
    let size = Bytes(300 << 20);
    let (volume, pool) = (vm.disks[0].volume, id(1));
    let volume = VolumeSpec { volume, pool, template: Some(id(30)), size };
    call(host, CreateVolumeCommand { volume }).unwrap();
    for nic in &vm.nics {
        let command =
            PrepareNicCommand { vm: vm.vm, host_name: vm.host_name.clone(), nic: nic.clone() };
        call(host, command).unwrap();
    }
}

fn start(host: &LibvirtComputingResource, vm: &VmSpec) -> Result<StartAnswer, CommandFailure> {
    call(host, StartCommand { vm: vm.clone() })
}

fn stop(host: &LibvirtComputingResource, vm: &VmSpec, force: bool) -> StopAnswer {
    let command = StopCommand {
        vm: vm.vm,
        run: vm.run,
        generation: vm.generation,
        name: vm.name.clone(),
        force,
        grace_seconds: 60,
    };
    call(host, command).unwrap()
}

/// Runs a program in the host and returns what it wrote, if it succeeded.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Program::new(program).args(arguments).output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < PATIENCE, "{what} within {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

struct Clock(Instant);

impl Clock {
    fn say(&mut self, what: &str) {
        println!("{:>8.2} s  {what}", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

#[test]
fn a_guest_boots_is_served_survives_its_daemons_and_ends_without_a_trace() {
    if std::env::var("HOSTLER_LAB").as_deref() != Ok("1") {
        println!("SKIPPED: runs only inside a host of the lab, with HOSTLER_LAB=1");
        return;
    }
    let mut clock = Clock(Instant::now());
    let host = host();
    let StartupResource::Routing(startup) = host.startup().unwrap() else { panic!() };
    println!("{startup:?}");
    assert_eq!(startup.hypervisor, "qemu");
    let define_alien = "virsh -q define /dev/stdin <<X\n<domain type='qemu'><name>alien ü</name>\
        <memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>\nX";
    run("bash", &["-c", define_alien]).unwrap();
    clock.say("the resource begins, libvirt was asked");

    let source = TemplateSource {
        worker: id(40),
        address: String::new(),
        size: Bytes(image().metadata().unwrap().len()),
        virtual_size: Bytes(96 << 20),
        format: DiskFormat::Qcow2,
        sha256: String::new(),
    };
    call(&host, PrepareTemplateCommand { template: id(30), pool: id(1), source }).unwrap();
    prepare(&host, &vm(1));
    clock.say("template, volume, network namespace, DHCP and DNS are there");
    let started = start(&host, &vm(1)).unwrap();
    clock.say("StartCommand");
    guest_is_served(&host, &started, &mut clock);
    a_nic_comes_and_goes(&host, &mut clock);
    an_iso_comes_and_goes(&host, &mut clock);
    a_copy_of_a_running_disk_boots(&host, &mut clock);
    let report = daemons_die(&host, &mut clock);
    drop(host);
    let host = agent_is_restarted(&report, &mut clock);
    let (changes, mut told) = tokio::sync::mpsc::unbounded_channel();
    host.watch(changes);
    let host = Arc::new(host);
    one_qemu_hangs(&host, &mut clock);
    one_qemu_dies(&host, &mut told, &mut clock);

    assert_eq!(stop(&host, &vm(1), false).ended, StopEnding::ShutDown);
    clock.say("graceful StopCommand");
    assert_eq!(start(&host, &vm(1)).unwrap_err().kind, FailureKind::Conflict);
    shapes::every_shape_starts(&host);
    clock.say("other shapes of VM started and destroyed");
    nothing_is_left(&host);
    clock.say("everything released; nothing is left, the alien is untouched");
}

fn guest_is_served(host: &LibvirtComputingResource, started: &StartAnswer, clock: &mut Clock) {
    assert_eq!(started.generation, Generation(3));
    assert!(started.vnc_port.is_some_and(|port| port >= 5900), "{started:?}");
    let page = http(&vm(1));
    clock.say("the guest answers HTTP under the address that DHCP gave it");
    assert!(page.contains("name=guest-1 "), "{page}");
    assert_eq!(resolve("guest-1.test.internal"), Some(Ipv4Addr::new(10, 66, 0, 11)));
    assert_eq!(resolve("nobody.test.internal"), None);
    only_our_nics_are_answered();
    reboots(host, clock);
    let log = ConsoleLogCommand { vm: vm(1).vm, name: vm(1).name, tail: Bytes(100_000) };
    let log = call(host, log).unwrap().text;
    assert!(log.contains("GUEST UP name=guest-1"), "{log}");
    let xml = run("virsh", &["dumpxml", "i-2-1-VM"]).unwrap();
    assert!(xml.contains(&tap_name(vm(1).nics[0].nic)), "{xml}");
    assert!(run("virsh", &["list", "--all", "--autostart"]).is_some_and(|l| !l.contains("i-2")));
    let in_use = DeleteVolumeCommand { volume: vm(1).disks[0].volume, pool: id(1) };
    assert_eq!(call(host, in_use).unwrap_err().kind, FailureKind::InUse);
    let stats = host.ping().vms;
    assert!(stats[0].cpu_time_ns > 0 && stats[0].disk_read > Bytes(0), "{stats:?}");
    assert!(stats[0].memory_resident > Mib(50), "{stats:?}");
    clock.say("names, console log, statistics");
}

fn running(vm: &VmSpec) -> RunningVm {
    RunningVm { vm: vm.vm, run: vm.run, generation: vm.generation, name: vm.name.clone() }
}

fn drives() -> String {
    run("virsh", &["domblklist", "i-2-1-VM"]).unwrap()
}

/// What is in an ISO does not matter to libvirt: here it is the guest's disk, as plain bytes.
fn interfaces() -> String {
    run("virsh", &["domiflist", vm(1).name.as_str()]).unwrap_or_default()
}

fn a_nic_comes_and_goes(host: &LibvirtComputingResource, clock: &mut Clock) {
    let nic = NicSpec {
        nic: id(77),
        device: 1,
        mac: "06:aa:00:00:00:77".parse().unwrap(),
        is_default: false,
        ..vm(1).nics[0].clone()
    };
    let plug = || {
        let (to, nic) = (running(&vm(1)), nic.clone());
        call(host, AttachNicCommand { to, nic, os: vm(1).os, adapter: None }).unwrap()
    };
    assert!(!plug().was_attached);
    assert!(plug().was_attached);
    assert!(interfaces().contains("06:aa:00:00:00:77"), "{}", interfaces());
    clock.say("a NIC is plugged in");
    let (from, mac) = (running(&vm(1)), nic.mac);
    let unplug = DetachNicCommand { from, mac, grace_seconds: 60 };
    assert!(call(host, unplug.clone()).unwrap().was_attached);
    assert!(!call(host, unplug).unwrap().was_attached);
    assert!(!interfaces().contains("06:aa:00:00:00:77"), "{}", interfaces());
    clock.say("its guest lets go of it");
}

fn an_iso_comes_and_goes(host: &LibvirtComputingResource, clock: &mut Clock) {
    let size = image().metadata().unwrap().len();
    let source = TemplateSource {
        worker: id(40),
        address: String::new(),
        size: Bytes(size),
        virtual_size: Bytes(size.next_multiple_of(512)),
        format: DiskFormat::Iso,
        sha256: String::new(),
    };
    let (template, pool) = (id(31), id(1));
    call(host, PrepareTemplateCommand { template, pool, source }).unwrap();
    let change = |iso| {
        call(host, ChangeIsoCommand { of: running(&vm(1)), iso, force: false }).unwrap().was_so
    };
    let iso = Some(IsoSpec { template, pool, bootable: true });
    assert!(!change(iso) && change(iso));
    assert!(drives().contains(&template.to_string()), "{}", drives());
    assert!(!change(None) && change(None));
    assert!(!drives().contains(&template.to_string()), "{}", drives());
    call(host, RemoveTemplateCommand { template, pool }).unwrap();
    clock.say("an ISO was put into the drive of the guest and taken out");
}

fn a_copy_of_a_running_disk_boots(host: &LibvirtComputingResource, clock: &mut Clock) {
    let (snapshot, pool, volume) = (id(50), id(1), vm(1).disks[0].volume);
    let copy = |used_by| call(host, CreateSnapshotCommand { snapshot, volume, pool, used_by });
    assert_eq!(copy(None).unwrap_err().kind, FailureKind::InUse);
    let made = copy(Some(running(&vm(1)))).unwrap();
    clock.say("QEMU has copied the disk of the guest while it ran");
    assert_eq!(copy(Some(running(&vm(1)))).unwrap(), made);
    assert_eq!(made.size, Bytes(300 << 20));
    run("qemu-img", &["check", "-q", &made.path]).expect("the copy is sound");
    let info = run("qemu-img", &["info", &made.path]).unwrap();
    assert!(!info.contains("backing file"), "{info}");
    assert!(http(&vm(1)).contains("name=guest-1 "));

    let other = vm(9);
    let size = Bytes(400 << 20);
    let restore = RestoreSnapshotCommand { snapshot, volume: other.disks[0].volume, pool, size };
    assert_eq!(call(host, restore).unwrap().size, size);
    assert!(call(host, DeleteSnapshotCommand { snapshot, pool }).unwrap().was_there);
    for nic in &other.nics {
        let host_name = other.host_name.clone();
        call(host, PrepareNicCommand { vm: other.vm, host_name, nic: nic.clone() }).unwrap();
    }
    start(host, &other).unwrap();
    let page = http(&other);
    assert!(page.contains("name=guest-9 "), "{page}");
    clock.say("a guest has booted from a volume that was made from the copy");
    stop(host, &other, true);
    release(host, &other);
}

/// The guest restarts itself when it is asked to; its domain stays.
fn reboots(host: &LibvirtComputingResource, clock: &mut Clock) {
    let (vm, name) = (vm(1), vm(1).name);
    let reboot = RebootCommand { vm: vm.vm, run: vm.run, name, force: false };
    assert!(call(host, reboot).unwrap().generation > Generation(3));
    wait_until("the guest has booted again", || http(&vm).contains(" boot=2 "));
    clock.say("graceful RebootCommand, the guest answers again");
}

/// dnsmasq comes back; without libvirtd nothing is known, and nothing is off.
fn daemons_die(host: &LibvirtComputingResource, clock: &mut Clock) -> HostReport {
    let before = pid_of_dnsmasq().unwrap();
    run("kill", &["-9", &before]).unwrap();
    wait_until("dnsmasq is started again", || pid_of_dnsmasq().is_some_and(|pid| pid != before));
    clock.say("dnsmasq was killed and is back");
    let report = host.report();
    let libvirtd = std::fs::read_to_string("/run/libvirtd.pid").unwrap();
    run("kill", &["-9", libvirtd.trim()]).unwrap();
    wait_until("libvirtd is gone", || !host.report().complete);
    assert_eq!(host.report().runs, []);
    run("libvirtd", &["-d"]).unwrap();
    wait_until("libvirt is back", || host.report().complete);
    assert_eq!(host.report(), report);
    clock.say("libvirtd was killed and is back");
    report
}

/// A restarted agent finds everything as it was, and changes nothing.
fn agent_is_restarted(report: &HostReport, clock: &mut Clock) -> LibvirtComputingResource {
    let served_by = pid_of_dnsmasq();
    let host = host();
    assert_eq!(host.report(), *report);
    assert!(start(&host, &vm(1)).unwrap().was_running);
    prepare(&host, &vm(1));
    assert_eq!(pid_of_dnsmasq(), served_by);
    clock.say("the agent was restarted");
    host
}

/// A hung QEMU holds up nobody else.
fn one_qemu_hangs(host: &Arc<LibvirtComputingResource>, clock: &mut Clock) {
    prepare(host, &vm(2));
    let qemu = run("pgrep", &["-f", "guest=i-2-1-VM"]).unwrap().trim().to_owned();
    run("kill", &["-STOP", &qemu]).unwrap();
    let pinging = Arc::clone(host);
    let ping = std::thread::spawn(move || pinging.ping());
    start(host, &vm(2)).unwrap();
    assert!(host.report().complete);
    clock.say("another VM starts beside a hung QEMU");
    run("kill", &["-CONT", &qemu]).unwrap();
    ping.join().unwrap();
}

/// A QEMU that dies is told by an event: nobody asks for a report here.
fn one_qemu_dies(
    host: &LibvirtComputingResource,
    told: &mut tokio::sync::mpsc::UnboundedReceiver<HostReport>,
    clock: &mut Clock,
) {
    let qemu = run("pgrep", &["-f", "guest=i-2-2-VM"]).unwrap().trim().to_owned();
    let since = Instant::now();
    run("kill", &["-9", &qemu]).unwrap();
    let news = loop {
        let report = told.blocking_recv().unwrap();
        let lost = |run: &RunReport| run.vm == vm(2).vm && run.power == PowerState::Off;
        if let Some(run) = report.runs.into_iter().find(lost) {
            break run;
        }
    };
    println!("            a killed QEMU was told after {:?}", since.elapsed());
    assert_eq!(news.reason, PowerReason::Crashed);
    assert_eq!(stop(host, &vm(2), false).ended, StopEnding::Destroyed);
    clock.say("a killed QEMU was told, its VM cleared away");
}

/// Removes all that is left of a VM.
fn release(host: &LibvirtComputingResource, vm: &VmSpec) {
    let nic = vm.nics[0].nic;
    call(host, ReleaseNicCommand { vm: vm.vm, nic, network: network() }).unwrap();
    call(host, ForgetCommand { vm: vm.vm, name: vm.name.clone() }).unwrap();
    let command = DeleteVolumeCommand { volume: vm.disks[0].volume, pool: id(1) };
    assert!(call(host, command).unwrap().was_there);
}

fn nothing_is_left(host: &LibvirtComputingResource) {
    for number in 1..=2 {
        release(host, &vm(number));
    }
    let removed = call(host, RemoveTemplateCommand { template: id(30), pool: id(1) });
    assert!(removed.unwrap().was_there);
    assert_eq!(pid_of_dnsmasq(), None);
    assert!(!run("ip", &["netns", "list"]).unwrap().contains("hostler-"));
    let left = format!("find {ROOT}/pool {ROOT}/state/consoles -type f; ls {ROOT}/state/networks");
    assert_eq!(run("bash", &["-c", &left]).as_deref(), Some(""));
    let aliens: Vec<String> = host.report().aliens.into_iter().map(|alien| alien.name).collect();
    assert_eq!(aliens, ["alien ü"]);
}
