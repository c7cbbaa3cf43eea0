//! Commands about zones, pods, clusters and hosts that are kept for a domain or an account.
//!
//! The four kinds of places differ in the name of their parameter only; what is done stands here once.

use hostler_model::{AccountId, DedicatedKind, DedicationId, DomainId};
use hostler_query_api::Answer;
use hostler_store::Tx;
use hostler_store::account::account_by_name;
use hostler_store::dedication::{
    DedicationFilter, DedicationRow, dedicate, dedication_end, dedication_list,
};
use hostler_store::domain::domain_get;
use hostler_store::reference::Entity;
use uuid::Uuid;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::done::finished;
use crate::api::failure::Failure;
use crate::api::objects::dedication::dedicated;

mod dedicate;
mod list;
mod release;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<dedicate::DedicateCluster>(),
    known::<dedicate::DedicateHost>(),
    known::<dedicate::DedicatePod>(),
    known::<dedicate::DedicateZone>(),
    known::<list::ListDedicatedClusters>(),
    known::<list::ListDedicatedHosts>(),
    known::<list::ListDedicatedPods>(),
    known::<list::ListDedicatedZones>(),
    known::<release::ReleaseDedicatedCluster>(),
    known::<release::ReleaseDedicatedHost>(),
    known::<release::ReleaseDedicatedPod>(),
    known::<release::ReleaseDedicatedZone>(),
];

/// A place of a kind, or all of it.
struct Place<I> {
    kind: DedicatedKind,
    id: I,
}

/// For whom.
struct Tenant<D> {
    domain: D,
    account: Option<String>,
}

/// The parameter that names a place of a kind, and what it names.
const fn named(kind: DedicatedKind) -> (&'static str, Entity) {
    match kind {
        DedicatedKind::Zone => ("zoneid", Entity::Zone),
        DedicatedKind::Pod => ("podid", Entity::Pod),
        DedicatedKind::Cluster => ("clusterid", Entity::Cluster),
        DedicatedKind::Host => ("hostid", Entity::Host),
    }
}

async fn dedicate_place(
    call: Call<'_>,
    place: Place<Uuid>,
    tenant: Tenant<DomainId>,
) -> Result<Answer, Failure> {
    let (param, entity) = named(place.kind);
    let domain = ("domainid", Entity::Domain, tenant.domain.uuid());
    call.require(vec![(param, entity, place.id), domain]).await?;
    let job = finished(call, place.kind.as_str(), place.id);
    let (id, now, kind) = (job.id(), call.now(), place.kind);
    let event = call.event("DEDICATE.RESOURCE").about(kind.as_str(), place.id);
    call.write(move |tx| {
        let account = match &tenant.account {
            Some(name) => Some(account_of(tx, name, tenant.domain)?),
            None => None,
        };
        let row = DedicationRow {
            id: DedicationId::new(Uuid::now_v7()),
            kind,
            resource: place.id,
            domain: tenant.domain,
            account,
            created: now,
        };
        dedicate(tx, &row)?;
        let path = domain_get(tx, tenant.domain)?.path;
        let whom = tenant.account.map_or_else(String::new, |name| format!("account {name} of "));
        let text = format!("{} {} is kept for {whom}domain {path}", kind.word(), place.id);
        event.record(tx, text)?;
        job.record(tx)
    })
    .await?;
    Ok(Answer::job(call.command, None, id))
}

async fn release_place(call: Call<'_>, place: Place<Uuid>) -> Result<Answer, Failure> {
    let (param, entity) = named(place.kind);
    call.require(vec![(param, entity, place.id)]).await?;
    let job = finished(call, place.kind.as_str(), place.id);
    let (id, kind) = (job.id(), place.kind);
    let event = call.event("DEDICATE.RESOURCE.RELEASE").about(kind.as_str(), place.id);
    call.write(move |tx| {
        if dedication_end(tx, kind, place.id)?.is_none() {
            return Err(Failure::invalid(format!(
                "parameter {param}: {} {} is not dedicated to anybody; listDedicated{kind}s shows those that are",
                kind.word(),
                place.id
            )));
        }
        event.record(tx, format!("{} {} is kept for nobody any more", kind.word(), place.id))?;
        job.record(tx)
    })
    .await?;
    Ok(Answer::job(call.command, None, id))
}

async fn list_places(
    call: Call<'_>,
    place: Place<Option<Uuid>>,
    tenant: Tenant<Option<DomainId>>,
) -> Result<Answer, Failure> {
    let (kind, keyword, page) = (place.kind, call.keyword(), call.page()?);
    let own = call.identity.user.domain;
    let listed = call
        .read(move |tx| {
            let account = match &tenant.account {
                Some(name) => Some(account_of(tx, name, tenant.domain.unwrap_or(own))?),
                None => None,
            };
            let (resource, domain) = (place.id, tenant.domain);
            let filter = DedicationFilter { resource, domain, account, keyword };
            Ok(dedication_list(tx, kind, &filter, page)?)
        })
        .await?;
    call.list(listed, None, dedicated).await
}

fn account_of(tx: &Tx<'_>, name: &str, domain: DomainId) -> Result<AccountId, Failure> {
    account_by_name(tx, domain, name)?.ok_or_else(|| {
        Failure::invalid(format!(
            "parameter account: there is no account {name} in that domain; listAccounts shows those that there are"
        ))
    })
}
