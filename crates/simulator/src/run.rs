//! A run from its beginning to its end: a cloud is made, filled, left alone, started again, worked hard, and looked at.
//!
//! Not here: what is asked (`load`), who answers (`fleet`, `manager`).

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio_util::sync::CancellationToken;

use crate::control::Control;
use crate::figures::{Churned, Figures, Rate, Restarted, Rested};
use crate::fleet::Fleet;
use crate::load::{Catalogue, Load};
use crate::manager::Manager;
use crate::metrics;
use crate::pause::pause;
use crate::process::Sample;
use crate::scenario::{Churn, Event, Scenario};

/// Between two looks at something that tells nobody.
const LOOK: Duration = Duration::from_millis(100);
/// How long all hosts together may take to be Up.
const PATIENCE: Duration = Duration::from_mins(10);

/// What a run needs beside its scenario.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The manager's program.
    pub manager: PathBuf,
    /// A directory for everything that the run writes.
    pub folder: PathBuf,
    /// Whether the cloud stays after the run until it is interrupted.
    pub stay: bool,
}

/// A simulated cloud.
#[derive(Debug)]
struct Cloud {
    scenario: Scenario,
    manager: Manager,
    fleet: Fleet,
    load: Load,
    catalogue: Catalogue,
    started: Instant,
    figures: Figures,
}

/// Does what the scenario says. What does not hold is in [`Figures::wrong`].
///
/// # Errors
/// If the cloud cannot be made, or does not answer any more.
pub async fn run(scenario: Scenario, around: &Surroundings) -> anyhow::Result<Figures> {
    let mut cloud = Cloud::begin(scenario, around).await?;
    let control = Control::listen(&around.folder.join("control"), cloud.fleet.clone())?;
    cloud.fill().await?;
    cloud.rest().await?;
    if cloud.scenario.restart {
        cloud.restart().await?;
    }
    cloud.churn().await?;
    cloud.look().await?;
    if around.stay {
        cloud.invite(&around.folder);
        tokio::signal::ctrl_c().await?;
    }
    drop(control);
    Ok(cloud.figures)
}

impl Cloud {
    async fn begin(scenario: Scenario, around: &Surroundings) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut manager = Manager::new(&around.manager, &around.folder, &scenario.settings)?;
        manager.begin().await?;
        let load = Load::new(manager.session()?);
        let mut catalogue = load.furnish(&scenario).await.context("make the cloud")?;
        tell(&format!("{} machines get keys and certificates", scenario.hosts + 1));
        let identities = manager.identities(scenario.hosts + 1).await?;
        let fleet = Fleet::new(&scenario, manager.agents, identities)?;
        let begun = Instant::now();
        fleet.begin();
        let mut figures = Figures { hosts: scenario.hosts, ..Figures::default() };
        all_up(&load, scenario.hosts).await?;
        figures.all_up_s = begun.elapsed().as_secs_f64();
        load.register_template(&mut catalogue).await.context("make a template")?;
        Ok(Self { scenario, manager, fleet, load, catalogue, started, figures })
    }

    /// Deploys what there is first.
    #[allow(clippy::cast_precision_loss)] // a figure for people, far below 2^52
    async fn fill(&mut self) -> anyhow::Result<()> {
        let (count, at_once) = (self.scenario.vms.count, self.scenario.vms.at_once);
        if count > 0 {
            let step = (count / 20).max(1);
            let rate = self.load.deploy(&self.catalogue, count, at_once, |done| {
                if done % step == 0 && done > 0 {
                    tell(&format!("{done} of {count} VMs are deployed"));
                }
            });
            let before = self.sample()?.cpu_ms;
            let rate = rate.await;
            let cpu_ms_each = (self.sample()?.cpu_ms - before) as f64 / rate.done.max(1) as f64;
            self.figures.deployed = Some(Rate { cpu_ms_each, ..rate });
        }
        self.figures.loaded = Some(self.sample()?);
        Ok(())
    }

    /// Asks for nothing.
    #[allow(clippy::cast_precision_loss)] // a figure for people, far below 2^52
    async fn rest(&mut self) -> anyhow::Result<()> {
        let time = self.scenario.rest.time;
        if time.is_zero() {
            return Ok(());
        }
        tell(&format!("nothing is asked for during {time:?}"));
        let before = self.sample()?;
        pause(time).await; // how much a manager takes in a time needs that time
        let after = self.sample()?;
        let (cpu_ms, seconds) = (after.cpu_ms - before.cpu_ms, time.as_secs_f64());
        self.figures.rested = Some(Rested {
            seconds,
            cpu_percent: cpu_ms as f64 / seconds / 10.0,
            cpu_us_per_agent: cpu_ms as f64 * 1000.0 / seconds / self.scenario.hosts as f64,
        });
        Ok(())
    }

    /// Kills the manager and starts it again.
    #[allow(clippy::cast_precision_loss)] // a figure for people, far below 2^52
    async fn restart(&mut self) -> anyhow::Result<()> {
        tell("the manager is killed and started again");
        self.manager.kill().await?;
        let started = Instant::now();
        let first_answer = self.manager.begin().await?;
        self.load = Load::new(self.manager.session()?);
        all_up(&self.load, self.scenario.hosts).await?;
        let all_up = started.elapsed();
        self.figures.restarted = Some(Restarted {
            first_answer_s: first_answer.as_secs_f64(),
            all_up_s: all_up.as_secs_f64(),
            cpu_s: self.sample()?.cpu_ms as f64 / 1000.0,
        });
        if let Some(limit) = self.scenario.expect.up_within
            && all_up > limit
        {
            self.wrong(format!("hosts were Up after {all_up:.1?}, not within {limit:?}"));
        }
        Ok(())
    }

    /// Has everything happen at a time.
    #[allow(clippy::cast_precision_loss)] // a figure for people, far below 2^52
    async fn churn(&mut self) -> anyhow::Result<()> {
        let Churn { time, .. } = self.scenario.churn;
        if time.is_zero() {
            return Ok(());
        }
        tell(&format!("VMs come and go during {time:?}"));
        let stop = CancellationToken::new();
        let events: Vec<_> = self
            .scenario
            .event
            .iter()
            .cloned()
            .map(|event| tokio::spawn(happen(event, self.fleet.clone(), stop.clone())))
            .collect();
        let load = self.load.clone();
        let churn = load.churn(&self.catalogue, &self.scenario, stop.clone());
        let samples = async {
            let samples = self.samples(time).await;
            stop.cancel();
            samples
        };
        let ((rate, deeds), samples) = tokio::join!(churn, samples);
        let mut happened = Vec::new();
        for event in events {
            happened.extend(event.await?);
        }
        let thirds = |of: fn(&Sample) -> u64| thirds(&samples, of);
        let churned = Churned {
            rate,
            deeds,
            events: happened,
            memory: thirds(|sample| sample.own),
            files: thirds(|sample| sample.files),
            database: thirds(|sample| sample.database),
            waiting: thirds(|sample| sample.waiting),
            samples,
        };
        let (before, after) = churned.memory;
        if let Some(limit) = self.scenario.expect.memory_growth
            && after as f64 > before as f64 * (1.0 + limit)
        {
            self.wrong(format!("the manager's memory grew from {before} to {after} bytes"));
        }
        self.figures.churned = Some(churned);
        Ok(())
    }

    /// Heals everything, waits until record and hosts agree, and says what does not hold.
    async fn look(&mut self) -> anyhow::Result<()> {
        let heal = "heal all".parse().context("an order of our own")?;
        self.fleet.order(&heal).map_err(anyhow::Error::msg)?;
        let started = Instant::now();
        loop {
            let up = self.load.hosts_up().await?;
            let by_record = self.load.running().await?;
            let by_hosts = self.fleet.running();
            let mut wrong = Vec::new();
            if up != self.scenario.hosts {
                wrong.push(format!("{up} of {} hosts are Up", self.scenario.hosts));
            }
            if by_record != by_hosts {
                wrong.push(format!("{by_record} VMs run by the record, {by_hosts} on the hosts"));
            }
            match self.waiting().await? {
                0 => {}
                waiting => wrong.push(format!("{waiting} things wait in the manager")),
            }
            if wrong.is_empty() {
                wrong = self.load.differences().await?;
            }
            let took = started.elapsed();
            if wrong.is_empty() || took > self.scenario.expect.quiet_within {
                self.figures.running = (by_record, by_hosts);
                self.figures.quiet_s = took.as_secs_f64();
                wrong.truncate(20);
                self.figures.wrong.extend(wrong);
                return Ok(());
            }
            pause(LOOK).await; // agreement is reached by the manager's own monitors
        }
    }

    fn invite(&self, folder: &std::path::Path) {
        tell(&format!(
            "the cloud stays until it is interrupted (Ctrl-C)\n  export HOSTLER_ENDPOINT=http://{}\n  \
             export $(xargs < {})\n  hostler-simulator tell {} status",
            self.manager.api,
            self.manager.keys().display(),
            folder.display(),
        ));
    }

    fn wrong(&mut self, text: String) {
        self.figures.wrong.push(text);
    }

    fn sample(&self) -> anyhow::Result<Sample> {
        let pid = self.manager.pid().context("the manager does not run")?;
        Sample::take(pid, &self.manager.database(), self.started.elapsed())
            .context("the manager has ended")
    }

    /// What waits in the manager.
    async fn waiting(&self) -> std::io::Result<u64> {
        const QUEUES: &[&str] =
            &["hostler_jobs", "hostler_agent_open_orders", "hostler_store_waiting"];
        let text = metrics::ask(self.manager.api).await?;
        Ok(QUEUES.iter().map(|name| metrics::sum(&text, name)).sum())
    }

    /// Looks at the manager for `time`, often enough to see a trend.
    async fn samples(&self, time: Duration) -> Vec<Sample> {
        let every = (time / 120).max(LOOK);
        let mut ticks = tokio::time::interval(every);
        let mut samples = Vec::new();
        let started = Instant::now();
        while started.elapsed() < time {
            ticks.tick().await;
            let Ok(sample) = self.sample() else { continue };
            let waiting = self.waiting().await.unwrap_or(0);
            samples.push(Sample { waiting, ..sample });
        }
        samples
    }
}

/// Waits until so many hosts are Up.
async fn all_up(load: &Load, hosts: usize) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut told = Instant::now();
    loop {
        let up = load.hosts_up().await?;
        if up == hosts {
            tell(&format!("{hosts} hosts are Up"));
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            bail!("{up} of {hosts} hosts are Up after {PATIENCE:?}");
        }
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            tell(&format!("{up} of {hosts} hosts are Up"));
        }
        pause(LOOK).await; // the API tells nobody of its own accord
    }
}

/// An event at its times, until `stop`. Says what happened.
async fn happen(event: Event, fleet: Fleet, stop: CancellationToken) -> Vec<String> {
    let (mut happened, mut left, started) = (Vec::new(), event.at, Instant::now());
    while stop.run_until_cancelled(pause(left)).await.is_some() {
        let text = fleet.order(&event.order).unwrap_or_else(|why| why);
        let text = format!("{:.1} s: {text}", started.elapsed().as_secs_f64());
        tell(&text);
        happened.push(text);
        if event.every.is_zero() {
            break;
        }
        left = event.every;
    }
    happened
}

/// The median of something in the middle third of the samples, and in the last.
fn thirds(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> (u64, u64) {
    let third = samples.len() / 3;
    let median = |part: &[Sample]| {
        let mut values: Vec<_> = part.iter().map(&of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or(0)
    };
    (median(&samples[third..2 * third]), median(&samples[2 * third..]))
}

/// Progress, for people.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_the_median_of_two_thirds() {
        let samples: Vec<_> = (0..9).map(|own| Sample { own, ..Sample::default() }).collect();
        assert_eq!(thirds(&samples, |sample| sample.own), (4, 7));
        assert_eq!(thirds(&[], |sample| sample.own), (0, 0));
    }
}
