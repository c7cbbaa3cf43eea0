//! Deploying: every check, then the VM with its volume, NICs, addresses and job in one transaction.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hostler_model::{
    AllocationState, Bytes, HostId, HostName, JobId, LimitKind, MacAddress, Mib, NetworkId,
    NetworkType, NicId, ServiceOfferingId, TemplateId, TemplateState, VmId, VolumeId, ZoneId,
};
use hostler_store::address::{AddressFor, NetworkRoom, address_give};
use hostler_store::deploy::{DeployFacts, deploy_facts, public_key_named};
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::event::event_add;
use hostler_store::job::job_add;
use hostler_store::limit;
use hostler_store::nic::{NewNic, nic_add};
use hostler_store::vm::{NewVm, SshKey, vm_add};
use hostler_store::vm_change::OwnSize;
use hostler_store::volume::volume_add_root;
use hostler_store::{StoreError, Tx};
use rand::distr::{Alphanumeric, SampleString};
use serde_json::json;
use uuid::Uuid;

use super::groups::Memberships;
use super::{record, size, start, user_data};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::crash_point;
use crate::orchestration::Caller;
use crate::orchestration::volume::{NewVolume, record_of_vm};
use crate::settings::{INSTANCE_NAME, SECURITY_GROUP_ADDING};

/// Everything that a caller can say about a new VM.
#[derive(Debug, Clone)]
pub struct DeployRequest {
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
    /// The host that an administrator wants.
    pub host: Option<HostId>,
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
    /// A data volume that it gets.
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

/// Checks, records the VM and its job, and has the job run. Nothing is written when a check fails.
///
/// # Errors
/// [`ServiceError`] names the parameter, its value, and what to do.
pub async fn deploy(
    app: &Context,
    caller: &Caller,
    mut request: DeployRequest,
) -> Result<(VmId, JobId), ServiceError> {
    if request.host.is_some() && !caller.is_root() {
        return Err(ServiceError::new(
            ServiceErrorKind::Denied,
            "only a root administrator may name the host of a VM (parameter hostid)",
        ));
    }
    let id = VmId::new(Uuid::now_v7());
    let host_name = host_name(id, request.name.as_deref())?;
    let (steps, kind): (&'static [&'static str], _) =
        if request.start { (start::STEPS, "vm.deploy") } else { (record::STEPS, "vm.record") };
    let input = json!(start::Input { host: request.host });
    let subject = ("VirtualMachine", id.uuid());
    let job = caller.job(kind, "deployVirtualMachine", subject, input, steps);
    let job_id = job.id;
    let (now, caller_, suffix) = (app.now(), caller.clone(), app.settings.text(&INSTANCE_NAME));
    let limits = app.settings.limits();
    let adding = app.settings.flag(&SECURITY_GROUP_ADDING);
    let vnc_password = Alphanumeric.sample_string(&mut rand::rng(), 8);
    app.store
        .write(move |tx| {
            let (zone, named) = (request.zone, request.networks.clone());
            let owner = (caller_.account, &limits);
            let (offering, template, groups) =
                (request.offering, request.template, request.groups.clone());
            let facts = deploy_facts(tx, zone, offering, template, &named, owner, &groups)?;
            let root_size = check(&caller_, &request, &facts)?;
            let own_size = match &facts.offering {
                Some((_, rule)) => size::chosen(rule, &mut request.details)?,
                None => None,
            };
            let networks = networks(&request, &facts)?;
            let (user_data, user_data_id) = user_data::chosen(&request, &facts.groups)?;
            let groups = Memberships::of(&request, &facts, &networks, adding)?;
            within_limits(&facts, own_size, root_size, !limits.started_only || request.start)?;
            let display_name =
                request.display_name.clone().unwrap_or_else(|| host_name.to_string());
            let vm = NewVm {
                id,
                account: caller_.account,
                user: caller_.user,
                zone: request.zone,
                host_name,
                display_name: display_name.clone(),
                suffix,
                offering: request.offering,
                template: request.template,
                wanted_host: None,
                group: request.group.clone(),
                ssh_keys: ssh_keys(tx, &caller_, &request)?,
                user_data,
                user_data_id,
                user_data_details: request.user_data_details.clone(),
                keyboard: request.keyboard.clone(),
                vnc_password,
                details: request.details.clone(),
                own_size,
                display: request.display,
                dynamically_scalable: request.dynamically_scalable,
                password: None,
            };
            let instance_name = vm_add(tx, &vm, now)?;
            let volume = VolumeId::new(Uuid::now_v7());
            let volume_name = format!("ROOT-{}", instance_name.vm_number());
            volume_add_root(
                tx,
                volume,
                id,
                caller_.account,
                request.zone,
                request.template,
                root_size,
                &volume_name,
                now,
            )?;
            if let Some(data) = &request.data {
                let name = Some(format!("DATA-{}", instance_name.vm_number()));
                record_of_vm(tx, &NewVolume { name, ..data.clone() }, id, &limits, now)?;
            }
            groups.record(tx, &vm, now)?;
            crash_point(kind, "recording", "volume");
            for (device, network) in (0..).zip(networks) {
                add_nic(tx, id, network, device, request.ip.filter(|_| device == 0), now)?;
            }
            job_add(tx, &job, now)?;
            let text = format!("{display_name} is to be deployed as {instance_name}");
            event_add(tx, &caller_.event(now, "VM.CREATE", text, subject, Some(job.id)))?;
            Ok::<_, ServiceError>(())
        })
        .await?;
    app.jobs.run(app, id.uuid(), job_id);
    Ok((id, job_id))
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
    let Some((offered, _)) = facts.offering else {
        return unknown("serviceofferingid", &request.offering);
    };
    let visible = |t: &hostler_store::deploy::DeployTemplate| {
        t.is_public || t.is_shared || t.account == caller.account || caller.is_root()
    };
    let Some(template) = facts.template.as_ref().filter(|t| visible(t)) else {
        return unknown("templateid", &request.template);
    };
    if template.is_iso {
        return Err(ServiceError::parameter(format!(
            "parameter templateid: {} is an ISO, and VMs are made from disk images; name a template",
            template.name
        )));
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
    if facts.pools == 0 {
        return Err(ServiceError::new(
            ServiceErrorKind::Unavailable,
            format!("zone {} has no storage pool that is Up; add a host first", request.zone),
        ));
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

fn ssh_keys(
    tx: &Tx<'_>,
    caller: &Caller,
    request: &DeployRequest,
) -> Result<Vec<SshKey>, ServiceError> {
    let mut keys = Vec::with_capacity(request.key_pairs.len());
    for name in &request.key_pairs {
        let public_key = public_key_named(tx, caller.account, name)?.ok_or_else(|| {
            ServiceError::parameter(format!("parameter keypair: there is no key pair {name:?}"))
        })?;
        keys.push(SshKey { name: name.clone(), public_key });
    }
    Ok(keys)
}

fn add_nic(
    tx: &Tx<'_>,
    vm: VmId,
    room: &NetworkRoom,
    device: u32,
    wanted: Option<IpAddr>,
    now: hostler_model::Timestamp,
) -> Result<(), ServiceError> {
    let id = NicId::new(Uuid::new_v4());
    let drawn = id.uuid().into_bytes();
    let number = u32::from_be_bytes([drawn[0], drawn[1], drawn[2], drawn[3]]);
    let ip = match wanted {
        Some(ip) => ip,
        None => room.lowest_free()?,
    };
    let mac = MacAddress::of_nic(drawn[4], number);
    let (network, is_default) = (room.id, device == 0);
    nic_add(tx, &NewNic { id, vm, network, device, mac, ip, is_default }, now)?;
    address_give(tx, network, ip, AddressFor::Nic(id), now)?;
    Ok(())
}
