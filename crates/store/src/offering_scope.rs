//! Tables `offering_domain` and `offering_zone`: for whom and where an offering is, of whatever kind it is.
//!
//! An offering without rows is for everybody, everywhere. One with domains is for their accounts and those of
//! the domains below; a domain administrator also sees those of the domains that it administers.

use hostler_model::{DomainId, ZoneId};
use rusqlite::params;
use uuid::Uuid;

use crate::scope::Scope;
use crate::{StoreError, Tx};

/// What a list shows of an offering's domains and zones: ids and names, as JSON. `id` is the offering's column.
pub(crate) fn columns(id: &str) -> String {
    format!(
        "(SELECT json_group_array(json_array(d.id, d.path)) FROM offering_domain r JOIN domain d ON d.id = r.domain
          WHERE r.offering = {id}) AS offered_domains,
         (SELECT json_group_array(json_array(z.id, z.name)) FROM offering_zone r JOIN zone z ON z.id = r.zone
          WHERE r.offering = {id}) AS offered_zones"
    )
}

/// The condition that the offering of column `id` is for `scope`, whose value stands at `value`; nothing: it always is.
pub(crate) fn offered_to(id: &str, scope: &Scope, value: &str) -> Option<String> {
    let own = match scope {
        Scope::All => return None,
        Scope::OutsideProjects(scope) => return offered_to(id, scope, value),
        Scope::Account(_) | Scope::Projects(_) | Scope::Member(_) => format!(
            "(SELECT own.path FROM account a JOIN domain own ON own.id = a.domain WHERE a.id = {value})"
        ),
        Scope::Domain(_) => format!("(SELECT own.path FROM domain own WHERE own.id = {value})"),
        Scope::Tree(_) => value.to_owned(),
    };
    let below = |lower: &str, upper: &str| {
        format!("({lower} = {upper} OR substr({lower}, 1, length({upper}) + 1) = {upper} || '/')")
    };
    let mut fits = below(&own, "od.path");
    if matches!(scope, Scope::Tree(_)) {
        fits = format!("({fits} OR {})", below("od.path", &own));
    }
    Some(format!(
        "(NOT EXISTS (SELECT 1 FROM offering_domain r WHERE r.offering = {id})
          OR EXISTS (SELECT 1 FROM offering_domain r JOIN domain od ON od.id = r.domain
                     WHERE r.offering = {id} AND {fits}))"
    ))
}

/// The value of a scope in [`offered_to`].
pub(crate) fn scope_value(scope: &Scope) -> String {
    match scope {
        Scope::All => String::new(),
        Scope::OutsideProjects(scope) => scope_value(scope),
        Scope::Account(id) | Scope::Projects(id) | Scope::Member(id) => id.to_string(),
        Scope::Domain(id) => id.to_string(),
        Scope::Tree(path) => path.clone(),
    }
}

/// The condition that the offering of column `id` is for the zone at `value`.
pub(crate) fn offered_in(id: &str, value: &str) -> String {
    format!(
        "(NOT EXISTS (SELECT 1 FROM offering_zone r WHERE r.offering = {id})
          OR EXISTS (SELECT 1 FROM offering_zone r WHERE r.offering = {id} AND r.zone = {value}))"
    )
}

/// Says anew for which domains an offering is; none: for all.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn offering_set_domains(
    tx: &Tx<'_>,
    offering: Uuid,
    domains: &[DomainId],
) -> Result<(), StoreError> {
    let id = offering.to_string();
    tx.execute("open an offering", "DELETE FROM offering_domain WHERE offering = ?1", params![id])?;
    domains.iter().try_for_each(|domain| {
        tx.execute(
            "restrict an offering",
            "INSERT OR IGNORE INTO offering_domain (offering, domain) VALUES (?1, ?2)",
            params![id, domain.to_string()],
        )
        .map(|_| ())
    })
}

/// Says anew in which zones an offering is; none: in all.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn offering_set_zones(tx: &Tx<'_>, offering: Uuid, zones: &[ZoneId]) -> Result<(), StoreError> {
    let id = offering.to_string();
    tx.execute("open an offering", "DELETE FROM offering_zone WHERE offering = ?1", params![id])?;
    zones.iter().try_for_each(|zone| {
        tx.execute(
            "restrict an offering",
            "INSERT OR IGNORE INTO offering_zone (offering, zone) VALUES (?1, ?2)",
            params![id, zone.to_string()],
        )
        .map(|_| ())
    })
}
