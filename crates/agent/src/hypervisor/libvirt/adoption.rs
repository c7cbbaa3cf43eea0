//! Takes over domains that somebody else made, and gives them back. Neither touches what runs.
//!
//! Not here: who may (the proofs are in `owned`), and what becomes of their disks.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;
use tracing::warn;
use uuid::Uuid;
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::{Error, ErrorNumber};
use virt::sys;

use super::calls::{is_no_domain, refused};
use super::{checked, read};
use crate::hypervisor::description::facts;
use crate::hypervisor::error::Fault;
use crate::hypervisor::owned::MARK_NAMESPACE;
use crate::hypervisor::{
    Adopted, Claim, Description, HypervisorError, OwnedDomain, OwnerMark, UnmarkedDomain,
};

/// All that libvirt says of a domain; nothing if there is none.
pub(super) fn describe(
    connect: &Connect,
    uuid: Uuid,
) -> Result<Option<Description>, HypervisorError> {
    let error = |error: &Error| refused(format!("describe domain {uuid}"), error);
    let domain = match connect.lookup_domain_by_uuid(uuid) {
        Ok(domain) => domain,
        Err(e) if is_no_domain(&e) => return Ok(None),
        Err(e) => return Err(error(&e)),
    };
    let persistent = domain.is_persistent().map_err(|e| error(&e))?;
    let live = domain.xml_desc(0).map_err(|e| error(&e))?;
    let defined = if persistent {
        Some(domain.xml_desc(sys::VIR_DOMAIN_XML_INACTIVE).map_err(|e| error(&e))?)
    } else {
        None
    };
    let mut facts =
        facts(&live, defined.as_deref()).map_err(|source| HypervisorError::Refused {
            what: format!("say what domain {uuid} is made of"),
            source: Fault(source.to_string()),
        })?;
    facts.others.extend(kept_states(&domain).map_err(|e| error(&e))?);
    Ok(Some(Description {
        view: read::view(&domain).map_err(|e| error(&e))?,
        persistent,
        autostart: persistent && domain.autostart().map_err(|e| error(&e))?,
        facts,
    }))
}

/// States of a domain that libvirt keeps beside it.
fn kept_states(domain: &Domain) -> Result<Vec<String>, Error> {
    let mut kept = Vec::new();
    let snapshots = domain.num_snapshots(0)?;
    if snapshots > 0 {
        kept.push(format!("{snapshots} snapshots in libvirt"));
    }
    let checkpoints = checked::checkpoints(domain)?;
    if checkpoints > 0 {
        kept.push(format!("{checkpoints} checkpoints in libvirt"));
    }
    if domain.has_managed_save(0)? {
        kept.push("a saved state in libvirt".to_owned());
    }
    Ok(kept)
}

/// Marks a domain that nobody has marked, in what runs and in what is defined.
pub(super) fn adopt(
    connect: &Connect,
    unmarked: &UnmarkedDomain,
    claim: &Claim,
) -> Result<OwnedDomain, HypervisorError> {
    let name = || unmarked.name().to_owned();
    let error = |error: &Error| {
        if is_no_domain(error) {
            return HypervisorError::NoDomain { name: name() };
        }
        refused(format!("adopt {}", unmarked.name()), error)
    };
    let domain = connect.lookup_domain_by_uuid(unmarked.uuid()).map_err(|e| error(&e))?;
    if !is_bare_of_marks(&domain).map_err(|e| error(&e))? {
        return Err(HypervisorError::NotOurs { name: name() });
    }
    let defined = domain.xml_desc(sys::VIR_DOMAIN_XML_INACTIVE).map_err(|e| error(&e))?;
    let autostart = domain.autostart().map_err(|e| error(&e))?;
    let bare = metadata_of(&defined).is_none();
    let mark = OwnerMark {
        cloud: claim.cloud,
        vm: claim.vm,
        run: claim.run,
        generation: claim.generation,
        adopted: Some(Adopted { name: claim.name.clone(), autostart, bare }),
    };
    read::set_mark(&domain, Some(&mark.element())).map_err(|e| error(&e))?;
    // When it runs is the manager's decision from now on.
    if autostart && let Err(e) = domain.set_autostart(false) {
        read::set_mark(&domain, None).map_err(|e| error(&e))?;
        return Err(error(&e));
    }
    let view = read::view(&domain).map_err(|e| error(&e))?;
    OwnedDomain::prove(&view, claim.cloud).ok_or_else(|| HypervisorError::NotOurs { name: name() })
}

/// Whether there is nothing in our namespace, not even something that is no whole mark.
fn is_bare_of_marks(domain: &Domain) -> Result<bool, Error> {
    let kind = sys::VIR_DOMAIN_METADATA_ELEMENT.cast_signed();
    match domain.metadata(kind, Some(MARK_NAMESPACE), 0) {
        Ok(_) => Ok(false),
        Err(error) if error.code() == ErrorNumber::NoDomainMetadata.into() => Ok(true),
        Err(error) => Err(error),
    }
}

/// Takes the mark away; the definition is then what it was before.
pub(super) fn release(connect: &Connect, domain: &Domain, was: &Adopted) -> Result<(), Error> {
    if was.autostart {
        domain.set_autostart(true)?;
    }
    read::set_mark(domain, None)?;
    if was.bare
        && let Err(error) = drop_empty_metadata(connect, domain)
    {
        warn!(%error, "the definition of a released domain keeps an empty <metadata/>");
    }
    Ok(())
}

/// libvirt leaves an empty element behind where there was none. In the definition, which is text, it can be cut out;
/// what runs has it until it ends.
fn drop_empty_metadata(connect: &Connect, domain: &Domain) -> Result<(), Error> {
    let flags = sys::VIR_DOMAIN_XML_INACTIVE | sys::VIR_DOMAIN_XML_SECURE;
    let mut defined = domain.xml_desc(flags)?;
    let Some(range) = metadata_of(&defined) else { return Ok(()) };
    if &defined[range.clone()] != "<metadata/>" {
        return Ok(()); // somebody else has put something there meanwhile
    }
    defined.replace_range(range, "");
    connect.define_domain_xml(&defined).map(drop)
}

/// Where the element `<metadata>` of a domain stands in its XML, if it has one.
fn metadata_of(xml: &str) -> Option<Range<usize>> {
    let mut reader = Reader::from_str(xml);
    let mut depth = 0_u32;
    let mut begun = None;
    loop {
        let before = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let after = usize::try_from(reader.buffer_position()).ok()?;
        match event {
            Event::Empty(element) if depth == 1 && element.name().as_ref() == "metadata" => {
                return Some(before..after);
            }
            Event::Start(element) => {
                if depth == 1 && element.name().as_ref() == "metadata" {
                    begun = Some(before);
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if let Some(begun) = begun.filter(|_| depth == 1) {
                    return Some(begun..after);
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_of_a_domain_is_found_and_that_of_a_device_is_not() {
        let cut = |xml: &str| metadata_of(xml).map(|range| xml[range].to_owned());
        assert_eq!(cut("<domain>\n  <metadata/>\n</domain>").as_deref(), Some("<metadata/>"));
        let full = "<metadata><x><metadata/></x></metadata>";
        assert_eq!(cut(&format!("<domain><a/>{full}<b/></domain>")).as_deref(), Some(full));
        assert_eq!(cut("<domain><devices><metadata/></devices></domain>"), None);
    }
}
