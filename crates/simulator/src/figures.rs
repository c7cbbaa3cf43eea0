//! What a run has measured, as JSON for programs and as a table for people.
//!
//! Not here: measuring.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::process::Sample;

/// Lengths of time of one kind, from any number of tasks.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Vec<Duration>>);

/// What a [`Clock`] has seen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Times {
    /// How many.
    pub count: usize,
    /// Half of them took less: milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 took less: milliseconds.
    pub p99_ms: f64,
    /// The longest: milliseconds.
    pub most_ms: f64,
}

impl Clock {
    /// One more.
    pub fn note(&self, took: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(took);
    }

    /// What it has seen since the last time that it was asked.
    pub fn take(&self) -> Times {
        let mut seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        seen.sort_unstable();
        let at = |part: usize| {
            let index = (seen.len() * part / 100).min(seen.len().saturating_sub(1));
            seen.get(index).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
        };
        Times { count: seen.len(), p50_ms: at(50), p99_ms: at(99), most_ms: at(100) }
    }
}

/// What is done to many VMs at a time.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rate {
    /// How many succeeded.
    pub done: usize,
    /// How many did not, by what was said.
    pub failed: std::collections::BTreeMap<String, usize>,
    /// How long it took, seconds.
    pub seconds: f64,
    /// Successes in a second.
    pub per_second: f64,
    /// Processor time of the manager for each success: milliseconds.
    pub cpu_ms_each: f64,
    /// The request alone.
    pub request: Times,
    /// From the request to the end of the job.
    pub whole: Times,
    /// `queryAsyncJobResult` meanwhile.
    pub query_job: Times,
    /// A page of 100 of `listVirtualMachines` meanwhile.
    pub list_page: Times,
}

/// Nothing was asked for.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Rested {
    /// How long, seconds.
    pub seconds: f64,
    /// Of one core, in percent.
    pub cpu_percent: f64,
    /// Microseconds of processor time for each agent in a second.
    pub cpu_us_per_agent: f64,
}

/// The manager was killed and started again.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Restarted {
    /// Until it gave an answer, seconds.
    pub first_answer_s: f64,
    /// Until every host was Up, seconds.
    pub all_up_s: f64,
    /// Its processor time until then, seconds.
    pub cpu_s: f64,
}

/// VMs were deployed, stopped, started and destroyed all the time.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Churned {
    /// What was done.
    pub rate: Rate,
    /// By what was asked for.
    pub deeds: std::collections::BTreeMap<&'static str, usize>,
    /// What was ordered, and when.
    pub events: Vec<String>,
    /// The manager, all the time.
    pub samples: Vec<Sample>,
    /// Median of its own memory in the middle third and in the last, bytes.
    pub memory: (u64, u64),
    /// The same of files and sockets.
    pub files: (u64, u64),
    /// The same of the database, bytes.
    pub database: (u64, u64),
    /// The same of what waits.
    pub waiting: (u64, u64),
}

/// Everything.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Hosts that there were.
    pub hosts: usize,
    /// From the start of the first agent until every host was Up, seconds.
    pub all_up_s: f64,
    /// What was deployed first.
    pub deployed: Option<Rate>,
    /// The manager with all of that.
    pub loaded: Option<Sample>,
    /// Nothing was asked for.
    pub rested: Option<Rested>,
    /// It was killed and started again.
    pub restarted: Option<Restarted>,
    /// Everything was asked for.
    pub churned: Option<Churned>,
    /// From the end of all that until record and hosts agreed, seconds.
    pub quiet_s: f64,
    /// VMs that run, by the record and by the hosts.
    pub running: (usize, usize),
    /// What does not hold. Empty is good.
    pub wrong: Vec<String>,
}

impl Figures {
    /// A table in Markdown.
    pub fn table(&self) -> String {
        let mut text = String::from("| what | figure |\n| --- | --- |\n");
        let mut row = |what: &str, figure: String| {
            let _ = writeln!(text, "| {what} | {figure} |"); // a String takes everything
        };
        row("hosts", self.hosts.to_string());
        row("all Up, first time", format!("{:.1} s", self.all_up_s));
        if let Some(rate) = &self.deployed {
            rows_of(rate, "deployed first", &mut row);
        }
        if let Some(sample) = &self.loaded {
            row(
                "memory of the manager",
                format!("{} ({} its own)", mib(sample.resident), mib(sample.own)),
            );
            row("its files and sockets", sample.files.to_string());
            row("its database", mib(sample.database));
        }
        if let Some(rested) = &self.rested {
            row(
                &format!("at rest for {:.0} s", rested.seconds),
                format!(
                    "{:.1} % of a core, {:.0} µs for an agent in a second",
                    rested.cpu_percent, rested.cpu_us_per_agent
                ),
            );
        }
        if let Some(restarted) = &self.restarted {
            row("started again: first answer", format!("{:.2} s", restarted.first_answer_s));
            row(
                "started again: all Up",
                format!("{:.1} s, {:.1} s of processor time", restarted.all_up_s, restarted.cpu_s),
            );
        }
        if let Some(churned) = &self.churned {
            rows_of(&churned.rate, "churn", &mut row);
            for (deed, count) in &churned.deeds {
                row(&format!("churn: {deed}"), count.to_string());
            }
            row("churn: events", churned.events.len().to_string());
            let pair = |(before, after)| format!("{} and {}", mib(before), mib(after));
            row("own memory, middle and last third", pair(churned.memory));
            row("database, middle and last third", pair(churned.database));
            let pair = |(before, after)| format!("{before} and {after}");
            row("files, middle and last third", pair(churned.files));
            row("what waits, middle and last third", pair(churned.waiting));
        }
        row("quiet after", format!("{:.1} s", self.quiet_s));
        row(
            "VMs that run, by record and by hosts",
            format!("{} and {}", self.running.0, self.running.1),
        );
        row(
            "wrong",
            if self.wrong.is_empty() { "nothing".to_owned() } else { self.wrong.join("; ") },
        );
        text
    }
}

fn rows_of(rate: &Rate, what: &str, row: &mut impl FnMut(&str, String)) {
    let failed: usize = rate.failed.values().sum();
    row(
        what,
        format!(
            "{} in {:.1} s, {:.1} in a second, {:.1} ms of the manager's processor time each, {failed} failed",
            rate.done, rate.seconds, rate.per_second, rate.cpu_ms_each
        ),
    );
    for (name, times) in [
        ("request", rate.request),
        ("until done", rate.whole),
        ("queryAsyncJobResult", rate.query_job),
        ("a page of 100 VMs", rate.list_page),
    ] {
        if times.count > 0 {
            row(
                &format!("{what}: {name}"),
                format!(
                    "p50 {:.1}, p99 {:.1}, most {:.1} ms of {}",
                    times.p50_ms, times.p99_ms, times.most_ms, times.count
                ),
            );
        }
    }
    for (why, count) in &rate.failed {
        row(&format!("{what}: failed"), format!("{count} × {why}"));
    }
}

#[allow(clippy::cast_precision_loss)] // a figure for people, far below 2^52
fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_tells_the_middle_and_the_longest_once() {
        let clock = Clock::default();
        for ms in 1..=100 {
            clock.note(Duration::from_millis(ms));
        }
        let times = clock.take();
        assert_eq!(
            (times.count, times.p50_ms, times.p99_ms, times.most_ms),
            (100, 51.0, 100.0, 100.0)
        );
        assert_eq!(clock.take(), Times::default());
    }

    #[test]
    fn the_table_says_what_is_wrong() {
        let figures = Figures { wrong: vec!["one host is lost".to_owned()], ..Figures::default() };
        assert!(figures.table().contains("| wrong | one host is lost |"));
        assert!(Figures::default().table().contains("| wrong | nothing |"));
    }
}
