//! The audit: every book recomputed from its rows, and the runs held against what their hosts report.
//!
//! What placement sees of the hosts in memory is held against the record too. It reads and changes nothing. What is on its way is left out: a job is at work there, and knows.

use std::collections::BTreeMap;

use hostler_model::{HostId, PowerState, RunId, Timestamp};
use hostler_store::StoreError;
use hostler_store::audit::{
    Audit, Difference, RunOnRecord, audit_books, runs_ended, runs_on_record,
};

use hostler_store::volume_sight::{LackingVolume, volumes_lacking};

use crate::agents::Heard;
use crate::context::Context;
use crate::error::ServiceError;

/// A report that comes so much later than a change, in milliseconds, was made after it.
const SETTLED: i64 = 5_000;

/// Recomputes everything. Answers with how many hosts' reports there were too.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read.
pub async fn audit(app: &Context) -> Result<(Audit, usize), ServiceError> {
    let (limits, reports) = (app.settings.limits(), app.reports.all());
    let lacking = app.lacking.all();
    let heard = reports.len();
    let mut audit = app
        .store
        .read(move |tx| {
            let mut audit = audit_books(tx, &limits)?;
            let recorded = runs_on_record(tx)?;
            let strangers = strangers(&recorded, &reports);
            let ids: Vec<RunId> = strangers.iter().map(|(_, run, _)| *run).collect();
            let ended = runs_ended(tx, &ids)?;
            audit.differences.extend(unreported(&recorded, &reports));
            audit.differences.extend(unrecorded(&strangers, &ended, &reports));
            audit.differences.extend(volumes_lacking(tx, &lacking)?.iter().map(lost));
            Ok::<_, StoreError>(audit)
        })
        .await?;
    let shown = app.store.hosts_astray().await?.into_iter().map(|(host, name)| Difference {
        book: "host",
        about: host.to_string(),
        text: format!("placement sees {name} otherwise than the record has it"),
    });
    audit.differences.extend(shown);
    Ok((audit, heard))
}

/// A volume that its host does not have.
fn lost(volume: &LackingVolume) -> Difference {
    Difference {
        book: "volume",
        about: volume.id.to_string(),
        text: format!(
            "{} is on {} by the record, which does not have it",
            volume.name, volume.host_name
        ),
    }
}

type Reports = BTreeMap<HostId, Heard>;
type Stranger = (HostId, RunId, String);

fn is_after(heard: &Heard, change: Timestamp) -> bool {
    heard.at.0.saturating_sub(change.0) >= SETTLED
}

/// Runs that run by the record, and that their host does not speak of in a report that is complete and newer.
fn unreported(recorded: &[RunOnRecord], reports: &Reports) -> Vec<Difference> {
    let missing = |run: &RunOnRecord| {
        let heard = reports.get(&run.host)?;
        let tells = run.is_settled && heard.report.complete && is_after(heard, run.changed);
        (tells && !heard.has(run.run)).then(|| Difference {
            book: "report",
            about: run.run.to_string(),
            text: format!("{} runs on {}, which does not report it", run.name, heard.name),
        })
    };
    recorded.iter().filter_map(missing).collect()
}

/// Runs that hosts report to run, and that the record does not believe alive there.
fn strangers(recorded: &[RunOnRecord], reports: &Reports) -> Vec<Stranger> {
    let is_known =
        |host: HostId, run: RunId| recorded.iter().any(|row| (row.host, row.run) == (host, run));
    let of_host = |(host, heard): (&HostId, &Heard)| {
        let host = *host;
        let on = heard.report.runs.iter().filter(|run| run.power == PowerState::On);
        let unknown: Vec<Stranger> = on
            .filter(|run| !is_known(host, run.run))
            .map(|run| (host, run.run, run.name.to_string()))
            .collect();
        unknown
    };
    reports.iter().flat_map(of_host).collect()
}

/// Of those, the ones that did not end only just before the report was made.
fn unrecorded(
    strangers: &[Stranger],
    ended: &[(RunId, Option<Timestamp>)],
    reports: &Reports,
) -> Vec<Difference> {
    let tell = |(host, run, name): &Stranger| {
        let heard = reports.get(host)?;
        let end = ended.iter().find(|(id, _)| id == run).map(|(_, end)| *end);
        let why = match end {
            Some(Some(end)) if !is_after(heard, end) => return None,
            Some(Some(_)) => "whose run has ended by the record",
            Some(None) => "which is elsewhere by the record",
            None => "of which the record knows nothing",
        };
        let text = format!("{} runs {name}, {why}", heard.name);
        Some(Difference { book: "report", about: run.to_string(), text })
    };
    strangers.iter().filter_map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Generation, PowerReason, VmId};
    use hostler_wire::{HostReport, RunReport};
    use uuid::Uuid;

    fn host(number: u128) -> HostId {
        HostId::new(Uuid::from_u128(number))
    }

    fn run(number: u128) -> RunId {
        RunId::new(Uuid::from_u128(number))
    }

    /// A VM that runs on host 1 since second 10.
    fn recorded() -> RunOnRecord {
        RunOnRecord {
            run: run(5),
            vm: VmId::new(Uuid::from_u128(4)),
            name: "i-2-7-VM".to_owned(),
            host: host(1),
            is_settled: true,
            changed: Timestamp(10_000),
        }
    }

    /// What a host said of these runs at a second.
    fn said(on: u128, runs: &[u128], second: i64) -> Reports {
        let report = |number: &u128| RunReport {
            run: run(*number),
            vm: VmId::new(Uuid::from_u128(4)),
            name: "i-2-7-VM".parse().unwrap(),
            generation: Generation(2),
            power: PowerState::On,
            reason: PowerReason::Found,
        };
        let runs = runs.iter().map(report).collect();
        let report = HostReport { complete: true, runs, aliens: Vec::new() };
        let heard = Heard::now(format!("h{on}"), report, Timestamp(second * 1000));
        BTreeMap::from([(host(on), heard)])
    }

    #[test]
    fn a_run_that_its_host_does_not_report_is_told_once_the_report_is_surely_newer() {
        let text = |reports: &Reports| {
            unreported(&[recorded()], reports).into_iter().map(|d| d.text).collect::<Vec<_>>()
        };
        assert_eq!(text(&said(1, &[5], 60)), [""; 0]);
        assert_eq!(text(&said(1, &[], 60)), ["i-2-7-VM runs on h1, which does not report it"]);
        assert_eq!(text(&said(1, &[], 12)), [""; 0], "it may be older than the start");
        assert_eq!(text(&said(2, &[], 60)), [""; 0], "host 1 has said nothing");
        let mut partial = said(1, &[], 60);
        partial.get_mut(&host(1)).unwrap().report.complete = false;
        assert_eq!(text(&partial), [""; 0], "a report that is not complete proves nothing");
    }

    #[test]
    fn a_vm_that_a_host_runs_and_the_record_does_not_know_there_is_told() {
        let text = |reports: &Reports, ended: &[(RunId, Option<Timestamp>)]| {
            let strangers = strangers(&[recorded()], reports);
            let told = unrecorded(&strangers, ended, reports);
            told.into_iter().map(|d| d.text).collect::<Vec<_>>()
        };
        assert_eq!(text(&said(1, &[5], 60), &[]), [""; 0]);
        let unknown = text(&said(1, &[6], 60), &[]);
        assert_eq!(unknown, ["h1 runs i-2-7-VM, of which the record knows nothing"]);
        let elsewhere = text(&said(2, &[5], 60), &[(run(5), None)]);
        assert_eq!(elsewhere, ["h2 runs i-2-7-VM, which is elsewhere by the record"]);
        let ended = |second: i64| [(run(6), Some(Timestamp(second * 1000)))];
        let over = text(&said(1, &[6], 60), &ended(30));
        assert_eq!(over, ["h1 runs i-2-7-VM, whose run has ended by the record"]);
        assert_eq!(text(&said(1, &[6], 60), &ended(58)), [""; 0], "it may only just have ended");
    }
}
