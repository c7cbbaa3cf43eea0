//! Whether KVM works here: believed only after a real guest has run and ended.
//!
//! `/dev/kvm` that opens is no proof; on some machines it opens, even runs a BIOS, and real guests hang. So the test
//! guest does what they do first: protected mode, interrupts, paging, long mode (`kvm_test/guest.S`).

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::{info, warn};

/// How long the test guest may take; it needs a few milliseconds.
const LIMIT: Duration = Duration::from_secs(2);
/// What QEMU ends with when the guest writes 0x10: twice that and one.
const ENDS_WITH: i32 = 0x21;

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    boot: String,
    works: bool,
}

/// Whether a guest runs with KVM. Tested once in the life of a boot; blocks for at most 2 s.
pub fn kvm_works(state_dir: &Path) -> bool {
    let file = state_dir.join("kvm-test.json");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let boot = boot.trim().to_owned();
    let known = std::fs::read(&file)
        .ok()
        .and_then(|text| serde_json::from_slice::<Remembered>(&text).ok())
        .filter(|known| !boot.is_empty() && known.boot == boot);
    if let Some(known) = known {
        return known.works;
    }
    let works = Path::new("/dev/kvm").exists() && test_guest_runs("kvm");
    info!(works, "tested whether guests run with KVM");
    let remembered = serde_json::to_vec(&Remembered { boot, works }).unwrap_or_default();
    if let Err(error) = std::fs::write(&file, remembered) {
        warn!(%error, file = %file.display(), "cannot remember whether KVM works");
    }
    works
}

/// Runs the test guest, and sees whether QEMU ends with the number that it writes.
fn test_guest_runs(accelerator: &str) -> bool {
    let ran = firmware().and_then(|firmware| {
        let child = Command::new("qemu-system-x86_64")
            .args(["-nodefaults", "-no-user-config", "-display", "none", "-m", "2", "-machine"])
            .arg(format!("pc,accel={accelerator}"))
            .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-bios"])
            .arg(firmware.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        wait(child)
    });
    match ran {
        Ok(code) => code == Some(ENDS_WITH),
        Err(error) => {
            warn!(%error, "the test guest for KVM could not be run");
            false
        }
    }
}

/// 64 KiB with the test guest at its beginning, and a jump there where the processor begins.
fn firmware() -> io::Result<tempfile::NamedTempFile> {
    const GUEST: &[u8] = include_bytes!("kvm_test/guest.bin");
    const RESET_VECTOR: usize = 0xfff0;
    let mut image = vec![0xf4_u8; 0x1_0000]; // hlt
    image[..GUEST.len()].copy_from_slice(GUEST);
    image[RESET_VECTOR..RESET_VECTOR + 3].copy_from_slice(&[0xe9, 0x0d, 0x00]); // jmp 0, which is 13 bytes on
    let mut file = tempfile::NamedTempFile::new()?;
    io::Write::write_all(&mut file, &image)?;
    Ok(file)
}

/// The exit code of `child`; nothing if it had to be killed.
fn wait(child: Child) -> io::Result<Option<i32>> {
    let pid = child.id();
    let (ended, end) = mpsc::channel();
    let mut child = child;
    let waiter = std::thread::spawn(move || {
        let _ = ended.send(child.wait());
    });
    let in_time = end.recv_timeout(LIMIT);
    if in_time.is_err() {
        // The waiter has not reaped it yet, so the number is still this child's.
        if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    let _ = waiter.join();
    match in_time {
        Ok(status) => Ok(status?.code()),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_guest_runs_where_there_is_nothing_to_fail() {
        if Command::new("qemu-system-x86_64").arg("--version").output().is_err() {
            println!("SKIPPED: qemu-system-x86_64 is not installed");
            return;
        }
        assert!(test_guest_runs("tcg"));
    }

    #[test]
    fn an_answer_of_this_boot_is_believed_and_one_of_another_boot_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let file = dir.path().join("kvm-test.json");
        let remember = |boot: &str, works| {
            let known = Remembered { boot: boot.trim().to_owned(), works };
            std::fs::write(&file, serde_json::to_vec(&known).unwrap()).unwrap();
        };
        remember(&boot, true);
        assert!(kvm_works(dir.path()));
        remember("another boot", true);
        kvm_works(dir.path());
        let now: Remembered = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(now.boot, boot.trim());
    }
}
