//! What is asked of the manager: a cloud to be made, VMs to be deployed, and everything that users do with them.
//!
//! Not here: in which order and for how long (`run`), and adding figures up (`figures`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use hostler_client::{ClientError, Request, Session};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::figures::{Clock, Rate};
use crate::fleet::{ZONE, place};
use crate::pause::pause;
use crate::scenario::Scenario;

/// Between two looks at a job: as patient as clients are, but fine enough to measure.
const LOOK: Duration = Duration::from_millis(25);
/// Between two pages of VMs that are asked for meanwhile.
const PAGE: Duration = Duration::from_millis(100);
/// How long one job is waited for: a host may be away.
const PATIENCE: Duration = Duration::from_mins(5);

/// What VMs are made of.
#[derive(Debug, Clone)]
pub struct Catalogue {
    zone: String,
    offering: String,
    template: String,
}

/// Asks, and measures. Cloning it shares what was measured.
#[derive(Debug, Clone)]
pub struct Load {
    session: Session,
    measured: Arc<Measured>,
}

#[derive(Debug, Default)]
struct Measured {
    request: Clock,
    whole: Clock,
    query_job: Clock,
    list_page: Clock,
    done: AtomicUsize,
    failed: Mutex<BTreeMap<String, usize>>,
}

/// What can be done to a VM in a churn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Deploy,
    Stop,
    Start,
    Destroy,
}

impl Deed {
    const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Destroy => "destroy",
        }
    }
}

/// A VM of a churn.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Vm {
    id: String,
    runs: bool,
}

/// A churn as it goes.
#[derive(Debug)]
struct Deeds {
    vms: Mutex<Vec<Vm>>,
    about: usize,
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load {
    /// Asks in this session.
    pub fn new(session: Session) -> Self {
        Self { session, measured: Arc::default() }
    }

    /// Makes a zone with pods, clusters, a network and an offering. Its template comes when an image worker is there.
    ///
    /// # Errors
    /// The manager's refusal.
    pub async fn furnish(&self, scenario: &Scenario) -> Result<Catalogue, ClientError> {
        let dns = "127.0.0.1";
        let zone = Request::new("createZone").with("name", ZONE).with("networktype", "Advanced");
        let zone = zone.with("dns1", dns).with("internaldns1", dns);
        let zone = self.made(&zone.with("localstorageenabled", "true"), "zone").await?;
        for number in 1..=scenario.clusters {
            let (pod, cluster) = place(scenario, number);
            let request = Request::new("createPod").with("name", pod).with("zoneid", &zone);
            let request = request.with("gateway", format!("172.20.{number}.1"));
            let request = request.with("netmask", "255.255.255.0");
            let request = request.with("startip", format!("172.20.{number}.2"));
            let pod = self.made(&request, "pod").await?;
            let request = Request::new("createCluster").with("name", cluster);
            let request =
                request.with("zoneid", &zone).with("podid", pod).with("hypervisor", "KVM");
            self.made(&request, "cluster").await?;
        }
        let offerings = self.session.list_rows(&Request::new("listNetworkOfferings")).await?;
        let shared = id(offerings.first().unwrap_or(&Value::Null));
        // half a million addresses
        let request = Request::new("createNetwork").with("name", "guests").with("zoneid", &zone);
        let request = request.with("networkofferingid", shared).with("gateway", "10.64.0.1");
        let request = request.with("netmask", "255.248.0.0").with("startip", "10.64.0.10");
        self.made(&request.with("endip", "10.71.255.250"), "network").await?;
        let request = Request::new("createServiceOffering").with("name", "tiny");
        let request = request.with("cpunumber", "1").with("cpuspeed", "500").with("memory", "512");
        let offering = self.made(&request, "serviceoffering").await?;
        Ok(Catalogue { zone, offering, template: String::new() })
    }

    /// Registers the template and waits until it is ready.
    ///
    /// # Errors
    /// The manager's refusal; [`ClientError::JobStillRunning`] if it does not become ready.
    pub async fn register_template(&self, catalogue: &mut Catalogue) -> Result<(), ClientError> {
        let request = Request::new("registerTemplate").with("name", "simulated");
        let request = request.with("url", "http://images.invalid/simulated.qcow2");
        let request = request.with("format", "QCOW2").with("hypervisor", "KVM");
        let request = request.with("zoneid", &catalogue.zone);
        catalogue.template = self.made(&request, "template").await?;
        let ready = Request::new("listTemplates").with("templatefilter", "self");
        let ready = ready.with("id", &catalogue.template);
        let started = Instant::now();
        loop {
            let rows = self.session.list_rows(&ready).await?;
            if rows.first().is_some_and(|row| row["isready"] == true) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                let (job, waited) = (catalogue.template.clone(), started.elapsed());
                return Err(ClientError::JobStillRunning { job, waited });
            }
            pause(LOOK).await; // the API tells nobody of its own accord
        }
    }

    /// How many hosts are Up.
    ///
    /// # Errors
    /// The manager's refusal.
    pub async fn hosts_up(&self) -> Result<usize, ClientError> {
        let request = Request::new("listHosts").with("type", "Routing").with("state", "Up");
        self.count(&request).await
    }

    /// How many VMs run by the record.
    ///
    /// # Errors
    /// The manager's refusal.
    pub async fn running(&self) -> Result<usize, ClientError> {
        let request = Request::new("listVirtualMachines").with("state", "Running");
        self.count(&request.with("listall", "true")).await
    }

    /// What the audit finds, and what differs between record and hosts.
    ///
    /// # Errors
    /// The manager's refusal.
    pub async fn differences(&self) -> Result<Vec<String>, ClientError> {
        let audit = self.session.call(&Request::new("auditCloud")).await?;
        let mut all = texts(&audit, "audit");
        let drift = Request::new("listDrift").with("different", "true");
        let drift = self.session.call(&drift).await?;
        all.extend(texts(&drift, "drift"));
        Ok(all)
    }

    /// Deploys so many VMs, so many at a time; `tell` hears how many are done.
    pub async fn deploy(
        &self,
        catalogue: &Catalogue,
        count: usize,
        at_once: usize,
        tell: impl Fn(usize) + Sync,
    ) -> Rate {
        let stop = CancellationToken::new();
        let pages = tokio::spawn(self.clone().pages(stop.clone()));
        let started = Instant::now();
        stream::iter(1..=count)
            .for_each_concurrent(at_once, async |number| {
                let name = format!("vm-{number}");
                let done = self.asked(&deploy_request(catalogue, &name)).await;
                self.ended(done.map(drop));
                tell(self.measured.done.load(Ordering::Relaxed));
            })
            .await;
        let took = started.elapsed();
        stop.cancel();
        let _ = pages.await;
        self.rate(took)
    }

    /// Does everything that users do, with about so many VMs, until `stop`. Says what was done, and how often.
    pub async fn churn(
        &self,
        catalogue: &Catalogue,
        scenario: &Scenario,
        stop: CancellationToken,
    ) -> (Rate, BTreeMap<&'static str, usize>) {
        let deeds = Arc::new(Deeds {
            vms: Mutex::default(),
            about: scenario.churn.vms,
            counts: Mutex::default(),
        });
        let started = Instant::now();
        let pages = tokio::spawn(self.clone().pages(stop.clone()));
        let workers: Vec<_> = (0..scenario.churn.at_once as u64)
            .map(|worker| {
                let chance = StdRng::seed_from_u64(scenario.seed ^ worker.rotate_left(32));
                let (load, catalogue) = (self.clone(), catalogue.clone());
                let (deeds, stop) = (Arc::clone(&deeds), stop.clone());
                let rest = scenario.churn.pause;
                tokio::spawn(async move {
                    let mut worker = Worker { load, catalogue, deeds, chance };
                    while !stop.is_cancelled() {
                        worker.once().await;
                        pause(rest).await; // what users wait between two things
                    }
                })
            })
            .collect();
        for worker in workers {
            let _ = worker.await;
        }
        let _ = pages.await;
        let counts = lock(&deeds.counts).clone();
        (self.rate(started.elapsed()), counts)
    }

    /// Starts a job and waits for its end.
    async fn asked(&self, request: &Request) -> Result<Option<String>, ClientError> {
        let started = Instant::now();
        let handle = self.session.start_job(request).await?;
        self.measured.request.note(started.elapsed());
        loop {
            pause(LOOK).await; // clients of this API ask again and again
            let asked = Instant::now();
            match self.session.job(&handle.job).await {
                Ok(job) if job.is_finished() => {
                    self.measured.query_job.note(asked.elapsed());
                    self.measured.whole.note(started.elapsed());
                    return job.into_result(&handle.job).map(|_| handle.id);
                }
                Ok(_) => self.measured.query_job.note(asked.elapsed()),
                Err(error) if error.is_passing() => {}
                Err(error) => return Err(error),
            }
            if started.elapsed() > PATIENCE {
                let (job, waited) = (handle.job, started.elapsed());
                return Err(ClientError::JobStillRunning { job, waited });
            }
        }
    }

    fn ended(&self, done: Result<(), ClientError>) {
        match done {
            Ok(()) => {
                self.measured.done.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                *lock(&self.measured.failed).entry(kind(&error.to_string())).or_default() += 1;
            }
        }
    }

    /// Asks for a page of VMs again and again.
    async fn pages(self, stop: CancellationToken) {
        let request = Request::new("listVirtualMachines").with("listall", "true");
        let request = request.with("page", "1").with("pagesize", "100");
        while stop.run_until_cancelled(pause(PAGE)).await.is_some() {
            let asked = Instant::now();
            if self.session.call(&request).await.is_ok() {
                self.measured.list_page.note(asked.elapsed());
            }
        }
    }

    #[allow(clippy::cast_precision_loss)] // a figure for people, far below 2^52
    fn rate(&self, took: Duration) -> Rate {
        let done = self.measured.done.swap(0, Ordering::Relaxed);
        let seconds = took.as_secs_f64();
        Rate {
            done,
            failed: std::mem::take(&mut lock(&self.measured.failed)),
            seconds,
            per_second: done as f64 / seconds,
            cpu_ms_each: 0.0,
            request: self.measured.request.take(),
            whole: self.measured.whole.take(),
            query_job: self.measured.query_job.take(),
            list_page: self.measured.list_page.take(),
        }
    }

    async fn made(&self, request: &Request, what: &str) -> Result<String, ClientError> {
        let answer = self.session.call(request).await?;
        let made = &answer[what];
        Ok(id(made.get(0).unwrap_or(made)))
    }

    async fn count(&self, request: &Request) -> Result<usize, ClientError> {
        let request = request.clone().with("page", "1").with("pagesize", "1");
        let answer = self.session.call(&request).await?;
        let count = answer["count"].as_u64().unwrap_or(0);
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

/// One of those who do things to VMs.
struct Worker {
    load: Load,
    catalogue: Catalogue,
    deeds: Arc<Deeds>,
    chance: StdRng,
}

impl Worker {
    async fn once(&mut self) {
        let (deed, vm) = self.choose();
        let request = match (deed, &vm) {
            (Deed::Deploy, _) | (_, None) => {
                let name = format!("churn-{:08x}", self.chance.random::<u32>());
                deploy_request(&self.catalogue, &name)
            }
            (Deed::Stop, Some(vm)) => Request::new("stopVirtualMachine").with("id", &vm.id),
            (Deed::Start, Some(vm)) => Request::new("startVirtualMachine").with("id", &vm.id),
            (Deed::Destroy, Some(vm)) => {
                let request = Request::new("destroyVirtualMachine").with("id", &vm.id);
                request.with("expunge", "true")
            }
        };
        let done = self.load.asked(&request).await;
        let mut vms = lock(&self.deeds.vms);
        match (deed, vm, &done) {
            (Deed::Deploy, _, Ok(Some(id))) => vms.push(Vm { id: id.clone(), runs: true }),
            (Deed::Stop | Deed::Start, Some(vm), Ok(_)) => {
                vms.push(Vm { runs: deed == Deed::Start, ..vm });
            }
            (Deed::Stop | Deed::Start | Deed::Destroy, Some(vm), Err(_)) => vms.push(vm),
            _ => {}
        }
        drop(vms);
        if done.is_ok() {
            *lock(&self.deeds.counts).entry(deed.name()).or_default() += 1;
        }
        self.load.ended(done.map(drop));
    }

    /// What is done next, and to which VM: nobody else does anything to it meanwhile.
    fn choose(&mut self) -> (Deed, Option<Vm>) {
        let mut vms = lock(&self.deeds.vms);
        let wanted = self.chance.random_range(0..2 * self.deeds.about.max(1));
        if vms.len() <= wanted.min(self.deeds.about) && vms.len() < self.deeds.about {
            return (Deed::Deploy, None);
        }
        if vms.is_empty() {
            return (Deed::Deploy, None);
        }
        let at = self.chance.random_range(0..vms.len());
        let vm = vms.swap_remove(at);
        let deed = match (vm.runs, self.chance.random_range(0..3)) {
            (_, 0) => Deed::Destroy,
            (true, _) => Deed::Stop,
            (false, _) => Deed::Start,
        };
        (deed, Some(vm))
    }
}

fn deploy_request(catalogue: &Catalogue, name: &str) -> Request {
    Request::new("deployVirtualMachine")
        .with("zoneid", &catalogue.zone)
        .with("serviceofferingid", &catalogue.offering)
        .with("templateid", &catalogue.template)
        .with("name", name)
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap_or_default().to_owned()
}

/// Every row of the first list in an answer, as a line.
fn texts(answer: &Value, what: &str) -> Vec<String> {
    let lists = answer.as_object().into_iter().flat_map(|fields| fields.values());
    let rows = lists.filter_map(Value::as_array).flatten();
    rows.map(|row| format!("{what}: {row}")).collect()
}

/// What was said, without what is different each time: ids, numbers, names with numbers.
fn kind(text: &str) -> String {
    let different = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
    let words = text.split_whitespace().map(|word| if different(&word) { "…" } else { word });
    words.take(24).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_kind_are_counted_together() {
        let one = kind("vm 0a-1 cannot start: host h7 does not answer (error 530, job 5)");
        let other = kind("vm 0b-2 cannot start: host h9 does not answer (error 530, job 6)");
        assert_eq!(one, other);
    }

    #[test]
    fn rows_of_answers_become_lines() {
        let answer = serde_json::json!({ "count": 1, "difference": [{ "book": "memory" }] });
        assert_eq!(texts(&answer, "audit"), [r#"audit: {"book":"memory"}"#]);
    }
}
