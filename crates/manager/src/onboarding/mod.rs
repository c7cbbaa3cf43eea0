//! Adding hosts to the cloud, and taking them out: named stages, one cause for each failure.
//!
//! Resolve → duplicate-check → (the [`Discoverer`] of the cluster's hypervisor) → wait-connect. Nothing here
//! writes a host's row: the agent's own Startup does.
//!
//! Not here: the scripts that prepare a machine (`agent-scripts`), who may add hosts (`api`).

mod existing;
mod known_hosts;
mod kvm;
pub mod quote;
mod ssh;
mod stages;
mod target;
mod wait;

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hostler_model::{
    AccountId, AllocationState, ClusterId, HostGuid, HostId, HostStatus, PodId, ResourceEvent,
    UserId, ZoneId,
};
use hostler_store::cause::Cause;
use hostler_store::event::{NewEvent, event_add};
use hostler_store::host::{self, HostRow};
use hostler_store::storage_pool::storage_pool_remove_of_host;
use hostler_store::{Store, StoreError, Tx};
use tracing::Instrument as _;

pub use kvm::KvmDiscoverer;
pub use ssh::{NewSshKey, NewSshKeyError, SshAuth, new_ssh_key};
pub use stages::{AddHostError, Failure, Stage};
pub use target::{InvalidTarget, Target};

use crate::agents::Agents;
use crate::ca::Authority;
use crate::error::{ServiceError, ServiceErrorKind};
pub use known_hosts::KnownHosts;
use kvm::{Upload, scripts_in};
use ssh::SshError;
use stages::Stages;

/// Times and bounds of adding a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnboardingSettings {
    /// How long connecting and logging in over SSH may take, each.
    pub ssh_wait: Duration,
    /// How often a step that is safe to repeat is tried.
    pub tries: usize,
    /// The pause before the second try; each later one is twice as long.
    pub retry_pause: Duration,
    /// How long a prepared host may take to come Up (`host.connect.timeout`).
    pub connect_wait: Duration,
}

impl Default for OnboardingSettings {
    fn default() -> Self {
        Self {
            ssh_wait: Duration::from_mins(1),
            tries: 3,
            retry_pause: Duration::from_millis(500),
            connect_wait: Duration::from_mins(5),
        }
    }
}

/// How to log in to a machine.
#[derive(Debug, Clone)]
pub struct Access {
    /// Name or address; [`Target`] reads what people write.
    pub host: String,
    /// The port of its sshd.
    pub port: u16,
    /// Who logs in: root, or someone who may use sudo without a password.
    pub user: String,
    /// How. It is used and forgotten.
    pub auth: SshAuth,
}

/// Which machine is to become a host, and where. Zone, pod and cluster exist and belong together.
#[derive(Debug, Clone)]
pub struct AddHostRequest {
    /// Its zone.
    pub zone: ZoneId,
    /// Its pod.
    pub pod: PodId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// The hypervisor of that cluster: which [`Discoverer`] is asked.
    pub hypervisor: String,
    /// How to log in to it.
    pub access: Access,
    /// The host that the machine has to be, when it is one already.
    pub known: Option<HostGuid>,
    /// Tags of the host, comma separated.
    pub tags: Option<String>,
    /// Whether it takes VMs from the beginning.
    pub admin_state: AllocationState,
    /// The bridge of guest traffic; nothing: `br0`.
    pub guest_device: Option<String>,
    /// The device of private traffic; nothing: the one that has the address.
    pub private_device: Option<String>,
    /// The device of public traffic; nothing: the guests' bridge.
    pub public_device: Option<String>,
    /// Who asks, for the event.
    pub caller: Option<(AccountId, UserId)>,
}

/// A host that was added.
#[derive(Debug, Clone)]
pub struct AddHostReport {
    /// The host; its row is in the record and Up.
    pub host: HostId,
    /// How it went.
    pub stages: Vec<Stage>,
}

/// Prepares machines of one hypervisor. One object serves many requests at once.
#[async_trait]
pub trait Discoverer: std::fmt::Debug + Send + Sync {
    /// The hypervisor, as clusters name it.
    fn hypervisor(&self) -> &'static str;

    /// Makes the machine at `address` a host and says its guid. Its agent connects by itself.
    async fn find(
        &self,
        address: SocketAddr,
        request: &AddHostRequest,
        stages: &mut Stages,
    ) -> Result<HostGuid, AddHostError>;

    /// Takes off a machine what [`find`](Self::find) has put there; with `packages`, what it has installed too.
    async fn clean(
        &self,
        address: SocketAddr,
        access: &Access,
        packages: bool,
        stages: &mut Stages,
    ) -> Result<(), AddHostError>;
}

/// What adding hosts needs of the manager.
#[derive(Debug)]
pub struct Means {
    /// The database.
    pub store: Store,
    /// The connected agents.
    pub agents: Agents,
    /// Who signs certificates.
    pub authority: Arc<Authority>,
    /// The agent's program, for hosts of this machine's architecture.
    pub agent_binary: PathBuf,
    /// The folder with `preflight`, `setup-agent` and what belongs to it.
    pub agent_scripts: PathBuf,
    /// What hosts dial; empty: this machine's address on the route to the host.
    pub agent_addresses: Vec<String>,
    /// The agents' port.
    pub agent_port: u16,
    /// The pinned SSH keys.
    pub known_hosts: KnownHosts,
    /// Times and bounds.
    pub settings: OnboardingSettings,
}

impl Means {
    fn files(&self) -> Result<Vec<Upload>, SshError> {
        let mut files = scripts_in(&self.agent_scripts)?;
        let path = self.agent_binary.clone();
        let size = std::fs::metadata(&path)
            .map_err(|e| SshError::Local { path: path.clone(), why: e.to_string() })?
            .len();
        files.push(Upload { name: "hostler-agent".to_owned(), path, mode: "0755", size });
        Ok(files)
    }

    /// What the host at `address` is to dial.
    fn addresses_for(&self, address: SocketAddr) -> Result<Vec<String>, Failure> {
        if !self.agent_addresses.is_empty() {
            return Ok(self.agent_addresses.clone());
        }
        let unspecified: IpAddr = match address.ip() {
            IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        // Connecting a datagram socket sends nothing; it only asks for the route.
        let own = UdpSocket::bind((unspecified, 0))
            .and_then(|socket| socket.connect(address).and_then(|()| socket.local_addr()))
            .map_err(|e| {
                Failure::new(format!(
                    "this machine's address towards {address} is not known ({e}); set agent_addresses in manager.toml"
                ))
            })?;
        Ok(vec![own.ip().to_string()])
    }

    /// A machine that is Up already is not added a second time, and is the one that was meant.
    async fn refuse_another(&self, guid: HostGuid, meant: Option<HostGuid>) -> Result<(), Failure> {
        match meant {
            Some(meant) if meant == guid => return Ok(()),
            Some(meant) => {
                return Err(Failure::new(format!(
                    "this machine has the guid {guid}, not {meant} as the host that was meant; correct the address"
                )));
            }
            None => {}
        }
        let known = self.store.read(move |tx| host::host_by_guid(tx, guid)).await;
        let known: Option<HostRow> = known.map_err(|e: StoreError| Failure::from(e))?;
        match known {
            Some(row) if self.agents.is_connected(row.id) => Err(Failure::new(format!(
                "this machine is the host {} ({}) already, and it is Up; to move it, remove it first",
                row.name, row.id
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the machine was a host once and is none now.
    async fn was_removed(&self, guid: HostGuid) -> Result<bool, Failure> {
        let removed = self.store.read(move |tx| {
            let is_host = host::host_by_guid(tx, guid)?.is_some();
            Ok(!is_host && host::host_removed_at(tx, guid)?.is_some())
        });
        removed.await.map_err(|e: StoreError| Failure::from(e))
    }

    /// Tries `work` as often as the settings say, as long as `again` finds it worth while.
    async fn retry<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        mut work: impl FnMut() -> F,
        again: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let mut pause = self.settings.retry_pause;
        for _ in 1..self.settings.tries {
            match work().await {
                Err(e) if again(&e) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                result => return result,
            }
        }
        work().await
    }
}

/// Adds hosts and takes them out. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Onboarding {
    means: Arc<Means>,
    discoverers: Arc<Vec<Box<dyn Discoverer>>>,
    under_way: Arc<Mutex<HashSet<SocketAddr>>>,
}

impl Onboarding {
    /// With the discoverers that there are.
    pub fn new(means: Means) -> Self {
        let means = Arc::new(means);
        let kvm = KvmDiscoverer::new(Arc::clone(&means));
        Self { means, discoverers: Arc::new(vec![Box::new(kvm)]), under_way: Arc::default() }
    }

    /// Makes a machine a host of the cloud and waits until it is Up.
    ///
    /// It goes on when its caller goes away, so that nothing stays behind half done on the machine.
    ///
    /// # Errors
    /// [`AddHostError`] names the stage. The record is as before, and it can be tried again at once.
    pub async fn add_host(&self, request: AddHostRequest) -> Result<AddHostReport, AddHostError> {
        let own = self.clone();
        let name = request.access.host.clone();
        let adding = async move { own.add_and_record(request).await };
        match tokio::spawn(adding.in_current_span()).await {
            Ok(result) => result,
            Err(e) => Err(AddHostError::bug(name, &e)),
        }
    }

    async fn add_and_record(&self, request: AddHostRequest) -> Result<AddHostReport, AddHostError> {
        let result = self.add(&request).await;
        let (level, host, text, stages) = match &result {
            Ok(report) => {
                let text = format!("host {} was added", request.access.host);
                ("INFO", Some(report.host), text, &report.stages)
            }
            Err(e) => ("ERROR", None, e.to_string(), &e.stages),
        };
        let times: Vec<String> =
            stages.iter().map(|s| format!("{} {} ms", s.name, s.millis)).collect();
        let event = NewEvent {
            at: SystemTime::now().into(),
            kind: "HOST.ADD",
            level,
            state: "Completed",
            description: format!("{text} ({})", times.join(", ")),
            cause: "addHost".to_owned(),
            account: request.caller.map(|c| c.0),
            user: request.caller.map(|c| c.1),
            subject: host.map(|host| ("Host", host.uuid())),
            job: None,
        };
        let recorded: Result<(), StoreError> =
            self.means.store.write(move |tx| event_add(tx, &event)).await;
        if let Err(e) = recorded {
            tracing::error!(error = %e, "the adding of a host could not be recorded");
        }
        result
    }

    async fn add(&self, request: &AddHostRequest) -> Result<AddHostReport, AddHostError> {
        let access = &request.access;
        let mut stages = Stages::new(&access.host);
        let (discoverer, address) =
            stages.run("resolve", self.locate(&request.hypervisor, access)).await?;
        let _turn = stages.run("duplicate-check", self.check_duplicate(address)).await?;
        let host = self.prepare(discoverer, address, request, &mut stages).await?;
        let (tags, admin_state) = (request.tags.clone(), request.admin_state);
        let settled: Result<(), StoreError> = self
            .means
            .store
            .write(move |tx| {
                if let Some(tags) = tags {
                    host::host_set_tags(tx, host, &tags)?;
                }
                settle_admin_state(tx, host, admin_state)
            })
            .await;
        stages
            .run("record", async { Ok((settled?, "tags and state recorded".to_owned())) })
            .await?;
        Ok(AddHostReport { host, stages: stages.done() })
    }

    /// Prepares the machine and waits until its agent is connected.
    async fn prepare(
        &self,
        discoverer: &dyn Discoverer,
        address: SocketAddr,
        request: &AddHostRequest,
        stages: &mut Stages,
    ) -> Result<HostId, AddHostError> {
        // From now on, so that no news of the host is missed.
        let news = self.means.agents.subscribe();
        let guid = match discoverer.find(address, request, stages).await {
            Ok(guid) => guid,
            Err(mut e) => {
                wait::add_refusal(&mut e, news);
                return Err(e);
            }
        };
        let waiting = wait::wait_connect(&self.means, guid, news);
        stages.run("wait-connect", waiting).await
    }

    /// Who knows such machines, and where this one is.
    async fn locate(
        &self,
        hypervisor: &str,
        access: &Access,
    ) -> Result<((&dyn Discoverer, SocketAddr), String), Failure> {
        let mut known = self.discoverers.iter();
        let found = known.find(|d| d.hypervisor().eq_ignore_ascii_case(hypervisor));
        let Some(discoverer) = found else {
            return Err(Failure::new(format!("no host of hypervisor {hypervisor} can be added")));
        };
        let (address, detail) = resolve(&access.host, access.port).await?;
        Ok(((discoverer.as_ref(), address), detail))
    }

    fn take_turn(&self, address: SocketAddr) -> Result<Turn, Failure> {
        Turn::take(&self.under_way, address).ok_or_else(|| {
            Failure::new(format!("{address} is being prepared already; wait until that is done"))
        })
    }

    async fn check_duplicate(&self, address: SocketAddr) -> Result<(Turn, String), Failure> {
        let turn = self.take_turn(address)?;
        let ip = address.ip();
        let known = self.means.store.read(move |tx| host::host_by_address(tx, ip)).await;
        let known: Option<HostRow> = known.map_err(|e: StoreError| Failure::from(e))?;
        match known {
            Some(row) if row.status == HostStatus::Up => Err(Failure::new(format!(
                "{ip} is the address of host {} ({}), which is Up",
                row.name, row.id
            ))),
            Some(row) => {
                Ok((turn, format!("host {} was there before and is {}", row.name, row.status)))
            }
            None => Ok((turn, "no host has this address".to_owned())),
        }
    }

    /// Takes a host out of the cloud: its agent is told to go, and ends. What is on the machine stays there;
    /// [`clean_machine`](Self::clean_machine) removes that too.
    ///
    /// # Errors
    /// [`ServiceErrorKind::InUse`] while VMs run there or volumes are there, unless `forced`.
    pub async fn remove_host(
        &self,
        host: HostId,
        forced: bool,
        reason: &str,
    ) -> Result<HostRow, ServiceError> {
        let text = reason.to_owned();
        let row = self
            .means
            .store
            .write(move |tx| {
                let row = host::host_get(tx, host)?;
                let (runs, volumes) = host::host_in_use(tx, host)?;
                if !forced && runs + volumes > 0 {
                    return Err(ServiceError::new(
                        ServiceErrorKind::InUse,
                        format!(
                            "host {} has {runs} VMs and {volumes} volumes; stop, move or destroy them first, or use forced",
                            row.name
                        ),
                    ));
                }
                let now = SystemTime::now().into();
                storage_pool_remove_of_host(tx, host, now)?;
                Ok(host::host_remove(tx, host, &text, now)?)
            })
            .await?;
        self.means.agents.removed(host, "the host was removed from the cloud").await;
        Ok(row)
    }
}

/// A machine that comes back in the middle of a maintenance stays in it.
fn settle_admin_state(tx: &Tx<'_>, id: HostId, wanted: AllocationState) -> Result<(), StoreError> {
    let event = match wanted {
        AllocationState::Enabled => ResourceEvent::EnableRequested,
        AllocationState::Disabled => ResourceEvent::DisableRequested,
    };
    tx.because(Cause::saying("the host was added"));
    match host::host_administer(tx, id, event) {
        Ok(_) | Err(StoreError::Transition(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

async fn resolve(host: &str, port: u16) -> Result<(SocketAddr, String), Failure> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok((SocketAddr::new(ip, port), ip.to_string()));
    }
    let found = tokio::net::lookup_host((host, port)).await.map_err(|e| {
        Failure::new(format!(
            "the name {host} has no address ({e}); correct it, or give an address"
        ))
    })?;
    let mut found: Vec<SocketAddr> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    let first = found
        .first()
        .copied()
        .ok_or_else(|| Failure::new(format!("the name {host} has no address; give one")))?;
    Ok((first, first.ip().to_string()))
}

/// The right to add the host at an address; given back when it is dropped.
#[derive(Debug)]
struct Turn {
    under_way: Arc<Mutex<HashSet<SocketAddr>>>,
    address: SocketAddr,
}

impl Turn {
    fn take(under_way: &Arc<Mutex<HashSet<SocketAddr>>>, address: SocketAddr) -> Option<Self> {
        let mut addresses = under_way.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.insert(address).then(|| Self { under_way: Arc::clone(under_way), address })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut addresses = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.remove(&self.address);
    }
}
