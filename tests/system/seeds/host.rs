//! A simulated host: libvirt, disks and network in memory, and a real agent over them that can die at any moment.
//!
//! Not here: when it does (`events`).

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use hostler_agent::hypervisor::FakeHypervisor;
use hostler_agent::kvm::{KvmSettings, LibvirtComputingResource, Pretend};
use hostler_agent::network::MemoryNetwork;
use hostler_agent::properties::Properties;
use hostler_agent::resource::Resource;
use hostler_agent::run_over;
use hostler_agent::storage::MemoryStorage;
use hostler_agent::threads::Threads;
use hostler_model::{Bytes, HostGuid, Mhz, Mib, StoragePoolId};
use hostler_simulator::worker::ReadyWorker;
use hostler_tests::furnish::PLACE;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::draw::Draw;
use crate::ground::{Eyes, Ground};
use crate::net::Caller;
use crate::node::{Node, pace};
use crate::trace::Trace;

/// Memory of a simulated host: room for four VMs of the catalogue beside what the host keeps.
const MEMORY: Mib = Mib(1024 + 4 * 512);

/// A machine with an agent, or the image worker.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) number: usize,
    pub(crate) caller: Caller,
    pub(crate) hypervisor: Arc<FakeHypervisor>,
    pub(crate) network: Arc<MemoryNetwork>,
    pub(crate) storage: Arc<MemoryStorage>,
    pub(crate) pool: StoragePoolId,
    /// How many milliseconds its wall clock is ahead.
    pub(crate) ahead: i64,
    /// After so many more calls of libvirt its agent dies; 0: it does not.
    pub(crate) doom: Arc<AtomicU32>,
    folder: PathBuf,
    draw: Draw,
    life: Option<Life>,
}

/// An agent that runs.
#[derive(Debug)]
struct Life {
    node: Node,
    shutdown: CancellationToken,
    ended: Arc<Mutex<Option<String>>>,
}

impl Host {
    /// Host `number`, switched off. `ground` and `trace` see what happens on it.
    pub(crate) fn new(
        number: usize,
        folder: PathBuf,
        caller: Caller,
        draw: Draw,
        ground: &Ground,
        trace: &Trace,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder.join("state"))?;
        let pool = StoragePoolId::new(Uuid::from_u128(caller.guid.uuid().as_u128() + 0xf00));
        let hypervisor = Arc::new(FakeHypervisor::new());
        let doom = Arc::new(AtomicU32::new(0));
        hypervisor.witnessed_by(Arc::new(Eyes {
            host: ground.add(Arc::clone(&hypervisor)),
            ground: ground.clone(),
            trace: trace.clone(),
            doom: Arc::clone(&doom),
            dead: Arc::clone(&caller.mute),
        }));
        Ok(Self {
            number,
            caller,
            hypervisor,
            network: Arc::default(),
            storage: Arc::new(MemoryStorage::new(pool, Bytes::from_gib(100))),
            pool,
            ahead: 0,
            doom,
            folder,
            draw,
            life: None,
        })
    }

    /// Its guid.
    pub(crate) fn guid(&self) -> HostGuid {
        self.caller.guid
    }

    /// Whether its agent runs.
    pub(crate) fn lives(&self) -> bool {
        self.life.is_some()
    }

    /// Starts its agent over what the last one has left on the disk.
    pub(crate) fn begin(&mut self, now: u64) -> anyhow::Result<()> {
        let threads = Threads::Tasks(pace(self.draw.apart()));
        let resource = LibvirtComputingResource::over(
            self.hypervisor.clone(),
            self.storage.clone(),
            self.network.clone(),
            KvmSettings {
                state_dir: Some(self.folder.join("state")),
                guest_bridge: Some("br0".to_owned()),
                reserved_memory: Mib(1024),
                pretend: Some(Pretend {
                    name: None,
                    cpus: 8,
                    cpu_speed: Mhz(2000),
                    memory: MEMORY,
                }),
                threads,
            },
        )?;
        let kind = format!("local.storage.uuid={}\nresource=LibvirtComputingResource\n", self.pool);
        self.live(now, PLACE, &kind, Arc::new(resource))
    }

    /// Starts it as the image worker.
    pub(crate) fn begin_as_worker(&mut self, now: u64) -> anyhow::Result<()> {
        let kind = "resource=SecondaryStorageResource\nsecondary.storage.path=/nonexistent\n\
                    secondary.storage.address=127.0.0.1\n";
        let threads = Threads::Tasks(pace(self.draw.apart()));
        self.live(now, [PLACE[0], "", ""], kind, Arc::new(ReadyWorker::on(threads)))
    }

    fn live(
        &mut self,
        now: u64,
        [zone, pod, cluster]: [&str; 3],
        kind: &str,
        resource: Arc<dyn Resource>,
    ) -> anyhow::Result<()> {
        let text = format!(
            "guid={}\nhost=127.0.0.1\nzone={zone}\npod={pod}\ncluster={cluster}\nstate.dir={}\n\
             backoff.max.seconds=5\n{kind}",
            self.guid(),
            self.folder.join("state").display(),
        );
        let (properties, _) = Properties::parse("a host of a simulation", &text, &[])
            .context("the properties of a simulated host")?;
        self.caller.mute.store(false, Ordering::Relaxed);
        self.doom.store(0, Ordering::Relaxed);
        let shutdown = CancellationToken::new();
        let ended = Arc::<Mutex<Option<String>>>::default();
        let node = Node::boot(now);
        let (token, caller, end) = (shutdown.clone(), self.caller.clone(), Arc::clone(&ended));
        node.spawn(async move {
            let run = run_over(properties, vec![resource], caller, Arc::new(|_| {}), token);
            let how = match run.await {
                Ok(()) => "it was told to".to_owned(),
                Err(error) => error.to_string(),
            };
            *end.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
        });
        self.life = Some(Life { node, shutdown, ended });
        Ok(())
    }

    /// Lets it work until this time of the world; says why its agent has ended, if it has.
    pub(crate) fn work_until(&mut self, until: u64) -> Option<String> {
        let life = self.life.as_ref()?;
        life.node.work_until(until, self.ahead);
        let dead = self.caller.mute.load(Ordering::Relaxed).then(|| "it died".to_owned());
        let ended = life.ended.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let why = dead.or(ended)?;
        self.kill();
        Some(why)
    }

    /// Tells its agent to end.
    pub(crate) fn shut_down(&self) {
        if let Some(life) = &self.life {
            life.shutdown.cancel();
        }
    }

    /// Ends its agent as `kill -9` does; its domains go on.
    pub(crate) fn kill(&mut self) {
        self.hypervisor.forget_watcher();
        self.life = None;
    }

    /// Its power fails: agent and domains are gone, and nobody hears a goodbye.
    pub(crate) fn lose_power(&mut self) {
        self.caller.mute.store(true, Ordering::Relaxed);
        self.kill();
        self.hypervisor.host_lost();
    }
}
