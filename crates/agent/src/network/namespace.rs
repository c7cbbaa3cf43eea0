//! The network namespace of a guest network: one end of a cable in it, the other in the bridge.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hostler_model::NetworkId;
use hostler_wire::GuestNetwork;
use tracing::info;

use super::NetworkError;
use crate::program;

const IP: Duration = Duration::from_secs(20);

/// The names that belong to a network on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    network: NetworkId,
    /// The namespace.
    pub(super) namespace: String,
    /// The cable's end at the bridge.
    pub(super) link: String,
}

impl Names {
    pub(super) fn of(network: NetworkId) -> Self {
        // The last digits: ids made one after the other begin alike.
        let id = network.uuid().simple().to_string();
        let digits = &id[id.len() - 8..];
        Self { network, namespace: format!("hostler-{digits}"), link: format!("hn{digits}") }
    }

    fn ip(&self, what: &'static str, arguments: &[&str]) -> Result<Vec<u8>, NetworkError> {
        let network = self.network;
        program::run("ip", arguments, IP).map_err(|source| NetworkError::Program {
            what,
            network,
            source,
        })
    }

    /// Has the namespace as it should be, making it anew if it is not. Whether it was so before.
    pub(super) fn ensure(
        &self,
        network: &GuestNetwork,
        bridge: &str,
    ) -> Result<bool, NetworkError> {
        if self.is_right(network, bridge) {
            return Ok(true);
        }
        self.remove()?;
        let made = self.make(network, bridge);
        if made.is_err() {
            let _ = self.remove(); // what is there of it is of no use
        }
        made.map(|()| false)
    }

    fn make(&self, network: &GuestNetwork, bridge: &str) -> Result<(), NetworkError> {
        const WHAT: &str = "make the namespace";
        let (space, link) = (self.namespace.as_str(), self.link.as_str());
        let mtu = network.mtu.to_string();
        let address = format!("{}/{}", network.server_address, network.cidr.prefix_len());
        self.ip(WHAT, &["netns", "add", space])?;
        let cable = ["link", "add", link, "mtu", &mtu, "type", "veth", "peer", "name", "eth0"];
        self.ip(WHAT, &[cable.as_slice(), &["mtu", &mtu, "netns", space]].concat())?;
        self.ip(WHAT, &["link", "set", link, "master", bridge, "up"])?;
        self.ip(WHAT, &["-n", space, "link", "set", "lo", "up"])?;
        self.ip(WHAT, &["-n", space, "addr", "add", &address, "dev", "eth0"])?;
        self.ip(WHAT, &["-n", space, "link", "set", "eth0", "up"])?;
        if let Some(gateway) = network.gateway.filter(|gateway| *gateway != network.server_address)
        {
            let gateway = gateway.to_string();
            self.ip(WHAT, &["-n", space, "route", "replace", "default", "via", &gateway])?;
        }
        info!(network = %self.network, namespace = space, bridge, "made a network's namespace");
        Ok(())
    }

    /// Removes the namespace and its cable, if they are there.
    pub(super) fn remove(&self) -> Result<(), NetworkError> {
        const WHAT: &str = "remove the namespace";
        if Path::new("/sys/class/net").join(&self.link).exists() {
            self.ip(WHAT, &["link", "del", &self.link])?;
        }
        if self.file().exists() {
            self.ip(WHAT, &["netns", "del", &self.namespace])?;
        }
        Ok(())
    }

    /// Where `ip netns` keeps the namespace.
    fn file(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.namespace)
    }

    fn is_right(&self, network: &GuestNetwork, bridge: &str) -> bool {
        let link = Path::new("/sys/class/net").join(&self.link);
        let master = std::fs::read_link(link.join("master")).ok();
        let in_bridge = master.is_some_and(|path| path.file_name() == Some(bridge.as_ref()));
        let mtu = std::fs::read_to_string(link.join("mtu")).unwrap_or_default();
        if !in_bridge || mtu.trim() != network.mtu.to_string() || !self.file().exists() {
            return false;
        }
        let show = ["-n", &self.namespace, "-o", "addr", "show", "dev", "eth0", "up"];
        let wanted = format!(" {}/{} ", network.server_address, network.cidr.prefix_len());
        self.ip("read the namespace", &show)
            .is_ok_and(|shown| String::from_utf8_lossy(&shown).contains(&wanted))
    }
}
