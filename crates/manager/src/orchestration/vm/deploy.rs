//! Deploying: every check, then the VM with its volume, NICs, addresses and job in one transaction.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hostler_model::{
    AllocationState, Bytes, HostName, JobId, LimitKind, MacAddress, Mib, NetworkId, NetworkType,
    NicId, ServiceOfferingId, TemplateId, TemplateState, Timestamp, VmId, VolumeId, ZoneId,
};
use hostler_store::address::NetworkRoom;
use hostler_store::deploy::{DeployFacts, DeployTemplate, deploy_facts};
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::event::event_add;
use hostler_store::job::{NewJob, job_add};
use hostler_store::limit::{self, LimitDefaults};
use hostler_store::reference::Entity;
use hostler_store::vm::{GuestPassword, NewVm, vm_add};
use hostler_store::vm_change::OwnSize;
use hostler_store::volume::{RootSource, volume_add_root};
use hostler_store::{StoreError, Tx};
use rand::distr::{Alphanumeric, SampleString};
use serde_json::json;
use uuid::Uuid;

use super::credentials::{drawn, keys_named};
use super::groups::Memberships;
use super::hints::{Hints, check_availability_zone};
use super::nics::{NicWish, give_nic};
use super::requests::{Placing, may_place};
use super::{record, size, start, user_data};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::crash_point;
use crate::orchestration::Caller;
use crate::orchestration::chosen_id::must_be_free;
use crate::orchestration::volume::{NewVolume, record_of_vm, size_of};
use crate::settings::{INSTANCE_NAME, SECURITY_GROUP_ADDING};

/// What jobs and events call a VM.
const SUBJECT: &str = "VirtualMachine";

/// Everything that a caller can say about a new VM.
#[derive(Debug, Clone)]
pub struct DeployRequest {
    /// Its id, where an administrator chooses it; nothing: one that is drawn.
    pub id: Option<VmId>,
    /// Where.
    pub zone: ZoneId,
    /// Its size.
    pub offering: ServiceOfferingId,
    /// What it is made from.
    pub template: TemplateId,
    /// The guest's host name; nothing: derived from the id.
    pub name: Option<String>,
    /// Any text; nothing: the name.
    pub display_name: Option<String>,
    /// Networks, the default one first; none: the zone's default network.
    pub networks: Vec<NetworkId>,
    /// The address on the default network; nothing: the lowest free one.
    pub ip: Option<IpAddr>,
    /// Further addresses and hardware addresses, by network.
    pub wishes: BTreeMap<NetworkId, NicWish>,
    /// The hardware address on the default network; nothing: one that is drawn.
    pub mac: Option<MacAddress>,
    /// Where an administrator wants it.
    pub placing: Placing,
    /// The availability zone that it is to be in; nothing: any.
    pub availability_zone: Option<String>,
    /// With which VMs it is to run, and away from which.
    pub hints: Hints,
    /// The password of a guest that takes one; nothing: one that is drawn.
    pub password: Option<GuestPassword>,
    /// Names of the account's key pairs.
    pub key_pairs: Vec<String>,
    /// What the guest does at first boot, decoded.
    pub user_data: Option<String>,
    /// The security and affinity groups that it is to be in, and registered user data.
    pub groups: NamedGroups,
    /// Values for the guest that come with registered user data.
    pub user_data_details: BTreeMap<String, String>,
    /// Size of the root volume; nothing: the offering's or the template's.
    pub root_size: Option<Bytes>,
    /// A data volume that it gets; from an ISO: what its root volume is.
    pub data: Option<NewVolume>,
    /// Group, for people.
    pub group: Option<String>,
    /// Keyboard of the console.
    pub keyboard: Option<String>,
    /// Choices that few need.
    pub details: BTreeMap<String, String>,
    /// Whether its user sees it.
    pub display: bool,
    /// Whether its size may change while it runs.
    pub dynamically_scalable: bool,
    /// Whether it is started.
    pub start: bool,
}

impl DeployRequest {
    /// A VM that nothing else is said about.
    pub fn new(zone: ZoneId, offering: ServiceOfferingId, template: TemplateId) -> Self {
        Self {
            id: None,
            zone,
            offering,
            template,
            name: None,
            display_name: None,
            networks: Vec::new(),
            ip: None,
            wishes: BTreeMap::new(),
            mac: None,
            placing: Placing { host: None, cluster: None, pod: None },
            availability_zone: None,
            hints: Hints::default(),
            password: None,
            key_pairs: Vec::new(),
            user_data: None,
            groups: NamedGroups::default(),
            user_data_details: BTreeMap::new(),
            root_size: None,
            data: None,
            group: None,
            keyboard: None,
            details: BTreeMap::new(),
            display: true,
            dynamically_scalable: false,
            start: true,
        }
    }
}

/// Checks, records the VM and its job, and has the job run. Nothing is written when a check fails.
///
/// # Errors
/// [`ServiceError`] names the parameter, its value, and what to do.
pub async fn deploy(
    app: &Context,
    caller: &Caller,
    request: DeployRequest,
) -> Result<(VmId, JobId), ServiceError> {
    let plan = Plan::new(app, caller, request)?;
    let (id, job) = (plan.id, plan.job.id);
    app.store.write(move |tx| plan.write_down(tx)).await?;
    app.jobs.run(app, id.uuid(), job);
    Ok((id, job))
}

/// A deployment before it is written down.
pub(super) struct Plan {
    /// The VM's id.
    pub(super) id: VmId,
    job: NewJob,
    caller: Caller,
    request: DeployRequest,
    host_name: HostName,
    suffix: String,
    limits: LimitDefaults,
    /// Whether a VM without a security group gets its account's default one.
    adds_default: bool,
    now: Timestamp,
}

impl Plan {
    /// Checks what needs no record.
    pub(super) fn new(
        app: &Context,
        caller: &Caller,
        request: DeployRequest,
    ) -> Result<Self, ServiceError> {
        may_place(caller, request.placing)?;
        let id = request.id.unwrap_or_else(|| VmId::new(Uuid::now_v7()));
        let host_name = host_name(id, request.name.as_deref())?;
        let (steps, kind): (&'static [&'static str], _) =
            if request.start { (start::STEPS, "vm.deploy") } else { (record::STEPS, "vm.record") };
        let input = json!(request.placing);
        let job = caller.job(kind, "deployVirtualMachine", (SUBJECT, id.uuid()), input, steps);
        Ok(Self {
            id,
            job,
            caller: caller.clone(),
            request,
            host_name,
            suffix: app.settings.text(&INSTANCE_NAME),
            limits: app.settings.limits(),
            adds_default: app.settings.flag(&SECURITY_GROUP_ADDING),
            now: app.now(),
        })
    }

    /// Checks against the record, and writes the VM with all that belongs to it.
    pub(super) fn write_down(mut self, tx: &Tx<'_>) -> Result<(), ServiceError> {
        let (id, now, owner) = (self.id, self.now, self.caller.account);
        let request = &mut self.request;
        must_be_free(tx, "customid", Entity::Vm, request.id.map(VmId::uuid))?;
        let (zone, named) = (request.zone, request.networks.clone());
        let limited = (owner, &self.limits);
        let (offering, template) = (request.offering, request.template);
        let facts = deploy_facts(tx, zone, offering, template, &named, limited, &request.groups)?;
        let mut root_size = check(&self.caller, request, &facts)?;
        let mut source = RootSource::Template(template);
        if is_iso(&facts) {
            (source, root_size) = root_from_iso(tx, request)?;
        }
        let iso = is_iso(&facts).then_some(template);
        let own_size = match &facts.offering {
            Some((_, rule)) => size::chosen(rule, &mut request.details)?,
            None => None,
        };
        let networks = networks(request, &facts)?;
        let user_data = user_data::chosen(request, &facts.groups)?;
        let groups = Memberships::of(request, &facts, &networks, self.adds_default)?;
        let is_counted = !self.limits.started_only || request.start;
        within_limits(&facts, own_size, root_size, is_counted)?;
        let password = password(request.password.take(), &facts)?;
        let vm = NewVm { iso, ..self.new_vm(tx, own_size, user_data, password)? };
        tx.because(self.caller.cause());
        let instance_name = vm_add(tx, &vm, now)?;
        let name = format!("ROOT-{}", instance_name.vm_number());
        let volume = VolumeId::new(Uuid::now_v7());
        volume_add_root(tx, volume, id, owner, zone, source, root_size, &name, now)?;
        if let Some(data) = &self.request.data {
            let name = Some(format!("DATA-{}", instance_name.vm_number()));
            record_of_vm(tx, &NewVolume { name, ..data.clone() }, id, &self.limits, now)?;
        }
        groups.record(tx, &vm, now)?;
        self.request.hints.record(tx, id)?;
        crash_point(self.job.kind, "recording", "volume");
        for (device, network) in (0..).zip(networks) {
            let is_default = device == 0;
            let mut wish = self.request.wishes.get(&network.id).copied().unwrap_or_default();
            if is_default {
                wish.ip = self.request.ip.or(wish.ip);
                wish.mac = self.request.mac.or(wish.mac);
            }
            let nic = NicId::new(Uuid::new_v4());
            give_nic(tx, (id, nic), network, device, is_default, wish, now)?;
        }
        job_add(tx, &self.job, now)?;
        let text = format!("{} is to be deployed as {instance_name}", self.display_name());
        let subject = (SUBJECT, id.uuid());
        let event = self.caller.event(now, "VM.CREATE", text, subject, Some(self.job.id));
        Ok(event_add(tx, &event)?)
    }

    fn display_name(&self) -> String {
        self.request.display_name.clone().unwrap_or_else(|| self.host_name.to_string())
    }

    fn new_vm(
        &self,
        tx: &Tx<'_>,
        own_size: Option<OwnSize>,
        (user_data, user_data_id): user_data::Chosen,
        password: Option<GuestPassword>,
    ) -> Result<NewVm, ServiceError> {
        let request = &self.request;
        Ok(NewVm {
            id: self.id,
            account: self.caller.account,
            user: self.caller.user,
            zone: request.zone,
            host_name: self.host_name.clone(),
            display_name: self.display_name(),
            suffix: self.suffix.clone(),
            offering: request.offering,
            template: request.template,
            wanted_host: None,
            group: request.group.clone(),
            ssh_keys: keys_named(tx, self.caller.account, &request.key_pairs)?,
            user_data,
            user_data_id,
            user_data_details: request.user_data_details.clone(),
            keyboard: request.keyboard.clone(),
            vnc_password: Alphanumeric.sample_string(&mut rand::rng(), 8),
            details: request.details.clone(),
            own_size,
            display: request.display,
            dynamically_scalable: request.dynamically_scalable,
            password,
            iso: None,
            availability_zone: request.availability_zone.clone(),
        })
    }
}

fn is_iso(facts: &DeployFacts) -> bool {
    facts.template.as_ref().is_some_and(|template| template.is_iso)
}

/// The root volume of a VM from an ISO: empty, and as the disk offering says that is named.
fn root_from_iso(
    tx: &Tx<'_>,
    request: &mut DeployRequest,
) -> Result<(RootSource, Bytes), ServiceError> {
    let root = request.data.take().ok_or_else(no_disk_offering)?;
    Ok((RootSource::Offering(root.size.offering), size_of(tx, &root.size)?))
}

fn no_disk_offering() -> ServiceError {
    ServiceError::parameter(
        "parameter diskofferingid is missing: the root volume of a VM from an ISO is empty, and its disk offering \
         says how large it is",
    )
}

/// What only an ISO asks of a deployment.
fn check_iso(request: &DeployRequest, template: &DeployTemplate) -> Result<(), ServiceError> {
    if !template.bootable {
        return Err(ServiceError::parameter(format!(
            "parameter templateid: {} is an ISO that cannot be booted; name one that can, or a template",
            template.name
        )));
    }
    if request.data.is_none() {
        return Err(no_disk_offering());
    }
    if request.root_size.is_some() {
        return Err(ServiceError::parameter(
            "parameter rootdisksize: the root volume of a VM from an ISO has the size of its disk offering; leave it \
             out, or give size with an offering that leaves it open",
        ));
    }
    Ok(())
}

/// The guest's password: the given one, or one that is drawn, if its template takes one.
fn password(
    given: Option<GuestPassword>,
    facts: &DeployFacts,
) -> Result<Option<GuestPassword>, ServiceError> {
    if facts.template.as_ref().is_some_and(|template| template.password_enabled) {
        return Ok(Some(given.unwrap_or_else(drawn)));
    }
    match given {
        Some(_) => Err(ServiceError::parameter(
            "parameter password: the template takes no passwords; leave it out",
        )),
        None => Ok(None),
    }
}

fn host_name(id: VmId, asked: Option<&str>) -> Result<HostName, ServiceError> {
    let derived = format!("VM-{id}");
    let name = asked.unwrap_or(&derived);
    name.parse().map_err(|e| ServiceError::parameter(format!("parameter name: {e}")))
}

/// Every check that needs the record. Answers with the size of the root volume.
fn check(
    caller: &Caller,
    request: &DeployRequest,
    facts: &DeployFacts,
) -> Result<Bytes, ServiceError> {
    let unknown = |parameter: &str, id: &dyn std::fmt::Display| {
        Err(ServiceError::parameter(format!(
            "parameter {parameter}: there is no such thing as {id}"
        )))
    };
    let Some((allocation, model)) = facts.zone else { return unknown("zoneid", &request.zone) };
    if allocation == AllocationState::Disabled && !caller.is_root() {
        return Err(ServiceError::new(
            ServiceErrorKind::Denied,
            format!(
                "zone {} is disabled; only a root administrator may deploy there",
                request.zone
            ),
        ));
    }
    check_availability_zone(request, facts)?;
    let Some((offered, _)) = facts.offering else {
        return unknown("serviceofferingid", &request.offering);
    };
    let visible = |t: &DeployTemplate| {
        t.is_public || t.is_shared || t.account == caller.account || caller.is_root()
    };
    let Some(template) = facts.template.as_ref().filter(|t| visible(t)) else {
        return unknown("templateid", &request.template);
    };
    if template.is_iso {
        check_iso(request, template)?;
    }
    if template.is_system {
        return Err(ServiceError::parameter(format!(
            "parameter templateid: {} is a system VM's template and cannot be a user's VM",
            template.name
        )));
    }
    if template.state != TemplateState::Ready || template.zone.is_some_and(|z| z != request.zone) {
        return Err(ServiceError::parameter(format!(
            "parameter templateid: {} is {} and cannot be used in this zone yet",
            template.name, template.state
        )));
    }
    if model == NetworkType::Basic && !request.networks.is_empty() {
        return Err(ServiceError::parameter(
            "parameter networkids: a VM in a basic zone is on the zone's own network; leave it out",
        ));
    }
    if let (false, Some((name, true))) = (facts.local_storage, &facts.offering_storage) {
        return Err(ServiceError::parameter(format!(
            "parameter serviceofferingid: {name} keeps volumes on hosts' own disks, which its zone does not have \
             (localstorageenabled); choose another one"
        )));
    }
    if !facts.has_pool {
        return Err(ServiceError::new(
            ServiceErrorKind::Unavailable,
            format!("zone {} has no storage pool that is Up; add a host first", request.zone),
        ));
    }
    if template.is_iso {
        return Ok(Bytes(0)); // its volume is made from nothing
    }
    let size = request.root_size.or(offered).unwrap_or(template.virtual_size);
    if size < template.virtual_size {
        return Err(ServiceError::parameter(format!(
            "the root volume would have {size}, template {} needs {}; ask for more",
            template.name, template.virtual_size
        )));
    }
    Ok(size)
}

/// Whether the owner may have one more VM of this size; `counted`: its CPUs and memory count.
fn within_limits(
    facts: &DeployFacts,
    own_size: Option<OwnSize>,
    root_size: Bytes,
    counted: bool,
) -> Result<(), ServiceError> {
    let (cpus, memory) = match (own_size, &facts.offering) {
        (Some(own), _) => (own.cpus, own.memory),
        (None, Some((_, rule))) => (rule.cpus, rule.memory),
        (None, None) => (0, Mib(0)),
    };
    let mut asked = vec![
        (LimitKind::UserVm, 1),
        (LimitKind::Volume, 1),
        (LimitKind::PrimaryStorage, root_size.0),
    ];
    if counted {
        asked.extend([(LimitKind::Cpu, cpus.into()), (LimitKind::Memory, memory.0)]);
    }
    Ok(limit::check(&facts.rooms, &asked).map_err(StoreError::from)?)
}

/// The networks of the VM, the default one first.
fn networks<'a>(
    request: &DeployRequest,
    facts: &'a DeployFacts,
) -> Result<Vec<&'a NetworkRoom>, ServiceError> {
    if request.networks.is_empty() {
        return facts.networks.first().map(|network| vec![network]).ok_or_else(|| {
            ServiceError::parameter(format!(
                "no default network in zone {}; create one or name one (parameter networkids)",
                request.zone
            ))
        });
    }
    let mut found = Vec::with_capacity(request.networks.len());
    for (index, network) in request.networks.iter().enumerate() {
        if request.networks[..index].contains(network) {
            let text = format!("parameter networkids: {network} is named twice");
            return Err(ServiceError::parameter(text));
        }
        found.push(facts.networks.iter().find(|room| room.id == *network).ok_or_else(|| {
            let text = format!("parameter networkids: there is no network {network} in the zone");
            ServiceError::parameter(text)
        })?);
    }
    Ok(found)
}
