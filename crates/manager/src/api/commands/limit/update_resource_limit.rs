//! `updateResourceLimit`: says how much an account, a domain or a project may have.

use hostler_model::{DomainId, LimitKind};
use hostler_query_api::{Answer, ApiError, RoleType, Roles, api_command};
use hostler_store::Tx;
use hostler_store::limit::{LimitDefaults, limit_set, rooms_of_domains};

use super::{Owner, OwnerRow, kind};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::limit::{RESOURCE_LIMIT, resource_limit};

api_command! {
    /// Sets a limit of an account, a domain or a project. What is there already stays.
    pub(crate) struct UpdateResourceLimit = "updateResourceLimit", synchronous
        .roles(Roles::ADMIN_AND_DOMAIN_ADMIN).object("resourcelimit").shape(&RESOURCE_LIMIT).in_projects();

    /// The kind; see listResourceLimits.
    resourcetype: required integer,
    /// The account; goes with domainid.
    account: optional string,
    /// Without account: the domain, with those below it.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// How much there may be, memory in MiB and storage in GiB; -1, also by default, for any amount.
    max: optional long,
}

impl Handler for UpdateResourceLimit {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Some(kind) = kind(call, Some(self.resourcetype), None)? else {
            return Err(Failure(ApiError::missing(call.command.name, "resourcetype")));
        };
        let max = self.max.unwrap_or(-1);
        if max < -1 {
            return Err(call.wrong(
                "max",
                &max.to_string(),
                "a number from 0, or -1 for unlimited",
            ));
        }
        let owner = Owner::of(call, self.account, self.domainid).await?;
        let own = call.identity.user.domain;
        let is_own = matches!(owner, Owner::Domain(domain) if domain == own);
        if is_own && call.identity.role() != RoleType::Admin {
            return Err(Failure(ApiError::denied(
                "parameter domainid: only administrators of a domain above it may change a domain's own limits",
            )));
        }
        let (limits, now) = (call.context.settings.limits(), call.now());
        let event = call.event("RESOURCE.LIMIT.UPDATE").about("Limit", owner.id());
        let (row, room) = call
            .write(move |tx| {
                let row = owner.read(tx)?;
                if row.is_free() {
                    return Err(Failure::invalid(
                        "the root domain and root administrators have no limits; name another account or domain",
                    ));
                }
                within_parent(tx, &limits, &row, kind, max)?;
                limit_set(tx, owner.id(), kind, max, now)?;
                let name = row.account().unwrap_or(row.domain().2);
                event.record(tx, format!("{name} may have {max} of {}", kind.api_name()))?;
                let rooms = owner.rooms(tx, &limits)?;
                Ok((row, rooms.into_iter().find(|room| room.kind == kind)))
            })
            .await?;
        Ok(call.object(room.map(|room| resource_limit(&row, &room)).unwrap_or_default()))
    }
}

/// A domain may not have more than the domain that it is in.
fn within_parent(
    tx: &Tx<'_>,
    limits: &LimitDefaults,
    row: &OwnerRow,
    kind: LimitKind,
    max: i64,
) -> Result<(), Failure> {
    let OwnerRow::Domain(domain) = row else { return Ok(()) };
    let Some(parent) = domain.parent else { return Ok(()) };
    let rooms = rooms_of_domains(tx, limits, &[parent])?;
    match rooms.into_iter().find(|room| room.kind == kind) {
        Some(room) if room.max >= 0 && (max < 0 || max > room.max) => {
            Err(Failure::invalid(format!(
                "max: domain {} may have {} of {}, and no domain in it may have more",
                room.name,
                room.max,
                kind.api_name()
            )))
        }
        _ => Ok(()),
    }
}
