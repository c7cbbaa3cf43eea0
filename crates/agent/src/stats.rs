//! What `/proc` and `/sys` say of the host: CPUs, memory, load, traffic.
//!
//! Not here: storage (`storage`) and VMs (`hypervisor`).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use hostler_model::{Bytes, Mhz, Mib};

/// What a host has, which does not change while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostFacts {
    /// Logical CPUs.
    pub(crate) cpus: u32,
    /// CPU sockets; at least one.
    pub(crate) sockets: u32,
    /// Speed of one CPU at most; 1000 where nothing tells it.
    pub(crate) speed: Mhz,
    /// All memory.
    pub(crate) memory: Mib,
    /// As `uname -m` says.
    pub(crate) arch: String,
}

/// How busy a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Load {
    /// Thousandths of all CPU time since the last reading.
    pub(crate) cpu_permille: u32,
    /// Load average of a minute, in hundredths.
    pub(crate) load_centi: u32,
    /// Memory in use, without caches.
    pub(crate) memory_used: Mib,
    /// All memory.
    pub(crate) memory_total: Mib,
    /// Received by the host's own interfaces.
    pub(crate) received: Bytes,
    /// Sent by the host's own interfaces.
    pub(crate) sent: Bytes,
}

/// Reads the host; remembers the last reading of CPU times.
#[derive(Debug, Default)]
pub(crate) struct HostReader {
    last: Mutex<CpuTimes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct CpuTimes {
    busy: u64,
    all: u64,
}

impl HostReader {
    /// What the host has.
    pub(crate) fn facts() -> HostFacts {
        let cpuinfo = text("/proc/cpuinfo");
        HostFacts {
            cpus: std::thread::available_parallelism()
                .map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX))
                .max(count(&cpuinfo, "processor")),
            sockets: distinct(&cpuinfo, "physical id").max(1),
            speed: speed(&text("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"), &cpuinfo),
            memory: memory(&text("/proc/meminfo"), "MemTotal"),
            arch: rustix::system::uname().machine().to_string_lossy().into_owned(),
        }
    }

    /// How busy the host is.
    pub(crate) fn load(&self) -> Load {
        let now = cpu_times(&text("/proc/stat"));
        let before =
            std::mem::replace(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner), now);
        let meminfo = text("/proc/meminfo");
        let (total, free) = (memory(&meminfo, "MemTotal"), memory(&meminfo, "MemAvailable"));
        let (received, sent) = traffic(&text("/proc/net/dev"), is_own);
        Load {
            cpu_permille: permille(before, now),
            load_centi: load_centi(&text("/proc/loadavg")),
            memory_used: Mib(total.0.saturating_sub(free.0)),
            memory_total: total,
            received,
            sent,
        }
    }
}

fn text(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The values of a field in `/proc/cpuinfo`.
fn values<'a>(cpuinfo: &'a str, field: &'a str) -> impl Iterator<Item = &'a str> {
    cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(move |(name, _)| name.trim() == field)
        .map(|(_, value)| value.trim())
}

fn count(cpuinfo: &str, field: &str) -> u32 {
    u32::try_from(values(cpuinfo, field).count()).unwrap_or(u32::MAX)
}

fn distinct(cpuinfo: &str, field: &str) -> u32 {
    let distinct: BTreeSet<&str> = values(cpuinfo, field).collect();
    u32::try_from(distinct.len()).unwrap_or(u32::MAX)
}

fn speed(max_khz: &str, cpuinfo: &str) -> Mhz {
    if let Ok(khz) = max_khz.trim().parse::<u64>() {
        return Mhz(khz / 1000);
    }
    let whole = |value: &str| value.split('.').next().and_then(|mhz| mhz.parse().ok());
    Mhz(values(cpuinfo, "cpu MHz").filter_map(whole).max().filter(|mhz| *mhz > 0).unwrap_or(1000))
}

fn memory(meminfo: &str, field: &str) -> Mib {
    let kib = values(meminfo, field).next().and_then(|value| value.split(' ').next());
    Mib(kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024)
}

/// The first line of `/proc/stat`: user nice system idle iowait irq softirq steal; guests count in user.
fn cpu_times(stat: &str) -> CpuTimes {
    let line = stat.lines().next().unwrap_or_default();
    let times: Vec<u64> =
        line.split_whitespace().skip(1).take(8).filter_map(|time| time.parse().ok()).collect();
    let all = times.iter().sum();
    let idle: u64 = times.iter().skip(3).take(2).sum();
    CpuTimes { busy: u64::saturating_sub(all, idle), all }
}

fn permille(before: CpuTimes, now: CpuTimes) -> u32 {
    let all = now.all.saturating_sub(before.all);
    let busy = now.busy.saturating_sub(before.busy).min(all);
    u32::try_from(busy.saturating_mul(1000).checked_div(all).unwrap_or_default()).unwrap_or(1000)
}

fn load_centi(loadavg: &str) -> u32 {
    let Some((whole, rest)) = loadavg.split_once('.') else { return 0 };
    let centi: String = rest.chars().take(2).collect();
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    number(whole).saturating_mul(100).saturating_add(number(&centi))
}

/// Received and sent by the interfaces that are wanted.
fn traffic(dev: &str, wanted: impl Fn(&str) -> bool) -> (Bytes, Bytes) {
    let mut sums = (0_u64, 0_u64);
    for (name, numbers) in dev.lines().filter_map(|line| line.split_once(':')) {
        if !wanted(name.trim()) {
            continue;
        }
        let numbers: Vec<u64> =
            numbers.split_whitespace().map(|number| number.parse().unwrap_or_default()).collect();
        sums.0 = sums.0.saturating_add(numbers.first().copied().unwrap_or_default());
        sums.1 = sums.1.saturating_add(numbers.get(8).copied().unwrap_or_default());
    }
    (Bytes(sums.0), Bytes(sums.1))
}

/// Neither a bridge, whose ports are counted, nor a guest's end of a cable.
fn is_own(interface: &str) -> bool {
    let guests = ["hv", "hn", "vnet", "tap"];
    interface != "lo"
        && !guests.iter().any(|prefix| interface.starts_with(prefix))
        && !Path::new("/sys/class/net").join(interface).join("bridge").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPUINFO: &str = "processor\t: 0\nphysical id\t: 0\ncpu MHz\t\t: 2599.998\n\n\
                           processor\t: 1\nphysical id\t: 1\ncpu MHz\t\t: 1200.000\n";

    #[test]
    fn cpus_sockets_and_speed_are_read_from_cpuinfo() {
        assert_eq!((count(CPUINFO, "processor"), distinct(CPUINFO, "physical id")), (2, 2));
        assert_eq!(speed("", CPUINFO), Mhz(2599));
        assert_eq!(speed("3600000\n", CPUINFO), Mhz(3600));
        assert_eq!(speed("", ""), Mhz(1000));
    }

    #[test]
    fn cpu_use_is_the_share_of_what_has_passed_since_the_last_reading() {
        let before = cpu_times("cpu  100 0 100 800 0 0 0 0 0 0\n");
        let now = cpu_times("cpu  150 0 100 950 0 0 0 0 0 0\n");
        assert_eq!(permille(before, now), 250);
        assert_eq!(permille(now, now), 0);
    }

    #[test]
    fn only_the_hosts_own_interfaces_are_counted() {
        let dev = "Inter-| Receive\n face |bytes\n lo: 5 0 0 0 0 0 0 0 5 0\n\
                   eth0: 10 0 0 0 0 0 0 0 20 0\n hvabc: 7 0 0 0 0 0 0 0 7 0\n";
        assert_eq!(traffic(dev, is_own), (Bytes(10), Bytes(20)));
    }

    #[test]
    fn the_load_is_told_in_hundredths() {
        assert_eq!(load_centi("1.07 0.50 0.20 1/2 3\n"), 107);
        assert_eq!(load_centi(""), 0);
    }

    #[test]
    fn this_machine_has_a_cpu_and_memory() {
        let reader = HostReader::default();
        let facts = HostReader::facts();
        assert!(facts.cpus > 0 && facts.memory > Mib(0) && facts.speed > Mhz(0), "{facts:?}");
        assert!(reader.load().memory_total == facts.memory);
    }
}
