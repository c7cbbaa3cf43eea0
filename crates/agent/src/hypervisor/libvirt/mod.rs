//! The real hypervisor: libvirt. This folder is the only place that says `use virt`.
//!
//! Not here: unsafe calls ([`checked`]), threads and connections ([`calls`]), events ([`events`]).

mod adoption;
mod calls;
mod checked;
mod copy;
mod events;
mod read;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hostler_model::{
    Bytes, CloudId, Generation, InstanceName, MacAddress, Mib, PowerState, RunId, VmId,
};
use hostler_wire::VmStats;
use tracing::debug;
use uuid::Uuid;
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::Error;
use virt::sys;

use super::devices::nic_element;
use super::disks::disks;
use super::{
    Change, Claim, Claimable, Description, Devices, DiskView, DomainView, Ended, Found, Hypervisor,
    HypervisorError, HypervisorFacts, Listing, OwnedDomain, OwnerMark, UnmarkedDomain, Vacancy,
};
use crate::domain_xml::DomainType;
use calls::{Calls, refused};
use events::Hub;

/// For what libvirtd knows by itself.
const READING: Duration = Duration::from_secs(20);
/// For what QEMU must answer.
const ASKING: Duration = Duration::from_secs(15);
/// For disks that come and go: libvirt itself waits some seconds for the guest.
const PLUGGING: Duration = Duration::from_secs(45);
/// For what can wait until the next time.
const STATISTICS: Duration = Duration::from_secs(3);
/// For a QEMU to come up or to be killed: libvirt itself waits up to 15 s for a kill.
const STARTING: Duration = Duration::from_mins(2);
/// A guest that is still booting does not hear its power button; it is pressed again.
const PRESS_AGAIN: Duration = Duration::from_secs(10);

/// libvirt at one URI.
#[derive(Debug)]
pub struct LibvirtHypervisor {
    calls: Calls,
    hub: Arc<Hub>,
    domain_type: DomainType,
    stats_asked: Arc<AtomicBool>,
}

impl LibvirtHypervisor {
    /// Uses libvirt at `uri` and makes domains of `domain_type`. libvirt need not be there yet.
    pub fn new(uri: &str, domain_type: DomainType) -> Self {
        let hub = Arc::new(Hub::default());
        events::run_loop();
        events::listen(uri.to_owned(), Arc::clone(&hub));
        Self { calls: Calls::new(uri), hub, domain_type, stats_asked: Arc::default() }
    }

    /// Destroys a domain as somebody beside us would.
    #[cfg(test)]
    pub(crate) fn end_from_outside(&self, uuid: Uuid) {
        let end = move |connect: &Connect| {
            let domain = connect.lookup_domain_by_uuid(uuid);
            domain.and_then(|domain| domain.destroy()).map_err(|error| refused("destroy", &error))
        };
        self.calls.call("destroy", STARTING, end).expect("the test has started it");
    }

    /// Does `work` with a domain, having read again that it is ours.
    fn with<T: Send + 'static>(
        &self,
        what: &'static str,
        limit: Duration,
        domain: &OwnedDomain,
        work: impl FnOnce(&Connect, &Domain) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, HypervisorError> {
        let domain = domain.clone();
        self.calls.call(what, limit, move |connect| {
            let handle = owned_handle(connect, &domain)?;
            work(connect, &handle).map_err(|error| failed(what, &domain, &error))
        })
    }

    fn power(&self, domain: &OwnedDomain) -> Result<PowerState, HypervisorError> {
        let (uuid, name) = (domain.uuid(), domain.name().to_owned());
        let view = self
            .calls
            .call("read a domain's state", READING, move |connect| read::by_uuid(connect, uuid))?;
        view.map(|view| view.power).ok_or(HypervisorError::NoDomain { name })
    }

    /// Asks a guest to let go of what `plugged` reads as its element, again and again, until it is not there.
    fn let_go(
        &self,
        domain: &OwnedDomain,
        what: &str,
        grace: Duration,
        plugged: impl Fn() -> Result<Option<String>, HypervisorError>,
    ) -> Result<(), HypervisorError> {
        let deadline = Instant::now() + grace;
        let mut attention = self.hub.attend(domain.uuid());
        let mut ask_at = Instant::now();
        loop {
            let element = match self.power(domain) {
                Ok(PowerState::Off) | Err(HypervisorError::NoDomain { .. }) => return Ok(()),
                Ok(PowerState::On | PowerState::Unknown) => plugged(),
                Err(error) => return Err(error),
            };
            let xml = match element {
                Ok(None) | Err(HypervisorError::NoDomain { .. }) => return Ok(()),
                Ok(Some(xml)) => xml,
                Err(error) => return Err(error),
            };
            let now = Instant::now();
            if now >= deadline {
                let (name, what, seconds) =
                    (domain.name().to_owned(), what.to_owned(), grace.as_secs());
                return Err(HypervisorError::Kept { name, what, seconds });
            }
            if now >= ask_at {
                self.ask_to_let_go(domain, what, xml)?;
                ask_at = Instant::now() + PRESS_AGAIN;
            }
            attention.wait(ask_at.min(deadline).saturating_duration_since(Instant::now()));
        }
    }

    /// A guest that is still booting does not hear it, and one that is at it refuses to be asked again.
    fn ask_to_let_go(
        &self,
        domain: &OwnedDomain,
        what: &str,
        xml: String,
    ) -> Result<(), HypervisorError> {
        let asked = self.with("unplug a device of", PLUGGING, domain, move |_, handle| {
            handle.detach_device_flags(&xml, sys::VIR_DOMAIN_AFFECT_LIVE)
        });
        match asked {
            Ok(()) | Err(HypervisorError::NoDomain { .. }) => Ok(()),
            Err(error @ HypervisorError::Refused { .. }) => {
                debug!(%error, device = what, "asked for a device, and was refused");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn press_power_button(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        let flags = match self.domain_type {
            DomainType::Test => 0,
            // Not by the guest agent: libvirt would wait for one that does not answer.
            DomainType::Kvm | DomainType::Qemu => sys::VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN,
        };
        self.with("ask a guest to shut down", ASKING, domain, move |_, handle| {
            handle.shutdown_flags(flags)
        })
    }
}

/// A handle of the domain, after reading its mark once more.
fn owned_handle(connect: &Connect, domain: &OwnedDomain) -> Result<Domain, HypervisorError> {
    let handle = connect
        .lookup_domain_by_uuid(domain.uuid())
        .map_err(|error| failed("find", domain, &error))?;
    match read::mark(&handle).map_err(|error| failed("read the mark of", domain, &error))? {
        Some(mark) if mark.cloud == domain.mark().cloud && mark.vm == domain.mark().vm => {
            Ok(handle)
        }
        _ => Err(HypervisorError::NotOurs { name: domain.name().to_owned() }),
    }
}

fn failed(what: &str, domain: &OwnedDomain, error: &Error) -> HypervisorError {
    if calls::is_no_domain(error) {
        return HypervisorError::NoDomain { name: domain.name().to_owned() };
    }
    refused(format!("{what} {}", domain.name()), error)
}

impl Hypervisor for LibvirtHypervisor {
    fn look(
        &self,
        cloud: CloudId,
        name: &InstanceName,
        uuid: Uuid,
    ) -> Result<Found, HypervisorError> {
        let name = name.as_str().to_owned();
        self.calls.call("look for a domain", READING, move |c| read::look(c, cloud, &name, uuid))
    }

    fn list(&self) -> Result<Listing, HypervisorError> {
        self.calls.call("list domains", READING, read::list)
    }

    fn view(&self, uuid: Uuid) -> Result<Option<DomainView>, HypervisorError> {
        self.calls.call("read a domain", READING, move |connect| read::by_uuid(connect, uuid))
    }

    fn devices(&self, uuid: Uuid) -> Result<Option<Devices>, HypervisorError> {
        self.calls.call("read a domain's devices", READING, move |connect| {
            read::devices_of(connect, uuid)
        })
    }

    fn describe(&self, uuid: Uuid) -> Result<Option<Description>, HypervisorError> {
        self.calls.call("describe a domain", READING, move |c| adoption::describe(c, uuid))
    }

    fn claimable(&self, cloud: CloudId, uuid: Uuid) -> Result<Option<Claimable>, HypervisorError> {
        let view = self.view(uuid)?;
        Ok(view.map(|view| Claimable::sort(cloud, view)))
    }

    fn adopt(&self, domain: UnmarkedDomain, claim: &Claim) -> Result<OwnedDomain, HypervisorError> {
        let claim = claim.clone();
        self.calls.call("adopt a domain", ASKING, move |c| adoption::adopt(c, &domain, &claim))
    }

    fn release(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        let Some(was) = domain.mark().adopted.clone() else {
            return Err(HypervisorError::NotOurs { name: domain.name().to_owned() });
        };
        self.with("release", ASKING, domain, move |connect, handle| {
            adoption::release(connect, handle, &was)
        })
    }

    fn define(&self, place: Vacancy, xml: &str) -> Result<OwnedDomain, HypervisorError> {
        let xml = xml.to_owned();
        self.calls.call("define a domain", READING, move |connect| {
            // Defining would replace a domain that has come since.
            let (cloud, name, uuid) = (place.cloud(), place.name(), place.uuid());
            if !matches!(read::look(connect, cloud, name, uuid)?, Found::Nothing(_)) {
                return Err(HypervisorError::NotOurs { name: name.to_owned() });
            }
            let what = || format!("define {name}");
            let handle = connect
                .define_domain_xml_flags(&xml, sys::VIR_DOMAIN_DEFINE_VALIDATE)
                .map_err(|error| refused(what(), &error))?;
            let view = read::view(&handle).map_err(|error| refused(what(), &error))?;
            OwnedDomain::prove(&view, cloud)
                .ok_or_else(|| HypervisorError::NotOurs { name: name.to_owned() })
        })
    }

    fn start(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        self.with("start", STARTING, domain, |_, handle| handle.create())
    }

    fn shut_down(&self, domain: &OwnedDomain, grace: Duration) -> Result<Ended, HypervisorError> {
        let deadline = Instant::now() + grace;
        let mut attention = self.hub.attend(domain.uuid());
        let mut press_at = Instant::now();
        loop {
            match self.power(domain) {
                Ok(PowerState::Off) | Err(HypervisorError::NoDomain { .. }) => {
                    return Ok(Ended::Off);
                }
                Ok(PowerState::On | PowerState::Unknown) => {}
                Err(error) => return Err(error),
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(Ended::TimedOut);
            }
            if now >= press_at {
                match self.press_power_button(domain) {
                    // It may have ended meanwhile, or not listen: the next reading tells.
                    Ok(()) | Err(HypervisorError::Refused { .. }) => {}
                    Err(HypervisorError::TimedOut { .. }) => return Ok(Ended::TimedOut),
                    Err(error) => return Err(error),
                }
                press_at = Instant::now() + PRESS_AGAIN;
            }
            attention.wait(press_at.min(deadline).saturating_duration_since(Instant::now()));
        }
    }

    fn destroy(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        let result = self.with("destroy", STARTING, domain, |_, handle| handle.destroy());
        match result {
            Err(HypervisorError::NoDomain { .. }) => Ok(()),
            Err(HypervisorError::Refused { .. }) if self.power(domain)? == PowerState::Off => {
                Ok(())
            }
            other => other,
        }
    }

    fn undefine(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        let mut flags =
            sys::VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | sys::VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
        if self.domain_type != DomainType::Test {
            flags |= sys::VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | sys::VIR_DOMAIN_UNDEFINE_NVRAM;
        }
        let undefine = move |_: &Connect, handle: &Domain| handle.undefine_flags(flags);
        match self.with("undefine", READING, domain, undefine) {
            Err(HypervisorError::NoDomain { .. }) => Ok(()),
            other => other,
        }
    }

    fn reboot(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        let flags = match self.domain_type {
            DomainType::Test => 0,
            DomainType::Kvm | DomainType::Qemu => sys::VIR_DOMAIN_REBOOT_ACPI_POWER_BTN,
        };
        self.with("restart the guest of", ASKING, domain, move |_, handle| handle.reboot(flags))
    }

    fn reset(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        self.with("reset", ASKING, domain, |_, handle| handle.reset())
    }

    fn mark(
        &self,
        domain: &OwnedDomain,
        run: RunId,
        generation: Generation,
    ) -> Result<(), HypervisorError> {
        let element = OwnerMark { run, generation, ..domain.mark().clone() }.element();
        self.with("mark", ASKING, domain, move |_, handle| read::set_mark(handle, Some(&element)))
    }

    fn vnc_port(&self, domain: &OwnedDomain) -> Result<Option<u16>, HypervisorError> {
        self.with("read the console port of", READING, domain, |_, handle| {
            handle.xml_desc(0).map(|xml| read::vnc_port(&xml))
        })
    }

    fn disks(&self, domain: &OwnedDomain) -> Result<Vec<DiskView>, HypervisorError> {
        self.with("read the disks of", READING, domain, |_, handle| {
            handle.xml_desc(0).map(|xml| disks(&xml))
        })
    }

    fn attach_disk(&self, domain: &OwnedDomain, xml: &str) -> Result<(), HypervisorError> {
        let xml = xml.to_owned();
        self.with("plug a disk into", PLUGGING, domain, move |_, handle| {
            handle.attach_device_flags(&xml, sys::VIR_DOMAIN_AFFECT_LIVE)
        })
    }

    fn detach_disk(
        &self,
        domain: &OwnedDomain,
        file: &str,
        grace: Duration,
    ) -> Result<(), HypervisorError> {
        self.let_go(domain, file, grace, || {
            let disks = self.disks(domain)?;
            Ok(disks.iter().find(|disk| disk.file == file).map(DiskView::element))
        })
    }

    fn attach_nic(&self, domain: &OwnedDomain, xml: &str) -> Result<(), HypervisorError> {
        let xml = xml.to_owned();
        self.with("plug a network interface into", PLUGGING, domain, move |_, handle| {
            handle.attach_device_flags(&xml, sys::VIR_DOMAIN_AFFECT_LIVE)
        })
    }

    fn detach_nic(
        &self,
        domain: &OwnedDomain,
        mac: MacAddress,
        grace: Duration,
    ) -> Result<(), HypervisorError> {
        let mac = mac.to_string();
        self.let_go(domain, &mac, grace, || {
            let nics = self.devices(domain.uuid())?.unwrap_or_default().nics;
            Ok(nics.iter().find(|nic| nic.mac.eq_ignore_ascii_case(&mac)).map(nic_element))
        })
    }

    fn change_drive(
        &self,
        domain: &OwnedDomain,
        drive: &DiskView,
        force: bool,
    ) -> Result<(), HypervisorError> {
        let mut flags = sys::VIR_DOMAIN_DEVICE_MODIFY_LIVE;
        if force {
            flags |= sys::VIR_DOMAIN_DEVICE_MODIFY_FORCE;
        }
        let xml = drive.element();
        self.with("change what is in a drive of", PLUGGING, domain, move |_, handle| {
            handle.update_device_flags(&xml, flags)
        })
    }

    fn copy_disks(
        &self,
        domain: &OwnedDomain,
        copies: &[(DiskView, PathBuf)],
        limit: Duration,
    ) -> Result<(), HypervisorError> {
        copy::copy_disks(self, domain, copies, limit)
    }

    fn resize_disk(
        &self,
        domain: &OwnedDomain,
        file: &str,
        size: Bytes,
    ) -> Result<(), HypervisorError> {
        let file = file.to_owned();
        self.with("make a disk larger of", PLUGGING, domain, move |_, handle| {
            handle.block_resize(&file, size.0, sys::VIR_DOMAIN_BLOCK_RESIZE_BYTES)
        })
    }

    fn disks_in_use(&self) -> Result<Vec<String>, HypervisorError> {
        self.calls.call("list disks in use", READING, read::disks_in_use)
    }

    fn stats(&self, cloud: CloudId) -> Result<Vec<VmStats>, HypervisorError> {
        if self.stats_asked.swap(true, Ordering::AcqRel) {
            // An earlier question still waits for a hung QEMU; asking again would only pile up.
            return Err(HypervisorError::TimedOut { what: "read statistics", seconds: 0 });
        }
        let asked = Arc::clone(&self.stats_asked);
        self.calls.call("read statistics", STATISTICS, move |connect| {
            let stats = stats(connect, cloud);
            asked.store(false, Ordering::Release);
            stats
        })
    }

    fn facts(&self) -> Result<HypervisorFacts, HypervisorError> {
        let domain_type = self.domain_type;
        self.calls.call("say its version", READING, move |connect| {
            let version = |number: u32| {
                format!("{}.{}.{}", number / 1_000_000, number / 1000 % 1000, number % 1000)
            };
            let error = |error: Error| refused("say its version", &error);
            let (qemu, libvirt) =
                (connect.hyp_version().map_err(error)?, connect.lib_version().map_err(error)?);
            let version = format!("QEMU {}, libvirt {}", version(qemu), version(libvirt));
            Ok(HypervisorFacts { domain_type, version })
        })
    }

    fn watch(&self, tell: Box<dyn Fn(Change) + Send + Sync>) {
        self.hub.watch(tell);
    }
}

fn stats(connect: &Connect, cloud: CloudId) -> Result<Vec<VmStats>, HypervisorError> {
    let ours: HashMap<Uuid, VmId> = read::list(connect)?
        .domains
        .iter()
        .filter_map(|view| {
            let mark = view.mark.as_ref().filter(|mark| mark.cloud == cloud)?;
            Some((view.uuid, mark.vm))
        })
        .collect();
    let kinds = sys::VIR_DOMAIN_STATS_CPU_TOTAL
        | sys::VIR_DOMAIN_STATS_BALLOON
        | sys::VIR_DOMAIN_STATS_INTERFACE
        | sys::VIR_DOMAIN_STATS_BLOCK;
    let records = checked::running_stats(connect, kinds)
        .map_err(|error| refused("read statistics", &error))?;
    Ok(records
        .into_iter()
        .filter_map(|(uuid, numbers)| ours.get(&uuid).map(|vm| vm_stats(*vm, &numbers)))
        .collect())
}

fn vm_stats(vm: VmId, numbers: &BTreeMap<String, u64>) -> VmStats {
    let sum = |first: &str, last: &str| {
        let wanted = |name: &str| name.starts_with(first) && name.ends_with(last);
        Bytes(numbers.iter().filter(|(name, _)| wanted(name)).map(|(_, number)| number).sum())
    };
    VmStats {
        vm,
        cpu_time_ns: numbers.get("cpu.time").copied().unwrap_or_default(),
        memory_resident: Mib(numbers.get("balloon.rss").copied().unwrap_or_default() / 1024),
        disk_read: sum("block.", ".rd.bytes"),
        disk_written: sum("block.", ".wr.bytes"),
        network_received: sum("net.", ".rx.bytes"),
        network_sent: sum("net.", ".tx.bytes"),
    }
}
