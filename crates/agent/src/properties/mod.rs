//! `agent.properties`: what an agent is told about itself, as typed values.
//!
//! Not here: reading lines of `key=value` ([`text`]), and whether the files and devices that are named exist.

mod text;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use hostler_model::{HostGuid, Mib, StoragePoolId};

use text::{Entries, Entry};

/// Everything that `agent.properties` and the command line say. Keys are named at the fields.
#[derive(Debug, Clone)]
pub struct Properties {
    /// `guid`: what this machine is called for ever.
    pub guid: HostGuid,
    /// `host`: addresses or names of managers, comma separated, the preferred one first.
    pub managers: Vec<String>,
    /// `port` of the managers; 8250.
    pub port: u16,
    /// `zone`, by id or name; empty for an image worker of the cloud's oldest zone.
    pub zone: String,
    /// `pod`, by id or name; empty for an image worker.
    pub pod: String,
    /// `cluster`, by id or name; empty for an image worker.
    pub cluster: String,
    /// `resource`: what the agent speaks for, several separated by `|`; `LibvirtComputingResource`.
    pub resources: Vec<ResourceKind>,
    /// `hypervisor.type`; `kvm`.
    pub hypervisor_type: String,
    /// `hypervisor.uri` of libvirt; `qemu:///system`.
    pub hypervisor_uri: String,
    /// `private.network.device`: where managers and other hosts reach this one.
    pub private_network_device: Option<String>,
    /// `public.network.device`: the bridge of public traffic.
    pub public_network_device: Option<String>,
    /// `guest.network.device`: the bridge of guests, for instance `br0`.
    pub guest_network_device: Option<String>,
    /// `local.storage.uuid`: id of the host's own storage pool; nothing: it has none.
    pub local_storage_uuid: Option<StoragePoolId>,
    /// `local.storage.path`: directory of that pool; `/var/lib/libvirt/images/hostler`.
    pub local_storage_path: PathBuf,
    /// `host.reserved.mem.mb`: memory that is kept for the host itself; 1024.
    pub host_reserved_memory: Mib,
    /// `workers`: how many commands run at once; 8.
    pub workers: usize,
    /// `state.dir`: where the agent keeps what must outlive it; `/var/lib/hostler-agent`.
    pub state_dir: PathBuf,
    /// `tls.ca`, `tls.certificate`, `tls.key`.
    pub tls: TlsFiles,
    /// `log`: a level, or directives of `tracing`; `info`.
    pub log: String,
    /// `log.file`: a file that gets the log as well as stderr.
    pub log_file: Option<PathBuf>,
    /// `backoff.max.seconds`: the longest wait between two attempts to connect; 30.
    pub backoff_max: Duration,
    /// `secondary.storage.path`: where an image worker keeps templates.
    pub secondary_storage_path: Option<PathBuf>,
    /// `secondary.storage.listen`: where it serves them; `0.0.0.0:8251`.
    pub secondary_storage_listen: SocketAddr,
    /// `secondary.storage.address`: the address that hosts use for it; with another port, if it says one.
    pub secondary_storage_address: Option<String>,
    /// `secondary.storage.public.listen`: where it serves links, over plain HTTP; `127.0.0.1:8252`.
    pub secondary_storage_public_listen: SocketAddr,
    /// `secondary.storage.public.url`: what links begin with; `http://127.0.0.1:8252`.
    pub secondary_storage_public_url: String,
}

/// PEM files of mutual TLS.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The authority that managers and agents trust; `/etc/hostler/pki/ca.crt`.
    pub ca: PathBuf,
    /// This agent's certificate; its subject is the guid; `/etc/hostler/pki/agent.crt`.
    pub certificate: PathBuf,
    /// Its private key, which never leaves the host; `/etc/hostler/pki/agent.key`.
    pub key: PathBuf,
}

/// What an agent can speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// A host that runs VMs through libvirt.
    Libvirt,
    /// An image worker.
    SecondaryStorage,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Libvirt => "LibvirtComputingResource",
            Self::SecondaryStorage => "SecondaryStorageResource",
        })
    }
}

impl FromStr for ResourceKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "LibvirtComputingResource"
            | "com.cloud.hypervisor.kvm.resource.LibvirtComputingResource" => Ok(Self::Libvirt),
            "SecondaryStorageResource" => Ok(Self::SecondaryStorage),
            _ => Err("known are LibvirtComputingResource and SecondaryStorageResource".to_owned()),
        }
    }
}

/// Properties that cannot be used. The agent ends with exit code 66.
#[derive(Debug, thiserror::Error)]
pub enum PropertiesError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line that is neither empty, nor a comment, nor `key=value`.
    #[error("{place}: {text:?} is not of the form key=value")]
    NoAssignment {
        /// File and line, or the command line.
        place: String,
        /// What stands there.
        text: String,
    },
    /// A value that its key does not allow.
    #[error("{place}: {key}={value} cannot be used: {why}")]
    Value {
        /// File and line, or the command line.
        place: String,
        /// The key.
        key: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it, or what would be right.
        why: String,
    },
    /// A key that has no default is not set.
    #[error("{key} is not set; {what}")]
    Missing {
        /// The key.
        key: &'static str,
        /// What it is for.
        what: &'static str,
    },
}

impl Properties {
    /// Reads a file; each of `overrides` is a `key=value` that wins over the file.
    ///
    /// Returns what was understood and the keys that nobody knows, as `place: key`, for a warning.
    ///
    /// # Errors
    /// [`PropertiesError`] names file, line and key.
    pub fn load(path: &Path, overrides: &[String]) -> Result<(Self, Vec<String>), PropertiesError> {
        let content = std::fs::read_to_string(path)
            .map_err(|source| PropertiesError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &content, overrides)
    }

    /// Like [`load`](Self::load), with the text of the file that is called `name`.
    ///
    /// # Errors
    /// See [`load`](Self::load).
    pub fn parse(
        name: &str,
        content: &str,
        overrides: &[String],
    ) -> Result<(Self, Vec<String>), PropertiesError> {
        let mut entries = Entries::read(name, content, overrides)?;
        let properties = Self::from_entries(&mut entries)?;
        Ok((properties, entries.left_over()))
    }

    fn from_entries(entries: &mut Entries) -> Result<Self, PropertiesError> {
        let resources = match entries.take("resource") {
            None => vec![ResourceKind::Libvirt],
            Some(entry) => list("resource", &entry, '|')?,
        };
        let worker_only = !resources.contains(&ResourceKind::Libvirt);
        let properties = Self {
            guid: required(entries, "guid", "it names this machine; setup-agent makes one")?,
            managers: managers(entries)?,
            port: or(entries, "port", 8250)?,
            zone: place(entries, "zone", worker_only)?,
            pod: place(entries, "pod", worker_only)?,
            cluster: place(entries, "cluster", worker_only)?,
            hypervisor_type: or(entries, "hypervisor.type", "kvm".to_owned())?,
            hypervisor_uri: or(entries, "hypervisor.uri", "qemu:///system".to_owned())?,
            private_network_device: optional(entries, "private.network.device")?,
            public_network_device: optional(entries, "public.network.device")?,
            guest_network_device: optional(entries, "guest.network.device")?,
            local_storage_uuid: optional(entries, "local.storage.uuid")?,
            local_storage_path: or(
                entries,
                "local.storage.path",
                "/var/lib/libvirt/images/hostler".into(),
            )?,
            host_reserved_memory: Mib(or(entries, "host.reserved.mem.mb", 1024)?),
            workers: positive(entries, "workers", 8)?,
            state_dir: or(entries, "state.dir", "/var/lib/hostler-agent".into())?,
            tls: TlsFiles {
                ca: or(entries, "tls.ca", "/etc/hostler/pki/ca.crt".into())?,
                certificate: or(entries, "tls.certificate", "/etc/hostler/pki/agent.crt".into())?,
                key: or(entries, "tls.key", "/etc/hostler/pki/agent.key".into())?,
            },
            log: or(entries, "log", "info".to_owned())?,
            log_file: optional(entries, "log.file")?,
            backoff_max: Duration::from_secs(positive(entries, "backoff.max.seconds", 30)? as u64),
            secondary_storage_path: optional(entries, "secondary.storage.path")?,
            secondary_storage_listen: or(
                entries,
                "secondary.storage.listen",
                (Ipv4Addr::UNSPECIFIED, 8251).into(),
            )?,
            secondary_storage_address: optional(entries, "secondary.storage.address")?,
            secondary_storage_public_listen: or(
                entries,
                "secondary.storage.public.listen",
                (Ipv4Addr::LOCALHOST, 8252).into(),
            )?,
            secondary_storage_public_url: or(
                entries,
                "secondary.storage.public.url",
                "http://127.0.0.1:8252".to_owned(),
            )?,
            resources,
        };
        if properties.resources.contains(&ResourceKind::SecondaryStorage) {
            let missing = |key, what| Err(PropertiesError::Missing { key, what });
            if properties.secondary_storage_path.is_none() {
                let what = "the directory in which an image worker keeps templates";
                return missing("secondary.storage.path", what);
            }
            if properties.secondary_storage_served_at().is_none() {
                return missing("secondary.storage.address", "the address that hosts use for it");
            }
        }
        Ok(properties)
    }

    /// Where hosts fetch templates, as `address:port`: `secondary.storage.address`, by default the address
    /// that is listened on, and the port that is listened on.
    pub fn secondary_storage_served_at(&self) -> Option<String> {
        let listen = self.secondary_storage_listen;
        let Some(address) = &self.secondary_storage_address else {
            return (!listen.ip().is_unspecified()).then(|| listen.to_string());
        };
        Some(match address.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, listen.port()).to_string(),
            Err(_) if address.contains(':') => address.clone(),
            Err(_) => format!("{address}:{}", listen.port()),
        })
    }
}

fn parsed<T>(key: &'static str, entry: &Entry) -> Result<T, PropertiesError>
where
    T: FromStr<Err: fmt::Display>,
{
    entry.value.parse().map_err(|e: T::Err| entry.wrong(key, e.to_string()))
}

/// A value of which an empty one counts as not given.
fn optional<T>(entries: &mut Entries, key: &'static str) -> Result<Option<T>, PropertiesError>
where
    T: FromStr<Err: fmt::Display>,
{
    match entries.take(key) {
        Some(entry) if !entry.value.is_empty() => parsed(key, &entry).map(Some),
        _ => Ok(None),
    }
}

fn or<T>(entries: &mut Entries, key: &'static str, default: T) -> Result<T, PropertiesError>
where
    T: FromStr<Err: fmt::Display>,
{
    Ok(optional(entries, key)?.unwrap_or(default))
}

fn required<T>(
    entries: &mut Entries,
    key: &'static str,
    what: &'static str,
) -> Result<T, PropertiesError>
where
    T: FromStr<Err: fmt::Display>,
{
    optional(entries, key)?.ok_or(PropertiesError::Missing { key, what })
}

/// Zone, pod and cluster: a host that runs VMs has them. An image worker belongs to a whole zone, and one
/// that names none to the cloud's oldest.
fn place(
    entries: &mut Entries,
    key: &'static str,
    worker_only: bool,
) -> Result<String, PropertiesError> {
    match optional(entries, key)? {
        None if !worker_only => {
            Err(PropertiesError::Missing { key, what: "where this host belongs, by id or name" })
        }
        given => Ok(given.unwrap_or_default()),
    }
}

fn positive(
    entries: &mut Entries,
    key: &'static str,
    default: usize,
) -> Result<usize, PropertiesError> {
    let Some(entry) = entries.take(key).filter(|e| !e.value.is_empty()) else {
        return Ok(default);
    };
    match parsed(key, &entry)? {
        0 => Err(entry.wrong(key, "it must be at least 1".to_owned())),
        number if number > 100_000 => Err(entry.wrong(key, "it is too large".to_owned())),
        number => Ok(number),
    }
}

fn managers(entries: &mut Entries) -> Result<Vec<String>, PropertiesError> {
    let missing =
        || PropertiesError::Missing { key: "host", what: "the addresses of the managers" };
    list("host", &entries.take("host").ok_or_else(missing)?, ',')
}

fn list<T>(key: &'static str, entry: &Entry, separator: char) -> Result<Vec<T>, PropertiesError>
where
    T: FromStr<Err: fmt::Display>,
{
    let part = |text: &str| -> Result<T, PropertiesError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(entry.wrong(key, "one of its parts is empty".to_owned()));
        }
        text.parse().map_err(|e: T::Err| entry.wrong(key, format!("{text}: {e}")))
    };
    entry.value.split(separator).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "\
# a host
guid = 6f0c6f0e-51a5-4b5e-8f1d-0b9f4d8f3c11
host=10.77.0.1, controller.example
zone=zone1
pod=pod1
cluster=cluster1
guest.network.device=br0
";

    fn read(content: &str, overrides: &[&str]) -> Result<(Properties, Vec<String>), String> {
        let overrides: Vec<_> = overrides.iter().map(ToString::to_string).collect();
        Properties::parse("agent.properties", content, &overrides).map_err(|e| e.to_string())
    }

    fn host_without(key: &str) -> String {
        HOST.lines().filter(|l| !l.starts_with(key)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_short_file_is_filled_up_with_defaults() {
        let (properties, unknown) = read(HOST, &[]).unwrap();
        assert_eq!(properties.managers, ["10.77.0.1", "controller.example"]);
        assert_eq!(properties.port, 8250);
        assert_eq!(properties.resources, [ResourceKind::Libvirt]);
        assert_eq!(properties.guest_network_device.as_deref(), Some("br0"));
        assert_eq!(properties.workers, 8);
        assert_eq!(properties.backoff_max, Duration::from_secs(30));
        assert!(unknown.is_empty());
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let (properties, _) = read(HOST, &["port=9000", "zone=other"]).unwrap();
        assert_eq!((properties.port, properties.zone.as_str()), (9000, "other"));
    }

    #[test]
    fn a_later_line_wins_over_an_earlier_one() {
        let (properties, _) = read(&format!("{HOST}zone=a=b\n"), &[]).unwrap();
        assert_eq!(properties.zone, "a=b");
    }

    #[test]
    fn unknown_keys_are_named_and_do_no_harm() {
        let (_, unknown) = read(&format!("{HOST}wokers=9\n"), &["colour=red"]).unwrap();
        assert_eq!(unknown, ["agent.properties:8: wokers", "--set: colour"]);
    }

    #[test]
    fn a_malformed_value_is_refused_with_its_key_and_line() {
        let wrong = |more: &str| read(&format!("{HOST}{more}\n"), &[]).unwrap_err();
        for (line, key) in [
            ("port=82500", "port=82500"),
            ("workers=0", "workers=0"),
            ("local.storage.uuid=pool", "local.storage.uuid=pool"),
            ("host=a,,b", "host=a,,b"),
            ("no assignment", "\"no assignment\""),
        ] {
            let text = wrong(line);
            assert!(text.starts_with("agent.properties:8: "), "{text}");
            assert!(text.contains(key), "{text}");
        }
        assert!(read(HOST, &["port=x"]).unwrap_err().starts_with("--set: port=x cannot be used"));
    }

    #[test]
    fn what_has_no_default_must_be_given() {
        for key in ["guid", "host", "zone", "pod", "cluster"] {
            assert!(read(&host_without(key), &[]).unwrap_err().starts_with(key), "{key}");
        }
    }

    #[test]
    fn a_resource_is_known_by_cloudstacks_name_too() {
        let both = "resource=com.cloud.hypervisor.kvm.resource.LibvirtComputingResource|\
                    SecondaryStorageResource\nsecondary.storage.path=/images";
        let (properties, _) =
            read(&format!("{HOST}{both}"), &["secondary.storage.address=10.77.0.1"]).unwrap();
        assert_eq!(properties.resources, [ResourceKind::Libvirt, ResourceKind::SecondaryStorage]);
    }

    #[test]
    fn an_unknown_resource_is_refused_by_name() {
        let text = read(HOST, &["resource=XenResource"]).unwrap_err();
        assert!(text.contains("XenResource"), "{text}");
        assert!(text.contains("known are LibvirtComputingResource"), "{text}");
    }

    #[test]
    fn an_image_worker_needs_no_pod_but_a_path_and_an_address() {
        let worker = host_without("pod");
        let resource = "resource=SecondaryStorageResource";
        let text = read(&worker, &[resource]).unwrap_err();
        assert!(text.starts_with("secondary.storage.path"), "{text}");
        let path = "secondary.storage.path=/images";
        let text = read(&worker, &[resource, path]).unwrap_err();
        assert!(text.starts_with("secondary.storage.address"), "{text}");
        for (setting, served_at) in [
            ("secondary.storage.address=10.77.0.1", "10.77.0.1:8251"),
            ("secondary.storage.address=fd00::1", "[fd00::1]:8251"),
            ("secondary.storage.address=images.example", "images.example:8251"),
            ("secondary.storage.address=images.example:443", "images.example:443"),
            ("secondary.storage.listen=10.77.0.2:9000", "10.77.0.2:9000"),
        ] {
            let (properties, _) = read(&worker, &[resource, path, setting]).unwrap();
            assert_eq!(properties.secondary_storage_served_at().as_deref(), Some(served_at));
        }
    }
}
