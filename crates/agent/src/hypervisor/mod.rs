//! What the agent needs from a hypervisor, in the project's own types.
//!
//! [`LibvirtHypervisor`] is the real one and the only place that knows libvirt. Everything blocks.
//!
//! Not here: what a domain is made of (`domain_xml`), and what a command does with one (`commands`).

mod description;
mod devices;
mod disks;
mod error;
#[cfg(any(test, feature = "fake-hypervisor"))]
mod fake;
mod kvm_test;
mod libvirt;
mod owned;

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use hostler_model::{
    Bytes, CloudId, Generation, InstanceName, MacAddress, Mib, PowerReason, PowerState, RunId, VmId,
};
use hostler_wire::VmStats;
use uuid::Uuid;

pub use description::{Description, Facts};
pub use devices::Devices;
pub use disks::DiskView;
pub use error::HypervisorError;
#[cfg(any(test, feature = "fake-hypervisor"))]
pub use fake::{FakeHypervisor, Trouble, Witness};
pub use kvm_test::kvm_works;
pub use libvirt::LibvirtHypervisor;
pub use owned::{
    Adopted, Claimable, Found, MARK_NAMESPACE, OwnedDomain, OwnerMark, UnmarkedDomain, Vacancy,
};

use crate::domain_xml::DomainType;

/// A hypervisor. Blocking; a call about one domain never waits for another domain.
///
/// What changes a domain takes an [`OwnedDomain`], the proof that it carries our cloud's mark.
pub trait Hypervisor: Debug + Send + Sync + 'static {
    /// What there is under a name and a UUID, as far as `cloud` is concerned. A domain that was taken over as the VM of
    /// that UUID is found by its mark, whatever its own name and UUID.
    ///
    /// # Errors
    /// [`HypervisorError`]; then nothing is known, least of all that there is nothing.
    fn look(
        &self,
        cloud: CloudId,
        name: &InstanceName,
        uuid: Uuid,
    ) -> Result<Found, HypervisorError>;

    /// Every domain there is, whoever made it.
    ///
    /// # Errors
    /// [`HypervisorError`] if the list could not be read at all.
    fn list(&self) -> Result<Listing, HypervisorError>;

    /// One domain, newly read; nothing if there is none.
    ///
    /// # Errors
    /// [`HypervisorError`]; then nothing is known.
    fn view(&self, uuid: Uuid) -> Result<Option<DomainView>, HypervisorError>;

    /// Disks and network interfaces of any domain, whoever made it; nothing if there is none.
    ///
    /// # Errors
    /// [`HypervisorError`]; then nothing is known.
    fn devices(&self, uuid: Uuid) -> Result<Option<Devices>, HypervisorError>;

    /// All that a VM of the cloud would have to have in place of a domain, whoever made it; nothing if there is none.
    ///
    /// # Errors
    /// [`HypervisorError`]; then nothing is known.
    fn describe(&self, uuid: Uuid) -> Result<Option<Description>, HypervisorError>;

    /// Whose a domain is; nothing if there is none.
    ///
    /// # Errors
    /// [`HypervisorError`]; then nothing is known.
    fn claimable(&self, cloud: CloudId, uuid: Uuid) -> Result<Option<Claimable>, HypervisorError>;

    /// Marks a domain as taken over and keeps libvirt from starting it by itself. It goes on as it is.
    ///
    /// # Errors
    /// [`HypervisorError`]; it is unmarked still.
    fn adopt(&self, domain: UnmarkedDomain, claim: &Claim) -> Result<OwnedDomain, HypervisorError>;

    /// Takes the mark from a domain that was taken over, and has libvirt start it by itself again if it did. It goes on
    /// as it is.
    ///
    /// # Errors
    /// [`HypervisorError`]; it is marked still. [`HypervisorError::NotOurs`] also for one that the cloud made.
    fn release(&self, domain: &OwnedDomain) -> Result<(), HypervisorError>;

    /// Defines a domain, checked against libvirt's schema; it is not started, and never starts by itself.
    ///
    /// # Errors
    /// [`HypervisorError::Refused`] leaves nothing behind.
    fn define(&self, place: Vacancy, xml: &str) -> Result<OwnedDomain, HypervisorError>;

    /// Starts a defined domain.
    ///
    /// # Errors
    /// [`HypervisorError`]; the definition stays.
    fn start(&self, domain: &OwnedDomain) -> Result<(), HypervisorError>;

    /// Asks the guest to shut down, as its power button would, and waits for the end of its domain.
    ///
    /// # Errors
    /// [`HypervisorError`]; the domain may run or not.
    fn shut_down(&self, domain: &OwnedDomain, grace: Duration) -> Result<Ended, HypervisorError>;

    /// Ends a domain at once. One that does not run is a success.
    ///
    /// # Errors
    /// [`HypervisorError`]; the domain may run or not.
    fn destroy(&self, domain: &OwnedDomain) -> Result<(), HypervisorError>;

    /// Removes the definition of a domain that does not run.
    ///
    /// # Errors
    /// [`HypervisorError`]; the definition stays.
    fn undefine(&self, domain: &OwnedDomain) -> Result<(), HypervisorError>;

    /// Asks the guest to restart itself.
    ///
    /// # Errors
    /// [`HypervisorError`]
    fn reboot(&self, domain: &OwnedDomain) -> Result<(), HypervisorError>;

    /// Restarts the guest as its reset button would.
    ///
    /// # Errors
    /// [`HypervisorError`]
    fn reset(&self, domain: &OwnedDomain) -> Result<(), HypervisorError>;

    /// Writes a run and its generation into the domain's owner mark.
    ///
    /// # Errors
    /// [`HypervisorError`]; the old mark stays.
    fn mark(
        &self,
        domain: &OwnedDomain,
        run: RunId,
        generation: Generation,
    ) -> Result<(), HypervisorError>;

    /// Port of the domain's VNC console while it runs.
    ///
    /// # Errors
    /// [`HypervisorError`]
    fn vnc_port(&self, domain: &OwnedDomain) -> Result<Option<u16>, HypervisorError>;

    /// The disks of a domain, as it runs; without their order meaning anything.
    ///
    /// # Errors
    /// [`HypervisorError`]
    fn disks(&self, domain: &OwnedDomain) -> Result<Vec<DiskView>, HypervisorError>;

    /// Plugs a disk into a running domain; `xml` is the element `<disk>`.
    ///
    /// # Errors
    /// [`HypervisorError`]; the domain is as before.
    fn attach_disk(&self, domain: &OwnedDomain, xml: &str) -> Result<(), HypervisorError>;

    /// Asks the guest of a running domain to let go of a disk and waits until it has; one that has no such disk, or
    /// has ended, is a success.
    ///
    /// # Errors
    /// [`HypervisorError::Kept`] if the guest has not in that time: it may still do so.
    fn detach_disk(
        &self,
        domain: &OwnedDomain,
        file: &str,
        grace: Duration,
    ) -> Result<(), HypervisorError>;

    /// Plugs a network interface into a running domain; `xml` is the element `<interface>`.
    ///
    /// # Errors
    /// [`HypervisorError`]; the domain is as before.
    fn attach_nic(&self, domain: &OwnedDomain, xml: &str) -> Result<(), HypervisorError>;

    /// Asks the guest of a running domain to let go of a network interface and waits until it has; one that has no such
    /// interface, or has ended, is a success.
    ///
    /// # Errors
    /// [`HypervisorError::Kept`] if the guest has not in that time: it may still do so.
    fn detach_nic(
        &self,
        domain: &OwnedDomain,
        mac: MacAddress,
        grace: Duration,
    ) -> Result<(), HypervisorError>;

    /// Puts a file into a drive of a running domain, in place of what is in it, or leaves it empty, as `drive` says.
    ///
    /// # Errors
    /// [`HypervisorError`]; without `force` also if the guest has locked the drive. What was in it stays.
    fn change_drive(
        &self,
        domain: &OwnedDomain,
        drive: &DiskView,
        force: bool,
    ) -> Result<(), HypervisorError>;

    /// Copies disks of a running domain, each to a file that is not there yet, as all of them are at one moment, and
    /// waits for the end of it. The domain runs on.
    ///
    /// # Errors
    /// [`HypervisorError`]; something of the files may be there.
    fn copy_disks(
        &self,
        domain: &OwnedDomain,
        copies: &[(DiskView, PathBuf)],
        limit: Duration,
    ) -> Result<(), HypervisorError>;

    /// Makes a disk of a running domain larger, and tells its guest.
    ///
    /// # Errors
    /// [`HypervisorError`]; the disk is as before.
    fn resize_disk(
        &self,
        domain: &OwnedDomain,
        file: &str,
        size: Bytes,
    ) -> Result<(), HypervisorError>;

    /// Files that running domains have open as disks, whoever owns the domains.
    ///
    /// # Errors
    /// [`HypervisorError`]; then a file may be in use.
    fn disks_in_use(&self) -> Result<Vec<String>, HypervisorError>;

    /// How busy the running domains of `cloud` are.
    ///
    /// # Errors
    /// [`HypervisorError`]
    fn stats(&self, cloud: CloudId) -> Result<Vec<VmStats>, HypervisorError>;

    /// What kind of hypervisor it is.
    ///
    /// # Errors
    /// [`HypervisorError`]
    fn facts(&self) -> Result<HypervisorFacts, HypervisorError>;

    /// Where changes are told from now on, for as long as the hypervisor lives. Called once; does not block.
    fn watch(&self, tell: Box<dyn Fn(Change) + Send + Sync>);
}

/// What a domain becomes that is taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The cloud.
    pub cloud: CloudId,
    /// The VM.
    pub vm: VmId,
    /// Its run.
    pub run: RunId,
    /// How new that is.
    pub generation: Generation,
    /// What the cloud calls the VM.
    pub name: InstanceName,
}

/// Every domain of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Whether no domain is missing here: only then does absence mean anything.
    pub complete: bool,
    /// The domains, in no order.
    pub domains: Vec<DomainView>,
}

/// One domain, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainView {
    /// `<uuid>`.
    pub uuid: Uuid,
    /// `<name>`; any text.
    pub name: String,
    /// The owner mark, of whichever cloud.
    pub mark: Option<OwnerMark>,
    /// Whether it runs.
    pub power: PowerState,
    /// Why.
    pub reason: PowerReason,
    /// Its CPUs.
    pub vcpus: u32,
    /// Its memory.
    pub memory: Mib,
}

/// How waiting for a guest's own shutdown ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The domain is off.
    Off,
    /// It still runs.
    TimedOut,
}

/// What kind of hypervisor it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HypervisorFacts {
    /// What new domains are made of.
    pub domain_type: DomainType,
    /// For people: QEMU's and libvirt's version.
    pub version: String,
}

/// That something changed; a hint to read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// With this domain.
    Domain(Uuid),
    /// Perhaps with any: events may have been missed.
    Anything,
}
