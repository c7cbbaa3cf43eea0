//! Adding hosts over a real sshd, with scripts that only pretend to prepare a machine.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test
#![allow(clippy::print_stderr)] // whoever runs it must see what was left out

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hostler_manager::agents::AgentSettings;
use hostler_manager::ca::Issued;
use hostler_manager::onboarding::KnownHosts;
use hostler_manager::onboarding::{
    Access, AddHostError, AddHostReport, AddHostRequest, Means, Onboarding, OnboardingSettings,
    SshAuth,
};
use hostler_model::{AllocationState, ClusterId, HostGuid, HostStatus, PodId, ZoneId};
use hostler_tests::agents::{AgentSide, FakeAgent, Identity, Journal, startup};
use hostler_tests::cloud::PATIENCE;
use hostler_tests::sshd::Sshd;
use hostler_wire::Secret;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Looks, and does as `FOLDER/preflight` says.
const PREFLIGHT: &str = r#"
echo "os=debian"; echo "version=12"; echo "arch=x86_64"; echo "packages=ok"
[ ! -f FOLDER/guid ] || echo "guid=$(cat FOLDER/guid)"
echo try >> FOLDER/preflights
if [ -f FOLDER/preflight ]; then . FOLDER/preflight; fi
exit 0
"#;

/// Makes a real key and a real request, and leaves the signed certificate where the test's agent finds it.
const SETUP_AGENT: &str = r#"#!/bin/bash
set -e
stage=$(dirname "$0")
if [ "$1" = csr ]; then
  echo "$@" >> FOLDER/csr
  guid=$(cat FOLDER/guid 2>/dev/null || cat /proc/sys/kernel/random/uuid)
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$stage/agent.key" 2>/dev/null
  echo "guid=$guid" >&2
  openssl req -new -sha256 -key "$stage/agent.key" -subj "/CN=$guid" -addext "subjectAltName=DNS:$guid" 2>/dev/null
  echo "$stage" > FOLDER/stage
  exit 0
fi
printf '%s\n' "$@" > FOLDER/arguments
[ "$1" != remove ] || exit 0
if [ -f FOLDER/setup ]; then . FOLDER/setup; fi
[ -x "$stage/hostler-agent" ]
cp "$stage/agent.key" "$stage/agent.crt" "$stage/ca.crt" FOLDER/
touch FOLDER/prepared
echo 'RESULT {"ok":true}'
"#;

struct World {
    side: AgentSide,
    sshd: Sshd,
    folder: tempfile::TempDir,
    onboarding: Onboarding,
}

impl World {
    async fn new(settings: OnboardingSettings) -> Self {
        let side = AgentSide::start(AgentSettings::default()).await.unwrap();
        let sshd = Sshd::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let scripts = folder.path().join("scripts");
        fs::create_dir(&scripts).unwrap();
        let write = |name: &str, text: &str| {
            let path = scripts.join(name);
            fs::write(&path, text.replace("FOLDER", &folder.path().display().to_string())).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        write("preflight", PREFLIGHT);
        write("setup-agent", SETUP_AGENT);
        fs::write(folder.path().join("agent"), vec![7; 3 << 20]).unwrap();
        let onboarding = Onboarding::new(Means {
            store: side.store.clone(),
            agents: side.agents.clone(),
            authority: Arc::clone(&side.authority),
            agent_binary: folder.path().join("agent"),
            agent_scripts: scripts,
            agent_addresses: Vec::new(),
            agent_port: side.address.port(),
            known_hosts: KnownHosts::new(folder.path().join("ssh/known_hosts")),
            settings,
        });
        Self { side, sshd, folder, onboarding }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn request(&self) -> AddHostRequest {
        AddHostRequest {
            zone: ZoneId::new(Uuid::from_u128(11)),
            pod: PodId::new(Uuid::from_u128(12)),
            cluster: ClusterId::new(Uuid::from_u128(13)),
            hypervisor: "KVM".to_owned(),
            access: self.access(),
            known: None,
            tags: Some("ssd".to_owned()),
            admin_state: AllocationState::Enabled,
            guest_device: Some("a'b; touch /tmp/never".to_owned()),
            private_device: None,
            public_device: None,
            caller: None,
        }
    }

    fn access(&self) -> Access {
        Access {
            host: "127.0.0.1".to_owned(),
            port: self.sshd.address.port(),
            user: "root".to_owned(),
            auth: SshAuth::Key(Secret::new(self.sshd.key.clone())),
        }
    }

    async fn add(&self) -> Result<AddHostReport, AddHostError> {
        self.onboarding.add_host(self.request()).await
    }

    /// What systemd does on a real host: an agent starts as soon as everything is in its place.
    fn agent_when_prepared(&self) -> JoinHandle<FakeAgent> {
        let (address, folder) = (self.side.address, self.folder.path().to_owned());
        tokio::spawn(async move {
            wait_for(&folder.join("prepared")).await;
            let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
            let guid = read("arguments");
            let guid: HostGuid =
                guid.lines().skip_while(|l| *l != "-g").nth(1).unwrap().parse().unwrap();
            let issued = Issued { certificate: read("agent.crt"), key: read("agent.key") };
            let identity = Identity { authority: read("ca.crt"), issued, guid };
            let agent =
                FakeAgent::connect(address, &identity, startup(guid), Journal::default()).await;
            agent.unwrap()
        })
    }

    fn staging_is_gone(&self) {
        let staging = fs::read_to_string(self.path("stage")).unwrap();
        assert!(!Path::new(staging.trim()).exists(), "{staging} is left over");
    }
}

async fn wait_for(path: &Path) {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    while !path.exists() {
        tick.tick().await;
    }
}

fn quick() -> OnboardingSettings {
    OnboardingSettings {
        retry_pause: Duration::from_millis(10),
        ssh_wait: PATIENCE,
        connect_wait: PATIENCE,
        ..OnboardingSettings::default()
    }
}

macro_rules! needs_sshd {
    () => {
        if !Sshd::is_there() {
            eprintln!("SKIPPED: there is no sshd on this machine");
            return;
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_nothing_but_sshd_becomes_a_host() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let agent = world.agent_when_prepared();
    let report = world.add().await.unwrap();
    let names: Vec<_> = report.stages.iter().map(|s| s.name).collect();
    assert_eq!(
        names,
        [
            "resolve",
            "duplicate-check",
            "ssh-connect",
            "ssh-auth",
            "preflight",
            "upload",
            "certificates",
            "setup-agent",
            "wait-connect",
            "record"
        ]
    );
    for stage in &report.stages {
        println!("{:16} {:6} ms  {}", stage.name, stage.millis, stage.detail);
    }
    let agent = agent.await.unwrap();
    let row = world.side.host(agent.guid).await.unwrap();
    assert_eq!((row.id, row.status, row.tags.as_str()), (report.host, HostStatus::Up, "ssd"));
    assert!(report.stages[2].detail.contains("SHA256:"), "the key is shown");
    assert!(report.stages[2].detail.contains("first time"));
    let arguments = fs::read_to_string(world.path("arguments")).unwrap();
    assert!(arguments.contains("--guestNic=a'b; touch /tmp/never\n"), "{arguments}");
    assert!(arguments.starts_with("-m\n127.0.0.1\n-z\n"), "{arguments}");
    assert!(arguments.contains("--prvNic=lo\n"), "{arguments}");
    world.staging_is_gone();
    let error = world.add().await.unwrap_err();
    assert_eq!(error.stage, "duplicate-check", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_twice_and_then_works_has_worked() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let twice = "[ $(wc -l < FOLDER/preflights) -gt 2 ] || { echo busy >&2; exit 7; }";
    fs::write(
        world.path("preflight"),
        twice.replace("FOLDER", world.folder.path().to_str().unwrap()),
    )
    .unwrap();
    let _agent = world.agent_when_prepared();
    world.add().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_failures_are_an_error_with_all_exit_codes() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let count = "echo \"no luck today\" >&2; exit $(wc -l < FOLDER/preflights)";
    fs::write(
        world.path("preflight"),
        count.replace("FOLDER", world.folder.path().to_str().unwrap()),
    )
    .unwrap();
    let error = world.add().await.unwrap_err();
    assert_eq!((error.stage, &error.failure.exit_codes[..]), ("preflight", &[1, 2, 3][..]));
    assert!(error.to_string().contains("no luck today; exit code 1, then 2, then 3"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definite_no_is_not_asked_for_again() {
    needs_sshd!();
    let world = World::new(quick()).await;
    fs::write(world.path("preflight"), "echo 'Fedora is not supported' >&2; exit 21").unwrap();
    let error = world.add().await.unwrap_err();
    assert_eq!((error.stage, &error.failure.exit_codes[..]), ("preflight", &[21][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_preparation_is_not_repeated_and_leaves_nothing_behind() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let fails = "echo step >> FOLDER/setups; echo 'detail' >&2; echo 'setup-agent: the bridge br0 is missing' >&2; exit 32";
    fs::write(world.path("setup"), fails.replace("FOLDER", world.folder.path().to_str().unwrap()))
        .unwrap();
    let error = world.add().await.unwrap_err();
    assert_eq!((error.stage, &error.failure.exit_codes[..]), ("setup-agent", &[32][..]));
    assert!(error.failure.text.contains("the bridge br0 is missing"), "{error}");
    assert!(error.failure.stderr.contains("detail"), "{error}");
    assert_eq!(fs::read_to_string(world.path("setups")).unwrap().lines().count(), 1);
    world.staging_is_gone();
    // Nothing stands in the way of a second try.
    fs::remove_file(world.path("setup")).unwrap();
    let _agent = world.agent_when_prepared();
    world.add().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_come_up_is_an_error_after_the_limit() {
    needs_sshd!();
    let limit = Duration::from_secs(2);
    let world = World::new(OnboardingSettings { connect_wait: limit, ..quick() }).await;
    let error = world.add().await.unwrap_err();
    assert_eq!(error.stage, "wait-connect");
    let took = error.stages.last().unwrap().millis;
    assert!(took >= 1500, "{took} ms");
    assert!(error.failure.text.contains("never connected"), "{error}");
    assert!(error.failure.text.contains("hostler-agent"), "{error}");
    let rows = world
        .side
        .store
        .read(|tx| hostler_store::host::host_list(tx, &hostler_store::host::HostFilter::default()))
        .await;
    let rows: Result<_, hostler_store::StoreError> = rows;
    assert!(rows.unwrap().is_empty(), "adding a host writes no row");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_host_key_stops_everything() {
    needs_sshd!();
    let mut world = World::new(quick()).await;
    fs::write(world.path("preflight"), "exit 24").unwrap();
    assert_eq!(world.add().await.unwrap_err().stage, "preflight");
    world.sshd.reinstall().await.unwrap();
    let error = world.add().await.unwrap_err();
    assert_eq!(error.stage, "ssh-connect");
    assert!(error.failure.text.contains("has changed"), "{error}");
    assert!(error.failure.text.contains("known_hosts"), "{error}");
    assert_eq!(fs::read_to_string(world.path("preflights")).unwrap().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_so_and_no_secret_is_shown() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let with =
        |auth| AddHostRequest { access: Access { auth, ..world.access() }, ..world.request() };
    let request = with(SshAuth::Password(Secret::new("geheim-4711")));
    let error = world.onboarding.add_host(request).await.unwrap_err();
    assert_eq!(error.stage, "ssh-auth");
    assert!(error.failure.text.contains("is not let in with this password"), "{error}");
    assert!(!format!("{error:?} {error}").contains("geheim"), "{error:?}");
    let request = with(SshAuth::Key(Secret::new("no key")));
    let error = world.onboarding.add_host(request).await.unwrap_err();
    assert!(error.failure.text.contains("the private key cannot be used"), "{error}");
    assert!(!world.path("ssh/known_hosts").exists(), "a machine that lets nobody in is not pinned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_without_an_address_and_a_closed_port_are_told_apart() {
    needs_sshd!();
    let world = World::new(OnboardingSettings { tries: 1, ..quick() }).await;
    let at = |access| AddHostRequest { access, ..world.request() };
    let unknown = at(Access { host: "kvm-1.invalid".to_owned(), ..world.access() });
    assert_eq!(world.onboarding.add_host(unknown).await.unwrap_err().stage, "resolve");
    let closed = at(Access { port: 1, ..world.access() });
    let error = world.onboarding.add_host(closed).await.unwrap_err();
    assert_eq!(error.stage, "ssh-connect");
    assert!(error.failure.text.contains("does sshd run there"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_machine_is_added_once_at_a_time() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let folder = world.folder.path().display().to_string();
    let wait = "touch FOLDER/begun; while [ ! -f FOLDER/go ]; do sleep 0.05; done";
    fs::write(world.path("preflight"), wait.replace("FOLDER", &folder)).unwrap();
    let _agent = world.agent_when_prepared();
    let (first, request) = (world.onboarding.clone(), world.request());
    let first = tokio::spawn(async move { first.add_host(request).await });
    wait_for(&world.path("begun")).await;
    let error = world.add().await.unwrap_err();
    assert_eq!(error.stage, "duplicate-check");
    assert!(error.failure.text.contains("being prepared already"), "{error}");
    fs::write(world.path("go"), "").unwrap();
    first.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_host_can_be_added_again() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let agent = world.agent_when_prepared();
    let report = world.add().await.unwrap();
    let mut agent = agent.await.unwrap();
    fs::write(world.path("guid"), agent.guid.to_string()).unwrap();
    world.onboarding.remove_host(report.host, false, "test").await.unwrap();
    agent.ended().await;
    assert!(world.side.host(agent.guid).await.is_err());
    fs::remove_file(world.path("prepared")).unwrap();
    let again = world.agent_when_prepared();
    let second = world.add().await.unwrap();
    let csr = fs::read_to_string(world.path("csr")).unwrap();
    assert!(!csr.lines().next().unwrap().contains("--renew-key"), "{csr}");
    assert!(csr.lines().nth(1).unwrap().contains("--renew-key"), "the old key is not kept: {csr}");
    assert_eq!(again.await.unwrap().guid, agent.guid);
    assert_ne!(second.host, report.host, "it is a new host on the same machine");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_of_a_host_is_upgraded_and_only_of_the_host_that_is_meant() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let agent = world.agent_when_prepared();
    let added = world.add().await.unwrap();
    let agent = agent.await.unwrap();
    fs::write(world.path("guid"), HostGuid::new(Uuid::from_u128(77)).to_string()).unwrap();
    let error = world.onboarding.upgrade_host(added.host, world.access()).await.unwrap_err();
    assert_eq!(error.stage, "certificates", "{error}");
    assert!(error.failure.text.contains("correct the address"), "{error}");

    fs::write(world.path("guid"), agent.guid.to_string()).unwrap();
    fs::remove_file(world.path("prepared")).unwrap();
    let stages = world.onboarding.upgrade_host(added.host, world.access()).await.unwrap();
    assert!(world.path("prepared").exists(), "setup-agent ran again");
    assert_eq!(stages.last().unwrap().name, "wait-connect");
    let row = world.side.host(agent.guid).await.unwrap();
    assert_eq!((row.id, row.status), (added.host, HostStatus::Up));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_a_host_is_not_cleaned() {
    needs_sshd!();
    let world = World::new(quick()).await;
    let agent = world.agent_when_prepared();
    let added = world.add().await.unwrap();
    let mut agent = agent.await.unwrap();
    let clean = async || world.onboarding.clean_machine("KVM", &world.access(), true).await;
    let error = clean().await.unwrap_err();
    assert_eq!(error.stage, "not-a-host");
    assert!(error.failure.text.contains("remove it first"), "{error}");
    world.onboarding.remove_host(added.host, false, "test").await.unwrap();
    agent.ended().await;
    clean().await.unwrap();
    let arguments = fs::read_to_string(world.path("arguments")).unwrap();
    assert_eq!(arguments, "remove\n--purge-packages\n");
}
