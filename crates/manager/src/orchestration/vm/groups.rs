//! Which groups a new VM is in: what its user named, or its account's default security group.
//!
//! The decision is pure; what it needs of the record comes in with the facts of the deployment.

use hostler_model::{
    AccountId, AffinityGroupId, InstanceGroupId, NetworkType, SecurityGroupId, Timestamp,
};
use hostler_store::Tx;
use hostler_store::address::NetworkRoom;
use hostler_store::affinity_group::affinity_groups_join;
use hostler_store::deploy::DeployFacts;
use hostler_store::instance_group::{InstanceGroupRow, instance_group_ensure};
use hostler_store::security_group::{
    DEFAULT, SecurityGroupRow, security_group_add, security_groups_join,
};
use hostler_store::vm::NewVm;
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
        if request.groups.has_security() {
            allowed(request, facts, networks)?;
            return Ok(Self { security: named(request, facts)?, needs_default: false, affinity });
        }
        if !adding || !has_service(facts, networks) {
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

fn is_basic(facts: &DeployFacts) -> bool {
    facts.zone.is_some_and(|(_, model)| model == NetworkType::Basic)
}

/// Whether VMs on these networks have security groups: always in a basic zone; in an advanced one if the zone says
/// so and one of the networks has the service.
fn has_service(facts: &DeployFacts, networks: &[&NetworkRoom]) -> bool {
    is_basic(facts)
        || facts.security_groups && networks.iter().any(|network| network.has_service(SERVICE))
}

/// Whether security groups may be named at all.
fn allowed(
    request: &DeployRequest,
    facts: &DeployFacts,
    networks: &[&NetworkRoom],
) -> Result<(), ServiceError> {
    let parameter = parameter_of(request);
    if let Some(network) = networks.iter().find(|network| network.traffic_type != "Guest") {
        return Err(ServiceError::parameter(format!(
            "parameter {parameter}: network {} carries {} traffic; only guest networks have security groups",
            network.name, network.traffic_type
        )));
    }
    if has_service(facts, networks) {
        return Ok(());
    }
    if !facts.security_groups {
        return Err(ServiceError::parameter(format!(
            "parameter {parameter}: zone {} has no security groups; leave it out, or make a zone with securitygroupenabled",
            request.zone
        )));
    }
    let names: Vec<_> = networks.iter().map(|network| network.name.as_str()).collect();
    Err(ServiceError::parameter(format!(
        "parameter {parameter}: the offering of network {} does not have the service {SERVICE}; \
         leave it out, or choose a network of an offering that has",
        names.join(", ")
    )))
}

const fn parameter_of(request: &DeployRequest) -> &'static str {
    if request.groups.security_ids.is_empty() { "securitygroupnames" } else { "securitygroupids" }
}

fn named(
    request: &DeployRequest,
    facts: &DeployFacts,
) -> Result<Vec<SecurityGroupId>, ServiceError> {
    let (wanted, found) = (&request.groups, &facts.groups.security);
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
