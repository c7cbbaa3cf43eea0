//! The run journal: what this host knows about each run, and how new that is. It outlives the agent.
//!
//! The agent raises a run's generation with every change that it sees; the manager takes only newer news. A run
//! whose domain ended by itself is reported until the manager stops or forgets it; a run that was stopped is
//! remembered for a while longer, so that a start command that comes late is refused.
//!
//! Not here: asking libvirt ([`crate::kvm`]).

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hostler_model::{Generation, InstanceName, PowerReason, PowerState, RunId, VmId};
use hostler_wire::RunReport;
use serde::{Deserialize, Serialize};
use tracing::{error, warn};
use uuid::Uuid;

/// How long a stopped run is remembered: longer than any command can be under way.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

/// What is known about one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The run.
    pub run: RunId,
    /// Its VM.
    pub vm: VmId,
    /// What the cloud calls it, which is the name of its libvirt domain, if that is not one that was adopted.
    pub name: InstanceName,
    /// `<uuid>` of a libvirt domain that was adopted; nothing: it is the VM's.
    #[serde(default)]
    pub domain: Option<Uuid>,
    /// How new this is.
    pub generation: Generation,
    /// Whether it runs.
    pub power: PowerState,
    /// Why.
    pub reason: PowerReason,
    /// Where it is in its life.
    pub phase: Phase,
}

/// Where a run is in its life on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// A start command is being carried out, or the agent ended in the middle of one.
    Starting,
    /// It was started; its domain runs, or has ended and nobody was told to stop it.
    Live,
    /// The manager had it stopped. It is not reported any more.
    Stopped,
}

impl RunRecord {
    /// `<uuid>` of its libvirt domain.
    pub fn domain_uuid(&self) -> Uuid {
        self.domain.unwrap_or_else(|| self.vm.uuid())
    }

    /// What the manager is told of it.
    pub fn report(&self) -> RunReport {
        RunReport {
            run: self.run,
            vm: self.vm,
            name: self.name.clone(),
            generation: self.generation,
            power: self.power,
            reason: self.reason,
        }
    }

    /// Takes in what was seen of the domain; whether that is news, which raises the generation.
    ///
    /// Not knowing is not news, unless a domain that ran is missing. While a domain stays on, only whether it is paused matters; while it stays off,
    /// the first reason that says something.
    fn observe(&mut self, power: PowerState, reason: PowerReason) -> bool {
        let paused = |reason| reason == PowerReason::Paused;
        let news = match (self.power, power) {
            (PowerState::On, PowerState::Unknown) => reason == PowerReason::Missing,
            (_, PowerState::Unknown) => false,
            (PowerState::On, PowerState::On) => paused(self.reason) != paused(reason),
            (PowerState::Off, PowerState::Off) => {
                self.reason == PowerReason::Other && reason != PowerReason::Other
            }
            _ => true,
        };
        if news {
            self.generation = self.generation.next();
            (self.power, self.reason) = (power, reason);
        }
        news
    }
}

/// The journal: one file for each run, and a copy in memory.
#[derive(Debug)]
pub struct RunJournal {
    directory: Option<PathBuf>,
    runs: Mutex<BTreeMap<RunId, RunRecord>>,
}

impl RunJournal {
    /// Opens the journal in a directory, making it if it is not there. A file that cannot be read is left out and
    /// said so in the log.
    ///
    /// # Errors
    /// If the directory cannot be made or listed.
    pub fn open(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let mut runs = BTreeMap::new();
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(record) if record.phase == Phase::Stopped && is_old(&path) => {
                    let _ = std::fs::remove_file(&path);
                }
                Ok(record) => {
                    runs.insert(record.run, record);
                }
                Err(error) => {
                    warn!(%error, file = %path.display(), "left out a file of the run journal");
                }
            }
        }
        Ok(Self { directory: Some(directory.to_owned()), runs: Mutex::new(runs) })
    }

    /// A journal that is gone with the process: for simulated hosts.
    pub fn in_memory() -> Self {
        Self { directory: None, runs: Mutex::default() }
    }

    /// What is known about a run.
    pub fn get(&self, run: RunId) -> Option<RunRecord> {
        self.lock().get(&run).cloned()
    }

    /// Every run that the manager is to be told of.
    pub fn reported(&self) -> Vec<RunRecord> {
        self.lock().values().filter(|record| record.phase != Phase::Stopped).cloned().collect()
    }

    /// Every run, also those that were stopped.
    pub fn all(&self) -> Vec<RunRecord> {
        self.lock().values().cloned().collect()
    }

    /// Keeps a record, in place of an older one of the same run.
    ///
    /// # Errors
    /// If it could not be written; it is then kept in memory alone.
    pub fn put(&self, record: RunRecord) -> io::Result<()> {
        let mut runs = self.lock();
        let written = self.write(&record);
        runs.insert(record.run, record);
        written
    }

    /// Takes in what was seen of a run's domain; the record, if it was news.
    pub fn observe(&self, run: RunId, power: PowerState, reason: PowerReason) -> Option<RunRecord> {
        let mut runs = self.lock();
        let record = runs.get_mut(&run)?;
        if !record.observe(power, reason) {
            return None;
        }
        self.write_or_log(record);
        Some(record.clone())
    }

    /// Raises a run's generation for a change that its power does not show; the new one.
    pub fn raise(&self, run: RunId) -> Option<Generation> {
        let mut runs = self.lock();
        let record = runs.get_mut(&run)?;
        record.generation = record.generation.next();
        self.write_or_log(record);
        Some(record.generation)
    }

    /// `<uuid>` of a VM's libvirt domain: its own, or that of one that was adopted.
    pub fn domain_of(&self, vm: VmId) -> Uuid {
        let runs = self.lock();
        let mut of_vm = runs.values().filter(|record| record.vm == vm);
        of_vm.find_map(|record| record.domain).unwrap_or_else(|| vm.uuid())
    }

    /// Drops what is known about every run of a VM.
    pub fn remove_vm(&self, vm: VmId) {
        let of_vm: Vec<RunId> = self
            .lock()
            .values()
            .filter(|record| record.vm == vm)
            .map(|record| record.run)
            .collect();
        for run in of_vm {
            self.remove(run);
        }
    }

    /// Marks every run of a VM as stopped.
    pub fn stop_vm(&self, vm: VmId) {
        let mut runs = self.lock();
        for record in runs.values_mut().filter(|r| r.vm == vm && r.phase != Phase::Stopped) {
            record.phase = Phase::Stopped;
            record.power = PowerState::Off;
            record.generation = record.generation.next();
            self.write_or_log(record);
        }
    }

    /// Drops what is known about a run.
    pub fn remove(&self, run: RunId) {
        let mut runs = self.lock();
        runs.remove(&run);
        if let Some(directory) = &self.directory {
            let path = directory.join(format!("{run}.json"));
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    error!(%error, file = %path.display(), "cannot remove a file of the run journal");
                }
                _ => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, RunRecord>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_or_log(&self, record: &RunRecord) {
        if let Err(error) = self.write(record) {
            error!(%error, run = %record.run, "cannot write the run journal; an agent that restarts now forgets this");
        }
    }

    fn write(&self, record: &RunRecord) -> io::Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.as_file().sync_all()?;
        file.persist(directory.join(format!("{}.json", record.run)))?;
        std::fs::File::open(directory)?.sync_all()
    }
}

fn read(path: &Path) -> io::Result<RunRecord> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn is_old(path: &Path) -> bool {
    let age = path.metadata().and_then(|meta| meta.modified()).map(|changed| changed.elapsed());
    matches!(age, Ok(Ok(age)) if age > REMEMBERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(phase: Phase) -> RunRecord {
        RunRecord {
            run: RunId::new(Uuid::from_u128(1)),
            vm: VmId::new(Uuid::from_u128(2)),
            name: InstanceName::new(2, 3, "VM"),
            domain: None,
            generation: Generation(5),
            power: PowerState::On,
            reason: PowerReason::Commanded,
            phase,
        }
    }

    #[test]
    fn a_change_of_power_raises_the_generation_and_is_there_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let journal = RunJournal::open(dir.path()).unwrap();
        journal.put(record(Phase::Live)).unwrap();
        let run = record(Phase::Live).run;
        let news = journal.observe(run, PowerState::Off, PowerReason::GuestShutdown).unwrap();
        assert_eq!(news.generation, Generation(6));
        assert_eq!(RunJournal::open(dir.path()).unwrap().get(run), Some(news));
    }

    #[test]
    fn what_was_known_already_and_what_nobody_knows_is_no_news() {
        let journal = RunJournal::in_memory();
        journal.put(record(Phase::Live)).unwrap();
        let run = record(Phase::Live).run;
        assert_eq!(journal.observe(run, PowerState::On, PowerReason::Found), None);
        assert_eq!(journal.observe(run, PowerState::Unknown, PowerReason::Other), None);
        assert!(journal.observe(run, PowerState::Unknown, PowerReason::Missing).is_some());
        assert_eq!(journal.observe(run, PowerState::Unknown, PowerReason::Missing), None);
        assert!(journal.observe(run, PowerState::On, PowerReason::Found).is_some());
        assert!(journal.observe(run, PowerState::On, PowerReason::Paused).is_some());
        assert!(journal.observe(run, PowerState::On, PowerReason::Found).is_some());
    }

    #[test]
    fn a_stopped_run_is_remembered_but_not_reported() {
        let journal = RunJournal::in_memory();
        journal.put(record(Phase::Live)).unwrap();
        journal.stop_vm(record(Phase::Live).vm);
        assert_eq!(journal.reported(), []);
        let kept = journal.get(record(Phase::Live).run).unwrap();
        assert_eq!((kept.generation, kept.power), (Generation(6), PowerState::Off));
    }

    #[test]
    fn a_file_that_is_no_record_does_not_stop_the_agent() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("x.json"), "{").unwrap();
        assert_eq!(RunJournal::open(dir.path()).unwrap().reported(), []);
    }
}
