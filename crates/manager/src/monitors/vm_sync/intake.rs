//! Writes down what a host says: of its runs, of those that the record does not believe there, of aliens.
//!
//! What follows from it is decided afterwards (`plan`).

use std::collections::{BTreeMap, BTreeSet};

use hostler_model::{HostId, PowerReason, PowerState, RunId, RunState, VmId};
use hostler_store::alien::{AlienDevice, AlienRow, aliens_on, aliens_set};
use hostler_store::event::{NewEvent, event_add};
use hostler_store::host::host_find;
use hostler_store::installation::restored_at;
use hostler_store::job::job_is_open_on;
use hostler_store::run::{RunRow, runs_alive_on};
use hostler_store::run_sight::{
    Sighting, runs_back, runs_missing, runs_named, runs_seen, vms_standing,
};
use hostler_store::stray::{StrayRow, strays_drop_others, strays_keep, strays_on};
use hostler_store::{StoreError, Tx};
use hostler_wire::{AlienDisk, AlienNic, AlienReport, HostReport, ReportDigest};
use tracing::info;

use super::plan::Scene;
use crate::orchestration::vm::{Told, tell};
use crate::settings::{ALIEN_ALERT, Settings};

/// A report, in the record's terms.
#[derive(Debug, Clone)]
pub(super) struct News {
    complete: bool,
    runs: Vec<Sighting>,
    aliens: Vec<AlienRow>,
}

impl News {
    pub(super) fn of(report: &HostReport) -> Self {
        let runs = report.runs.iter().map(|run| Sighting {
            run: run.run,
            vm: run.vm,
            name: run.name.clone(),
            generation: run.generation,
            power: run.power,
            reason: run.reason,
        });
        let aliens = report.aliens.iter().map(|alien| AlienRow {
            uuid: alien.uuid,
            name: alien.name.clone(),
            power: alien.power,
            vcpus: alien.vcpus,
            memory: alien.memory,
            disks: alien.disks.iter().map(|d| device(&d.target, &d.source)).collect(),
            nics: alien.nics.iter().map(|n| device(&n.mac, &n.source)).collect(),
        });
        Self { complete: report.complete, runs: runs.collect(), aliens: aliens.collect() }
    }
}

fn device(name: &str, source: &str) -> AlienDevice {
    AlienDevice { name: name.to_owned(), source: source.to_owned() }
}

/// Whether something is told of a run: not knowing is nothing, a missing domain is something.
fn says_something(seen: &Sighting) -> bool {
    seen.power != PowerState::Unknown || seen.reason == PowerReason::Missing
}

/// Whether a host's listing lacks what it speaks of.
fn is_lacking(seen: &Sighting) -> bool {
    seen.power == PowerState::Unknown && seen.reason == PowerReason::Missing
}

/// Takes a report in.
pub(super) fn take_in(
    tx: &Tx<'_>,
    told: &Told,
    news: &News,
    settings: &Settings,
) -> Result<(), StoreError> {
    told.because(tx);
    let alive = runs_alive_on(tx, told.host)?;
    take_in_runs(tx, told, news, &alive)?;
    take_in_strays(tx, told, news, &alive)?;
    if news.complete {
        take_in_aliens(tx, told, &news.aliens, settings)?;
    }
    Ok(())
}

fn take_in_runs(tx: &Tx<'_>, told: &Told, news: &News, alive: &[RunRow]) -> Result<(), StoreError> {
    let named: BTreeMap<RunId, &Sighting> = news.runs.iter().map(|seen| (seen.run, seen)).collect();
    let newer: Vec<Sighting> = alive
        .iter()
        .filter_map(|run| named.get(&run.id).filter(|seen| seen.generation > run.generation))
        .filter(|seen| says_something(seen))
        .map(|seen| (*seen).clone())
        .collect();
    if !newer.is_empty() {
        runs_seen(tx, told.host, &newer, told.at)?;
    }
    for seen in &newer {
        tell(tx, told, seen.vm, seen.power, seen.reason)?;
    }
    let lacks = |run: &&RunRow| match named.get(&run.id) {
        Some(seen) => is_lacking(seen) && seen.generation >= run.generation,
        // a run that is only claimed is not known to any host
        None => news.complete && run.state != RunState::Claimed,
    };
    let missing: Vec<RunId> = alive.iter().filter(lacks).map(|run| run.id).collect();
    if !missing.is_empty() {
        runs_missing(tx, &missing, told.at)?;
    }
    for run in alive.iter().filter(lacks) {
        let is_new = run.missing.is_none() && !named.contains_key(&run.id);
        // a job that is at the VM tells what has become of it: it may just be released
        if is_new && !job_is_open_on(tx, run.vm.uuid())? {
            tell(tx, told, run.vm, PowerState::Unknown, PowerReason::Missing)?;
        }
    }
    let is_back = |run: &&RunRow| {
        let seen = named.get(&run.id);
        run.missing.is_some() && seen.is_some_and(|seen| seen.power != PowerState::Unknown)
    };
    let back: Vec<RunId> = alive.iter().filter(is_back).map(|run| run.id).collect();
    if !back.is_empty() {
        runs_back(tx, &back)?;
    }
    Ok(())
}

fn take_in_strays(
    tx: &Tx<'_>,
    told: &Told,
    news: &News,
    alive: &[RunRow],
) -> Result<(), StoreError> {
    let believed: BTreeSet<RunId> = alive.iter().map(|run| run.id).collect();
    let is_stray = |seen: &&Sighting| !believed.contains(&seen.run);
    let strays: Vec<Sighting> = news.runs.iter().filter(is_stray).cloned().collect();
    let before = strays_on(tx, told.host)?;
    let new: Vec<Sighting> = strays
        .iter()
        .filter(|seen| !before.iter().any(|stray| stray.seen == **seen))
        .cloned()
        .collect();
    if !new.is_empty() {
        strays_keep(tx, told.host, &new, told.at)?;
    }
    let told_of: Vec<RunId> = strays.iter().map(|seen| seen.run).collect();
    let is_gone = |stray: &StrayRow| {
        believed.contains(&stray.seen.run) || news.complete && !told_of.contains(&stray.seen.run)
    };
    if before.iter().any(is_gone) {
        let stays = before.iter().filter(|stray| !is_gone(stray)).map(|stray| stray.seen.run);
        let kept: Vec<RunId> = stays.chain(told_of.iter().copied()).collect();
        strays_drop_others(tx, told.host, &kept)?;
    }
    Ok(())
}

/// Records the aliens of a complete listing. One that appears is told of once, as the policy of its cluster says.
fn take_in_aliens(
    tx: &Tx<'_>,
    told: &Told,
    seen: &[AlienRow],
    settings: &Settings,
) -> Result<(), StoreError> {
    let before = aliens_on(tx, told.host)?;
    let mut sorted = seen.to_vec();
    sorted.sort_by_key(|alien| alien.uuid.to_string());
    if before == sorted {
        return Ok(());
    }
    aliens_set(tx, told.host, seen, told.at)?;
    let knew = |alien: &&AlienRow| before.iter().any(|old| old.uuid == alien.uuid);
    let appeared: Vec<&AlienRow> = seen.iter().filter(|alien| !knew(alien)).collect();
    if appeared.is_empty() {
        return Ok(());
    }
    let Some(host) = host_find(tx, told.host)? else { return Ok(()) };
    let cluster = host.cluster.map(|id| ("Cluster", id.uuid()));
    let alerts = settings.text_at(&ALIEN_ALERT, cluster) == "true";
    for alien in appeared {
        info!(host = %told.host, uuid = %alien.uuid, name = alien.name, "found an alien; it is left alone");
        if alerts {
            event_add(tx, &alert(told, &host.name, alien))?;
        }
    }
    Ok(())
}

fn alert(told: &Told, host: &str, alien: &AlienRow) -> NewEvent {
    NewEvent {
        at: told.at,
        kind: "HOST.ALIEN",
        level: "ERROR",
        state: "Completed",
        description: format!(
            "host {host} has a libvirt domain that is not this cloud's: {:?} ({}), {}; it is left alone",
            alien.name, alien.uuid, alien.power
        ),
        cause: told.cause.clone(),
        account: None,
        user: None,
        subject: Some(("Host", told.host.uuid())),
        job: None,
    }
}

/// What the record has of a host.
pub(super) fn scene(tx: &Tx<'_>, host: HostId) -> Result<Scene, StoreError> {
    let (alive, strays) = (runs_alive_on(tx, host)?, strays_on(tx, host)?);
    if strays.is_empty() {
        return Ok(Scene { alive, ..Scene::default() });
    }
    let runs: Vec<RunId> = strays.iter().map(|stray| stray.seen.run).collect();
    let vms: Vec<VmId> = strays.iter().map(|stray| stray.seen.vm).collect();
    let (known, standing) = (runs_named(tx, &runs)?, vms_standing(tx, &vms)?);
    let was_restored = restored_at(tx)?.is_some();
    Ok(Scene { alive, strays, known, standing, was_restored })
}

/// The same, and what a ping of the host would say in one number if it knew no more than the record.
pub(super) fn numbers(tx: &Tx<'_>, host: HostId) -> Result<(Scene, u64), StoreError> {
    let scene = scene(tx, host)?;
    let mut digest = ReportDigest::default();
    for run in scene.alive.iter().filter(|run| run.state != RunState::Claimed) {
        digest.add_run(run.id, run.generation, run.power);
    }
    for stray in &scene.strays {
        digest.add_run(stray.seen.run, stray.seen.generation, stray.seen.power);
    }
    for alien in aliens_on(tx, host)? {
        digest.add_alien(&report_of(alien));
    }
    Ok((scene, digest.get()))
}

fn report_of(alien: AlienRow) -> AlienReport {
    let disks = alien.disks.into_iter();
    let nics = alien.nics.into_iter();
    AlienReport {
        uuid: alien.uuid,
        name: alien.name,
        power: alien.power,
        vcpus: alien.vcpus,
        memory: alien.memory,
        disks: disks.map(|d| AlienDisk { target: d.name, source: d.source }).collect(),
        nics: nics.map(|n| AlienNic { mac: n.name, source: n.source }).collect(),
    }
}
