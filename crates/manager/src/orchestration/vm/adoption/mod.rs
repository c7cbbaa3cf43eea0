//! Adoption: a libvirt domain that somebody else made becomes a VM, and can be given back. Its guest runs on throughout.
//!
//! `adopt` reads the domain from its host, plans, and records the VM with a job that takes the domain over; what the plan
//! would be can be asked for alone. Such a VM keeps its libvirt domain, with its own name, UUID and definition.

mod plan;
mod record;
pub mod release;
pub mod take;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hostler_model::{HostId, HostName, JobId, Mhz, ServiceOfferingId, VmId};
use hostler_store::StoreError;
use hostler_store::alien::aliens_on;
use hostler_store::host::{HostRow, host_get};
use hostler_store::network::network_of_zone;
use hostler_store::service_offering::{ServiceOfferingFilter, service_offering_list};
use hostler_store::{Page, Scope};
use hostler_wire::{DescribeCommand, DomainDescription};
use uuid::Uuid;

pub use plan::{NicChoices, PlannedNic, PlannedSize, PlannedVolume};
pub use release::release;

use crate::agents::CallError;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::orchestration::Caller;
use crate::orchestration::vm::spec::split;
use record::Record;

/// How long a host may take to describe a domain.
const READING: Duration = Duration::from_secs(30);

/// Everything that an administrator can say about an adoption.
#[derive(Debug, Clone)]
pub struct AdoptRequest {
    /// The host.
    pub host: HostId,
    /// UUID or name of the libvirt domain.
    pub alien: String,
    /// What it is sold as; nothing: the offering that is of its size.
    pub offering: Option<ServiceOfferingId>,
    /// Speed of a CPU where the offering leaves it open; nothing: that of the host's.
    pub cpu_speed: Option<Mhz>,
    /// Networks and addresses.
    pub nics: NicChoices,
    /// The guest's host name; nothing: the domain's name if it is one, else derived from the id.
    pub name: Option<String>,
    /// Any text; nothing: the domain's name.
    pub display_name: Option<String>,
}

/// What an adoption would record.
#[derive(Debug, Clone)]
pub struct AdoptionPlan {
    /// The domain.
    pub domain: DomainDescription,
    /// Its host.
    pub host: HostId,
    /// That host's name.
    pub host_name: String,
    /// The guest's host name.
    pub name: HostName,
    /// The name for people.
    pub display_name: String,
    /// What it is sold as.
    pub size: PlannedSize,
    /// Its volumes, the root volume first.
    pub volumes: Vec<PlannedVolume>,
    /// Its NICs, the default one first.
    pub nics: Vec<PlannedNic>,
}

impl AdoptionPlan {
    /// The names of its drives: they stay as they are, and are not the cloud's.
    pub fn drives(&self) -> Vec<&str> {
        let drives = self.domain.disks.iter().filter(|disk| plan::is_drive(disk));
        drives.map(|drive| drive.target.as_str()).collect()
    }
}

/// Checks, plans, records the VM and its job, and has the job take the domain over. Nothing is written when a check fails.
///
/// # Errors
/// [`ServiceError`] names everything that is against it.
pub async fn adopt(
    app: &Context,
    caller: &Caller,
    request: &AdoptRequest,
) -> Result<(VmId, JobId), ServiceError> {
    let (id, plan) = planned(app, caller, request).await?;
    let record = Record::new(app, caller, id, plan);
    let job = record.job.id;
    app.store.write(move |tx| record.write_down(tx)).await?;
    app.jobs.run(app, id.uuid(), job);
    Ok((id, job))
}

/// What [`adopt`] would record, after all its checks. It is written down, and taken back with its transaction.
///
/// # Errors
/// Those of [`adopt`].
pub async fn rehearse_adoption(
    app: &Context,
    caller: &Caller,
    request: &AdoptRequest,
) -> Result<AdoptionPlan, ServiceError> {
    let (id, plan) = planned(app, caller, request).await?;
    let record = Record::new(app, caller, id, plan.clone());
    let is_written = Arc::new(Mutex::new(false));
    let written = Arc::clone(&is_written);
    let taken_back = app
        .store
        .write(move |tx| {
            record.write_down(tx)?;
            *written.lock().unwrap_or_else(PoisonError::into_inner) = true;
            Err::<(), _>(ServiceError::new(ServiceErrorKind::Internal, "a rehearsal ends here"))
        })
        .await;
    let is_written = *is_written.lock().unwrap_or_else(PoisonError::into_inner);
    match taken_back {
        Err(why) if !is_written => Err(why),
        _ => Ok(plan),
    }
}

/// Reads the domain from its host and plans.
async fn planned(
    app: &Context,
    caller: &Caller,
    request: &AdoptRequest,
) -> Result<(VmId, AdoptionPlan), ServiceError> {
    if !caller.is_root() {
        let text = "only a root administrator may adopt libvirt domains";
        return Err(ServiceError::new(ServiceErrorKind::Denied, text));
    }
    let host = request.host;
    let (row, aliens) = app
        .store
        .read(move |tx| Ok::<_, StoreError>((host_get(tx, host)?, aliens_on(tx, host)?)))
        .await?;
    let named = |uuid: Uuid, name: &str| request.alien == name || request.alien == uuid.to_string();
    let alien = aliens.iter().find(|alien| named(alien.uuid, &alien.name)).ok_or_else(|| {
        ServiceError::parameter(format!(
            "parameter alien: host {} has no libvirt domain {:?} that is not this cloud's; see listAliens",
            row.name, request.alien
        ))
    })?;
    let domain = describe(app, &row, alien.uuid).await?;
    plan::check(&domain)?;
    let zone = row.zone;
    let (networks, offerings) = app
        .store
        .read(move |tx| {
            let of_zone = ServiceOfferingFilter {
                zone: Some(zone),
                is_active: Some(true),
                ..ServiceOfferingFilter::default()
            };
            let all = Page { offset: 0, limit: None };
            let offerings = service_offering_list(tx, &of_zone, &Scope::All, all)?;
            Ok::<_, StoreError>((network_of_zone(tx, zone)?, offerings.rows))
        })
        .await?;
    let hosts = app.store.hosts(zone);
    let there = hosts.iter().find(|there| there.host == host);
    let speed = request.cpu_speed.or(there.map(|there| there.cpu_mhz)).unwrap_or_default();
    let tags = there.map(|there| split(&there.tags)).unwrap_or_default();
    let terms = plan::HostTerms { name: &row.name, speed, tags };
    let id = VmId::new(Uuid::now_v7());
    let size = plan::size(&domain, &offerings, request.offering, &terms)?;
    let volumes = plan::volumes(&domain);
    let nics = plan::nics(&domain, &networks, &request.nics)?;
    let name = host_name(id, request.name.as_deref(), &domain.domain_name)?;
    let display_name = request.display_name.clone().unwrap_or_else(|| domain.domain_name.clone());
    let (host, host_name) = (row.id, row.name);
    Ok((id, AdoptionPlan { domain, host, host_name, name, display_name, size, volumes, nics }))
}

async fn describe(
    app: &Context,
    host: &HostRow,
    domain: Uuid,
) -> Result<DomainDescription, ServiceError> {
    match app.agents.ask(host.id, DescribeCommand { domain }, READING).await {
        Ok(answer) => Ok(*answer.domain),
        Err(CallError::Refused(failure)) => Err(failure.into()),
        Err(error) => Err(ServiceError::unavailable(&error)),
    }
}

fn host_name(id: VmId, asked: Option<&str>, domain: &str) -> Result<HostName, ServiceError> {
    let wrong = |e| ServiceError::parameter(format!("parameter name: {e}"));
    match asked {
        Some(name) => name.parse().map_err(wrong),
        None => domain.parse().or_else(|_| format!("VM-{id}").parse()).map_err(wrong),
    }
}
