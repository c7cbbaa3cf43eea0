//! Which groups a VM is in: what its user named, or its account's default security group.
//!
//! The decision is pure; what it needs of the record comes in with the facts of the deployment, or is read before it.

use hostler_model::{
    AccountId, AffinityGroupId, InstanceGroupId, NetworkType, SecurityGroupId, Timestamp, ZoneId,
};
use hostler_store::Tx;
use hostler_store::address::{NetworkRoom, network_room};
use hostler_store::affinity_group::affinity_groups_join;
use hostler_store::deploy::DeployFacts;
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::instance_group::{InstanceGroupRow, instance_group_ensure};
use hostler_store::nic::nics_of;
use hostler_store::security_group::{
    DEFAULT, SecurityGroupRow, security_group_add, security_groups_found, security_groups_join,
    security_groups_set,
};
use hostler_store::vm::{NewVm, VmRow};
use hostler_store::zone::zone_get;
use uuid::Uuid;

use super::DeployRequest;
use crate::error::ServiceError;

/// The service of a network that has security groups.
const SERVICE: &str = "SecurityGroup";

/// The groups of a new VM.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Memberships {
    security: Vec<SecurityGroupId>,
    /// The account's default group is wanted, and has to be made first.
    needs_default: bool,
    affinity: Vec<AffinityGroupId>,
}

impl Memberships {
    /// What a VM gets. `adding`: the setting `network.securitygroups.defaultadding`.
    ///
    /// # Errors
    /// [`ServiceError`] if a group is named that the account has not, or that cannot be there.
    pub(super) fn of(
        request: &DeployRequest,
        facts: &DeployFacts,
        networks: &[&NetworkRoom],
        adding: bool,
    ) -> Result<Self, ServiceError> {
        let affinity = affinity(request, facts)?;
        let ground = Ground {
            zone: request.zone,
            is_basic: facts.zone.is_some_and(|(_, model)| model == NetworkType::Basic),
            has_groups: facts.security_groups,
            networks,
        };
        if request.groups.has_security() {
            ground.allows(&request.groups)?;
            let security = named(&request.groups, &facts.groups.security)?;
            return Ok(Self { security, needs_default: false, affinity });
        }
        if !adding || !ground.has_service() {
            return Ok(Self { security: Vec::new(), needs_default: false, affinity });
        }
        let default = facts.groups.security.iter().find(|(_, name)| name == DEFAULT);
        let security: Vec<_> = default.map(|(id, _)| *id).into_iter().collect();
        Ok(Self { needs_default: security.is_empty(), security, affinity })
    }

    /// Records them, in the transaction that records the VM.
    pub(super) fn record(
        mut self,
        tx: &Tx<'_>,
        vm: &NewVm,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if self.needs_default {
            let id = SecurityGroupId::new(Uuid::now_v7());
            security_group_add(tx, &SecurityGroupRow::default_of(vm.account, id, now))?;
            self.security.push(id);
        }
        instance_group(tx, vm.account, vm.group.as_deref(), now)?;
        security_groups_join(tx, vm.id, &self.security)?;
        Ok(affinity_groups_join(tx, vm.id, &self.affinity)?)
    }
}

/// Makes sure that the instance group that a VM is put into is there; an empty name is none.
pub(super) fn instance_group(
    tx: &Tx<'_>,
    account: AccountId,
    name: Option<&str>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    if let Some(name) = name.filter(|name| !name.is_empty()).map(str::to_owned) {
        let id = InstanceGroupId::new(Uuid::now_v7());
        instance_group_ensure(tx, &InstanceGroupRow { id, account, name, created: now })?;
    }
    Ok(())
}

/// Puts a VM into the named security groups, in place of those that it is in.
///
/// # Errors
/// [`ServiceError`] if a group is named that the VM's account has not, or that cannot be there.
pub(super) fn replace_security(
    tx: &Tx<'_>,
    vm: &VmRow,
    wanted: &NamedGroups,
) -> Result<(), ServiceError> {
    let zone = zone_get(tx, vm.zone)?;
    let rooms: Vec<NetworkRoom> = nics_of(tx, vm.id)?
        .iter()
        .map(|nic| network_room(tx, nic.network))
        .collect::<Result<_, _>>()?;
    let networks: Vec<&NetworkRoom> = rooms.iter().collect();
    let is_basic = zone.network_type == NetworkType::Basic;
    let has_groups = zone.security_groups;
    Ground { zone: vm.zone, is_basic, has_groups, networks: &networks }.allows(wanted)?;
    let found = security_groups_found(tx, vm.account, wanted)?;
    Ok(security_groups_set(tx, vm.id, &named(wanted, &found)?)?)
}

/// What decides whether a VM can have security groups.
struct Ground<'a> {
    zone: ZoneId,
    is_basic: bool,
    /// Whether the zone says that its VMs have groups.
    has_groups: bool,
    networks: &'a [&'a NetworkRoom],
}

impl Ground<'_> {
    /// Whether VMs here have security groups: always in a basic zone; in an advanced one if the zone says so and one of
    /// the networks has the service.
    fn has_service(&self) -> bool {
        let has = |network: &&NetworkRoom| network.has_service(SERVICE);
        self.is_basic || self.has_groups && self.networks.iter().any(has)
    }

    /// Refuses groups where there are none.
    fn allows(&self, wanted: &NamedGroups) -> Result<(), ServiceError> {
        let parameter = parameter_of(wanted);
        if let Some(network) = self.networks.iter().find(|network| network.traffic_type != "Guest")
        {
            return Err(ServiceError::parameter(format!(
                "parameter {parameter}: network {} carries {} traffic; only guest networks have security groups",
                network.name, network.traffic_type
            )));
        }
        if self.has_service() {
            return Ok(());
        }
        if !self.has_groups {
            return Err(ServiceError::parameter(format!(
                "parameter {parameter}: zone {} has no security groups; leave it out, or make a zone with securitygroupenabled",
                self.zone
            )));
        }
        let names: Vec<_> = self.networks.iter().map(|network| network.name.as_str()).collect();
        Err(ServiceError::parameter(format!(
            "parameter {parameter}: the offering of network {} does not have the service {SERVICE}; \
             leave it out, or choose a network of an offering that has",
            names.join(", ")
        )))
    }
}

const fn parameter_of(wanted: &NamedGroups) -> &'static str {
    if wanted.security_ids.is_empty() { "securitygroupnames" } else { "securitygroupids" }
}

fn named(
    wanted: &NamedGroups,
    found: &[(SecurityGroupId, String)],
) -> Result<Vec<SecurityGroupId>, ServiceError> {
    let none = |parameter, what: &dyn std::fmt::Display| missing("security", parameter, what);
    let mut ids = Vec::new();
    for id in &wanted.security_ids {
        let known = found.iter().find(|(other, _)| other == id);
        ids.push(known.ok_or_else(|| none("securitygroupids", id))?.0);
    }
    for name in &wanted.security_names {
        let known = found.iter().find(|(_, other)| other == name);
        ids.push(known.ok_or_else(|| none("securitygroupnames", name))?.0);
    }
    Ok(ids)
}

fn affinity(
    request: &DeployRequest,
    facts: &DeployFacts,
) -> Result<Vec<AffinityGroupId>, ServiceError> {
    let (wanted, found) = (&request.groups, &facts.groups.affinity);
    let none = |parameter, what: &dyn std::fmt::Display| missing("affinity", parameter, what);
    let mut ids = Vec::new();
    for id in &wanted.affinity_ids {
        let known = found.iter().find(|(other, _)| other == id);
        ids.push(known.ok_or_else(|| none("affinitygroupids", id))?.0);
    }
    for name in &wanted.affinity_names {
        let known = found.iter().find(|(_, other)| other == name);
        ids.push(known.ok_or_else(|| none("affinitygroupnames", name))?.0);
    }
    Ok(ids)
}

fn missing(kind: &str, parameter: &str, what: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::parameter(format!(
        "parameter {parameter}: the VM's account has no {kind} group {what}"
    ))
}
