//! A hypervisor in memory: for tests and for the simulator, never in a release of the agent.
//!
//! It keeps its domains in a map, records the calls that change something, and can be told to fail. It outlives agents:
//! each one that watches takes over from the one before.

mod trouble;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hostler_model::{
    Bytes, CloudId, Generation, InstanceName, MacAddress, Mib, PowerReason, PowerState, RunId,
};
use hostler_wire::VmStats;
use quick_xml::Reader;
use quick_xml::events::Event;
use uuid::Uuid;

use super::description::facts;
use super::devices::devices;
use super::disks::disks;
use super::error::Fault;
use super::{
    Adopted, Change, Claim, Claimable, Description, Devices, DiskView, DomainView, Ended, Found,
    Hypervisor, HypervisorError, HypervisorFacts, Listing, OwnedDomain, OwnerMark, UnmarkedDomain,
    Vacancy,
};
use crate::domain_xml::DomainType;
pub use trouble::{Trouble, Witness};

type Tell = Arc<dyn Fn(Change) + Send + Sync>;

/// A hypervisor in memory.
#[derive(Default)]
pub struct FakeHypervisor {
    state: Mutex<State>,
    changed: Condvar,
    tell: Mutex<Option<Tell>>,
    witness: Mutex<Option<Arc<dyn Witness>>>,
}

#[derive(Debug, Default)]
struct State {
    domains: BTreeMap<Uuid, FakeDomain>,
    calls: Vec<String>,
    /// Whether calls are not kept.
    unrecorded: bool,
    looks: usize,
    trouble: Trouble,
}

#[derive(Debug, Clone)]
struct FakeDomain {
    view: DomainView,
    disks: Vec<DiskView>,
    devices: Devices,
    xml: String,
}

impl fmt::Debug for FakeHypervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeHypervisor").field("state", &self.state).finish_non_exhaustive()
    }
}

impl FakeHypervisor {
    /// Without any domain.
    pub fn new() -> Self {
        Self::default()
    }

    /// Without any domain, and without a record of calls: it may be used for as long as one likes.
    pub fn without_record() -> Self {
        let fake = Self::default();
        fake.lock().unrecorded = true;
        fake
    }

    /// From now on `witness` sees what happens.
    pub fn witnessed_by(&self, witness: Arc<dyn Witness>) {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = Some(witness);
    }

    /// Nobody is told of changes any more: the agent that watched is gone.
    pub fn forget_watcher(&self) {
        *self.tell.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Decides what goes wrong from now on.
    pub fn trouble(&self, trouble: Trouble) {
        self.lock().trouble = trouble;
    }

    /// The calls so far that changed something, as `name domain`.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// How often all domains were asked for, whether they were told or not.
    pub fn looks(&self) -> usize {
        self.lock().looks
    }

    /// Puts a domain there that somebody else made, or that was there before.
    pub fn insert(&self, view: DomainView) {
        self.insert_with(view, "");
    }

    /// The same, of a domain whose devices stand in `xml`; tells it as libvirt would.
    pub fn insert_with(&self, view: DomainView, xml: &str) {
        let uuid = view.uuid;
        let xml = xml.to_owned();
        let domain = FakeDomain { view, disks: disks(&xml), devices: devices(&xml), xml };
        self.lock().domains.insert(uuid, domain);
        self.told(Change::Domain(uuid));
    }

    /// Ends a domain as something outside would, and tells it as libvirt would.
    pub fn power_lost(&self, uuid: Uuid, reason: PowerReason) {
        self.set_power(uuid, PowerState::Off, reason);
    }

    /// Pauses a domain as a full disk would.
    pub fn pause(&self, uuid: Uuid) {
        self.set_power(uuid, PowerState::On, PowerReason::Paused);
    }

    /// Takes a domain away without a trace, as `virsh destroy` of a transient domain would.
    pub fn vanish(&self, uuid: Uuid) {
        self.lock().domains.remove(&uuid);
        self.told(Change::Domain(uuid));
    }

    /// Ends a domain as `virsh migrate` would, and returns it as it runs on the other host.
    pub fn leave(&self, uuid: Uuid) -> Option<DomainView> {
        self.set_power(uuid, PowerState::Off, PowerReason::Migrated);
        let left = self.lock().domains.get(&uuid).map(|domain| domain.view.clone())?;
        Some(DomainView { power: PowerState::On, reason: PowerReason::Found, ..left })
    }

    /// Changes a domain's power and has the event get lost.
    pub fn power_lost_unheard(&self, uuid: Uuid, reason: PowerReason) {
        if let Some(domain) = self.lock().domains.get_mut(&uuid) {
            (domain.view.power, domain.view.reason) = (PowerState::Off, reason);
        }
    }

    /// Starts a domain that is defined, as a person does with `virsh start`.
    pub fn start_by_hand(&self, uuid: Uuid) {
        self.set_power(uuid, PowerState::On, PowerReason::Found);
    }

    /// Ends every domain as a power failure of the host does: definitions stay, nobody is told.
    pub fn host_lost(&self) {
        for domain in self.lock().domains.values_mut() {
            (domain.view.power, domain.view.reason) = (PowerState::Off, PowerReason::Other);
        }
    }

    /// Every domain, as it is.
    pub fn domains(&self) -> Vec<DomainView> {
        self.lock().domains.values().map(|domain| domain.view.clone()).collect()
    }

    /// The XML that a domain was started from.
    pub fn xml(&self, uuid: Uuid) -> Option<String> {
        self.lock().domains.get(&uuid).map(|domain| domain.xml.clone())
    }

    /// The files of a running domain's disks.
    pub fn files(&self, uuid: Uuid) -> Vec<String> {
        let state = self.lock();
        let found = state.domains.get(&uuid).map(|domain| domain.disks.as_slice());
        found.unwrap_or_default().iter().map(|disk| disk.file.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, change: Change) {
        self.changed.notify_all();
        let tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(tell) = tell {
            tell(change);
        }
    }

    fn witness(&self) -> Option<Arc<dyn Witness>> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn seen_running(&self, uuid: Uuid) {
        let view = self.lock().domains.get(&uuid).map(|domain| domain.view.clone());
        if let (Some(witness), Some(view)) = (self.witness(), view)
            && view.power == PowerState::On
        {
            witness.runs(&view);
        }
    }

    fn set_power(&self, uuid: Uuid, power: PowerState, reason: PowerReason) {
        if let Some(domain) = self.lock().domains.get_mut(&uuid) {
            (domain.view.power, domain.view.reason) = (power, reason);
        }
        self.seen_running(uuid);
        self.told(Change::Domain(uuid));
    }

    fn reach(&self) -> Result<MutexGuard<'_, State>, HypervisorError> {
        let state = self.lock();
        if state.trouble.unreachable {
            return Err(HypervisorError::Unreachable {
                uri: "fake".to_owned(),
                source: Fault("told to be unreachable".to_owned()),
            });
        }
        Ok(state)
    }

    /// Begins a call that changes something.
    fn enter(
        &self,
        call: &'static str,
        name: &str,
    ) -> Result<MutexGuard<'_, State>, HypervisorError> {
        if let Some(witness) = self.witness() {
            witness.calls(call, name);
        }
        let mut state = self.reach()?;
        if !state.unrecorded {
            state.calls.push(format!("{call} {name}"));
        }
        if state.trouble.refuse.contains(call) {
            return Err(HypervisorError::Refused {
                what: format!("{call} {name}"),
                source: Fault("told to refuse".to_owned()),
            });
        }
        Ok(state)
    }

    fn changing(
        &self,
        call: &'static str,
        domain: &OwnedDomain,
    ) -> Result<MutexGuard<'_, State>, HypervisorError> {
        let state = self.enter(call, domain.name())?;
        match state.domains.get(&domain.uuid()) {
            None => Err(HypervisorError::NoDomain { name: domain.name().to_owned() }),
            Some(found) if OwnedDomain::prove(&found.view, domain.mark().cloud).is_none() => {
                Err(HypervisorError::NotOurs { name: domain.name().to_owned() })
            }
            Some(_) => Ok(state),
        }
    }
}

fn sort(state: &State, cloud: CloudId, name: &str, uuid: Uuid) -> Found {
    let by_name = state.domains.values().find(|d| d.view.name == name).map(|d| d.view.clone());
    let by_uuid = state.domains.get(&uuid).map(|d| d.view.clone());
    let adopted = state.domains.values().find(|domain| {
        domain.view.mark.as_ref().is_some_and(|mark| mark.is_adopted_as(cloud, uuid))
    });
    match (Found::sort(cloud, name, uuid, by_name, by_uuid), adopted) {
        (found @ Found::Ours(..), _) | (found, None) => found,
        (found, Some(domain)) => Found::adopted(domain.view.clone(), cloud).unwrap_or(found),
    }
}

/// What a domain's XML says of its disks, CPUs and memory.
fn read(xml: &str) -> (Vec<DiskView>, u32, Mib) {
    let (mut vcpus, mut memory, mut element) = (0, Mib(0), String::new());
    let mut reader = Reader::from_str(xml);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(start) | Event::Empty(start) => {
                start.name().as_ref().clone_into(&mut element);
            }
            Event::Text(text) if element == "vcpu" => vcpus = text.parse().unwrap_or(vcpus),
            Event::Text(text) if element == "memory" => {
                memory = Bytes(text.parse::<u64>().unwrap_or_default() * 1024).as_mib();
            }
            Event::End(_) => element.clear(),
            _ => {}
        }
    }
    (disks(xml), vcpus, memory)
}

impl Hypervisor for FakeHypervisor {
    fn look(
        &self,
        cloud: CloudId,
        name: &InstanceName,
        uuid: Uuid,
    ) -> Result<Found, HypervisorError> {
        Ok(sort(&*self.reach()?, cloud, name.as_str(), uuid))
    }

    fn list(&self) -> Result<Listing, HypervisorError> {
        self.lock().looks += 1;
        let state = self.reach()?;
        let domains = state.domains.values().map(|domain| domain.view.clone()).collect();
        Ok(Listing { complete: !state.trouble.incomplete, domains })
    }

    fn view(&self, uuid: Uuid) -> Result<Option<DomainView>, HypervisorError> {
        Ok(self.reach()?.domains.get(&uuid).map(|domain| domain.view.clone()))
    }

    fn devices(&self, uuid: Uuid) -> Result<Option<Devices>, HypervisorError> {
        Ok(self.reach()?.domains.get(&uuid).map(|domain| domain.devices.clone()))
    }

    fn describe(&self, uuid: Uuid) -> Result<Option<Description>, HypervisorError> {
        let state = self.reach()?;
        let Some(domain) = state.domains.get(&uuid) else { return Ok(None) };
        let facts = facts(&domain.xml, None).map_err(|error| HypervisorError::Refused {
            what: format!("describe {}", domain.view.name),
            source: Fault(error.to_string()),
        })?;
        let view = domain.view.clone();
        Ok(Some(Description { view, persistent: true, autostart: false, facts }))
    }

    fn claimable(&self, cloud: CloudId, uuid: Uuid) -> Result<Option<Claimable>, HypervisorError> {
        Ok(self.view(uuid)?.map(|view| Claimable::sort(cloud, view)))
    }

    fn adopt(&self, domain: UnmarkedDomain, claim: &Claim) -> Result<OwnedDomain, HypervisorError> {
        let mut state = self.enter("adopt", domain.name())?;
        let no_domain = || HypervisorError::NoDomain { name: domain.name().to_owned() };
        let found = state.domains.get_mut(&domain.uuid()).ok_or_else(no_domain)?;
        let adopted = Adopted { name: claim.name.clone(), autostart: false, bare: true };
        found.view.mark = Some(OwnerMark {
            cloud: claim.cloud,
            vm: claim.vm,
            run: claim.run,
            generation: claim.generation,
            adopted: Some(adopted),
        });
        OwnedDomain::prove(&found.view, claim.cloud).ok_or_else(no_domain)
    }

    fn release(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        if !domain.is_adopted() {
            return Err(HypervisorError::NotOurs { name: domain.name().to_owned() });
        }
        let mut state = self.changing("release", domain)?;
        if let Some(found) = state.domains.get_mut(&domain.uuid()) {
            found.view.mark = None;
        }
        Ok(())
    }

    fn define(&self, place: Vacancy, xml: &str) -> Result<OwnedDomain, HypervisorError> {
        let name = place.name().to_owned();
        let mut state = self.enter("define", &name)?;
        if !matches!(sort(&state, place.cloud(), &name, place.uuid()), Found::Nothing(_)) {
            return Err(HypervisorError::NotOurs { name });
        }
        let (disks, vcpus, memory) = read(xml);
        let mark = xml.find("<metadata").and_then(|at| OwnerMark::parse(&xml[at..]));
        let (power, reason) = (PowerState::Off, PowerReason::Other);
        let view = DomainView {
            uuid: place.uuid(),
            name: name.clone(),
            mark,
            power,
            reason,
            vcpus,
            memory,
        };
        let owned = OwnedDomain::prove(&view, place.cloud());
        let xml = xml.to_owned();
        let domain = FakeDomain { view, disks, devices: devices(&xml), xml };
        state.domains.insert(place.uuid(), domain);
        drop(state);
        self.told(Change::Domain(place.uuid()));
        owned.ok_or(HypervisorError::NotOurs { name })
    }

    fn start(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        let state = self.changing("start", domain)?;
        let takes = state.trouble.start_takes;
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, takes, |_| !takes.is_zero())
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = state.domains.get_mut(&domain.uuid()) {
            (found.view.power, found.view.reason) = (PowerState::On, PowerReason::Found);
        }
        drop(state);
        self.seen_running(domain.uuid());
        self.told(Change::Domain(domain.uuid()));
        Ok(())
    }

    fn shut_down(&self, domain: &OwnedDomain, grace: Duration) -> Result<Ended, HypervisorError> {
        let state = self.changing("shut_down", domain)?;
        if !state.trouble.ignore_shutdown {
            drop(state);
            self.set_power(domain.uuid(), PowerState::Off, PowerReason::GuestShutdown);
            return Ok(Ended::Off);
        }
        let deadline = Instant::now() + grace;
        let runs = |state: &mut State| {
            Instant::now() < deadline
                && state.domains.get(&domain.uuid()).is_some_and(|d| d.view.power == PowerState::On)
        };
        let (state, _) = self
            .changed
            .wait_timeout_while(state, grace, runs)
            .unwrap_or_else(PoisonError::into_inner);
        let on = state.domains.get(&domain.uuid()).is_some_and(|d| d.view.power == PowerState::On);
        Ok(if on { Ended::TimedOut } else { Ended::Off })
    }

    fn destroy(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        drop(self.changing("destroy", domain)?);
        self.set_power(domain.uuid(), PowerState::Off, PowerReason::Destroyed);
        Ok(())
    }

    fn undefine(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        self.changing("undefine", domain)?.domains.remove(&domain.uuid());
        self.told(Change::Domain(domain.uuid()));
        Ok(())
    }

    fn reboot(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        self.changing("reboot", domain).map(drop)
    }

    fn reset(&self, domain: &OwnedDomain) -> Result<(), HypervisorError> {
        self.changing("reset", domain).map(drop)
    }

    fn mark(
        &self,
        domain: &OwnedDomain,
        run: RunId,
        generation: Generation,
    ) -> Result<(), HypervisorError> {
        let mut state = self.changing("mark", domain)?;
        if let Some(found) = state.domains.get_mut(&domain.uuid()) {
            found.view.mark =
                found.view.mark.take().map(|mark| OwnerMark { run, generation, ..mark });
        }
        Ok(())
    }

    fn vnc_port(&self, domain: &OwnedDomain) -> Result<Option<u16>, HypervisorError> {
        let state = self.reach()?;
        Ok(state.domains.contains_key(&domain.uuid()).then_some(5900))
    }

    fn disks(&self, domain: &OwnedDomain) -> Result<Vec<DiskView>, HypervisorError> {
        let state = self.reach()?;
        let found = state.domains.get(&domain.uuid());
        let name = domain.name().to_owned();
        found.map(|domain| domain.disks.clone()).ok_or(HypervisorError::NoDomain { name })
    }

    fn attach_disk(&self, domain: &OwnedDomain, xml: &str) -> Result<(), HypervisorError> {
        let mut state = self.changing("attach_disk", domain)?;
        if let Some(found) = state.domains.get_mut(&domain.uuid()) {
            found.disks.extend(disks(xml));
        }
        Ok(())
    }

    fn detach_disk(
        &self,
        domain: &OwnedDomain,
        file: &str,
        grace: Duration,
    ) -> Result<(), HypervisorError> {
        let mut state = self.changing("detach_disk", domain)?;
        if state.trouble.keep_disks {
            let (name, what) = (domain.name().to_owned(), file.to_owned());
            return Err(HypervisorError::Kept { name, what, seconds: grace.as_secs() });
        }
        if let Some(found) = state.domains.get_mut(&domain.uuid()) {
            found.disks.retain(|disk| disk.file != file);
        }
        Ok(())
    }

    fn attach_nic(&self, domain: &OwnedDomain, xml: &str) -> Result<(), HypervisorError> {
        let mut state = self.changing("attach_nic", domain)?;
        if let Some(found) = state.domains.get_mut(&domain.uuid()) {
            found.devices.nics.extend(devices(xml).nics);
        }
        Ok(())
    }

    fn detach_nic(
        &self,
        domain: &OwnedDomain,
        mac: MacAddress,
        grace: Duration,
    ) -> Result<(), HypervisorError> {
        let mut state = self.changing("detach_nic", domain)?;
        if state.trouble.keep_disks {
            let (name, what) = (domain.name().to_owned(), mac.to_string());
            return Err(HypervisorError::Kept { name, what, seconds: grace.as_secs() });
        }
        if let Some(found) = state.domains.get_mut(&domain.uuid()) {
            found.devices.nics.retain(|nic| nic.mac != mac.to_string());
        }
        Ok(())
    }

    fn change_drive(
        &self,
        domain: &OwnedDomain,
        drive: &DiskView,
        force: bool,
    ) -> Result<(), HypervisorError> {
        let mut state = self.changing("change_drive", domain)?;
        if state.trouble.keep_disks && !force {
            return Err(HypervisorError::Refused {
                what: format!("change what is in a drive of {}", domain.name()),
                source: Fault("told that the tray is locked".to_owned()),
            });
        }
        let found = state.domains.get_mut(&domain.uuid());
        let disk = found.and_then(|it| it.disks.iter_mut().find(|d| d.target == drive.target));
        if let Some(disk) = disk {
            *disk = drive.clone();
        }
        Ok(())
    }

    fn copy_disks(
        &self,
        domain: &OwnedDomain,
        _copies: &[(DiskView, PathBuf)],
        _limit: Duration,
    ) -> Result<(), HypervisorError> {
        self.changing("copy_disks", domain).map(drop)
    }

    fn resize_disk(
        &self,
        domain: &OwnedDomain,
        _file: &str,
        _size: Bytes,
    ) -> Result<(), HypervisorError> {
        self.changing("resize_disk", domain).map(drop)
    }

    fn disks_in_use(&self) -> Result<Vec<String>, HypervisorError> {
        let state = self.reach()?;
        let running = state.domains.values().filter(|domain| domain.view.power != PowerState::Off);
        Ok(running.flat_map(|domain| domain.disks.iter().map(|disk| disk.file.clone())).collect())
    }

    fn stats(&self, cloud: CloudId) -> Result<Vec<VmStats>, HypervisorError> {
        let state = self.reach()?;
        let running = state.domains.values().filter(|domain| domain.view.power == PowerState::On);
        let marks = running.filter_map(|d| d.view.mark.as_ref().map(|mark| (mark, d.view.memory)));
        Ok(marks
            .filter(|(mark, _)| mark.cloud == cloud)
            .map(|(mark, memory_resident)| VmStats {
                vm: mark.vm,
                cpu_time_ns: 0,
                memory_resident,
                disk_read: Bytes(0),
                disk_written: Bytes(0),
                network_received: Bytes(0),
                network_sent: Bytes(0),
            })
            .collect())
    }

    fn facts(&self) -> Result<HypervisorFacts, HypervisorError> {
        drop(self.reach()?);
        Ok(HypervisorFacts { domain_type: DomainType::Qemu, version: "fake 1".to_owned() })
    }

    fn watch(&self, tell: Box<dyn Fn(Change) + Send + Sync>) {
        *self.tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::from(tell));
    }
}
