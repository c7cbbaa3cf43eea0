//! What a process takes, as `/proc` tells it.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

/// Clock ticks in a second, as Linux shows them to programs (`USER_HZ`).
const TICKS: u64 = 100;

/// What a process takes at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sample {
    /// Milliseconds since the beginning of the run.
    pub at_ms: u64,
    /// Resident memory, bytes.
    pub resident: u64,
    /// Of which its own, not of files: bytes.
    pub own: u64,
    /// Processor time so far, milliseconds.
    pub cpu_ms: u64,
    /// Open files and sockets.
    pub files: u64,
    /// Size of its database with the log beside it, bytes.
    pub database: u64,
    /// What waits: jobs that are not finished, orders without an answer, and whoever waits for the database.
    pub waiting: u64,
}

impl Sample {
    /// Looks at a process, and at the database at `database`.
    ///
    /// # Errors
    /// If there is no such process.
    pub fn take(pid: u32, database: &Path, at: Duration) -> io::Result<Self> {
        let folder = Path::new("/proc").join(pid.to_string());
        let status = std::fs::read_to_string(folder.join("status"))?;
        let stat = std::fs::read_to_string(folder.join("stat"))?;
        let size = |name: &str| {
            let path = Path::new(database).with_extension(name);
            std::fs::metadata(path).map_or(0, |file| file.len())
        };
        Ok(Self {
            at_ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            resident: kib(&status, "VmRSS:") * 1024,
            own: kib(&status, "RssAnon:") * 1024,
            cpu_ms: ticks(&stat) * 1000 / TICKS,
            files: std::fs::read_dir(folder.join("fd"))?.count() as u64,
            database: size("db") + size("db-wal"),
            waiting: 0,
        })
    }
}

/// A number of KiB in `/proc/PID/status`.
fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The 14th and 15th field of `/proc/PID/stat`, `utime` and `stime`; the second may have spaces in it.
fn ticks(stat: &str) -> u64 {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says_is_read() {
        assert_eq!(kib("Name:\tx\nVmRSS:\t  123 kB\n", "VmRSS:"), 123);
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(ticks(stat), 300);
    }

    #[test]
    fn this_process_has_memory_and_files() {
        let sample = Sample::take(std::process::id(), Path::new("/nonexistent.db"), Duration::ZERO);
        let sample = sample.unwrap();
        assert!(sample.resident > 0 && sample.own <= sample.resident && sample.files > 0);
        assert_eq!(sample.database, 0);
        assert!(Sample::take(u32::MAX, Path::new("/"), Duration::ZERO).is_err());
    }
}
