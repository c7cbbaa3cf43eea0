//! What each host said last of its VMs, in memory: what an audit holds the record against.
//!
//! Nothing is kept of a host that is away: what it said then proves nothing now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hostler_model::{HostId, RunId, Timestamp};
use hostler_store::host::HostRow;
use hostler_wire::{HostReport, StartupCommand, StartupResource};
use tokio::time::Instant;

use super::HostListener;

/// A report, and when it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The host's name.
    pub name: String,
    /// What it said.
    pub report: HostReport,
    /// The runs that it has since agreed to have: a report that was long on its way may have been made before they began.
    agreed: Vec<RunId>,
    /// When: where this machine's clock was set since, the earlier of what it said then and what it would say now.
    pub at: Timestamp,
    /// The same by a clock that nobody sets.
    since: Instant,
}

impl Heard {
    /// What a host said at this time, and just now.
    pub fn now(name: String, report: HostReport, at: Timestamp) -> Self {
        Self { name, report, agreed: Vec::new(), at, since: Instant::now() }
    }

    /// Whether it has spoken of a run, by itself or by agreeing.
    pub fn has(&self, run: RunId) -> bool {
        self.agreed.contains(&run) || self.report.runs.iter().any(|told| told.run == run)
    }
}

/// When something was, by a clock that may have been set since: of both answers the one that proves less.
fn earlier(at: Timestamp, ago: Duration, now: Timestamp) -> Timestamp {
    let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    at.min(Timestamp(now.0.saturating_sub(ago)))
}

/// The last report of each host that is connected. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct LastReports(Arc<Mutex<BTreeMap<HostId, Heard>>>);

impl LastReports {
    /// What each host said last.
    pub fn all(&self) -> BTreeMap<HostId, Heard> {
        let (mut all, now) = (self.lock().clone(), now());
        for heard in all.values_mut() {
            heard.at = earlier(heard.at, heard.since.elapsed(), now);
        }
        all
    }

    /// A host that is connected has said this, of its own accord or because it was asked.
    pub fn said(&self, host: HostId, report: &HostReport) {
        if let Some(heard) = self.lock().get_mut(&host) {
            *heard = Heard::now(heard.name.clone(), report.clone(), now());
        }
    }

    /// A host has agreed with the record that it has these runs and no others: what it said of others is over.
    pub fn agreed(&self, host: HostId, runs: Vec<RunId>) {
        if let Some(heard) = self.lock().get_mut(&host) {
            heard.report.runs.retain(|told| runs.contains(&told.run));
            heard.agreed = runs;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<HostId, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

#[async_trait]
impl HostListener for LastReports {
    fn name(&self) -> &'static str {
        "last-reports"
    }

    async fn connect(&self, host: &HostRow, startup: &StartupCommand) -> Result<(), String> {
        if let StartupResource::Routing(routing) = &startup.resource {
            let (name, report) = (host.name.clone(), routing.report.clone());
            self.lock().insert(host.id, Heard::now(name, report, now()));
        }
        Ok(())
    }

    async fn disconnect(&self, host: HostId, _why: &str) {
        self.lock().remove(&host);
    }

    async fn report(&self, host: HostId, report: &HostReport) {
        self.said(host, report);
    }

    async fn removed(&self, host: HostId) {
        self.lock().remove(&host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Generation, PowerReason, PowerState, VmId};
    use hostler_wire::RunReport;
    use uuid::Uuid;

    fn host() -> HostId {
        HostId::new(Uuid::from_u128(1))
    }

    fn run(number: u128) -> RunId {
        RunId::new(Uuid::from_u128(number))
    }

    /// The host has told of these runs.
    fn told(runs: &[u128]) -> LastReports {
        let report = |number: &u128| RunReport {
            run: run(*number),
            vm: VmId::new(Uuid::from_u128(3)),
            name: "i-2-7-VM".parse().unwrap(),
            generation: Generation(2),
            power: PowerState::On,
            reason: PowerReason::Found,
        };
        let runs = runs.iter().map(report).collect();
        let (reports, change) = (LastReports::default(), HostReport { runs, ..Default::default() });
        reports.lock().insert(host(), Heard::now("h1".to_owned(), change, now()));
        reports
    }

    #[test]
    fn what_host_and_record_agree_on_takes_the_place_of_what_the_host_said_before() {
        let reports = told(&[5, 6]);
        reports.agreed(host(), vec![run(4), run(5)]);
        let heard = reports.all()[&host()].clone();
        let left: Vec<RunId> = heard.report.runs.iter().map(|told| told.run).collect();
        assert_eq!(left, [run(5)]);
        assert_eq!([4, 5, 6].map(|number| heard.has(run(number))), [true, true, false]);
        // and the next report that of both
        reports.said(host(), &HostReport { complete: true, ..HostReport::default() });
        assert!(!reports.all()[&host()].has(run(4)));
    }

    #[test]
    fn what_a_host_answers_when_it_is_asked_takes_the_place_of_what_it_said_before() {
        let (reports, host) = (told(&[5]), host());
        let whole = HostReport { complete: true, ..HostReport::default() };
        reports.said(host, &whole);
        assert_eq!(reports.all()[&host].report, whole);
        let other = HostId::new(Uuid::from_u128(9));
        reports.said(other, &whole);
        assert!(!reports.all().contains_key(&other), "it is not connected");
    }

    #[test]
    fn a_clock_that_was_set_makes_a_report_older_and_never_newer() {
        let ago = Duration::from_secs(10);
        for (what, at, now, when) in [
            ("nobody has set it", 100_000, 110_000, 100_000),
            ("it was set back by an hour", 3_700_000, 110_000, 100_000),
            ("it was set forward by an hour", 100_000, 3_710_000, 100_000),
        ] {
            assert_eq!(earlier(Timestamp(at), ago, Timestamp(now)), Timestamp(when), "{what}");
        }
    }
}
