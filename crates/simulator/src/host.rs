//! One simulated host: the real agent's session, journal, lanes and commands over libvirt, disks and network in memory.
//!
//! Not here: who tells it what to do (`fleet`), and its TLS (`dial`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hostler_agent::hypervisor::{FakeHypervisor, Trouble};
use hostler_agent::journal::Journal;
use hostler_agent::kvm::{KvmSettings, LibvirtComputingResource, Pretend, ResourceError};
use hostler_agent::network::MemoryNetwork;
use hostler_agent::properties::{Properties, PropertiesError};
use hostler_agent::resource::Resource;
use hostler_agent::run_with;
use hostler_agent::storage::MemoryStorage;
use hostler_agent::threads::{Pace, Threads};
use hostler_model::{Bytes, Mib, StoragePoolId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::dial::{Cable, CableDialer};
use crate::identity::Identity;
use crate::pause::pause;
use crate::scenario::HostShape;
use crate::worker::ReadyWorker;

/// Where a machine belongs: names of its zone, pod and cluster. An image worker has no pod and no cluster.
pub type Place<'a> = [&'a str; 3];

/// Why a simulated machine cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Its properties.
    #[error("the properties of a simulated machine")]
    Properties(#[from] PropertiesError),
    /// There are not as many identities as machines.
    #[error("there are fewer identities than machines")]
    Identities,
    /// What it speaks for.
    #[error("the resource of a simulated machine")]
    Resource(#[from] ResourceError),
}

/// A machine that can be switched on and off.
#[derive(Debug)]
pub struct Machine {
    /// What people call it.
    pub name: String,
    /// Its libvirt; an image worker has none.
    hypervisor: Option<Arc<FakeHypervisor>>,
    resource: Arc<dyn Resource>,
    journal: Arc<Journal>,
    properties: Properties,
    dialer: CableDialer,
    cable: watch::Sender<Cable>,
    /// Milliseconds that its libvirt and disks take for each call, from and to.
    pace: Arc<Mutex<(u64, u64)>>,
    /// Cancelled when it is switched off; nothing while it is.
    power: Mutex<Option<CancellationToken>>,
}

impl Machine {
    /// A host, switched off.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn host(
        name: String,
        manager: SocketAddr,
        identity: Identity,
        place: Place<'_>,
        shape: &HostShape,
    ) -> Result<Self, HostError> {
        let pace = Arc::new(Mutex::new(shape.answer_ms));
        let pool = StoragePoolId::new(Uuid::new_v4());
        let hypervisor = Arc::new(FakeHypervisor::without_record());
        let settings = KvmSettings {
            state_dir: None,
            guest_bridge: Some("br0".to_owned()),
            reserved_memory: Mib(1024),
            pretend: Some(Pretend {
                name: Some(name.clone()),
                cpus: shape.cpus,
                cpu_speed: shape.cpu_speed,
                memory: shape.memory,
            }),
            threads: Threads::Tasks(paced(&pace)),
        };
        let resource = LibvirtComputingResource::over(
            Arc::clone(&hypervisor) as Arc<_>,
            Arc::new(MemoryStorage::new(pool, Bytes::from_gib(shape.storage_gib))),
            Arc::new(MemoryNetwork::default()),
            settings,
        )?;
        let extra = format!("local.storage.uuid={pool}\nresource=LibvirtComputingResource\n");
        let resource: Arc<dyn Resource> = Arc::new(resource);
        let mut host =
            Self::new(name, manager, identity, place, shape.backoff_max, &extra, resource)?;
        (host.hypervisor, host.pace) = (Some(hypervisor), pace);
        Ok(host)
    }

    /// An image worker that has every template at once, switched off.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn worker(
        manager: SocketAddr,
        identity: Identity,
        zone: &str,
        backoff_max: Duration,
    ) -> Result<Self, HostError> {
        let pace = Arc::default();
        let resource = Arc::new(ReadyWorker::on(Threads::Tasks(paced(&pace))));
        let extra = "resource=SecondaryStorageResource\nsecondary.storage.path=/nonexistent\n\
                     secondary.storage.address=127.0.0.1\n";
        let place = [zone, "", ""];
        Self::new("worker".to_owned(), manager, identity, place, backoff_max, extra, resource)
    }

    fn new(
        name: String,
        manager: SocketAddr,
        identity: Identity,
        [zone, pod, cluster]: Place<'_>,
        backoff_max: Duration,
        extra: &str,
        resource: Arc<dyn Resource>,
    ) -> Result<Self, HostError> {
        let text = format!(
            "guid={}\nhost={}\nport={}\nzone={zone}\npod={pod}\ncluster={cluster}\n\
             backoff.max.seconds={}\n{extra}",
            identity.guid,
            manager.ip(),
            manager.port(),
            backoff_max.as_secs().max(1),
        );
        let (properties, _) = Properties::parse(&name, &text, &[])?;
        let (cable, state) = watch::channel(Cable::Whole);
        Ok(Self {
            name,
            hypervisor: None,
            resource,
            journal: Arc::new(Journal::in_memory()),
            properties,
            dialer: CableDialer::new(manager, Arc::new(identity), state),
            cable,
            pace: Arc::default(),
            power: Mutex::default(),
        })
    }

    /// Switches it on. Its agent begins; what ran before does not run any more.
    pub fn switch_on(&self) {
        let shutdown = CancellationToken::new();
        let mut power = self.power.lock().unwrap_or_else(PoisonError::into_inner);
        if power.is_some() {
            return;
        }
        let parts = vec![(Arc::clone(&self.resource), Arc::clone(&self.journal))];
        let (properties, dialer) = (self.properties.clone(), self.dialer.clone());
        let (stop, name) = (shutdown.clone(), self.name.clone());
        *power = Some(shutdown);
        tokio::spawn(async move {
            let never = CancellationToken::new(); // an agent that is told to end says goodbye
            let life = run_with(properties, parts, dialer, Arc::new(|_| {}), never);
            tokio::select! {
                ended = life => if let Err(error) = ended {
                    tracing::error!(host = name, %error, "a simulated agent ended");
                },
                () = stop.cancelled() => {}
            }
        });
    }

    /// Pulls its plug: the agent is gone in the middle of anything, and every guest is off.
    pub fn switch_off(&self) {
        let power = self.power.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(power) = power {
            power.cancel();
            if let Some(hypervisor) = &self.hypervisor {
                hypervisor.forget_watcher();
                hypervisor.host_lost();
            }
        }
    }

    /// Whether it is switched on.
    pub fn is_on(&self) -> bool {
        self.power.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What state its cable is in.
    pub fn cable_state(&self) -> Cable {
        *self.cable.borrow()
    }

    /// Changes its cable.
    pub fn cable(&self, cable: Cable) {
        self.cable.send_replace(cable);
    }

    /// Has its libvirt and disks take so many milliseconds for each call, from and to.
    pub fn pace(&self, milliseconds: (u64, u64)) {
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = milliseconds;
    }

    /// Decides what its libvirt refuses.
    pub fn trouble(&self, trouble: Trouble) {
        if let Some(hypervisor) = &self.hypervisor {
            hypervisor.trouble(trouble);
        }
    }

    /// How many of its guests run.
    pub fn running(&self) -> usize {
        let domains = self.hypervisor.as_ref().map(|it| it.domains()).unwrap_or_default();
        domains.iter().filter(|domain| domain.power == hostler_model::PowerState::On).count()
    }
}

/// A pause before each call that blocks, by chance between two bounds.
fn paced(bounds: &Arc<Mutex<(u64, u64)>>) -> Pace {
    let bounds = Arc::clone(bounds);
    Arc::new(move || {
        let (from, to) = *bounds.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(async move {
            if to > 0 {
                pause(Duration::from_millis(rand::random_range(from..=to.max(from)))).await;
            }
        })
    })
}
