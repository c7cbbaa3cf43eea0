//! The Startup of a connection: what `agent.properties` says, what the machine says, what the resource says.
//!
//! Not here: what the resource has ([`Resource::startup`]).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::Command;

use hostler_model::HostGuid;
use hostler_wire::{StartupCommand, VersionRange};
use serde::Deserialize;

use crate::properties::Properties;
use crate::resource::Resource;

/// Puts a Startup together. Blocks; `resource` may ask libvirt.
///
/// # Errors
/// The resource's text for a person.
pub(super) fn startup(
    properties: &Properties,
    guid: HostGuid,
    resource: &dyn Resource,
) -> Result<StartupCommand, String> {
    let device_address = |device: &Option<String>| device.as_deref().and_then(address_of);
    let private_address = device_address(&properties.private_network_device);
    let uname = rustix::system::uname();
    Ok(StartupCommand {
        versions: VersionRange::OURS,
        agent_version: crate::VERSION.to_owned(),
        guid,
        name: resource.name().unwrap_or_else(|| uname.nodename().to_string_lossy().into_owned()),
        zone: properties.zone.clone(),
        pod: properties.pod.clone(),
        cluster: properties.cluster.clone(),
        private_address,
        public_address: device_address(&properties.public_network_device),
        storage_address: private_address,
        resource: resource.startup()?,
        details: details(&uname),
    })
}

/// Fills in what only the open connection shows: the address from which this host reaches the manager.
pub(super) fn complete(startup: &mut StartupCommand, local: Option<IpAddr>) {
    startup.private_address = startup.private_address.or(local);
    startup.storage_address = startup.storage_address.or(startup.private_address);
}

fn details(uname: &rustix::system::Uname) -> BTreeMap<String, String> {
    let mut details = BTreeMap::new();
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    for (from, to) in
        [("NAME", "os.name"), ("VERSION_ID", "os.version"), ("PRETTY_NAME", "os.pretty")]
    {
        if let Some(value) = value_of(&release, from) {
            details.insert(to.to_owned(), value);
        }
    }
    details.insert("kernel".to_owned(), uname.release().to_string_lossy().into_owned());
    details
}

/// A value of `os-release(5)`, without its quotes.
fn value_of(release: &str, key: &str) -> Option<String> {
    let value = release.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('='))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

/// The first global address of a network device, IPv4 before IPv6, as `ip` tells it.
fn address_of(device: &str) -> Option<IpAddr> {
    let output = Command::new("ip").args(["-j", "addr", "show", "dev", device]).output().ok()?;
    if !output.status.success() {
        tracing::warn!(device, "the network device of agent.properties is not there");
        return None;
    }
    first_address(&output.stdout)
}

fn first_address(json: &[u8]) -> Option<IpAddr> {
    #[derive(Deserialize)]
    struct Device {
        #[serde(default)]
        addr_info: Vec<Address>,
    }
    #[derive(Deserialize)]
    struct Address {
        scope: String,
        local: IpAddr,
    }
    let devices: Vec<Device> = serde_json::from_slice(json).ok()?;
    let all = || devices.iter().flat_map(|d| &d.addr_info).filter(|a| a.scope == "global");
    all().find(|a| a.local.is_ipv4()).or_else(|| all().next()).map(|a| a.local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_device_is_its_first_global_one() {
        let json = br#"[{"ifname":"br0","addr_info":[
            {"family":"inet6","local":"2001:db8::2","prefixlen":64,"scope":"global"},
            {"family":"inet","local":"169.254.1.1","prefixlen":16,"scope":"link"},
            {"family":"inet","local":"10.77.0.11","prefixlen":24,"scope":"global"}]}]"#;
        assert_eq!(first_address(json), Some("10.77.0.11".parse().unwrap()));
        assert_eq!(first_address(br#"[{"ifname":"eth0","addr_info":[]}]"#), None);
        assert_eq!(first_address(b""), None);
    }

    #[test]
    fn the_system_is_named_as_os_release_names_it() {
        let release =
            "PRETTY_NAME=\"Debian GNU/Linux 12\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=12\n";
        assert_eq!(value_of(release, "NAME").as_deref(), Some("Debian GNU/Linux"));
        assert_eq!(value_of(release, "VERSION_ID").as_deref(), Some("12"));
        assert_eq!(value_of(release, "ID"), None);
    }
}
