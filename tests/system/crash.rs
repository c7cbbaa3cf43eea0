//! [F] The manager is killed at every point of every workflow's journal and begun again: the end is the same as
//! without the kill.
//!
//! A kill at `acted` lets the step (or its undo) run a second time after it has done everything, one at `begun`
//! and `recorded` lets it run once; so each step and each undo is also shown to be harmless when it runs twice.
//! What the hypervisors were told is part of the comparison: nothing was ordered twice.

mod scenarios;

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hostler_agent::hypervisor::DomainView;
use hostler_manager::jobs::{QUEUED, phases, undo_phases};
use hostler_manager::orchestration::WORKFLOWS;
use hostler_model::{JobState, Mib, PowerReason, PowerState};
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::process::CrashCloud;
use uuid::Uuid;

use scenarios::{ALL, Luck, Operation, Scenario};
use tokio::time::timeout;

/// Signal of a process that aborts itself.
const SIGABRT: i32 = 6;
/// How long a manager has to end by what it finds to do at its start.
const AT_ITS_START: Duration = Duration::from_secs(3);
/// Clouds that are tried at the same time.
const CLOUDS: usize = 4;

async fn cloud() -> anyhow::Result<CrashCloud> {
    // the first host is the larger one, so that every VM is tried there first
    CrashCloud::over(Cloud::with_memory(&[Mib(16384), Mib(8192)]).await?).await
}

/// The points of a scenario, in the order in which they are reached.
fn points(scenario: &Scenario) -> Vec<String> {
    let workflow = WORKFLOWS.iter().find(|w| w.kind() == scenario.operation.kind());
    let steps = workflow.expect("a workflow of that kind").steps();
    let point = |step: &str, phase: &str| format!("{}/{step}/{phase}", scenario.operation.kind());
    match scenario.fails_at {
        None => {
            let of_step = |step: &&'static str| phases().map(|phase| point(step, phase));
            [QUEUED.to_owned()].into_iter().chain(steps.iter().flat_map(of_step)).collect()
        }
        Some(last) => {
            let end = steps.iter().position(|step| *step == last).expect("a step of that name");
            let of_step = |step: &&'static str| undo_phases().map(|phase| point(step, phase));
            steps[..=end].iter().rev().flat_map(of_step).collect()
        }
    }
}

/// Runs a scenario, killing the manager at `point`, and says how everything is at the end.
async fn run(
    crash: &mut CrashCloud,
    scenario: &Scenario,
    name: &str,
    point: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    // points that jobs of the preparation pass too
    let is_late = |point: &&str| *point == QUEUED || scenario.operation.prepares_with_its_like();
    crash.begin(point.filter(|point| !is_late(point))).await?;
    let subject = scenario.operation.prepare(crash, name).await.context("prepare")?;
    let mut ended_early = false;
    if point.as_ref().is_some_and(is_late) {
        // those must not end there
        let begun = crash.begin(point).await;
        if scenario.operation.prepares_with_its_like() {
            // what a manager finds to do at its start may be it
            ended_early = begun.is_err() || timeout(AT_ITS_START, crash.ended()).await.is_ok();
            if ended_early {
                crash.begin(None).await?;
            }
        } else {
            begun?;
        }
    }
    crash.all_up().await?;
    scenario.luck.strike(&crash.cloud);
    let said = scenarios::said(&crash.cloud);
    let asked = crash.call(&scenario.operation.request(crash, name, subject.as_deref())).await;
    if let Some(point) = point.filter(|_| !ended_early) {
        let status = crash.ended().await.with_context(|| format!("{point} is never reached"))?;
        ensure!(status.signal() == Some(SIGABRT), "the manager ended by itself: {status}");
        crash.begin(None).await?;
    } else {
        asked?;
    }
    if let Some(asker) = scenario.operation.asked_by() {
        let asker = newest_job(crash, asker)?;
        crash.cloud.ended(asker).await?;
    }
    let job = newest_job(crash, scenario.operation.kind())?;
    crash.cloud.ended(job).await?;
    scenarios::idle(crash).await?;
    let end = scenarios::end(crash, job, &said)?;
    Luck::Good.strike(&crash.cloud);
    Ok(end)
}

fn newest_job(crash: &CrashCloud, kind: &str) -> anyhow::Result<hostler_model::JobId> {
    let sql = format!("SELECT id FROM job WHERE kind = '{kind}' ORDER BY number DESC LIMIT 1");
    let id = Books::open(&crash.database())?.value(&sql)?.context("the job was not recorded")?;
    Ok(id.parse()?)
}

/// Runs a scenario without and with a kill, cleans up, and compares.
async fn passes(
    crash: &mut CrashCloud,
    scenario: &Scenario,
    name: &str,
    point: Option<&str>,
    expected: Option<&[String]>,
) -> anyhow::Result<Vec<String>> {
    let end = run(crash, scenario, name, point).await?;
    if let Some(expected) = expected {
        ensure!(expected == end, "expected {expected:#?}\nfound {end:#?}");
    }
    scenarios::clean_up(crash).await.context("clean up")?;
    Ok(end)
}

/// Every point of one scenario: how many there are, how many passed, and each failure in words.
async fn walk(scenario: &'static Scenario) -> (usize, usize, Vec<String>) {
    let all = points(scenario);
    let (mut passed, mut failures) = (0, Vec::new());
    let mut crash = match cloud().await {
        Ok(crash) => crash,
        Err(e) => return (all.len(), 0, vec![format!("{}: {e:#}", scenario.name)]),
    };
    let baseline = match passes(&mut crash, scenario, "undisturbed", None, None).await {
        Ok(end) => end,
        Err(e) => {
            return (
                all.len(),
                0,
                vec![format!("{} without a kill: {e:#}\n{}", scenario.name, crash.last_words())],
            );
        }
    };
    if let Some(wrong) = scenario.expected.iter().find(|line| !baseline.contains(&(**line).into()))
    {
        return (all.len(), 0, vec![format!("{}: no {wrong:?} in {baseline:#?}", scenario.name)]);
    }
    for (number, point) in all.iter().enumerate() {
        let name = format!("kill-{number}");
        let end = passes(&mut crash, scenario, &name, Some(point), Some(&baseline)).await;
        if let Err(e) = end {
            failures.push(format!("{} at {point}: {e:#}\n{}", scenario.name, crash.last_words()));
            match cloud().await {
                Ok(fresh) => crash = fresh,
                Err(e) => failures.push(format!("no fresh cloud: {e:#}")),
            }
        } else {
            passed += 1;
        }
    }
    (all.len(), passed, failures)
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout)] // how many there were is what a reader of the log wants to know
async fn a_manager_killed_at_any_point_of_any_workflow_ends_its_job_as_if_it_had_not_been() {
    let wanted = std::env::var("HOSTLER_CRASH_SCENARIO").ok();
    let chosen = |s: &&Scenario| wanted.as_ref().is_none_or(|wanted| s.name.contains(wanted));
    let mut waiting: Vec<&'static Scenario> = ALL.iter().filter(chosen).collect();
    let (mut total, mut passed, mut failures) = (0, 0, Vec::new());
    let mut walks = tokio::task::JoinSet::new();
    loop {
        while walks.len() < CLOUDS
            && let Some(scenario) = waiting.pop()
        {
            walks.spawn(walk(scenario));
        }
        let Some(walked) = walks.join_next().await else { break };
        let (count, good, failed) = walked.unwrap();
        (total, passed) = (total + count, passed + good);
        failures.extend(failed);
    }
    println!("{total} points, {passed} passed");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workflow_is_walked() {
    for workflow in WORKFLOWS {
        let walked = |s: &&Scenario| s.operation.kind() == workflow.kind() && s.fails_at.is_none();
        assert!(ALL.iter().any(|s| walked(&s)), "{} is not walked", workflow.kind());
    }
}

/// V-51: the rows of a deployment are written all or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_manager_killed_between_writing_volume_and_nics_leaves_no_row() {
    let mut crash = cloud().await.unwrap();
    crash.begin(Some("vm.deploy/recording/volume")).await.unwrap();
    let request = Operation::Deploy.request(&crash, "web", None);
    crash.call(&request).await.unwrap_err();
    assert_eq!(crash.ended().await.unwrap().signal(), Some(SIGABRT));
    crash.begin(None).await.unwrap();
    let books = Books::open(&crash.database()).unwrap();
    for table in ["vm", "volume", "nic", "vm_run", "claim"] {
        let count = books.value(&format!("SELECT count(*) FROM {table}")).unwrap();
        assert_eq!(count.as_deref(), Some("0"), "{table}");
    }
    assert_eq!(
        books.rows("SELECT id FROM job WHERE kind LIKE 'vm.%'").unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(
        books.rows("SELECT ip FROM address WHERE nic IS NOT NULL").unwrap(),
        Vec::<String>::new()
    );
    // and the number of the VM, its name and its address can be used
    crash.client().unwrap().start_job(&request).await.unwrap();
    crash.cloud.ended(newest_job(&crash, "vm.deploy").unwrap()).await.unwrap();
    assert_eq!(crash.cloud.domains().len(), 1);
}

/// A refusal is the agent's last word on an order; trying to undo again must be another order.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_was_refused_is_ordered_anew_by_the_next_manager() {
    let mut crash = cloud().await.unwrap();
    crash.begin(None).await.unwrap();
    let recorded = crash.call(&Operation::Record.request(&crash, "web", None)).await.unwrap();
    let vm = recorded["id"].as_str().unwrap();
    let books = Books::open(&crash.database()).unwrap();
    let name = books.value(&format!("SELECT instance_name FROM vm WHERE id = '{vm}'")).unwrap();
    // somebody else's libvirt domain of that name: neither the start nor its undo will touch it
    let alien = DomainView {
        uuid: Uuid::from_u128(7),
        name: name.unwrap(),
        mark: None,
        power: PowerState::On,
        reason: PowerReason::Found,
        vcpus: 1,
        memory: Mib(64),
    };
    for host in &crash.cloud.hosts {
        host.hypervisor.insert(alien.clone());
    }
    crash.call(&Operation::Start.request(&crash, "", Some(vm))).await.unwrap();
    crash.said("a step could not be undone step=start attempt=2").await.unwrap();
    crash.kill().await.unwrap();
    for host in &crash.cloud.hosts {
        host.hypervisor.vanish(alien.uuid);
    }
    crash.begin(None).await.unwrap();
    let job = newest_job(&crash, "vm.start").unwrap();
    let (state, why) = crash.cloud.ended(job).await.unwrap();
    assert_eq!(state, JobState::Failed);
    assert!(why.contains("is not of this cloud"), "{why}");
    let faults = books.audit(&crash.cloud).unwrap();
    assert_eq!((crash.cloud.domains(), faults), (vec![], vec![]));
}
