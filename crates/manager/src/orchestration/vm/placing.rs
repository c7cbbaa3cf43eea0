//! What a placement is planned from, and the plan.

use hostler_model::{HostId, VmId};
use hostler_query_api::FOR_ADMINISTRATORS;
use hostler_scheduler::{Demand, HostView, NoHost, Placement, Policy, PolicyError, place};
use hostler_store::blueprint::{Blueprint, blueprint};
use hostler_store::claim::vms_by_host;
use hostler_store::{StoreError, Tx, ZoneHosts};

use super::{spec, start};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};

/// A VM and the hosts of its zone at one moment.
pub(super) struct Sight {
    /// The VM.
    pub(super) blueprint: Blueprint,
    capacities: ZoneHosts,
    policy: Result<Policy, PolicyError>,
    siblings: Vec<(HostId, u64)>,
}

/// A plan, and what it was made from.
pub(super) struct Planned {
    /// What the VM wants.
    pub(super) demand: Demand,
    /// Hosts of its zone that take VMs and were Up a moment ago, but are not connected.
    pub(super) away: usize,
    /// The host and why that one, or why none will do.
    pub(super) outcome: Result<(HostView, Placement), Box<NoHost>>,
}

/// Reads what a VM's placement is planned from. The hosts are in memory.
pub(super) fn sight(tx: &Tx<'_>, app: &Context, vm: VmId) -> Result<Sight, StoreError> {
    let blueprint = blueprint(tx, vm)?;
    let capacities = app.store.hosts(blueprint.vm.zone);
    let policy = app.settings.policy(blueprint.vm.zone);
    let siblings = match &policy {
        Ok(policy) if policy.planner.looks_at_siblings() => {
            vms_by_host(tx, blueprint.vm.account, vm)?
        }
        _ => Vec::new(),
    };
    Ok(Sight { blueprint, capacities, policy, siblings })
}

impl Sight {
    /// The host for the VM, without those that were tried and where an administrator wants it.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Internal`] for a policy that cannot be; that there is no host is an outcome.
    pub(super) fn plan(
        &self,
        app: &Context,
        tried: Vec<(HostId, String)>,
        wanted: &start::Input,
    ) -> Result<Planned, ServiceError> {
        let policy = self
            .policy
            .as_ref()
            .map_err(|why| ServiceError::new(ServiceErrorKind::Internal, why.to_string()))?;
        let siblings = self.siblings.clone();
        let demand = Demand { siblings, ..spec::demand(&self.blueprint, tried, wanted) };
        let zone = self.blueprint.vm.zone;
        let (away, outcome) = app.views.look(zone, &self.capacities, &app.agents, |hosts| {
            let outcome = place(hosts, &demand, policy, rand::random());
            let outcome = outcome.map(|it| (hosts.iter().find(|h| h.id == it.host).cloned(), it));
            (hosts.iter().filter(|host| is_away(host)).count(), outcome)
        });
        let outcome = match outcome {
            Ok((Some(host), placement)) => Ok((host, placement)),
            Ok((None, _)) => {
                let text = "a host was chosen that was not among those to choose from";
                return Err(ServiceError::new(ServiceErrorKind::Internal, text));
            }
            Err(none) => Err(none),
        };
        Ok(Planned { demand, away, outcome })
    }
}

/// Whether a host may only not have come back yet to a manager that has just begun.
fn is_away(host: &HostView) -> bool {
    !host.is_up
        && host.closed.is_none()
        && matches!(host.status.as_str(), "Up" | "Connecting" | "Disconnected")
}

/// That no host will do: one sentence for everybody, and the counts and the nearest miss for administrators.
pub(super) fn refusal(none: &NoHost) -> ServiceError {
    let (verdict, inside) = (&none.verdict, FOR_ADMINISTRATORS);
    let text = format!("{}{inside}{}", verdict.for_user(), verdict.for_administrator());
    ServiceError::new(ServiceErrorKind::NoCapacity, text)
}
