//! Hosts and image workers of which only the agent is real: its session, journal, lanes and commands.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use hostler_agent::hypervisor::FakeHypervisor;
use hostler_agent::kvm::{KvmSettings, LibvirtComputingResource, Pretend};
use hostler_agent::network::MemoryNetwork;
use hostler_agent::properties::Properties;
use hostler_agent::resource::{Resource, Task};
use hostler_agent::storage::MemoryStorage;
use hostler_manager::ca::Authority;
use hostler_model::{Bytes, HostGuid, Mhz, Mib, StoragePoolId};
use hostler_wire::{
    Answer, Command, CommandFailure, DeleteTemplateAnswer, DownloadAnswer, FailureKind, HostReport,
    Ping, ReadyCommand, SecondaryStorageResource, StartupResource, WorkerCommand,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::furnish::PLACE;

/// Where a simulated machine keeps its files, and which manager it dials.
#[derive(Debug)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its files.
    pub folder: PathBuf,
    /// The manager's port on loopback.
    pub port: u16,
}

/// A machine of which only the agent is real.
#[derive(Debug)]
pub struct SimulatedHost {
    /// Its guid.
    pub guid: HostGuid,
    /// Its libvirt.
    pub hypervisor: Arc<FakeHypervisor>,
    /// Its network.
    pub network: Arc<MemoryNetwork>,
    resource: Arc<dyn Resource>,
    properties: Properties,
    life: Option<(CancellationToken, JoinHandle<()>)>,
}

impl SimulatedHost {
    /// A host with 4 CPUs of 2000 MHz and 8 GiB, of which it keeps 1 GiB.
    ///
    /// # Errors
    /// If its files cannot be written.
    pub fn routing(authority: &Authority, place: &Place) -> anyhow::Result<Self> {
        let pool = StoragePoolId::new(Uuid::new_v4());
        let hypervisor = Arc::new(FakeHypervisor::new());
        let network = Arc::new(MemoryNetwork::default());
        let storage = Arc::new(MemoryStorage::new(pool, Bytes::from_gib(100)));
        let settings = KvmSettings {
            state_dir: Some(place.folder.join("state")),
            guest_bridge: Some("br0".to_owned()),
            reserved_memory: Mib(1024),
            pretend: Some(Pretend { cpus: 4, cpu_speed: Mhz(2000), memory: Mib(8192) }),
        };
        std::fs::create_dir_all(place.folder.join("state"))?;
        let parts = (hypervisor.clone(), storage, network.clone());
        let resource = LibvirtComputingResource::over(parts.0, parts.1, parts.2, settings)?;
        let extra = format!("local.storage.uuid={pool}\nresource=LibvirtComputingResource\n");
        Self::new(authority, place, PLACE, &extra, (hypervisor, network, Arc::new(resource)))
    }

    /// An image worker that has every template at once.
    ///
    /// # Errors
    /// If its files cannot be written.
    pub fn worker(authority: &Authority, place: &Place) -> anyhow::Result<Self> {
        std::fs::create_dir_all(place.folder.join("state"))?;
        let parts = (Arc::default(), Arc::default(), Arc::new(ReadyWorker) as Arc<dyn Resource>);
        let extra = "resource=SecondaryStorageResource\nsecondary.storage.path=/nonexistent\n\
                     secondary.storage.address=127.0.0.1\n";
        Self::new(authority, place, [PLACE[0], "", ""], extra, parts)
    }

    fn new(
        authority: &Authority,
        place: &Place,
        [zone, pod, cluster]: [&str; 3],
        extra: &str,
        (hypervisor, network, resource): (
            Arc<FakeHypervisor>,
            Arc<MemoryNetwork>,
            Arc<dyn Resource>,
        ),
    ) -> anyhow::Result<Self> {
        let guid = HostGuid::new(Uuid::new_v4());
        let issued = authority.issue_agent(guid)?;
        let file = |name: &str, content: &str| -> anyhow::Result<String> {
            let path = place.folder.join(name);
            std::fs::write(&path, content)?;
            Ok(path.display().to_string())
        };
        let text = format!(
            "guid={guid}\nhost=127.0.0.1\nport={}\nzone={zone}\npod={pod}\ncluster={cluster}\n\
             state.dir={}\nbackoff.max.seconds=1\ntls.ca={}\ntls.certificate={}\ntls.key={}\n{extra}",
            place.port,
            place.folder.join("state").display(),
            file("ca.crt", authority.certificate())?,
            file("agent.crt", &issued.certificate)?,
            file("agent.key", &issued.key)?,
        );
        let (properties, _) =
            Properties::parse(&place.name, &text, &[]).context("the properties of a test")?;
        Ok(Self { guid, hypervisor, network, resource, properties, life: None })
    }

    /// Starts its agent.
    pub fn begin(&mut self) {
        let shutdown = CancellationToken::new();
        let (properties, resource) = (self.properties.clone(), Arc::clone(&self.resource));
        let token = shutdown.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = hostler_agent::run(properties, vec![resource], token).await {
                panic!("a test's agent ended: {error}");
            }
        });
        self.life = Some((shutdown, task));
    }

    /// Ends its agent; its VMs go on running.
    pub async fn end(&mut self) {
        if let Some((shutdown, task)) = self.life.take() {
            shutdown.cancel();
            let _ = task.await;
        }
    }
}

/// An image worker for which every download is done at once.
#[derive(Debug)]
struct ReadyWorker;

impl Resource for ReadyWorker {
    fn startup(&self) -> Result<StartupResource, String> {
        Ok(StartupResource::SecondaryStorage(SecondaryStorageResource {
            serve_address: "127.0.0.1:8251".to_owned(),
            path: "/nonexistent".to_owned(),
            capacity: Bytes::from_gib(100),
            available: Bytes::from_gib(100),
        }))
    }

    fn ready(&self, _ready: &ReadyCommand) {}

    fn execute(&self, command: Command, _task: &Task) -> Result<Answer, CommandFailure> {
        match command {
            Command::Worker(WorkerCommand::Download(order)) => {
                Ok(Answer::Download(DownloadAnswer {
                    size: Bytes(20 << 20),
                    virtual_size: Bytes(96 << 20),
                    format: order.format,
                    sha256: "00".repeat(32),
                }))
            }
            Command::Worker(WorkerCommand::Delete(_)) => {
                Ok(Answer::DeleteTemplate(DeleteTemplateAnswer { was_there: true }))
            }
            other => Err(CommandFailure {
                kind: FailureKind::Unsupported,
                text: format!("{} is nothing for an image worker", other.name()),
            }),
        }
    }

    fn report(&self) -> HostReport {
        HostReport::default()
    }

    fn ping(&self) -> Ping {
        Ping::default()
    }

    fn watch(&self, _changes: mpsc::UnboundedSender<HostReport>) {}
}
