//! Hosts and image workers of which only the agent is real: its session, journal, lanes and commands.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use hostler_agent::hypervisor::{DomainView, FakeHypervisor};
use hostler_agent::kvm::{KvmSettings, LibvirtComputingResource, Pretend};
use hostler_agent::network::MemoryNetwork;
use hostler_agent::properties::Properties;
use hostler_agent::resource::Resource;
use hostler_agent::storage::MemoryStorage;
use hostler_agent::threads::Threads;
use hostler_manager::ca::Authority;
use hostler_model::{
    Bytes, HostGuid, Mhz, Mib, PowerReason, PowerState, StoragePoolId, TemplateId,
};
use hostler_simulator::worker::ReadyWorker;
use tokio::runtime::Runtime;
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
    /// Its disks.
    pub storage: Arc<MemoryStorage>,
    /// Its local pool.
    pub pool: StoragePoolId,
    /// Whether it is an image worker that refuses everything.
    pub refuses: Arc<AtomicBool>,
    /// Whether it is an image worker that keeps nothing of what hosts send.
    pub forgets: Arc<AtomicBool>,
    /// The templates that it expects from hosts, if it is an image worker.
    pub expected: Arc<Mutex<BTreeSet<TemplateId>>>,
    resource: Arc<dyn Resource>,
    settings: Option<KvmSettings>,
    properties: Properties,
    life: Option<Life>,
}

/// An agent that runs, on threads of its own: so it can be ended in the middle of anything.
#[derive(Debug)]
struct Life {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
    runtime: Runtime,
}

/// A libvirt domain that somebody else made, as large as what every test cloud sells, with its XML.
pub fn alien(uuid: Uuid, name: &str) -> (DomainView, String) {
    let view = DomainView {
        uuid,
        name: name.to_owned(),
        mark: None,
        power: PowerState::On,
        reason: PowerReason::Found,
        vcpus: 1,
        memory: Mib(512),
    };
    let tail = &uuid.simple().to_string()[26..];
    let mac = format!("52:54:00:{}:{}:{}", &tail[..2], &tail[2..4], &tail[4..]);
    let xml = format!(
        "<domain><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>\
         <disk type='file' device='disk'><driver name='qemu' type='qcow2'/>\
         <source file='/simulated/images/{uuid}.qcow2'/><target dev='vda' bus='virtio'/></disk>\
         <interface type='bridge'><mac address='{mac}'/><source bridge='br0'/><model type='virtio'/></interface>\
         </devices></domain>"
    );
    (view, xml)
}

impl SimulatedHost {
    /// A host with 4 CPUs of 2000 MHz and 8 GiB, of which it keeps 1 GiB.
    ///
    /// # Errors
    /// If its files cannot be written.
    pub fn routing(authority: &Authority, place: &Place) -> anyhow::Result<Self> {
        Self::routing_with(authority, place, Mib(8192))
    }

    /// The same with so much memory.
    ///
    /// # Errors
    /// If its files cannot be written.
    pub fn routing_with(authority: &Authority, place: &Place, memory: Mib) -> anyhow::Result<Self> {
        let pool = StoragePoolId::new(Uuid::new_v4());
        let hypervisor = Arc::new(FakeHypervisor::new());
        let network = Arc::new(MemoryNetwork::default());
        let storage = Arc::new(MemoryStorage::new(pool, Bytes::from_gib(100)));
        let settings = KvmSettings {
            state_dir: Some(place.folder.join("state")),
            guest_bridge: Some("br0".to_owned()),
            reserved_memory: Mib(1024),
            pretend: Some(Pretend { name: None, cpus: 4, cpu_speed: Mhz(2000), memory }),
            threads: Threads::Own,
        };
        std::fs::create_dir_all(place.folder.join("state"))?;
        let extra = format!("local.storage.uuid={pool}\nresource=LibvirtComputingResource\n");
        let resource = LibvirtComputingResource::over(
            hypervisor.clone(),
            storage.clone(),
            network.clone(),
            settings.clone(),
        )?;
        let mut host = Self::new(authority, place, PLACE, &extra, Arc::new(resource))?;
        (host.hypervisor, host.network, host.storage) = (hypervisor, network, storage);
        (host.pool, host.settings) = (pool, Some(settings));
        Ok(host)
    }

    /// An image worker that has every template at once.
    ///
    /// # Errors
    /// If its files cannot be written.
    pub fn worker(authority: &Authority, place: &Place) -> anyhow::Result<Self> {
        std::fs::create_dir_all(place.folder.join("state"))?;
        let worker = ReadyWorker::on(Threads::Own);
        let (refuses, forgets) = (Arc::clone(&worker.refuses), Arc::clone(&worker.forgets));
        let expected = Arc::clone(&worker.expected);
        let resource = Arc::new(worker);
        let extra = "resource=SecondaryStorageResource\nsecondary.storage.path=/nonexistent\n\
                     secondary.storage.address=127.0.0.1\n";
        let mut worker = Self::new(authority, place, [PLACE[0], "", ""], extra, resource)?;
        (worker.refuses, worker.forgets) = (refuses, forgets);
        worker.expected = expected;
        Ok(worker)
    }

    fn new(
        authority: &Authority,
        place: &Place,
        [zone, pod, cluster]: [&str; 3],
        extra: &str,
        resource: Arc<dyn Resource>,
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
        let pool = StoragePoolId::new(Uuid::nil());
        Ok(Self {
            guid,
            hypervisor: Arc::default(),
            network: Arc::default(),
            storage: Arc::new(MemoryStorage::new(pool, Bytes(0))),
            pool,
            refuses: Arc::default(),
            forgets: Arc::default(),
            expected: Arc::default(),
            resource,
            settings: None,
            properties,
            life: None,
        })
    }

    /// From its next start on, its agent dials this port.
    pub fn dial(&mut self, port: u16) {
        self.properties.port = port;
    }

    /// Starts its agent.
    ///
    /// # Panics
    /// If the machine that runs the test has no threads left.
    pub fn begin(&mut self) {
        let shutdown = CancellationToken::new();
        let (properties, resource) = (self.properties.clone(), Arc::clone(&self.resource));
        let token = shutdown.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads for an agent");
        let task = runtime.spawn(async move {
            if let Err(error) = hostler_agent::run(properties, vec![resource], token).await {
                panic!("a test's agent ended: {error}");
            }
        });
        self.life = Some(Life { shutdown, task, runtime });
    }

    /// Ends its agent; its VMs go on running.
    pub async fn end(&mut self) {
        if let Some(life) = self.life.take() {
            life.shutdown.cancel();
            let _ = life.task.await;
            life.runtime.shutdown_background();
        }
    }

    /// Ends its agent as `kill -9` does: only what was on disk at that moment is left for its next life.
    /// What libvirt was asked for goes on.
    ///
    /// # Errors
    /// If what is on disk cannot be kept.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let Some(life) = self.life.take() else { return Ok(()) };
        life.runtime.shutdown_background();
        // A thread that is still in libvirt may write when it is done; a killed process would not.
        let (old, new) = (self.properties.state_dir.clone(), self.after_kill());
        copy_folder(&old, &new)?;
        self.properties.state_dir.clone_from(&new);
        if let Some(settings) = &mut self.settings {
            settings.state_dir = Some(new);
            let parts = (self.hypervisor.clone(), self.storage.clone(), self.network.clone());
            let resource =
                LibvirtComputingResource::over(parts.0, parts.1, parts.2, settings.clone())?;
            self.resource = Arc::new(resource);
        }
        Ok(())
    }

    fn after_kill(&self) -> PathBuf {
        let mut name = self.properties.state_dir.clone().into_os_string();
        name.push("-after");
        name.into()
    }
}

impl Drop for SimulatedHost {
    fn drop(&mut self) {
        if let Some(life) = self.life.take() {
            life.runtime.shutdown_background();
        }
    }
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
