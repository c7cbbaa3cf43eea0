//! Copying disks while their guest runs: a backup that QEMU pushes to files.
//!
//! The copies are the disks as all of them were when the job began. QEMU keeps what the guest overwrites until it is copied, so the
//! guest runs on. The end of the job is an event; because events get lost, it is looked at from time to time too.

use std::ffi::CString;
use std::path::PathBuf;
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

/// See [`Hypervisor::copy_disks`](crate::hypervisor::Hypervisor::copy_disks).
pub(super) fn copy_disks(
    libvirt: &LibvirtHypervisor,
    domain: &OwnedDomain,
    copies: &[(DiskView, PathBuf)],
    limit: Duration,
) -> Result<(), HypervisorError> {
    let mut attention = libvirt.hub.attend(domain.uuid());
    // An agent that ended in the middle of a copy has left its job: nobody else gives a domain of ours jobs.
    if is_at_it(libvirt, domain)? {
        call_off(libvirt, domain, &mut attention)?;
    }
    let what = || format!("copy {} disks of {}", copies.len(), domain.name());
    let xml = CString::new(description(copies)).map_err(|error| HypervisorError::Refused {
        what: what(),
        source: Fault(error.to_string()),
    })?;
    libvirt.with("copy disks of", PLUGGING, domain, move |_, handle| {
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

/// A push backup of these disks; those that are not named are left out.
fn description(copies: &[(DiskView, PathBuf)]) -> String {
    let disk = |(disk, to): &(DiskView, PathBuf)| {
        let to = to.to_string_lossy();
        let target = quick_xml::escape::escape(disk.target.as_str());
        let to = quick_xml::escape::escape(to.as_ref());
        format!(
            r#"<disk name="{target}" backup="yes" type="file"><driver type="qcow2"/><target file="{to}"/></disk>"#
        )
    };
    let disks: String = copies.iter().map(disk).collect();
    format!(r#"<domainbackup mode="push"><disks>{disks}</disks></domainbackup>"#)
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
    fn only_the_disks_that_are_meant_are_copied_and_each_to_a_file_of_its_own() {
        let disk = |target: &str| DiskView { target: target.to_owned(), ..DiskView::default() };
        let copies = [(disk("vda"), "/a&b/s.qcow2".into()), (disk("vdb"), "/a&b/t.qcow2".into())];
        let xml = description(&copies);
        assert_eq!(xml.matches("<disk ").count(), 2);
        for (target, file) in [("vda", "s"), ("vdb", "t")] {
            let whole = format!(
                r#"<disk name="{target}" backup="yes" type="file"><driver type="qcow2"/><target file="/a&amp;b/{file}.qcow2"/></disk>"#
            );
            assert!(xml.contains(&whole), "{xml}");
        }
    }
}
