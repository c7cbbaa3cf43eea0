//! The resource of a KVM host: what an agent speaks for when `resource=LibvirtComputingResource`.
//!
//! Not here: what each command does (`commands`), and everything that touches libvirt (`hypervisor`).

mod report;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use hostler_model::{CloudId, Mhz, Mib, VmId, error_chain};
use hostler_secondary_storage::TlsFiles;
use hostler_wire::{
    Answer, Command, CommandFailure, HostReport, HostStats, Ping, ReadyCommand, RoutingResource,
    StartupResource,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tracing::{error, warn};

use crate::commands::{self, CommandError, Turns};
use crate::domain_xml::DomainType;
use crate::hypervisor::{Hypervisor, HypervisorError, LibvirtHypervisor, kvm_works};
use crate::network::{HostNetwork, Network};
use crate::properties::Properties;
use crate::resource::{Resource, Task};
use crate::runs::RunJournal;
use crate::stats::{HostReader, Load};
use crate::storage::{DirectoryStorage, Storage, WorkerFetcher};
use crate::threads::Threads;
pub(crate) use report::Busy;

/// A host that runs VMs.
pub struct LibvirtComputingResource {
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) runs: Arc<RunJournal>,
    pub(crate) snapshots: Turns,
    reports: Arc<report::Reports>,
    cloud: Mutex<Option<CloudId>>,
    settings: KvmSettings,
    reader: HostReader,
}

/// What a KVM host is told about itself.
#[derive(Debug, Clone)]
pub struct KvmSettings {
    /// Where the cloud's id and console logs are kept; nothing: the cloud is forgotten with the process.
    pub state_dir: Option<PathBuf>,
    /// `guest.network.device`.
    pub guest_bridge: Option<String>,
    /// `host.reserved.mem.mb`.
    pub reserved_memory: Mib,
    /// What is told in place of the machine's own CPUs, speed and memory: for simulated hosts.
    pub pretend: Option<Pretend>,
    /// Who makes the calls that block.
    pub threads: Threads,
}

/// What a simulated host says that it is.
#[derive(Debug, Clone)]
pub struct Pretend {
    /// Its name; nothing: the machine's own.
    pub name: Option<String>,
    /// Logical CPUs.
    pub cpus: u32,
    /// Speed of each.
    pub cpu_speed: Mhz,
    /// All memory.
    pub memory: Mib,
}

/// Why a KVM host's resource cannot begin.
#[derive(Debug, thiserror::Error)]
#[error("cannot prepare {path} for VMs")]
pub struct ResourceError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Debug for LibvirtComputingResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LibvirtComputingResource")
            .field("hypervisor", &self.hypervisor)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl LibvirtComputingResource {
    /// The real one, as `properties` say. Tests for up to 2 s whether KVM works, once in the life of a boot.
    ///
    /// # Errors
    /// If one of its directories cannot be made. libvirt need not be there yet.
    pub fn new(properties: &Properties, runtime: Handle) -> Result<Self, ResourceError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| ResourceError { path, source }
        };
        let state = &properties.state_dir;
        std::fs::create_dir_all(state).map_err(at(state))?;
        let domain_type = domain_type(&properties.hypervisor_uri, state);
        let tls = TlsFiles {
            ca: properties.tls.ca.clone(),
            certificate: properties.tls.certificate.clone(),
            key: properties.tls.key.clone(),
        };
        let fetcher = Arc::new(WorkerFetcher::new(tls, runtime));
        let pool = &properties.local_storage_path;
        let storage = DirectoryStorage::open(properties.local_storage_uuid, pool, fetcher)
            .map_err(at(pool))?;
        let bridge = properties.guest_network_device.clone();
        let network = HostNetwork::open(state, bridge.clone()).map_err(at(state))?;
        let settings = KvmSettings {
            state_dir: Some(state.clone()),
            guest_bridge: bridge,
            reserved_memory: properties.host_reserved_memory,
            pretend: None,
            threads: Threads::Own,
        };
        let hypervisor = LibvirtHypervisor::new(&properties.hypervisor_uri, domain_type);
        let parts = (Arc::new(hypervisor), Arc::new(storage), Arc::new(network));
        Self::over(parts.0, parts.1, parts.2, settings)
    }

    /// One made of other parts: for tests and for simulated hosts.
    ///
    /// # Errors
    /// If its state directory cannot be made or read.
    pub fn over(
        hypervisor: Arc<dyn Hypervisor>,
        storage: Arc<dyn Storage>,
        network: Arc<dyn Network>,
        settings: KvmSettings,
    ) -> Result<Self, ResourceError> {
        let runs = match &settings.state_dir {
            None => RunJournal::in_memory(),
            Some(state) => {
                let directory = state.join("runs");
                RunJournal::open(&directory)
                    .map_err(|source| ResourceError { path: directory, source })?
            }
        };
        let runs = Arc::new(runs);
        let threads = settings.threads.clone();
        let reports = report::Reports::new(Arc::clone(&hypervisor), Arc::clone(&runs), threads);
        let cloud = settings.state_dir.as_deref().and_then(known_cloud);
        reports.set_cloud(cloud);
        let (cloud, reader) = (Mutex::new(cloud), HostReader::default());
        let snapshots = Turns::default();
        Ok(Self { hypervisor, storage, network, runs, snapshots, reports, cloud, settings, reader })
    }

    /// The cloud that this host belongs to.
    pub(crate) fn cloud(&self) -> Result<CloudId, CommandError> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner).ok_or(CommandError::NotReady)
    }

    /// A command changes this VM's domain: until the end of it nobody else draws conclusions from what is seen.
    pub(crate) fn busy(&self, vm: VmId) -> Busy {
        self.reports.busy(vm)
    }

    /// A domain has come to the cloud or left it: everything is told anew.
    pub(crate) fn tell_everything(&self) {
        self.reports.tell_everything();
    }

    /// The bridge of guest networks without one of their own.
    pub(crate) fn guest_bridge(&self) -> Option<String> {
        self.settings.guest_bridge.clone()
    }

    /// What new domains are made of.
    pub(crate) fn domain_type(&self) -> Result<DomainType, HypervisorError> {
        Ok(self.hypervisor.facts()?.domain_type)
    }

    /// Speed of one CPU of the host.
    pub(crate) fn cpu_speed(&self) -> Mhz {
        self.settings.pretend.as_ref().map_or_else(|| HostReader::facts().speed, |it| it.cpu_speed)
    }

    /// How busy the host is. A simulated one is idle: what the machine does beside it is none of its business.
    fn load(&self) -> Load {
        self.settings.pretend.as_ref().map_or_else(
            || self.reader.load(),
            |it| Load { memory_total: it.memory, ..Load::default() },
        )
    }

    /// Where a VM's serial console is written to. Makes the directory.
    pub(crate) fn console_log(&self, vm: VmId) -> Result<PathBuf, CommandError> {
        let Some(state) = &self.settings.state_dir else {
            return Ok(format!("/simulated/consoles/{vm}.log").into());
        };
        let directory = state.join("consoles");
        std::fs::create_dir_all(&directory).map_err(|source| CommandError::File {
            what: "make",
            path: directory.clone(),
            source,
        })?;
        Ok(directory.join(format!("{vm}.log")))
    }

    /// Removes a VM's console log, and what virtlogd has moved aside of it.
    pub(crate) fn remove_console_log(&self, vm: VmId) -> Result<(), CommandError> {
        let log = self.console_log(vm)?;
        for path in ["log", "log.0", "log.1", "log.2"].map(|end| log.with_extension(end)) {
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(CommandError::File { what: "remove", path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Resource for LibvirtComputingResource {
    fn name(&self) -> Option<String> {
        self.settings.pretend.as_ref()?.name.clone()
    }

    fn startup(&self) -> Result<StartupResource, String> {
        let facts = self.hypervisor.facts().map_err(|error| error_chain(&error))?;
        let host = HostReader::facts();
        let has = self.settings.pretend.clone().unwrap_or(Pretend {
            name: None,
            cpus: host.cpus,
            cpu_speed: host.speed,
            memory: host.memory,
        });
        Ok(StartupResource::Routing(RoutingResource {
            cpus: has.cpus,
            cpu_sockets: host.sockets,
            cpu_speed: has.cpu_speed,
            arch: host.arch,
            memory: has.memory,
            reserved_memory: self.settings.reserved_memory,
            hypervisor: match facts.domain_type {
                DomainType::Kvm => "kvm",
                DomainType::Qemu | DomainType::Test => "qemu",
            }
            .to_owned(),
            hypervisor_version: facts.version,
            capabilities: vec!["hvm".to_owned()],
            guest_bridge: self.settings.guest_bridge.clone(),
            local_pool: self.storage.local_pool(),
            report: self.report(),
        }))
    }

    fn ready(&self, ready: &ReadyCommand) {
        let mut cloud = self.cloud.lock().unwrap_or_else(PoisonError::into_inner);
        if *cloud == Some(ready.cloud) {
            return;
        }
        if let Some(before) = *cloud {
            warn!(%before, now = %ready.cloud, "this host belongs to another cloud now");
        }
        *cloud = Some(ready.cloud);
        self.reports.set_cloud(*cloud);
        if let Some(state) = &self.settings.state_dir
            && let Err(error) = std::fs::write(state.join("cloud"), ready.cloud.to_string())
        {
            error!(%error, "cannot keep the cloud's id; the first report after a restart will lack runs");
        }
    }

    fn execute(&self, command: Command, task: &Task) -> Result<Answer, CommandFailure> {
        commands::execute(self, command, task)
    }

    fn report(&self) -> HostReport {
        self.reports.full()
    }

    fn ping(&self) -> Ping {
        let load = self.load();
        let vms = self.cloud().ok().and_then(|cloud| {
            let stats = self.hypervisor.stats(cloud);
            stats.inspect_err(|error| warn!(%error, "no statistics of VMs this time")).ok()
        });
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ping {
            clock_ms: u64::try_from(clock.as_millis()).unwrap_or(u64::MAX),
            report_digest: self.reports.look(),
            host: Some(HostStats {
                cpu_used_permille: load.cpu_permille,
                load_centi: load.load_centi,
                memory_used: load.memory_used,
                memory_total: load.memory_total,
                network_received: load.received,
                network_sent: load.sent,
                pools: self.storage.stats(),
            }),
            vms: vms.unwrap_or_default(),
        }
    }

    fn watch(&self, changes: mpsc::UnboundedSender<HostReport>) {
        self.reports.watch(changes);
    }

    fn threads(&self) -> Threads {
        self.settings.threads.clone()
    }
}

/// KVM where it works; libvirt's test driver has a type of its own.
fn domain_type(uri: &str, state_dir: &Path) -> DomainType {
    if uri.starts_with("test:") {
        DomainType::Test
    } else if kvm_works(state_dir) {
        DomainType::Kvm
    } else {
        DomainType::Qemu
    }
}

/// The cloud that an earlier connection said this is.
fn known_cloud(state_dir: &Path) -> Option<CloudId> {
    std::fs::read_to_string(state_dir.join("cloud")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_resource_that_properties_describe_says_what_the_host_has() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name).display().to_string();
        let text = format!(
            "guid=5b0b6f1e-7a0c-4d3a-9b61-0d2f6f0f3a11\nhost=10.0.0.1\nzone=z\npod=p\ncluster=c\n\
             hypervisor.uri=test:///default\nguest.network.device=br0\nhost.reserved.mem.mb=512\n\
             local.storage.uuid=0a9b8c7d-0000-4000-8000-000000000001\n\
             local.storage.path={}\nstate.dir={}\n",
            at("pool"),
            at("state")
        );
        let (properties, _) = Properties::parse("test", &text, &[]).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let resource =
            LibvirtComputingResource::new(&properties, runtime.handle().clone()).unwrap();
        let StartupResource::Routing(startup) = resource.startup().unwrap() else { panic!() };
        assert!(startup.cpus > 0 && startup.memory > Mib(0) && startup.cpu_speed > Mhz(0));
        assert_eq!(startup.reserved_memory, Mib(512));
        assert_eq!(startup.guest_bridge.as_deref(), Some("br0"));
        assert!(startup.hypervisor_version.contains("libvirt"), "{startup:?}");
        let pool = startup.local_pool.unwrap();
        assert_eq!(pool.path, at("pool"));
        assert!(pool.capacity >= pool.available && pool.available.0 > 0);
        assert!(!startup.report.complete, "no manager has said yet which cloud this is");
        // QEMU's user passes through to its files, dnsmasq's to its own; neither lists what is there.
        for directory in [at("pool"), at("state")] {
            let mode = std::fs::metadata(directory).unwrap().permissions().mode();
            assert_eq!(mode & 0o011, 0o011);
        }
    }
}
