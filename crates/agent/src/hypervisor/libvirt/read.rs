//! Reads domains: views, marks, listings, and the few things that only a domain's XML tells.
//!
//! Everything here only reads, and asks libvirtd alone: a hung QEMU does not hold it up.

use hostler_model::{Bytes, CloudId, PowerReason, PowerState};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use tracing::warn;
use uuid::Uuid;
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::{Error, ErrorNumber};
use virt::sys;

use super::calls::{is_no_domain, refused};
use super::checked;
use crate::hypervisor::devices::devices;
use crate::hypervisor::owned::{MARK_NAMESPACE, attribute};
use crate::hypervisor::{Devices, DomainView, Found, HypervisorError, Listing, OwnerMark};

/// The owner mark of a domain, of whichever cloud; nothing if it has none.
pub(super) fn mark(domain: &Domain) -> Result<Option<OwnerMark>, Error> {
    let kind = sys::VIR_DOMAIN_METADATA_ELEMENT.cast_signed();
    match domain.metadata(kind, Some(MARK_NAMESPACE), 0) {
        Ok(xml) => Ok(OwnerMark::parse(&xml)),
        Err(error) if error.code() == ErrorNumber::NoDomainMetadata.into() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the owner mark of a domain, or takes it away: in what runs and in what is defined.
pub(super) fn set_mark(domain: &Domain, mark: Option<&str>) -> Result<(), Error> {
    let mut flags = sys::VIR_DOMAIN_AFFECT_CONFIG;
    if domain.is_active()? {
        flags |= sys::VIR_DOMAIN_AFFECT_LIVE;
    }
    let kind = sys::VIR_DOMAIN_METADATA_ELEMENT.cast_signed();
    domain.set_metadata(kind, mark, Some("hostler"), Some(MARK_NAMESPACE), flags).map(drop)
}

/// Everything about one domain.
pub(super) fn view(domain: &Domain) -> Result<DomainView, Error> {
    let (state, reason) = checked::state(domain)?;
    let (power, reason) = power(state, reason);
    let info = domain.info()?;
    Ok(DomainView {
        uuid: domain.uuid()?,
        name: domain.name()?,
        mark: mark(domain)?,
        power,
        reason,
        vcpus: info.nr_virt_cpu,
        memory: Bytes(info.max_mem.saturating_mul(1024)).as_mib(),
    })
}

/// The domain of that UUID, if there is one.
pub(super) fn by_uuid(
    connect: &Connect,
    uuid: Uuid,
) -> Result<Option<DomainView>, HypervisorError> {
    present(connect.lookup_domain_by_uuid(uuid), &uuid.to_string())
}

/// Disks and network interfaces of the domain of that UUID, if there is one.
pub(super) fn devices_of(
    connect: &Connect,
    uuid: Uuid,
) -> Result<Option<Devices>, HypervisorError> {
    match connect.lookup_domain_by_uuid(uuid).and_then(|domain| domain.xml_desc(0)) {
        Ok(xml) => Ok(Some(devices(&xml))),
        Err(error) if is_no_domain(&error) => Ok(None),
        Err(error) => Err(refused(format!("read the devices of domain {uuid}"), &error)),
    }
}

/// What there is under a name and a UUID.
pub(super) fn look(
    connect: &Connect,
    cloud: CloudId,
    name: &str,
    uuid: Uuid,
) -> Result<Found, HypervisorError> {
    let by_name = present(connect.lookup_domain_by_name(name), name)?;
    let by_uuid = by_uuid(connect, uuid)?;
    let found = Found::sort(cloud, name, uuid, by_name, by_uuid);
    if matches!(found, Found::Ours(..)) {
        return Ok(found);
    }
    Ok(match adopted_as(connect, cloud, uuid)? {
        Some(view) => Found::adopted(view, cloud).unwrap_or(found),
        None => found,
    })
}

/// The domain that was taken over as this VM, whatever its name and UUID. One that cannot be read may be it.
fn adopted_as(
    connect: &Connect,
    cloud: CloudId,
    vm: Uuid,
) -> Result<Option<DomainView>, HypervisorError> {
    let error = |error: &Error| refused("look for a domain that was adopted", error);
    for domain in connect.list_all_domains(0).map_err(|e| error(&e))? {
        match mark(&domain) {
            Ok(Some(mark)) if mark.is_adopted_as(cloud, vm) => {
                return view(&domain).map(Some).map_err(|e| error(&e));
            }
            Ok(_) => {}
            Err(e) if is_no_domain(&e) => {} // gone since
            Err(e) => return Err(error(&e)),
        }
    }
    Ok(None)
}

fn present(
    found: Result<Domain, Error>,
    what: &str,
) -> Result<Option<DomainView>, HypervisorError> {
    match found.and_then(|domain| view(&domain)) {
        Ok(view) => Ok(Some(view)),
        Err(error) if is_no_domain(&error) => Ok(None),
        Err(error) => Err(refused(format!("read domain {what}"), &error)),
    }
}

/// Every domain; one that cannot be read makes the list incomplete.
pub(super) fn list(connect: &Connect) -> Result<Listing, HypervisorError> {
    let domains = connect.list_all_domains(0).map_err(|error| refused("list domains", &error))?;
    let mut listing = Listing { complete: true, domains: Vec::with_capacity(domains.len()) };
    for domain in &domains {
        match view(domain) {
            Ok(view) => listing.domains.push(view),
            Err(error) if is_no_domain(&error) => {} // gone since
            Err(error) => {
                warn!(%error, "a libvirt domain cannot be read");
                listing.complete = false;
            }
        }
    }
    Ok(listing)
}

/// Disk files of running domains.
pub(super) fn disks_in_use(connect: &Connect) -> Result<Vec<String>, HypervisorError> {
    let error = |error: &Error| refused("list disks in use", error);
    let active =
        connect.list_all_domains(sys::VIR_CONNECT_LIST_DOMAINS_ACTIVE).map_err(|e| error(&e))?;
    let mut files = Vec::new();
    for domain in active {
        match domain.xml_desc(0) {
            Ok(xml) => files.extend(attributes(&xml, "source", "file", |_| true)),
            Err(e) if is_no_domain(&e) => {}
            Err(e) => return Err(error(&e)),
        }
    }
    Ok(files)
}

/// Port of the VNC console in the XML of a running domain.
pub(super) fn vnc_port(xml: &str) -> Option<u16> {
    let is_vnc =
        |element: &BytesStart<'_>| attribute(element, "type").is_some_and(|kind| kind == "vnc");
    attributes(xml, "graphics", "port", is_vnc).first()?.parse().ok()
}

fn attributes(
    xml: &str,
    tag: &str,
    name: &str,
    wanted: impl Fn(&BytesStart<'_>) -> bool,
) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut values = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element))
                if element.name().as_ref() == tag && wanted(&element) =>
            {
                values.extend(attribute(&element, name));
            }
            Ok(Event::Eof) | Err(_) => return values,
            Ok(_) => {}
        }
    }
}

/// What libvirt's numbers mean for us; what we do not know is unknown, not off.
fn power(state: u32, reason: u32) -> (PowerState, PowerReason) {
    match state {
        sys::VIR_DOMAIN_RUNNING | sys::VIR_DOMAIN_BLOCKED | sys::VIR_DOMAIN_SHUTDOWN => {
            (PowerState::On, PowerReason::Found)
        }
        sys::VIR_DOMAIN_PAUSED | sys::VIR_DOMAIN_PMSUSPENDED => {
            (PowerState::On, PowerReason::Paused)
        }
        sys::VIR_DOMAIN_SHUTOFF => (
            PowerState::Off,
            match reason {
                sys::VIR_DOMAIN_SHUTOFF_SHUTDOWN => PowerReason::GuestShutdown,
                sys::VIR_DOMAIN_SHUTOFF_DESTROYED => PowerReason::Destroyed,
                sys::VIR_DOMAIN_SHUTOFF_CRASHED | sys::VIR_DOMAIN_SHUTOFF_FAILED => {
                    PowerReason::Crashed
                }
                sys::VIR_DOMAIN_SHUTOFF_MIGRATED => PowerReason::Migrated,
                sys::VIR_DOMAIN_SHUTOFF_SAVED => PowerReason::Saved,
                _ => PowerReason::Other,
            },
        ),
        sys::VIR_DOMAIN_CRASHED => (PowerState::Off, PowerReason::Crashed),
        _ => (PowerState::Unknown, PowerReason::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_libvirt_does_not_know_is_unknown_and_never_off() {
        for state in [sys::VIR_DOMAIN_NOSTATE, 99, u32::MAX] {
            assert_eq!(power(state, 0).0, PowerState::Unknown);
        }
    }

    #[test]
    fn a_paused_domain_counts_as_running() {
        let paused = power(sys::VIR_DOMAIN_PAUSED, sys::VIR_DOMAIN_PAUSED_IOERROR);
        assert_eq!(paused, (PowerState::On, PowerReason::Paused));
    }

    #[test]
    fn the_port_of_the_console_is_that_of_the_vnc_element() {
        let xml = "<domain><devices><graphics type='spice' port='1'/>\
                   <graphics type='vnc' port='5903' autoport='yes'/></devices></domain>";
        assert_eq!(vnc_port(xml), Some(5903));
        assert_eq!(vnc_port(&xml.replace("5903", "-1")), None);
    }
}
