//! What the network of the guests gives: addresses, names, and the pages of the guests themselves.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use hostler_wire::VmSpec;

use super::{PATIENCE, ROOT, network, run, vm};

fn namespace() -> String {
    run("ip", &["netns", "list"])
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next())
        .find(|name| name.starts_with("hostler-"))
        .expect("the network has a namespace")
        .to_owned()
}

/// The guest's own web page, as soon as it answers.
pub(super) fn http(vm: &VmSpec) -> String {
    let url = format!("http://{}/", vm.nics[0].address.unwrap());
    let patience = ["--retry", "90", "--retry-delay", "1", "--retry-all-errors"];
    let space = namespace();
    let curl = ["netns", "exec", &space, "curl", "-s", "--connect-timeout", "1", "-m", "3"];
    run("ip", &[curl.as_slice(), &patience, &[&url]].concat()).expect("the guest answers")
}

/// Asks the network's name server for an address.
pub(super) fn resolve(name: &'static str) -> Option<Ipv4Addr> {
    let space = format!("/run/netns/{}", namespace());
    let ask = move || {
        let space = std::fs::File::open(space).unwrap();
        let kind = Some(rustix::thread::LinkNameSpaceType::Network);
        rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&space), kind).unwrap();
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut question = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            question.push(u8::try_from(label.len()).unwrap());
            question.extend(label.as_bytes());
        }
        question.extend([0, 0, 1, 0, 1]);
        socket.send_to(&question, "10.66.0.2:53").unwrap();
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).unwrap();
        (answer[7] > 0).then(|| {
            let four: [u8; 4] = answer[length - 4..length].try_into().unwrap();
            Ipv4Addr::from(four)
        })
    };
    std::thread::spawn(ask).join().unwrap()
}

pub(super) fn pid_of_dnsmasq() -> Option<String> {
    let state = Path::new(ROOT).join("state/networks").join(network().id.to_string());
    let pid = std::fs::read_to_string(state.join("dnsmasq.pid")).ok()?.trim().to_owned();
    Path::new("/proc").join(&pid).exists().then_some(pid)
}

/// On a wire that other hosts serve too, a NIC that is not ours hears nothing: neither an offer nor a refusal.
pub(super) fn only_our_nics_are_answered() {
    let ip = |arguments: &str| {
        let words: Vec<&str> = arguments.split(' ').collect();
        run("ip", &words).unwrap_or_else(|| panic!("ip {arguments}"));
    };
    ip("netns add stranger");
    ip("link add strange0 type veth peer name eth0 netns stranger");
    ip("link set strange0 master br0 up");
    ip("-n stranger addr add 10.66.0.250/24 dev eth0");
    ip("-n stranger link set eth0 up");
    ip("-n stranger route add default dev eth0");
    let ours = vm(1).nics[0].mac.0;
    let offer = dhcp(1, ours, 60).expect("our NIC is answered");
    assert_eq!(offer[16..20], [10, 66, 0, 11]);
    let option = |wanted: &[u8]| offer[240..].windows(wanted.len()).any(|bytes| bytes == wanted);
    assert!(option(&[3, 4, 10, 66, 0, 1]), "the router: {offer:?}");
    assert!(option(&[6, 4, 10, 66, 0, 2]), "the name server: {offer:?}");
    assert!(option(&[26, 2, 5, 170]), "the MTU, 1450: {offer:?}");
    for kind in [1, 3] {
        assert_eq!(dhcp(kind, [6, 9, 9, 9, 9, 9], 3), None);
    }
    ip("netns del stranger");
}

/// What a DHCP message (1: discover, 3: request an address) of `mac` brings back, sent so many times, once a second.
fn dhcp(kind: u8, mac: [u8; 6], times: u32) -> Option<Vec<u8>> {
    let ask = move || {
        let space = std::fs::File::open("/run/netns/stranger").unwrap();
        let network = Some(rustix::thread::LinkNameSpaceType::Network);
        rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&space), network)
            .unwrap();
        let socket = UdpSocket::bind("0.0.0.0:68").unwrap();
        socket.set_broadcast(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut message = vec![0; 236];
        message[..12].copy_from_slice(&[1, 1, 6, 0, 9, 9, 9, kind, 0, 0, 0x80, 0]);
        message[28..34].copy_from_slice(&mac);
        message.extend([99, 130, 83, 99, 53, 1, kind, 55, 5, 1, 3, 6, 15, 26]);
        if kind == 3 {
            message.extend([50, 4, 10, 66, 0, 99]);
        }
        message.push(255);
        // The bridge may only just have begun to forward.
        for _ in 0..times {
            socket.send_to(&message, "255.255.255.255:67").unwrap();
            let mut answer = vec![0; 1500];
            if let Ok(length) = socket.recv(&mut answer) {
                answer.truncate(length);
                return Some(answer);
            }
        }
        None
    };
    std::thread::spawn(ask).join().unwrap()
}
