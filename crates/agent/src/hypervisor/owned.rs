//! Whose domain it is: the owner mark, and the proofs that are needed to change anything.
//!
//! An [`OwnedDomain`] comes only from reading a domain's mark, a [`Vacancy`] only from finding nothing, an
//! [`UnmarkedDomain`] only from finding that a domain is nobody's. There is no other way to make one outside this
//! module's siblings, so no code can touch somebody else's domain.

use std::borrow::Cow;

use hostler_model::{CloudId, Generation, InstanceName, RunId, VmId};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use uuid::Uuid;

use super::DomainView;

/// Namespace of the owner mark in a domain's `<metadata>`.
pub const MARK_NAMESPACE: &str = "https://hostler.invalid/ns/1";

/// Whose a libvirt domain is, as its `<metadata>` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerMark {
    /// The cloud.
    pub cloud: CloudId,
    /// The VM.
    pub vm: VmId,
    /// The run.
    pub run: RunId,
    /// How new the run was when the mark was written; the run journal may know better.
    pub generation: Generation,
    /// What a domain was that somebody else made and that was taken over.
    pub adopted: Option<Adopted>,
}

/// What is kept of a domain that was taken over: it has its own name and UUID, and its definition stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// What the cloud calls its VM.
    pub name: InstanceName,
    /// Whether libvirt started it by itself before.
    pub autostart: bool,
    /// Whether it had no metadata at all before.
    pub bare: bool,
}

impl OwnerMark {
    /// Reads `<vm cloud= vm= run= generation=/>`, with whatever prefix; nothing if it is not a whole mark.
    pub fn parse(xml: &str) -> Option<Self> {
        let mut reader = Reader::from_str(xml);
        loop {
            match reader.read_event().ok()? {
                Event::Start(element) | Event::Empty(element)
                    if element.local_name().as_ref() == "vm" =>
                {
                    return Self::from_element(&element);
                }
                Event::Eof => return None,
                _ => {}
            }
        }
    }

    fn from_element(element: &BytesStart<'_>) -> Option<Self> {
        let text = |name| attribute(element, name);
        Some(Self {
            cloud: text("cloud")?.parse().ok()?,
            vm: text("vm")?.parse().ok()?,
            run: text("run")?.parse().ok()?,
            generation: Generation(text("generation")?.parse().ok()?),
            adopted: match text("adopted") {
                None => None,
                Some(name) => Some(Adopted {
                    name: name.parse().ok()?,
                    autostart: text("autostart").is_some_and(|it| it == "yes"),
                    bare: text("bare").is_some_and(|it| it == "yes"),
                }),
            },
        })
    }

    /// The element for libvirt's `virDomainSetMetadata`: without prefix, which libvirt adds.
    pub fn element(&self) -> String {
        // none of these can hold a character to escape
        let Self { cloud, vm, run, generation, adopted } = self;
        let was = adopted.as_ref().map_or_else(String::new, |Adopted { name, autostart, bare }| {
            let word = |is_so: bool| if is_so { "yes" } else { "no" };
            let (autostart, bare) = (word(*autostart), word(*bare));
            format!(r#" adopted="{name}" autostart="{autostart}" bare="{bare}""#)
        });
        format!(r#"<vm cloud="{cloud}" vm="{vm}" run="{run}" generation="{generation}"{was}/>"#)
    }

    /// Whether it is that of a domain that was taken over as this VM.
    pub(super) fn is_adopted_as(&self, cloud: CloudId, vm: Uuid) -> bool {
        self.cloud == cloud && self.vm.uuid() == vm && self.adopted.is_some()
    }
}

/// An attribute of an element, with entities resolved.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
}

/// A domain that carried our cloud's mark when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedDomain {
    uuid: Uuid,
    name: String,
    mark: OwnerMark,
}

impl OwnedDomain {
    /// The proof, if `view` carries the mark of `cloud`.
    pub(super) fn prove(view: &DomainView, cloud: CloudId) -> Option<Self> {
        let mark = view.mark.clone().filter(|mark| mark.cloud == cloud)?;
        Some(Self { uuid: view.uuid, name: view.name.clone(), mark })
    }

    /// `<uuid>` of the domain.
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// `<name>` of the domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the mark says.
    pub const fn mark(&self) -> &OwnerMark {
        &self.mark
    }

    /// Whether somebody else made it: then its definition is never written or removed by a stop or a start.
    pub const fn is_adopted(&self) -> bool {
        self.mark.adopted.is_some()
    }
}

/// A domain that carried no cloud's mark when it was last read. All that can be done with it is to mark it.
#[derive(Debug, PartialEq, Eq)]
pub struct UnmarkedDomain {
    uuid: Uuid,
    name: String,
}

impl UnmarkedDomain {
    /// The proof, if `view` carries nobody's mark.
    pub(super) fn prove(view: &DomainView) -> Option<Self> {
        view.mark.is_none().then(|| Self { uuid: view.uuid, name: view.name.clone() })
    }

    /// `<uuid>` of the domain.
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// `<name>` of the domain.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Whose a domain is that is to be taken over.
#[derive(Debug, PartialEq, Eq)]
pub enum Claimable {
    /// Nobody's.
    Unmarked(UnmarkedDomain),
    /// This cloud's already.
    Ours(OwnedDomain),
    /// Another cloud's.
    Others(DomainView),
}

impl Claimable {
    pub(super) fn sort(cloud: CloudId, view: DomainView) -> Self {
        match (OwnedDomain::prove(&view, cloud), UnmarkedDomain::prove(&view)) {
            (Some(owned), _) => Self::Ours(owned),
            (None, Some(unmarked)) => Self::Unmarked(unmarked),
            (None, None) => Self::Others(view),
        }
    }
}

/// A name and a UUID that no domain had when it was looked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Vacancy {
    cloud: CloudId,
    name: String,
    uuid: Uuid,
}

impl Vacancy {
    pub(super) fn new(cloud: CloudId, name: &str, uuid: Uuid) -> Self {
        Self { cloud, name: name.to_owned(), uuid }
    }

    pub(super) const fn cloud(&self) -> CloudId {
        self.cloud
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn uuid(&self) -> Uuid {
        self.uuid
    }
}

/// What there is under a name and a UUID.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing(Vacancy),
    /// A domain of this cloud.
    Ours(OwnedDomain, DomainView),
    /// A domain that this cloud may not touch: unmarked, or another cloud's, or two different ones.
    Alien(DomainView),
}

impl Found {
    /// A domain that was taken over, under its own name and UUID.
    pub(super) fn adopted(view: DomainView, cloud: CloudId) -> Option<Self> {
        OwnedDomain::prove(&view, cloud).map(|owned| Self::Ours(owned, view))
    }

    /// Sorts what was found under a name and what was found under a UUID.
    pub(super) fn sort(
        cloud: CloudId,
        name: &str,
        uuid: Uuid,
        by_name: Option<DomainView>,
        by_uuid: Option<DomainView>,
    ) -> Self {
        match (by_name, by_uuid) {
            (None, None) => Self::Nothing(Vacancy::new(cloud, name, uuid)),
            (Some(view), Some(same)) if view.uuid == same.uuid => {
                match OwnedDomain::prove(&view, cloud) {
                    Some(owned) => Self::Ours(owned, view),
                    None => Self::Alien(view),
                }
            }
            (Some(view), _) | (None, Some(view)) => Self::Alien(view),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Mib, PowerReason, PowerState};
    use proptest::prelude::*;

    fn mark() -> OwnerMark {
        OwnerMark {
            cloud: CloudId::new(Uuid::from_u128(1)),
            vm: VmId::new(Uuid::from_u128(2)),
            run: RunId::new(Uuid::from_u128(3)),
            generation: Generation(7),
            adopted: None,
        }
    }

    fn view(name: &str, uuid: u128, mark: Option<OwnerMark>) -> DomainView {
        DomainView {
            uuid: Uuid::from_u128(uuid),
            name: name.to_owned(),
            mark,
            power: PowerState::On,
            reason: PowerReason::Found,
            vcpus: 1,
            memory: Mib(128),
        }
    }

    #[test]
    fn a_mark_is_read_as_it_is_written_and_with_any_prefix() {
        assert_eq!(OwnerMark::parse(&mark().element()), Some(mark()));
        let prefixed = mark().element().replace("<vm", "<hostler:vm xmlns:hostler='x'");
        assert_eq!(OwnerMark::parse(&prefixed), Some(mark()));
    }

    #[test]
    fn the_mark_of_an_adopted_domain_says_what_it_was() {
        let adopted = Adopted { name: "i-2-3-VM".parse().unwrap(), autostart: true, bare: false };
        let marked = OwnerMark { adopted: Some(adopted), ..mark() };
        assert_eq!(OwnerMark::parse(&marked.element()), Some(marked.clone()));
        assert!(marked.is_adopted_as(marked.cloud, marked.vm.uuid()));
        assert!(!mark().is_adopted_as(mark().cloud, mark().vm.uuid()));
    }

    #[test]
    fn only_a_domain_that_nobody_has_marked_can_be_claimed() {
        let other = OwnerMark { cloud: CloudId::new(Uuid::from_u128(9)), ..mark() };
        let sorted = |mark| Claimable::sort(self::mark().cloud, view("web", 5, mark));
        assert!(matches!(sorted(None), Claimable::Unmarked(_)));
        assert!(matches!(sorted(Some(mark())), Claimable::Ours(_)));
        assert!(matches!(sorted(Some(other)), Claimable::Others(_)));
    }

    #[test]
    fn half_a_mark_is_no_mark() {
        assert_eq!(OwnerMark::parse("<vm cloud='00000000-0000-0000-0000-000000000001'/>"), None);
        assert_eq!(OwnerMark::parse(&mark().element().replace("=\"7\"", "=\"-7\"")), None);
    }

    #[test]
    fn a_domain_of_the_same_name_without_our_mark_is_an_alien() {
        let other = OwnerMark { cloud: CloudId::new(Uuid::from_u128(9)), ..mark() };
        for unproven in [None, Some(other.clone())] {
            let domain = view("i-2-3-VM", 2, unproven);
            let found = Found::sort(
                mark().cloud,
                "i-2-3-VM",
                domain.uuid,
                Some(domain.clone()),
                Some(domain.clone()),
            );
            assert_eq!(found, Found::Alien(domain));
        }
    }

    #[test]
    fn our_mark_under_the_right_name_with_another_uuid_is_not_the_domain_that_was_asked_for() {
        let domain = view("i-2-3-VM", 5, Some(mark()));
        let found =
            Found::sort(mark().cloud, "i-2-3-VM", Uuid::from_u128(2), Some(domain.clone()), None);
        assert_eq!(found, Found::Alien(domain));
    }

    proptest! {
        #[test]
        fn no_metadata_makes_the_reader_panic(text: String) {
            let _ = OwnerMark::parse(&text);
        }
    }
}
