//! Adding real (simulated) hosts with the real setup-agent and the real agent: needs root and the lab.
//!
//! One test, one lab: `LAB_NAME`, `LAB_NET` and `LAB_GUEST_NET` choose which.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test
#![allow(clippy::print_stderr)] // whoever runs it must see what was left out

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hostler_manager::agents::AgentSettings;
use hostler_manager::onboarding::{
    Access, AddHostRequest, KnownHosts, Means, Onboarding, OnboardingSettings, SshAuth,
};
use hostler_model::{AllocationState, ClusterId, HostStatus, PodId, ZoneId};
use hostler_tests::agents::{AgentSide, wait_up};
use hostler_tests::cloud::PATIENCE;
use hostler_wire::Secret;
use uuid::Uuid;

/// A lab of this test's own; it ends with it.
struct Lab {
    script: PathBuf,
    net: String,
}

impl Lab {
    fn up(hosts: u8) -> Option<Self> {
        let setting = |name: &str, default: &str| std::env::var(name).unwrap_or(default.to_owned());
        let lab =
            Self { script: project().join("tests/lab/lab"), net: setting("LAB_NET", "10.96.0") };
        let done = lab.run(&["up", &hosts.to_string()]);
        if !done.0 {
            eprintln!("SKIPPED: the lab does not come up here: {}", done.1);
            return None;
        }
        Some(lab)
    }

    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let setting = |name: &str, default: &str| std::env::var(name).unwrap_or(default.to_owned());
        let output = Command::new(&self.script)
            .args(arguments)
            .env("LAB_NAME", setting("LAB_NAME", "hlabC"))
            .env("LAB_NET", &self.net)
            .env("LAB_GUEST_NET", setting("LAB_GUEST_NET", "10.97.0"))
            .env("LAB_PASSWORD", "lab-word")
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    fn exec(&self, host: &str, script: &str) -> (bool, String) {
        self.run(&["exec", host, "sh", "-c", script])
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.run(&["down"]);
    }
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn agent_binary() -> Option<PathBuf> {
    let built = std::env::current_exe().ok()?.parent()?.parent()?.join("hostler-agent");
    built.exists().then_some(built)
}

#[tokio::test(flavor = "multi_thread")]
async fn real_hosts_are_added_cleaned_and_added_again() {
    let Some(agent_binary) = agent_binary() else {
        eprintln!("SKIPPED: hostler-agent is not built (cargo build -p hostler-agent)");
        return;
    };
    let Some(lab) = Lab::up(2) else { return };
    let settings =
        AgentSettings { ping_interval: Duration::from_secs(2), ..AgentSettings::default() };
    let side = AgentSide::start_on("0.0.0.0:0", settings).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let onboarding = Onboarding::new(Means {
        store: side.store.clone(),
        agents: side.agents.clone(),
        authority: Arc::clone(&side.authority),
        agent_binary,
        agent_scripts: project().join("agent-scripts"),
        agent_addresses: Vec::new(),
        agent_port: side.address.port(),
        known_hosts: KnownHosts::new(folder.path().join("known_hosts")),
        settings: OnboardingSettings { connect_wait: PATIENCE, ..OnboardingSettings::default() },
    });
    let request = |number: u8, user: &str| AddHostRequest {
        zone: ZoneId::new(Uuid::from_u128(11)),
        pod: PodId::new(Uuid::from_u128(12)),
        cluster: ClusterId::new(Uuid::from_u128(13)),
        hypervisor: "KVM".to_owned(),
        access: Access {
            host: format!("{}.{}", lab.net, 10 + number),
            port: 22,
            user: user.to_owned(),
            auth: SshAuth::Password(Secret::new("lab-word")),
        },
        known: None,
        tags: None,
        admin_state: AllocationState::Enabled,
        guest_device: None,
        private_device: None,
        public_device: None,
        caller: None,
    };
    // Both at once: one as root, one by sudo.
    let (made, text) = lab.exec(
        "h2",
        "command -v sudo && useradd -m -s /bin/sh -d /tmp/keeper keeper && echo keeper:lab-word | chpasswd \
        && echo 'keeper ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/keeper",
    );
    let second_user = if made { "keeper" } else { "root" };
    println!("the second host is added as {second_user} {text}");
    let (first, second) = tokio::join!(
        onboarding.add_host(request(1, "root")),
        onboarding.add_host(request(2, second_user))
    );
    for report in [&first, &second] {
        let stages = match report {
            Ok(report) => &report.stages,
            Err(e) => {
                println!("{e}");
                &e.stages
            }
        };
        for stage in stages {
            println!("{:16} {:6} ms  {}", stage.name, stage.millis, stage.detail);
        }
    }
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.host, second.host);
    for host in [first.host, second.host] {
        assert!(side.agents.answers(host, PATIENCE).await);
    }
    assert!(!lab.exec("h1", "ls -d /var/tmp/hostler-setup.*").0, "a staging directory is left");

    // It comes back by itself, as the same host.
    side.agents.disconnect(first.host, "test");
    let guid = side.store.read(move |tx| hostler_store::host::host_get(tx, first.host)).await;
    let guid = guid.unwrap().guid;
    side.wait_status(guid, HostStatus::Disconnected).await.unwrap();
    side.wait_status(guid, HostStatus::Up).await.unwrap();

    // A cut cable says nothing; silence is noticed in 2.5 ping intervals, on both sides.
    let begun = Instant::now();
    assert!(lab.run(&["cut", "h1"]).0);
    let row = side.wait_status(guid, HostStatus::Alert).await.unwrap();
    println!("a cut cable was noticed after {:?}", begun.elapsed());
    assert!(row.status_reason.contains("silent"), "{}", row.status_reason);
    let mut news = side.agents.subscribe();
    assert!(lab.run(&["heal", "h1"]).0);
    let healed = Instant::now();
    wait_up(&mut news, guid).await;
    println!("it was Up again {:?} after the cable was healed", healed.elapsed());

    onboarding.remove_host(first.host, false, "test").await.unwrap();
    let first = onboarding.add_host(request(1, "root")).await.unwrap();
    println!("it was removed and added again, with what was on it");

    onboarding.remove_host(first.host, false, "test").await.unwrap();
    let cleaned = onboarding.clean_machine("KVM", &request(1, "root").access, false).await.unwrap();
    println!("cleaned: {}", cleaned.last().unwrap().detail);
    assert!(!lab.exec("h1", "test -e /etc/hostler/agent.properties").0, "its files are gone");
    let again = onboarding.add_host(request(1, "root")).await.unwrap();
    assert_ne!(again.host, first.host);
}
