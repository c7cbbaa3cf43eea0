//! Agents that speak the real protocol over real TLS and run no VMs, and a manager's agents' side for them.
//!
//! [`FakeLink`] is one connection, for tests that say wrong things; [`FakeAgent`] behaves.
#![allow(clippy::unwrap_used)] // a lock is poisoned only by a test that has failed already

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use hostler_manager::agents::{AgentSettings, Agents, AgentsParts, HostNews};
use hostler_manager::ca::{Authority, Issued, install_tls_provider};
use hostler_manager::metrics::Metrics;
use hostler_model::{
    Bytes, CloudId, CommandId, HostGuid, HostId, HostStatus, Mhz, Mib, StoragePoolId,
};
use hostler_store::host::{HostRow, host_by_guid};
use hostler_store::{Store, StoreError, installation};
use hostler_wire::codec::{CodecError, Frame, FrameCodec};
use hostler_wire::{
    Answer, Command, CommandFailure, HostReport, InquireAnswer, LocalPool, Message, OrderState,
    Outcome, Ping, Pong, ReadyCommand, Refusal, RoutingResource, StartupCommand, StartupResource,
    VersionRange,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::codec::Framed;
use uuid::Uuid;

use crate::cloud::PATIENCE;

/// Zone, pod and cluster of [`AgentSide`].
pub const ZONE: &str = "z1";
/// See [`ZONE`].
pub const POD: &str = "p1";
/// See [`ZONE`].
pub const CLUSTER: &str = "c1";

/// A manager's agents' side with a database of its own, on a port of loopback.
#[derive(Debug)]
pub struct AgentSide {
    /// Where its files are.
    pub folder: tempfile::TempDir,
    /// Its database.
    pub store: Store,
    /// Its certificates.
    pub authority: Arc<Authority>,
    /// What is under test.
    pub agents: Agents,
    /// Where agents connect to.
    pub address: SocketAddr,
    /// What is counted.
    pub metrics: Metrics,
}

/// Short times, for tests of what happens when they are over.
pub fn short_times() -> AgentSettings {
    AgentSettings {
        startup_wait: Duration::from_secs(2),
        handshake_wait: Duration::from_secs(3),
        ping_interval: Duration::from_secs(1),
        probe_wait: Duration::from_secs(2),
        listener_wait: Duration::from_secs(5),
        ..AgentSettings::default()
    }
}

impl AgentSide {
    /// Starts one with a zone, a pod and a KVM cluster; `prepare` sees it before it takes agents in.
    ///
    /// # Errors
    /// Whatever does not work.
    pub async fn start_with(
        settings: AgentSettings,
        prepare: impl FnOnce(&Agents, &Store),
    ) -> anyhow::Result<Self> {
        Self::start_fully("127.0.0.1:0", settings, prepare).await
    }

    /// Starts one that listens on `address`, for agents on other machines.
    ///
    /// # Errors
    /// Whatever does not work.
    pub async fn start_on(address: &str, settings: AgentSettings) -> anyhow::Result<Self> {
        Self::start_fully(address, settings, |_, _| {}).await
    }

    async fn start_fully(
        address: &str,
        settings: AgentSettings,
        prepare: impl FnOnce(&Agents, &Store),
    ) -> anyhow::Result<Self> {
        install_tls_provider();
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("hostler.db");
        let store = Store::open(&path)?;
        add_places(&path)?;
        let authority = Arc::new(Authority::open(&folder.path().join("pki"))?);
        let manager =
            store.write(|tx| installation::manager_id(tx, "test")).await.map_err(store_error)?;
        let metrics = Metrics::default();
        let agents = Agents::new(AgentsParts {
            store: store.clone(),
            authority: Arc::clone(&authority),
            manager,
            cloud: CloudId::new(Uuid::from_u128(1)),
            settings,
            metrics: metrics.agents.clone(),
        });
        prepare(&agents, &store);
        let port = TcpListener::bind(address).await?;
        let address = port.local_addr()?;
        agents.serve(port).await?;
        Ok(Self { folder, store, authority, agents, address, metrics })
    }

    /// Starts one with `settings`.
    ///
    /// # Errors
    /// Whatever does not work.
    pub async fn start(settings: AgentSettings) -> anyhow::Result<Self> {
        Self::start_with(settings, |_, _| {}).await
    }

    /// A certificate for `guid`, as adding a host would have made it.
    ///
    /// # Errors
    /// Whatever does not work.
    pub fn identity(&self, guid: HostGuid) -> anyhow::Result<Identity> {
        Ok(Identity {
            authority: self.authority.certificate().to_owned(),
            issued: self.authority.issue_agent(guid)?,
            guid,
        })
    }

    /// The record of a machine.
    ///
    /// # Errors
    /// If there is none.
    pub async fn host(&self, guid: HostGuid) -> anyhow::Result<HostRow> {
        let row = self.store.read(move |tx| host_by_guid(tx, guid)).await.map_err(store_error)?;
        row.with_context(|| format!("no host {guid} is recorded"))
    }

    /// Waits until the record of a machine has `status`; at most 10 s. One that is Up can be sent orders, too.
    ///
    /// # Errors
    /// If it does not come to that.
    pub async fn wait_status(&self, guid: HostGuid, status: HostStatus) -> anyhow::Result<HostRow> {
        let mut news = self.agents.subscribe();
        // the record says Up a moment before orders can be sent; the news of it come after both
        let is_so = |row: &HostRow| {
            row.status == status && (status != HostStatus::Up || self.agents.is_connected(row.id))
        };
        let wait = async {
            loop {
                match self.host(guid).await {
                    Ok(row) if is_so(&row) => return row,
                    _ => drop(news.recv().await),
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        match waited {
            Ok(row) => Ok(row),
            Err(_) => bail!("host {guid} is {:?}", self.host(guid).await.map(|h| h.status)),
        }
    }

    /// An agent that behaves, taken in.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn agent(&self, number: u128) -> anyhow::Result<FakeAgent> {
        let identity = self.identity(guid(number))?;
        FakeAgent::connect(self.address, &identity, startup(guid(number)), Journal::default()).await
    }

    /// How many events of a kind are recorded.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn events(&self, kind: &str) -> anyhow::Result<i64> {
        let db = rusqlite::Connection::open(self.folder.path().join("hostler.db"))?;
        let sql = "SELECT count(*) FROM event WHERE kind = ?1";
        Ok(db.query_row(sql, [kind], |row| row.get(0))?)
    }

    /// Waits until a number of the metrics is `wanted`; at most 10 s. What a peer sees may come before it is counted.
    ///
    /// # Errors
    /// If it does not become that.
    pub async fn wait_metric(&self, line: &str, wanted: u64) -> anyhow::Result<()> {
        // a counter tells nobody of its changes
        let counted = async {
            while self.metric(line) != wanted {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, counted).await;
        waited.with_context(|| format!("{line} is {}, not {wanted}", self.metric(line)))
    }

    /// A number from the metrics.
    pub fn metric(&self, line: &str) -> u64 {
        self.metrics
            .text()
            .lines()
            .find_map(|l| l.strip_prefix(line)?.trim().parse().ok())
            .unwrap_or(0)
    }
}

fn store_error(e: StoreError) -> anyhow::Error {
    e.into()
}

fn add_places(path: &Path) -> anyhow::Result<()> {
    let db = rusqlite::Connection::open(path)?;
    db.busy_timeout(PATIENCE)?;
    let id = |n: u128| Uuid::from_u128(n).to_string();
    db.execute_batch(&format!(
        "INSERT INTO zone (id, name, network_type, dns1, internal_dns1, created)
             VALUES ('{z}', '{ZONE}', 'Basic', '127.0.0.1', '127.0.0.1', 0);
         INSERT INTO pod (id, zone, name, created) VALUES ('{p}', '{z}', '{POD}', 0);
         INSERT INTO cluster (id, zone, pod, name, hypervisor, created)
             VALUES ('{c}', '{z}', '{p}', '{CLUSTER}', 'KVM', 0);
         INSERT INTO cluster (id, zone, pod, name, hypervisor, created)
             VALUES ('{c2}', '{z}', '{p}', 'c2', 'KVM', 0);
         INSERT INTO cluster (id, zone, pod, name, hypervisor, created)
             VALUES ('{x}', '{z}', '{p}', 'xen', 'XenServer', 0);",
        z = id(11),
        p = id(12),
        c = id(13),
        c2 = id(14),
        x = id(15),
    ))?;
    Ok(())
}

/// The guid of machine `number`.
pub fn guid(number: u128) -> HostGuid {
    HostGuid::new(Uuid::from_u128(0xfade_0000 + number))
}

/// What a small KVM host says of itself.
pub fn startup(guid: HostGuid) -> StartupCommand {
    StartupCommand {
        versions: VersionRange::OURS,
        agent_version: "0.0.1".to_owned(),
        guid,
        name: format!("fake-{}", guid.uuid().as_u128() & 0xffff),
        zone: ZONE.to_owned(),
        pod: POD.to_owned(),
        cluster: CLUSTER.to_owned(),
        private_address: None,
        public_address: None,
        storage_address: None,
        resource: StartupResource::Routing(RoutingResource {
            cpus: 4,
            cpu_sockets: 1,
            cpu_speed: Mhz(2000),
            arch: "x86_64".to_owned(),
            memory: Mib(8192),
            reserved_memory: Mib(1024),
            hypervisor: "kvm".to_owned(),
            hypervisor_version: "QEMU 9.0, libvirt 10.0".to_owned(),
            capabilities: vec!["hvm".to_owned()],
            guest_bridge: Some("br0".to_owned()),
            local_pool: Some(LocalPool {
                id: StoragePoolId::new(guid.uuid()),
                path: "/var/lib/libvirt/images/hostler".to_owned(),
                capacity: Bytes::from_gib(100),
                available: Bytes::from_gib(90),
            }),
            report: HostReport { complete: true, ..HostReport::default() },
        }),
        details: BTreeMap::new(),
    }
}

/// What an agent proves who it is with.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The authority that it knows, in PEM.
    pub authority: String,
    /// Its certificate and key.
    pub issued: Issued,
    /// Who it is.
    pub guid: HostGuid,
}

impl Identity {
    /// TLS as an agent uses it.
    ///
    /// # Errors
    /// If the certificates are no good.
    pub fn connector(&self) -> anyhow::Result<TlsConnector> {
        let config = self.roots()?.with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(self.issued.certificate.as_bytes())?],
            PrivateKeyDer::from_pem_slice(self.issued.key.as_bytes())?,
        )?;
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// TLS of someone who has no certificate.
    ///
    /// # Errors
    /// If the authority is no good.
    pub fn connector_without_certificate(&self) -> anyhow::Result<TlsConnector> {
        Ok(TlsConnector::from(Arc::new(self.roots()?.with_no_client_auth())))
    }

    fn roots(
        &self,
    ) -> anyhow::Result<rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert>>
    {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.as_bytes())?)?;
        Ok(rustls::ClientConfig::builder().with_root_certificates(roots))
    }
}

/// What the manager says to a Startup.
#[derive(Debug)]
pub enum Greeting {
    /// Come in.
    Ready(ReadyCommand),
    /// Stay out.
    Refused(Refusal),
    /// Nothing: the link was closed.
    Closed,
}

/// One connection to a manager, for saying whatever one likes.
#[derive(Debug)]
pub struct FakeLink {
    framed: Framed<TlsStream<TcpStream>, FrameCodec>,
    sequence: u64,
}

impl FakeLink {
    /// Connects, with TLS.
    ///
    /// # Errors
    /// If that does not work.
    pub async fn open(address: SocketAddr, tls: &TlsConnector) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let stream = tls.connect(ServerName::try_from("hostler-manager")?, stream).await?;
        Ok(Self { framed: Framed::new(stream, FrameCodec::new()), sequence: 0 })
    }

    /// The bytes below the frames.
    pub fn stream(&mut self) -> &mut TlsStream<TcpStream> {
        self.framed.get_mut()
    }

    /// Says `message` with a number of its own.
    ///
    /// # Errors
    /// If the link is broken.
    pub async fn say(&mut self, message: Message) -> Result<(), CodecError> {
        self.sequence += 1;
        self.framed.send(Frame::new(self.sequence, message)).await
    }

    /// Answers the frame `sequence`.
    ///
    /// # Errors
    /// If the link is broken.
    pub async fn answer(&mut self, sequence: u64, message: Message) -> Result<(), CodecError> {
        self.framed.send(Frame::new(sequence, message)).await
    }

    /// The next frame; nothing when the link is closed, however that happened.
    pub async fn hear(&mut self) -> Option<Frame> {
        self.framed.next().await.and_then(Result::ok)
    }

    /// Says Startup and waits for its answer. Does not acknowledge Ready.
    ///
    /// # Errors
    /// If the link is broken, or something else is answered.
    pub async fn say_startup(&mut self, startup: StartupCommand) -> anyhow::Result<Greeting> {
        self.say(Message::Startup(Box::new(startup))).await?;
        match self.hear().await.map(|frame| frame.message) {
            Some(Message::Ready(ready)) => Ok(Greeting::Ready(ready)),
            Some(Message::Refused(refusal)) => Ok(Greeting::Refused(refusal)),
            Some(other) => bail!("{} is no answer to Startup", other.name()),
            None => Ok(Greeting::Closed),
        }
    }

    /// Says Startup and acknowledges Ready.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn come_in(&mut self, startup: StartupCommand) -> anyhow::Result<ReadyCommand> {
        match self.say_startup(startup).await? {
            Greeting::Ready(ready) => {
                self.say(Message::ReadyAcknowledged).await?;
                Ok(ready)
            }
            other => bail!("the agent was not taken in: {other:?}"),
        }
    }
}

/// How a [`FakeAgent`] carries a command out.
pub type Behaviour =
    Arc<dyn Fn(&Command) -> Result<Answer, CommandFailure> + Send + Sync + 'static>;

/// What a [`FakeAgent`] has done, kept over its connections. Cloning it shares it.
#[derive(Clone, Default)]
pub struct Journal {
    done: Arc<Mutex<HashMap<CommandId, Result<Answer, CommandFailure>>>>,
    /// Commands as they were carried out, by name.
    ran: Arc<watch::Sender<Vec<&'static str>>>,
    behaviour: Option<Behaviour>,
    mute: bool,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("ran", &self.ran()).finish_non_exhaustive()
    }
}

impl Journal {
    /// An empty journal of an agent that carries commands out by `behaviour`.
    pub fn with(
        behaviour: impl Fn(&Command) -> Result<Answer, CommandFailure> + Send + Sync + 'static,
    ) -> Self {
        Self { behaviour: Some(Arc::new(behaviour)), ..Self::default() }
    }

    /// The same journal, of an agent that carries commands out and never answers.
    #[must_use]
    pub fn mute(&self) -> Self {
        Self { mute: true, ..self.clone() }
    }

    /// The names of the commands that were carried out, in their order.
    pub fn ran(&self) -> Vec<&'static str> {
        self.ran.borrow().clone()
    }

    /// Waits until so many commands have been carried out; at most 10 s. Their names, in their order.
    ///
    /// # Errors
    /// If it does not come to that.
    pub async fn has_run(&self, count: usize) -> anyhow::Result<Vec<&'static str>> {
        let mut news = self.ran.subscribe();
        let run = news.wait_for(|ran| ran.len() >= count);
        match tokio::time::timeout(PATIENCE, run).await {
            Ok(ran) => Ok(ran?.clone()),
            Err(_) => bail!("not {count} commands were carried out: {:?}", self.ran()),
        }
    }

    fn carry_out(&self, id: CommandId, command: &Command) -> Result<Answer, CommandFailure> {
        if let Command::Inquire(question) = command {
            let done = self.done.lock().unwrap();
            let state = |id| match done.get(id) {
                Some(result) => OrderState::Done(result.clone().map(Box::new)),
                None => OrderState::NeverSeen,
            };
            let orders = question.orders.iter().map(|id| (*id, state(id))).collect();
            return Ok(Answer::Inquire(InquireAnswer { orders }));
        }
        if let Some(done) = self.done.lock().unwrap().get(&id) {
            return done.clone();
        }
        let result = match &self.behaviour {
            Some(behaviour) => behaviour(command),
            None => Ok(Answer::Report(hostler_wire::ReportAnswer {
                report: HostReport { complete: true, ..HostReport::default() },
            })),
        };
        self.done.lock().unwrap().insert(id, result.clone());
        self.ran.send_modify(|ran| ran.push(command.name()));
        result
    }
}

/// An agent that behaves: answers pings, carries orders out once, keeps a journal.
#[derive(Debug)]
pub struct FakeAgent {
    /// Who it is.
    pub guid: HostGuid,
    /// What the manager calls it.
    pub host: HostId,
    /// What it has done.
    pub journal: Journal,
    say: mpsc::UnboundedSender<Message>,
    task: JoinHandle<()>,
}

impl FakeAgent {
    /// Connects and is taken in.
    ///
    /// # Errors
    /// If it is not.
    pub async fn connect(
        address: SocketAddr,
        identity: &Identity,
        startup: StartupCommand,
        journal: Journal,
    ) -> anyhow::Result<Self> {
        let guid = startup.guid;
        let mut link = FakeLink::open(address, &identity.connector()?).await?;
        let ready = link.come_in(startup).await?;
        let (say, to_say) = mpsc::unbounded_channel();
        let task = tokio::spawn(behave(link, journal.clone(), to_say));
        Ok(Self { guid, host: ready.host, journal, say, task })
    }

    /// Says something of its own accord.
    pub fn say(&self, message: Message) {
        let _ = self.say.send(message);
    }

    /// Dies without a word, as a process that is killed: its kernel closes the link.
    pub fn kill(self) {
        self.task.abort();
    }

    /// Resolves when the manager has closed the link.
    pub async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }
}

async fn behave(
    mut link: FakeLink,
    journal: Journal,
    mut to_say: mpsc::UnboundedReceiver<Message>,
) {
    loop {
        let frame = tokio::select! {
            frame = link.hear() => frame,
            Some(message) = to_say.recv() => match link.say(message).await {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let Some(frame) = frame else { return };
        let answer = match frame.message {
            Message::Ping(Ping { clock_ms, .. }) => {
                Message::Pong(Pong { ping_clock_ms: clock_ms, clock_ms })
            }
            Message::Request(orders) => {
                let outcomes = orders
                    .iter()
                    .map(|o| Outcome { id: o.id, result: journal.carry_out(o.id, &o.command) })
                    .collect();
                if journal.mute {
                    continue;
                }
                Message::Response(outcomes)
            }
            Message::Shutdown(_) => return,
            _ => continue,
        };
        if link.answer(frame.sequence, answer).await.is_err() {
            return;
        }
    }
}

/// Waits until the host of `guid` is Up.
///
/// # Panics
/// If that takes more than 10 s.
pub async fn wait_up(
    news: &mut tokio::sync::broadcast::Receiver<HostNews>,
    guid: HostGuid,
) -> HostId {
    let wait = async {
        loop {
            match news.recv().await {
                Ok(HostNews::Up { host, guid: up }) if up == guid => return host,
                Ok(_) => {}
                Err(e) => panic!("the news ended: {e}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the host comes up")
}
