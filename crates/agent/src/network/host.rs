//! The guest networks of a real host: keeps a namespace and a dnsmasq for each network that has a NIC here.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hostler_model::{HostName, NetworkId, NicId, VmId, error_chain};
use hostler_wire::{GuestNetwork, NicSpec};
use tracing::{error, info, warn};

use super::dnsmasq::{self, Process};
use super::namespace::Names;
use super::records::{NicRecord, Records, file_error};
use super::{Network, NetworkError};

/// How long dnsmasq may take to end.
const ENDING: Duration = Duration::from_secs(10);
/// How long to wait before a dnsmasq that died is started again, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_mins(1));

/// Guest networks of this host.
#[derive(Debug)]
pub struct HostNetwork(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    default_bridge: Option<String>,
    /// One lock for each network, and the dnsmasq of it that is watched.
    networks: Mutex<HashMap<NetworkId, Arc<Mutex<Watched>>>>,
}

/// The number of the process that is watched.
type Watched = Option<i32>;

impl HostNetwork {
    /// Keeps its records in `<state_dir>/networks`, and brings back what ran before, in the background.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn open(state_dir: &Path, default_bridge: Option<String>) -> io::Result<Self> {
        let directory = state_dir.join("networks");
        fs::create_dir_all(&directory)?;
        fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
        // dnsmasq gives up root; it must still reach its files.
        let mode = state_dir.metadata()?.permissions().mode();
        fs::set_permissions(state_dir, Permissions::from_mode(mode | 0o011))?;
        let networks = Mutex::default();
        let inner = Arc::new(Inner { directory, default_bridge, networks });
        let background = Arc::clone(&inner);
        std::thread::Builder::new()
            .name("networks".to_owned())
            .spawn(move || background.bring_back())?;
        Ok(Self(inner))
    }
}

impl Network for HostNetwork {
    fn prepare(&self, vm: VmId, host_name: &HostName, nic: &NicSpec) -> Result<(), NetworkError> {
        let network = &nic.network;
        let bridge = self.0.bridge(network)?;
        let records = self.0.records(network.id);
        let lock = self.0.lock_of(network.id);
        let mut watched = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let record = NicRecord {
            vm,
            nic: nic.nic,
            host_name: host_name.clone(),
            mac: nic.mac,
            address: nic.address,
            is_default: nic.is_default,
        };
        let known = records.network()?.is_some();
        let was_served = records.nics()?.iter().any(|it| it.nic == nic.nic);
        let served = records
            .put_network(network)
            .and_then(|()| records.put_nic(&record))
            .and_then(|()| self.0.serve(network, &bridge, &mut watched));
        // a guest that runs keeps what it has
        if served.is_err() && !was_served {
            let _ = records.remove_nic(nic.nic);
            if !known {
                let _ = records.remove();
            }
        }
        served
    }

    fn release(&self, nic: NicId, network: &GuestNetwork) -> Result<(), NetworkError> {
        let records = self.0.records(network.id);
        let lock = self.0.lock_of(network.id);
        let mut watched = lock.lock().unwrap_or_else(PoisonError::into_inner);
        records.remove_nic(nic)?;
        if records.nics()?.is_empty() {
            Inner::end(network.id, &records)?;
            Names::of(network.id).remove()?;
            return records.remove();
        }
        // As it was prepared: this command's word on the network may be older.
        let network = records.network()?.unwrap_or_else(|| network.clone());
        let bridge = self.0.bridge(&network)?;
        self.0.serve(&network, &bridge, &mut watched)
    }

    fn bridge(&self, network: &GuestNetwork) -> Result<String, NetworkError> {
        self.0.bridge(network)
    }
}

impl Inner {
    fn records(&self, network: NetworkId) -> Records {
        Records::of(&self.directory, network)
    }

    fn lock_of(&self, network: NetworkId) -> Arc<Mutex<Watched>> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(networks.entry(network).or_default())
    }

    fn bridge(&self, network: &GuestNetwork) -> Result<String, NetworkError> {
        let named = network.bridge.as_ref().or(self.default_bridge.as_ref());
        let bridge = named.ok_or(NetworkError::NoBridgeNamed { network: network.id })?;
        let is_name =
            !bridge.is_empty() && !bridge.contains('/') && !bridge.starts_with(['.', '-']);
        if is_name && Path::new("/sys/class/net").join(bridge).join("bridge").exists() {
            return Ok(bridge.clone());
        }
        Err(NetworkError::NoBridge { bridge: bridge.clone() })
    }

    /// Has namespace and dnsmasq as the records say. The caller holds the network's lock.
    fn serve(
        self: &Arc<Self>,
        network: &GuestNetwork,
        bridge: &str,
        watched: &mut Watched,
    ) -> Result<(), NetworkError> {
        let records = self.records(network.id);
        let names = Names::of(network.id);
        let files = dnsmasq::files(&records, network, &records.nics()?, dnsmasq::user())?;
        if !names.ensure(network, bridge)? {
            Self::end(network.id, &records)?; // it was left in a namespace that is no more
        }
        let mut hosts_changed = records.replace("hosts.dhcp", &files.dhcp)?;
        hosts_changed |= records.replace("hosts.dns", &files.dns)?;
        if records.replace("dnsmasq.conf", &files.configuration)? {
            Self::end(network.id, &records)?;
        }
        let process = if let Some(process) = Process::find(&records) {
            if hosts_changed {
                let path = records.file("hosts.dhcp");
                process.reload().map_err(file_error("have dnsmasq read", &path))?;
            }
            process
        } else {
            dnsmasq::start(&names, &records, network)?;
            let path = records.file("dnsmasq.pid");
            let gone = || io::Error::other("dnsmasq ended at once");
            Process::find(&records).ok_or_else(|| file_error("find", &path)(gone()))?
        };
        self.watch(network.id, process, watched);
        Ok(())
    }

    /// Ends the dnsmasq of a network, if it runs, and waits until it has ended.
    fn end(network: NetworkId, records: &Records) -> Result<(), NetworkError> {
        let Some(process) = Process::find(records) else { return Ok(()) };
        let pid = process.pid.as_raw_nonzero().get();
        let ended = process.terminate().and_then(|()| {
            if process.wait(Some(ENDING))? { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
        });
        ended.map_err(|source| NetworkError::WontEnd { network, pid, source })
    }

    /// Has a dnsmasq started again when it ends although it is needed.
    fn watch(self: &Arc<Self>, network: NetworkId, process: Process, watched: &mut Watched) {
        let pid = process.pid.as_raw_nonzero().get();
        if watched.replace(pid) == Some(pid) {
            return;
        }
        let inner = Arc::clone(self);
        let run = move || {
            if let Err(error) = process.wait(None) {
                return error!(%error, pid, "cannot watch dnsmasq");
            }
            let mut wait = BACK_OFF.0;
            loop {
                std::thread::park_timeout(wait); // one that dies at once must not keep the host busy
                match inner.revive(network) {
                    Ok(()) => return,
                    Err(error) => {
                        error!(%network, error = %error_chain(&error), "a network is not served");
                    }
                }
                wait = (wait * 2).min(BACK_OFF.1);
            }
        };
        if let Err(error) = std::thread::Builder::new().name("dnsmasq-watch".to_owned()).spawn(run)
        {
            error!(%error, pid, "cannot watch dnsmasq");
        }
    }

    /// Serves a network again, if any NIC still needs it.
    fn revive(self: &Arc<Self>, network: NetworkId) -> Result<(), NetworkError> {
        let records = self.records(network);
        let lock = self.lock_of(network);
        let mut watched = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if records.nics()?.is_empty() {
            *watched = None;
            return Ok(());
        }
        let Some(kept) = records.network()? else { return Ok(()) };
        if Process::find(&records).is_none() {
            warn!(%network, "dnsmasq has ended; starting it again");
        }
        let bridge = self.bridge(&kept)?;
        self.serve(&kept, &bridge, &mut watched)
    }

    /// Serves every network that has records, after the agent was restarted.
    fn bring_back(self: &Arc<Self>) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            let Some(network) = entry.file_name().to_str().and_then(|name| name.parse().ok())
            else {
                continue;
            };
            match self.revive(network) {
                Ok(()) => info!(%network, "serving a network again"),
                Err(error) => {
                    error!(%network, error = %error_chain(&error), "a network is not served");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_xml::tests::linux;

    #[test]
    fn a_bridge_that_is_missing_is_named_and_nothing_is_left_of_the_attempt() {
        let state = tempfile::tempdir().unwrap();
        let network = HostNetwork::open(state.path(), Some("no-such-br".to_owned())).unwrap();
        let vm = linux(1);
        let error = network.prepare(vm.vm, &vm.host_name, &vm.nics[0]).unwrap_err();
        assert!(error.to_string().contains("bridge no-such-br is missing"), "{error}");
        assert_eq!(fs::read_dir(state.path().join("networks")).unwrap().count(), 0);
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_no_bridge() {
        let state = tempfile::tempdir().unwrap();
        let network = HostNetwork::open(state.path(), None).unwrap();
        let mut guest = linux(1).nics[0].network.clone();
        assert!(matches!(network.bridge(&guest), Err(NetworkError::NoBridgeNamed { .. })));
        for name in ["", "../../../tmp", "-x", ".", "lo"] {
            guest.bridge = Some(name.to_owned());
            assert!(matches!(network.bridge(&guest), Err(NetworkError::NoBridge { .. })), "{name}");
        }
    }

    #[test]
    fn releasing_what_was_never_prepared_is_a_success() {
        let state = tempfile::tempdir().unwrap();
        let network = HostNetwork::open(state.path(), None).unwrap();
        let nic = &linux(1).nics[0];
        network.release(nic.nic, &nic.network).unwrap();
    }
}
