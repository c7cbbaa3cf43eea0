//! Plans that are only shown: where a VM would go, where those of a host would, what would even a zone out, what still fits.
//!
//! Nothing is written, and nothing is carried out.

use hostler_model::{HostId, ServiceOfferingId, TemplateId, ZoneId};
use hostler_scheduler::{
    Arch, Demand, DrainPlan, Fits, Group, HostView, Occupant, Owner, Policy, RebalancePlan,
    Verdict, drain, fits, place, rebalance,
};
use hostler_store::host::host_get;
use hostler_store::occupant::{OccupantRow, SizeRow, occupants, size_for_sale};

use super::vm::{Placing, split};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};

/// A zone as plans see it.
struct Sight {
    hosts: Vec<HostView>,
    occupants: Vec<Occupant>,
    policy: Policy,
}

/// A size that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// The offering.
    pub offering: ServiceOfferingId,
    /// The template.
    pub template: Option<TemplateId>,
    /// CPUs, their speed in MHz and memory in MiB, where the offering leaves them open.
    pub own: (Option<u64>, Option<u64>, Option<u64>),
}

/// What would become of a zone.
#[derive(Debug, Clone)]
pub struct CapacityPlan {
    /// Where the VMs of lost hosts would go.
    pub lost: DrainPlan,
    /// How many more of a size would fit then.
    pub fits: Option<Fits>,
    /// Names of the zone's hosts.
    pub names: Names,
}

/// Names of hosts by their ids.
pub type Names = Vec<(HostId, String)>;

async fn sight(app: &Context, zone: ZoneId) -> Result<Sight, ServiceError> {
    let (rows, there) =
        (app.store.hosts(zone), app.store.read(move |tx| occupants(tx, zone)).await?);
    let policy = app
        .settings
        .policy(zone)
        .map_err(|why| ServiceError::new(ServiceErrorKind::Internal, why.to_string()))?;
    let hosts = app.views.look(zone, &rows, &app.agents, <[HostView]>::to_vec);
    Ok(Sight { hosts, occupants: there.into_iter().map(occupant).collect(), policy })
}

impl Sight {
    fn names(&self) -> Names {
        self.hosts.iter().map(|host| (host.id, host.name.clone())).collect()
    }
}

fn demand(size: &SizeRow) -> Demand {
    let arch = Arch::new(&size.arch);
    let demand = Demand::of_size(size.cpus, size.cpu_mhz, size.memory, size.disk, arch);
    Demand { tags: split(&size.host_tags), pool_tags: split(&size.pool_tags), ..demand }
}

fn occupant(row: OccupantRow) -> Occupant {
    let group = |(id, name, kind)| Group { id, name, kind };
    let groups = row.groups.into_iter().map(group).collect();
    let (account, domain) = row.owner;
    let demand = Demand {
        owner: Some(Owner { account, domain }),
        availability_zone: row.availability_zone,
        ..demand(&row.size)
    };
    Occupant { vm: row.vm, name: row.name, host: row.host, demand, groups }
}

async fn wanted(app: &Context, size: Size) -> Result<Demand, ServiceError> {
    let Size { offering, template, own } = size;
    let mut row = app.store.read(move |tx| size_for_sale(tx, offering, template)).await?;
    row.cpus = own.0.unwrap_or(row.cpus);
    row.cpu_mhz.0 = own.1.unwrap_or(row.cpu_mhz.0);
    row.memory.0 = own.2.unwrap_or(row.memory.0);
    if row.cpus == 0 || row.memory.0 == 0 {
        return Err(ServiceError::parameter(
            "parameter serviceofferingid: it leaves the size open; say cpunumber, cpuspeed and memory",
        ));
    }
    Ok(demand(&row))
}

/// Where a VM of a size would go, and what would be against every other host.
///
/// # Errors
/// [`ServiceError`] if there is no such offering; that no host would do is an answer.
pub async fn placement_plan(
    app: &Context,
    zone: ZoneId,
    size: Size,
    placing: Placing,
) -> Result<Verdict, ServiceError> {
    let seen = sight(app, zone).await?;
    let Placing { host, cluster, pod } = placing;
    let demand = Demand {
        wanted: host,
        wanted_cluster: cluster,
        wanted_pod: pod,
        ..wanted(app, size).await?
    };
    Ok(match place(&seen.hosts, &demand, &seen.policy, rand::random()) {
        Ok(placement) => placement.verdict,
        Err(none) => none.verdict,
    })
}

/// Where the VMs of a host would go, with the names of its zone's hosts.
///
/// # Errors
/// [`ServiceError`] if there is no such host.
pub async fn drain_plan(app: &Context, host: HostId) -> Result<(DrainPlan, Names), ServiceError> {
    let row = app.store.read(move |tx| host_get(tx, host)).await?;
    let seen = sight(app, row.zone).await?;
    let plan = drain(&seen.hosts, &seen.occupants, &[host], &seen.policy, rand::random());
    Ok((plan, seen.names()))
}

/// The few moves that would even out how full a zone's hosts are.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read.
pub async fn rebalance_plan(
    app: &Context,
    zone: ZoneId,
    most: usize,
) -> Result<(RebalancePlan, Names), ServiceError> {
    let seen = sight(app, zone).await?;
    Ok((rebalance(&seen.hosts, &seen.occupants, &seen.policy, most), seen.names()))
}

/// What would become of a zone without some of its hosts, and how many more VMs of a size would fit then.
///
/// # Errors
/// [`ServiceError`] if there is no such offering.
pub async fn capacity_plan(
    app: &Context,
    zone: ZoneId,
    lost: Vec<HostId>,
    size: Option<Size>,
) -> Result<CapacityPlan, ServiceError> {
    let mut seen = sight(app, zone).await?;
    let names = seen.names();
    let seed = rand::random();
    let moved = drain(&seen.hosts, &seen.occupants, &lost, &seen.policy, seed);
    for step in &moved.moves {
        let of = seen.occupants.iter().find(|occupant| occupant.vm == step.vm);
        let to = seen.hosts.iter_mut().find(|host| host.id == step.to);
        if let (Some(of), Some(to)) = (of, to) {
            to.take(&of.demand);
        }
    }
    seen.hosts.retain(|host| !lost.contains(&host.id));
    let fits = match size {
        Some(size) => Some(fits(&seen.hosts, &wanted(app, size).await?, &seen.policy)),
        None => None,
    };
    Ok(CapacityPlan { lost: moved, fits, names })
}
