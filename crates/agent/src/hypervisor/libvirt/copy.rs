//! Copying a disk while its guest runs: a backup that QEMU pushes to a file.
//!
//! The copy is the disk as it was when the job began. QEMU keeps what the guest overwrites until it is copied, so the
//! guest runs on. The end of the job is an event; because events get lost, it is looked at from time to time too.

use std::ffi::CString;
use std::path::Path;
use std::time::{Duration, Instant};

use virt::sys;

use super::events::Attention;
use super::{ASKING, LibvirtHypervisor, PLUGGING, READING, checked};
use crate::hypervisor::error::Fault;
use crate::hypervisor::{DiskView, HypervisorError, OwnedDomain};

/// How often a job is looked at whose end nobody has told.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How long a job that was called off may take to end.
const ENDING: Duration = Duration::from_mins(1);

/// See [`Hypervisor::copy_disk`](crate::hypervisor::Hypervisor::copy_disk).
pub(super) fn copy_disk(
    libvirt: &LibvirtHypervisor,
    domain: &OwnedDomain,
    disk: &DiskView,
    to: &Path,
    limit: Duration,
) -> Result<(), HypervisorError> {
    let mut attention = libvirt.hub.attend(domain.uuid());
    // An agent that ended in the middle of a copy has left its job: nobody else gives a domain of ours jobs.
    if is_at_it(libvirt, domain)? {
        call_off(libvirt, domain, &mut attention)?;
    }
    let what = || format!("copy a disk of {}", domain.name());
    let xml = CString::new(description(disk, to)).map_err(|error| HypervisorError::Refused {
        what: what(),
        source: Fault(error.to_string()),
    })?;
    libvirt.with("copy a disk of", PLUGGING, domain, move |_, handle| {
        checked::backup_begin(handle, &xml)
    })?;
    if !wait(libvirt, domain, limit, &mut attention)? {
        call_off(libvirt, domain, &mut attention)?;
        let seconds = limit.as_secs();
        return Err(HypervisorError::Refused {
            what: what(),
            source: Fault(format!("it took longer than {seconds} s and was called off")),
        });
    }
    let ended = libvirt
        .with("read how a job ended of", READING, domain, |_, handle| checked::ended_job(handle))?;
    if ended == sys::VIR_DOMAIN_JOB_COMPLETED {
        return Ok(());
    }
    let source = Fault("QEMU gave the copy up; is the disk of the storage pool full?".to_owned());
    Err(HypervisorError::Refused { what: what(), source })
}

/// A push backup of one disk; disks that are not named are left out.
fn description(disk: &DiskView, to: &Path) -> String {
    let escape = quick_xml::escape::escape;
    let to = to.to_string_lossy();
    let (target, to) = (escape(disk.target.as_str()), escape(to.as_ref()));
    format!(
        r#"<domainbackup mode="push"><disks><disk name="{target}" backup="yes" type="file"><driver type="qcow2"/><target file="{to}"/></disk></disks></domainbackup>"#
    )
}

fn is_at_it(libvirt: &LibvirtHypervisor, domain: &OwnedDomain) -> Result<bool, HypervisorError> {
    let kind = libvirt.with("read the job of", READING, domain, |_, handle| {
        handle.job_info().map(|job| job.r#type)
    })?;
    Ok(u32::try_from(kind).is_ok_and(|kind| kind != sys::VIR_DOMAIN_JOB_NONE))
}

/// Waits for the end of the domain's job; whether it came in time.
fn wait(
    libvirt: &LibvirtHypervisor,
    domain: &OwnedDomain,
    limit: Duration,
    attention: &mut Attention<'_>,
) -> Result<bool, HypervisorError> {
    let deadline = Instant::now() + limit;
    while is_at_it(libvirt, domain)? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        attention.wait(LOOK_AGAIN.min(left));
    }
    Ok(true)
}

fn call_off(
    libvirt: &LibvirtHypervisor,
    domain: &OwnedDomain,
    attention: &mut Attention<'_>,
) -> Result<(), HypervisorError> {
    let asked =
        libvirt.with("call off a job of", ASKING, domain, |_, handle| checked::abort_job(handle));
    match asked {
        // it has ended by itself
        Ok(()) | Err(HypervisorError::Refused { .. }) => {}
        Err(error) => return Err(error),
    }
    if wait(libvirt, domain, ENDING, attention)? {
        return Ok(());
    }
    Err(HypervisorError::TimedOut { what: "call off a job", seconds: ENDING.as_secs() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_disk_that_is_meant_is_copied_and_to_a_file_of_its_own() {
        let disk = DiskView { target: "vdb".to_owned(), ..DiskView::default() };
        let xml = description(&disk, Path::new("/a&b/s.qcow2"));
        assert_eq!(xml.matches("<disk ").count(), 1);
        assert!(xml.contains(r#"name="vdb" backup="yes""#), "{xml}");
        assert!(xml.contains(r#"<target file="/a&amp;b/s.qcow2"/>"#), "{xml}");
    }
}
