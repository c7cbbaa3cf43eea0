//! What a host tells of its VMs: full reports when asked, and changes within a moment of their happening.
//!
//! Everything told is newly read; an event is only a reason to read. What cannot be read is never told as off,
//! and nothing is concluded about a VM at whose domain a command is at work: the command tells how it went.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hostler_model::{CloudId, InstanceName, PowerReason, PowerState, RunId, VmId, error_chain};
use hostler_wire::{AlienReport, HostReport, ReportDigest};
use tokio::sync::mpsc;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::hypervisor::{Change, DomainView, Found, Hypervisor, OwnerMark};
use crate::runs::{Phase, RunJournal, RunRecord};
use crate::threads::{Drained, Threads};

/// Makes reports.
#[derive(Debug)]
pub(crate) struct Reports {
    hypervisor: Arc<dyn Hypervisor>,
    runs: Arc<RunJournal>,
    cloud: Mutex<Option<CloudId>>,
    /// How many commands are at work on each VM's domain.
    busy: Mutex<HashMap<VmId, usize>>,
    /// The aliens that were last seen.
    aliens: Mutex<BTreeMap<Uuid, AlienReport>>,
    hints: Mutex<Option<mpsc::UnboundedSender<Change>>>,
    threads: Threads,
}

/// A VM whose domain a command is changing.
#[derive(Debug)]
pub(crate) struct Busy {
    reports: Weak<Reports>,
    vm: VmId,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Some(reports) = self.reports.upgrade() else { return };
        let mut busy = lock(&reports.busy);
        if let Some(count) = busy.get_mut(&self.vm) {
            *count -= 1;
            if *count == 0 {
                busy.remove(&self.vm);
            }
        }
        drop(busy);
        reports.hint(Change::Domain(reports.runs.domain_of(self.vm))); // what happened meanwhile was not looked at
    }
}

/// How things stood before the hypervisor was asked: what a command has changed since is not judged by old news.
struct Before {
    runs: BTreeMap<RunId, RunRecord>,
    busy: BTreeSet<VmId>,
}

/// How much of aliens is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Everything.
    Whole,
    /// Devices only of those that look different from the last time.
    Changes,
}

/// What is made of one domain.
enum Verdict {
    /// Nothing new, or nothing that can be said now.
    Nothing,
    /// News.
    News(RunRecord),
    /// It cannot be told to the manager.
    Unspeakable,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reports {
    pub(super) fn new(
        hypervisor: Arc<dyn Hypervisor>,
        runs: Arc<RunJournal>,
        threads: Threads,
    ) -> Arc<Self> {
        Arc::new(Self {
            hypervisor,
            runs,
            cloud: Mutex::default(),
            busy: Mutex::default(),
            aliens: Mutex::default(),
            hints: Mutex::default(),
            threads,
        })
    }

    pub(super) fn set_cloud(&self, cloud: Option<CloudId>) {
        *lock(&self.cloud) = cloud;
        self.hint(Change::Anything);
    }

    pub(super) fn busy(self: &Arc<Self>, vm: VmId) -> Busy {
        *lock(&self.busy).entry(vm).or_default() += 1;
        Busy { reports: Arc::downgrade(self), vm }
    }

    /// Has everything told anew: a domain has come to the cloud or left it, of which no event tells.
    pub(super) fn tell_everything(&self) {
        self.hint(Change::Anything);
    }

    fn hint(&self, change: Change) {
        if let Some(hints) = &*lock(&self.hints) {
            let _ = hints.send(change);
        }
    }

    /// Everything, newly read.
    pub(super) fn full(&self) -> HostReport {
        self.read(Depth::Whole).0
    }

    /// Everything, newly read, and which runs have news since the last reading.
    fn read(&self, depth: Depth) -> (HostReport, Vec<RunRecord>) {
        let before = self.before();
        let listing = match self.hypervisor.list() {
            Ok(listing) => listing,
            Err(error) => {
                warn!(error = %error_chain(&error), "libvirt cannot be asked; nothing is known of VMs");
                return (HostReport::default(), Vec::new());
            }
        };
        let cloud = *lock(&self.cloud);
        // Before a manager has said which cloud this is, nobody can tell which marks are ours.
        let mut complete = listing.complete && cloud.is_some();
        let (mut seen, mut strange, mut news) = (BTreeSet::new(), Vec::new(), Vec::new());
        {
            let busy = lock(&self.busy); // no command begins while conclusions are drawn
            for view in &listing.domains {
                match &view.mark {
                    Some(mark) if Some(mark.cloud) == cloud => {
                        seen.insert(mark.run);
                        match self.judge(view, mark, &before, &busy) {
                            Verdict::Nothing => {}
                            Verdict::News(record) => news.push(record),
                            Verdict::Unspeakable => complete = false,
                        }
                    }
                    Some(_) if cloud.is_none() => {}
                    _ => strange.push(view),
                }
            }
            if complete {
                for record in before.runs.values().filter(|record| !seen.contains(&record.run)) {
                    news.extend(self.judge_missing(record, &before, &busy));
                }
            }
        }
        let aliens: Vec<_> = strange.into_iter().map(|view| self.alien(view, depth)).collect();
        *lock(&self.aliens) = aliens.iter().map(|alien| (alien.uuid, alien.clone())).collect();
        let runs = self.runs.reported().iter().map(RunRecord::report).collect();
        (HostReport { complete, runs, aliens }, news)
    }

    /// An alien with its devices, as they were read last where they cannot be read now.
    fn alien(&self, view: &DomainView, depth: Depth) -> AlienReport {
        let known = lock(&self.aliens).get(&view.uuid).cloned();
        let (disks, nics) = known.map_or_else(Default::default, |known| (known.disks, known.nics));
        let seen = AlienReport {
            uuid: view.uuid,
            name: view.name.clone(),
            power: view.power,
            vcpus: view.vcpus,
            memory: view.memory,
            disks,
            nics,
        };
        if depth == Depth::Changes && lock(&self.aliens).get(&view.uuid) == Some(&seen) {
            return seen;
        }
        match self.hypervisor.devices(view.uuid) {
            Ok(Some(devices)) => AlienReport { disks: devices.disks, nics: devices.nics, ..seen },
            Ok(None) => seen,
            Err(error) => {
                debug!(alien = %view.uuid, error = %error_chain(&error), "its devices cannot be read");
                seen
            }
        }
    }

    /// Reads everything for a sign of life: what an event should have told is told now. Returns the digest.
    pub(super) fn look(self: &Arc<Self>) -> u64 {
        let (report, news) = self.read(Depth::Changes);
        for record in news {
            warn!(vm = %record.vm, run = %record.run, power = %record.power, "no event told that a VM changed");
            self.mark_again(record);
        }
        digest(&report)
    }

    /// From now on tells `changes` what happens, from a thread of its own.
    pub(super) fn watch(self: &Arc<Self>, changes: mpsc::UnboundedSender<HostReport>) {
        let (hint, hints) = mpsc::unbounded_channel();
        *lock(&self.hints) = Some(hint.clone());
        self.hypervisor.watch(Box::new(move |change| {
            let _ = hint.send(change);
        }));
        let reports = Arc::downgrade(self);
        let look = move |hints: Vec<Change>| {
            let Some(reports) = reports.upgrade() else { return Drained::Done };
            match reports.look_again(&hints).map(|report| changes.send(report)) {
                Some(Err(_)) => Drained::Done,
                _ => Drained::More,
            }
        };
        if let Err(error) = self.threads.drain("vm-changes", hints, look) {
            error!(%error, "changes of VMs will be seen only in full reports");
        }
    }

    /// What is worth telling after these hints.
    fn look_again(self: &Arc<Self>, hints: &[Change]) -> Option<HostReport> {
        let mut domains = BTreeSet::new();
        for hint in hints {
            match hint {
                Change::Anything => return Some(self.full()),
                Change::Domain(uuid) => domains.insert(*uuid),
            };
        }
        let mut runs = Vec::new();
        for uuid in domains {
            let before = self.before();
            let view = match self.hypervisor.view(uuid) {
                Ok(view) => view,
                Err(error) => {
                    debug!(domain = %uuid, error = %error_chain(&error), "cannot look at a domain that changed");
                    continue;
                }
            };
            let mark = view.as_ref().and_then(|view| view.mark.clone());
            let ours = mark.filter(|mark| Some(mark.cloud) == *lock(&self.cloud));
            let busy = lock(&self.busy);
            let news: Vec<RunRecord> = match (&view, ours) {
                (Some(view), Some(mark)) => match self.judge(view, &mark, &before, &busy) {
                    Verdict::News(record) => vec![record],
                    Verdict::Nothing | Verdict::Unspeakable => Vec::new(),
                },
                (None, _) if !lock(&self.aliens).contains_key(&uuid) => {
                    let lost = before.runs.values().filter(|record| record.domain_uuid() == uuid);
                    lost.filter_map(|record| self.judge_missing(record, &before, &busy)).collect()
                }
                _ => {
                    drop(busy);
                    return Some(self.full()); // an alien came, went or changed
                }
            };
            drop(busy);
            for record in news {
                info!(vm = %record.vm, run = %record.run, power = %record.power, reason = ?record.reason, "a VM changed");
                runs.push(record.report());
                self.mark_again(record);
            }
        }
        (!runs.is_empty()).then_some(HostReport { complete: false, runs, aliens: Vec::new() })
    }

    fn before(&self) -> Before {
        let busy = lock(&self.busy).keys().copied().collect();
        let runs = self.runs.all().into_iter().map(|record| (record.run, record)).collect();
        Before { runs, busy }
    }

    /// Whether what was read since `before` may be held against a run: no command has touched it meanwhile.
    fn may_judge(
        &self,
        run: RunId,
        vm: VmId,
        before: &Before,
        busy: &HashMap<VmId, usize>,
    ) -> bool {
        !busy.contains_key(&vm)
            && !before.busy.contains(&vm)
            && before.runs.get(&run) == self.runs.get(run).as_ref()
    }

    /// Takes in a domain of ours.
    fn judge(
        &self,
        view: &DomainView,
        mark: &OwnerMark,
        before: &Before,
        busy: &HashMap<VmId, usize>,
    ) -> Verdict {
        if !self.may_judge(mark.run, mark.vm, before, busy) {
            return Verdict::Nothing;
        }
        let known = before.runs.get(&mark.run);
        if known.is_some_and(|record| record.phase == Phase::Live) {
            let changed = self.runs.observe(mark.run, view.power, view.reason);
            return changed.map_or(Verdict::Nothing, Verdict::News);
        }
        if known.is_some_and(|record| record.phase == Phase::Starting)
            && view.power != PowerState::On
        {
            return Verdict::Nothing; // the agent ended in the middle of a start, which may be repeated
        }
        if mark.adopted.is_some()
            && view.power == PowerState::Off
            && known.is_none_or(|record| record.phase == Phase::Stopped)
        {
            return Verdict::Nothing; // it was stopped, and its definition is kept
        }
        // Found: after the agent's state was lost, or after it ended in the middle of a start.
        let named = mark.adopted.as_ref().map(|adopted| (adopted.name.clone(), Some(view.uuid)));
        let named = named.or_else(|| Some((view.name.parse::<InstanceName>().ok()?, None)));
        let Some((name, domain)) = named else {
            warn!(name = view.name, "a domain with our mark has a name that is not ours");
            return Verdict::Unspeakable;
        };
        let generation = known.map_or(mark.generation, |record| record.generation);
        let record = RunRecord {
            run: mark.run,
            vm: mark.vm,
            name,
            domain,
            generation: generation.max(mark.generation).next(),
            power: view.power,
            reason: view.reason,
            phase: Phase::Live,
        };
        if let Err(error) = self.runs.put(record.clone()) {
            error!(%error, run = %record.run, "cannot write the run journal");
        }
        Verdict::News(record)
    }

    /// Takes in that a run has no domain any more; the record, if that is news. Nobody concludes here that it is off.
    fn judge_missing(
        &self,
        record: &RunRecord,
        before: &Before,
        busy: &HashMap<VmId, usize>,
    ) -> Option<RunRecord> {
        if !self.may_judge(record.run, record.vm, before, busy) {
            return None;
        }
        match record.phase {
            Phase::Stopped => None,
            Phase::Live => self.runs.observe(record.run, PowerState::Unknown, PowerReason::Missing),
            Phase::Starting => {
                self.runs.remove(record.run); // the agent ended in the middle of a start that came to nothing
                None
            }
        }
    }

    /// Writes the new generation into the domain's mark too, in case the run journal gets lost. Never waited for.
    fn mark_again(self: &Arc<Self>, record: RunRecord) {
        let Some(cloud) = *lock(&self.cloud) else { return };
        let hypervisor = Arc::clone(&self.hypervisor);
        let write = move || {
            let found = hypervisor.look(cloud, &record.name, record.vm.uuid());
            let Ok(Found::Ours(domain, _)) = found else { return };
            if domain.mark().run == record.run
                && let Err(error) = hypervisor.mark(&domain, record.run, record.generation)
            {
                debug!(error = %error_chain(&error), "the owner mark keeps an older generation");
            }
        };
        if let Err(error) = self.threads.detach("vm-mark", write) {
            debug!(%error, "the owner mark keeps an older generation");
        }
    }
}

/// The digest of a report that could be made; 0 of one that could not.
fn digest(report: &HostReport) -> u64 {
    if !report.complete {
        return 0;
    }
    let mut digest = ReportDigest::default();
    for run in &report.runs {
        digest.add_run(run.run, run.generation, run.power);
    }
    for alien in &report.aliens {
        digest.add_alien(alien);
    }
    digest.get()
}

#[cfg(test)]
mod tests;
