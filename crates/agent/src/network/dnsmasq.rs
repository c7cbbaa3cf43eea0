//! dnsmasq of one network: its configuration, and its process, which outlives the agent.
//!
//! Not here: when it is started and ended ([`super::host`]).

use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hostler_wire::GuestNetwork;
use ipnet::IpNet;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::NetworkError;
use super::namespace::Names;
use super::records::{NicRecord, Records};
use crate::program;

const STARTING: Duration = Duration::from_secs(20);

/// The files that dnsmasq reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    /// `dnsmasq.conf`: read when it starts.
    pub(super) configuration: String,
    /// `hosts.dhcp`: read again at SIGHUP.
    pub(super) dhcp: String,
    /// `hosts.dns`: read again at SIGHUP.
    pub(super) dns: String,
}

/// What dnsmasq is to read.
pub(super) fn files(
    records: &Records,
    network: &GuestNetwork,
    nics: &[NicRecord],
    user: &str,
) -> Result<Files, NetworkError> {
    let unsupported =
        |why: &str| NetworkError::Unsupported { network: network.id, why: why.to_owned() };
    let IpNet::V4(cidr) = network.cidr else {
        return Err(unsupported("only IPv4 is served so far"));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if network.domain.is_empty() || !network.domain.chars().all(plain) {
        return Err(unsupported("its domain is no name of letters, digits, hyphens and dots"));
    }
    let (domain, server, mtu) = (&network.domain, network.server_address, network.mtu);
    let file = |name: &str| records.file(name).display().to_string();
    let mut text = format!(
        "interface=eth0\nbind-interfaces\nexcept-interface=lo\nuser={user}\n\
         pid-file={}\ndhcp-leasefile={}\ndhcp-hostsfile={}\naddn-hosts={}\n\
         no-resolv\nno-hosts\ndomain-needed\nno-ping\ndhcp-authoritative\ndhcp-ignore=tag:!known\n\
         dhcp-range={},static,{},24h\ndhcp-lease-max=65536\n\
         domain={domain}\nlocal=/{domain}/\nexpand-hosts\n\
         dhcp-option=option:dns-server,{server}\ndhcp-option=option:mtu,{mtu}\n\
         dhcp-option=tag:extra,option:router\n",
        file("dnsmasq.pid"),
        file("leases"),
        file("hosts.dhcp"),
        file("hosts.dns"),
        cidr.network(),
        cidr.netmask(),
    );
    let router = network.gateway.map_or_else(String::new, |gateway| format!(",{gateway}"));
    let _ = writeln!(text, "dhcp-option=tag:!extra,option:router{router}");
    for dns in &network.dns {
        let _ = writeln!(text, "server={dns}");
    }
    let (dhcp, dns) = hosts(network, nics);
    Ok(Files { configuration: text, dhcp, dns })
}

/// One line a NIC for DHCP, and one for DNS.
fn hosts(network: &GuestNetwork, nics: &[NicRecord]) -> (String, String) {
    let (mut dhcp, mut dns) = (String::new(), String::new());
    for nic in nics {
        let Some(address @ IpAddr::V4(_)) = nic.address else { continue };
        // Only the default NIC is told of a router.
        let tag = if nic.is_default { "" } else { "set:extra," };
        let name = &nic.host_name;
        let _ = writeln!(dhcp, "{},{tag}{address},{name}", nic.mac);
        let _ = writeln!(dns, "{address} {name}.{} {name}", network.domain);
    }
    (dhcp, dns)
}

/// A dnsmasq that runs, known to be the one of a network.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: Pid,
    pub(super) handle: OwnedFd,
}

impl Process {
    /// The dnsmasq of a network, if it runs: by its pid file, and by what `/proc` says of that process.
    pub(super) fn find(records: &Records) -> Option<Self> {
        let text = std::fs::read_to_string(records.file("dnsmasq.pid")).ok()?;
        let pid = Pid::from_raw(text.trim().parse().ok()?)?;
        // First the handle, then the check: the handle cannot come to mean another process.
        let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let command =
            std::fs::read(format!("/proc/{pid}/cmdline", pid = pid.as_raw_nonzero())).ok()?;
        let mut words = command.split(|byte| *byte == 0);
        let is_dnsmasq = words.next().is_some_and(|program| {
            Path::new(OsStr::new(&*String::from_utf8_lossy(program))).ends_with("dnsmasq")
        });
        let wanted = configuration_argument(records);
        let is_ours = words.any(|word| word == wanted.as_encoded_bytes());
        (is_dnsmasq && is_ours).then_some(Self { pid, handle })
    }

    /// Has it read its lists of hosts again.
    pub(super) fn reload(&self) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.handle, Signal::HUP)?)
    }

    /// Waits until it has ended, at most `limit`; whether it has.
    pub(super) fn wait(&self, limit: Option<Duration>) -> io::Result<bool> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut handles = [PollFd::new(&self.handle, PollFlags::IN)];
        loop {
            match poll(&mut handles, limit.as_ref()) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.handle, Signal::TERM)?)
    }
}

/// Starts dnsmasq in the network's namespace; it is ready when this returns.
pub(super) fn start(
    names: &Names,
    records: &Records,
    network: &GuestNetwork,
) -> Result<(), NetworkError> {
    let configuration = configuration_argument(records);
    let arguments: [&OsStr; 5] = [
        "netns".as_ref(),
        "exec".as_ref(),
        names.namespace.as_ref(),
        "dnsmasq".as_ref(),
        &configuration,
    ];
    program::run("ip", &arguments, STARTING).map(drop).map_err(|source| NetworkError::Program {
        what: "start DHCP and DNS",
        network: network.id,
        source,
    })
}

/// By this argument a dnsmasq is known as ours.
fn configuration_argument(records: &Records) -> std::ffi::OsString {
    let path: PathBuf = records.file("dnsmasq.conf");
    let mut argument = std::ffi::OsString::from("--conf-file=");
    argument.push(path);
    argument
}

/// The user that dnsmasq becomes: its own where there is one.
pub(super) fn user() -> &'static str {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    if users.lines().any(|line| line.starts_with("dnsmasq:")) { "dnsmasq" } else { "nobody" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_xml::tests::linux;

    fn record(is_default: bool) -> NicRecord {
        let spec = linux(1);
        NicRecord {
            vm: spec.vm,
            nic: spec.nics[0].nic,
            host_name: spec.host_name.clone(),
            mac: spec.nics[0].mac,
            address: spec.nics[0].address,
            is_default,
        }
    }

    fn written(change: impl FnOnce(&mut GuestNetwork)) -> Result<Files, NetworkError> {
        let mut network = linux(1).nics[0].network.clone();
        change(&mut network);
        let records = Records::of(Path::new("/state/networks"), network.id);
        files(&records, &network, &[record(true)], "nobody")
    }

    #[test]
    fn only_nics_of_this_host_are_answered() {
        let text = written(|_| {}).unwrap().configuration;
        assert!(text.contains("dhcp-ignore=tag:!known\n"), "{text}");
        assert!(text.contains("dhcp-range=10.1.1.0,static,255.255.255.0,24h\n"), "{text}");
    }

    #[test]
    fn a_guest_is_told_its_router_its_name_server_and_its_mtu() {
        let text = written(|network| network.mtu = 1450).unwrap().configuration;
        for line in [
            "dhcp-option=tag:!extra,option:router,10.1.1.1",
            "dhcp-option=option:dns-server,10.1.1.2",
            "dhcp-option=option:mtu,1450",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
    }

    #[test]
    fn without_a_gateway_no_router_is_told() {
        let text = written(|network| network.gateway = None).unwrap().configuration;
        assert!(text.lines().any(|line| line == "dhcp-option=tag:!extra,option:router"), "{text}");
    }

    #[test]
    fn a_nic_that_is_not_the_default_is_marked() {
        let network = linux(1).nics[0].network.clone();
        let (dhcp, dns) = hosts(&network, &[record(false)]);
        assert_eq!(dhcp, "06:01:00:00:00:05,set:extra,10.1.1.5,web-1\n");
        assert_eq!(dns, "10.1.1.5 web-1.cloud.internal web-1\n");
        let (dhcp, _) = hosts(&network, &[record(true)]);
        assert_eq!(dhcp, "06:01:00:00:00:05,10.1.1.5,web-1\n");
    }

    #[test]
    fn a_domain_cannot_smuggle_in_a_line() {
        let refused = written(|network| network.domain = "a\ndhcp-script=/x".to_owned());
        assert!(matches!(refused, Err(NetworkError::Unsupported { .. })));
    }

    #[test]
    fn a_process_that_is_not_our_dnsmasq_is_never_taken_for_it() {
        let state = tempfile::tempdir().unwrap();
        let records = Records::of(state.path(), linux(1).nics[0].network.id);
        std::fs::create_dir_all(&records.directory).unwrap();
        std::fs::write(records.file("dnsmasq.pid"), std::process::id().to_string()).unwrap();
        assert!(Process::find(&records).is_none());
    }
}
