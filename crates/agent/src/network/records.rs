//! What is kept of a network: the network itself, and one file for each NIC that is served.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hostler_model::{HostName, MacAddress, NetworkId, NicId, VmId};
use hostler_wire::GuestNetwork;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::NetworkError;

/// A NIC that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NicRecord {
    pub(super) vm: VmId,
    pub(super) nic: NicId,
    pub(super) host_name: HostName,
    pub(super) mac: MacAddress,
    pub(super) address: Option<std::net::IpAddr>,
    pub(super) is_default: bool,
}

/// The directory of one network: `<state>/networks/<id>`.
#[derive(Debug, Clone)]
pub(super) struct Records {
    pub(super) directory: PathBuf,
}

impl Records {
    pub(super) fn of(networks: &Path, network: NetworkId) -> Self {
        Self { directory: networks.join(network.to_string()) }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Keeps the network as it is now.
    pub(super) fn put_network(&self, network: &GuestNetwork) -> Result<(), NetworkError> {
        let nics = self.file("nics");
        fs::create_dir_all(&nics).map_err(file_error("make", &nics))?;
        // dnsmasq gives up root and reads its files as another user.
        for directory in [&self.directory, &nics] {
            fs::set_permissions(directory, Permissions::from_mode(0o755))
                .map_err(file_error("open", directory))?;
        }
        self.put("network.json", &json(network))
    }

    pub(super) fn network(&self) -> Result<Option<GuestNetwork>, NetworkError> {
        read(&self.file("network.json"))
    }

    pub(super) fn put_nic(&self, nic: &NicRecord) -> Result<(), NetworkError> {
        self.put(&format!("nics/{}.json", nic.nic), &json(nic))
    }

    pub(super) fn remove_nic(&self, nic: NicId) -> Result<(), NetworkError> {
        let path = self.file(&format!("nics/{nic}.json"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(file_error("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// The NICs that are served, in the order of their ids.
    pub(super) fn nics(&self) -> Result<Vec<NicRecord>, NetworkError> {
        let directory = self.file("nics");
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(file_error("list", &directory))?,
        };
        let mut nics = Vec::new();
        for entry in entries {
            let path = entry.map_err(file_error("list", &directory))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                nics.extend(read::<NicRecord>(&path)?);
            }
        }
        nics.sort_by_key(|nic| nic.nic);
        Ok(nics)
    }

    /// Replaces a file as a whole, so that nobody reads half of it; whether it was another before.
    pub(super) fn replace(&self, name: &str, content: &str) -> Result<bool, NetworkError> {
        if fs::read(self.file(name)).is_ok_and(|old| old == content.as_bytes()) {
            return Ok(false);
        }
        self.put(name, content)?;
        Ok(true)
    }

    /// Removes everything of the network.
    pub(super) fn remove(&self) -> Result<(), NetworkError> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(file_error("remove", &self.directory)(error))
            }
            _ => Ok(()),
        }
    }

    fn put(&self, name: &str, content: &str) -> Result<(), NetworkError> {
        let path = self.file(name);
        let write = || -> io::Result<()> {
            let parent = path.parent().unwrap_or(Path::new("/"));
            let mut file = tempfile::NamedTempFile::new_in(parent)?;
            // dnsmasq reads it as its own user, whatever umask the agent was started with
            file.as_file().set_permissions(Permissions::from_mode(0o644))?;
            file.write_all(content.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(file_error("write", &path))
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have only keys that JSON can hold")
}

/// A record; nothing if there is none.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, NetworkError> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        content => content
            .and_then(|content| serde_json::from_slice(&content).map_err(io::Error::from))
            .map(Some)
            .map_err(file_error("read", path)),
    }
}

pub(super) fn file_error(
    what: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> NetworkError {
    let path = path.to_owned();
    move |source| NetworkError::File { what, path, source }
}
