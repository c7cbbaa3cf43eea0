//! [M] What one deployment asks of the database, from the signed request to Running: counted, and within a budget.
//!
//! Everything between is real: HTTP, the signature, TLS to the agent, the agent's journal. Only the hypervisor is in
//! memory. Run it with `--nocapture` for the list of statements.

#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hostler_client::config::{Overrides, Surroundings};
use hostler_client::resources::NewVirtualMachine;
use hostler_client::{Config, Session};
use hostler_model::{Mib, VmId, VmState};
use hostler_store::{COMMIT, Counters, STATEMENTS};
use hostler_tests::cloud::{Cloud, PATIENCE};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use uuid::Uuid;

/// The budget of one deployment, the authentication of its request included.
const BUDGET: Counters = Counters { statements: 30, commits: 6, scanned: 40 };

/// What happens between one commit and the next.
const PHASES: [&str; 5] = [
    "the request: authenticate, check, record",
    "the job is taken",
    "step place",
    "step prepare",
    "step start",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_keeps_within_30_statements_and_6_commits() {
    let heard = Heard::everywhere();
    let cloud = Cloud::configured(&[Mib(8192); 2], |config| {
        config.settings.insert("ping.interval".to_owned(), "3600".to_owned());
    })
    .await
    .unwrap();
    let session = session(&cloud.folder().join("manager/admin.env"));
    for number in 1..=2 {
        deploy(&cloud, &session, &format!("warm-{number}")).await; // one on each host
    }
    assert_eq!(cloud.domains().len(), 2);

    heard.take();
    let before = cloud.context().store.counters();
    let vm = deploy(&cloud, &session, "counted").await;
    let after = cloud.context().store.counters();
    let counted = Counters {
        statements: after.statements - before.statements,
        commits: after.commits - before.commits,
        scanned: after.scanned - before.scanned,
    };
    let statements = heard.take();
    println!("{}", listing(&statements, counted));
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!(
        u64::try_from(statements.iter().filter(|what| *what != COMMIT).count()).unwrap(),
        counted.statements,
        "the list is complete"
    );
    assert!(counted.statements <= BUDGET.statements, "{} statements", counted.statements);
    assert!(counted.commits <= BUDGET.commits, "{} commits", counted.commits);
    assert!(counted.scanned <= BUDGET.scanned, "{} rows looked at", counted.scanned);
}

/// Deploys a VM through the API and comes back when its job has written all that it writes.
async fn deploy(cloud: &Cloud, session: &Session, name: &str) -> VmId {
    let has = cloud.catalogue;
    let [zone, offering, template] =
        [has.zone.uuid(), has.offering.uuid(), has.template.uuid()].map(|id| id.to_string());
    let new = NewVirtualMachine::new(&zone, &offering, &template).with("name", name);
    let handle = session.start_job(&new.request()).await.unwrap();
    let vm: Uuid = handle.id.unwrap().parse().unwrap();
    // asked of memory, so that nothing is counted that the test itself asks
    let jobs = &cloud.context().jobs;
    let ended = async {
        while jobs.is_busy(vm) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("the job ends");
    VmId::new(vm)
}

/// A session as the administrator, with the settings that the manager wrote.
fn session(settings: &Path) -> Session {
    let text = std::fs::read_to_string(settings).unwrap();
    let variables: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    let around = Surroundings { variables, files: Vec::new() };
    let config = Config::resolve(Overrides::default(), &around).unwrap();
    Session::builder(&config).unwrap().build()
}

/// The statements under the phases that they belong to.
fn listing(statements: &[String], counted: Counters) -> String {
    let mut text = format!("{} statements, {} commits", counted.statements, counted.commits);
    let mut phases = statements.split_inclusive(|what| what == COMMIT);
    for name in PHASES.into_iter().chain(["afterwards"]) {
        let of_phase = phases.next().unwrap_or_default().join(", ");
        text = [text, format!("  {name}: {of_phase}")].join("\n");
    }
    text
}

/// What the store says of its statements, in their order.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    /// Listens to the whole process, from now on.
    fn everywhere() -> Self {
        let heard = Self::default();
        let only = tracing_subscriber::filter::Targets::new()
            .with_target(STATEMENTS, tracing::Level::TRACE);
        tracing_subscriber::registry().with(heard.clone().with_filter(only)).init();
        heard
    }

    /// Everything since the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl<S: tracing::Subscriber> Layer<S> for Heard {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut What(self));
    }
}

struct What<'a>(&'a Heard);

impl Visit for What<'_> {
    fn record_str(&mut self, _: &Field, what: &str) {
        self.0.0.lock().unwrap().push(what.to_owned());
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
