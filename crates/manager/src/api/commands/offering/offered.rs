//! For whom and where an offering is: lists of domains and zones in a request.

use hostler_model::{DomainId, ZoneId};
use hostler_store::domain::domain_get;
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;

use crate::api::call::Call;
use crate::api::failure::Failure;

/// Domains with their paths, and zones with their names.
pub(super) type Named = (Vec<(DomainId, String)>, Vec<(ZoneId, String)>);

/// The domains and zones that a request names; none: all.
#[derive(Debug, Clone, Default)]
pub(super) struct Offered {
    pub(super) domains: Vec<DomainId>,
    pub(super) zones: Vec<ZoneId>,
}

impl Offered {
    /// Reads what an update says: ids separated by commas, or the word for all of them.
    ///
    /// # Errors
    /// An id that is none.
    pub(super) fn ids<T: std::str::FromStr>(
        call: Call<'_>,
        param: &str,
        text: &str,
        all: &str,
    ) -> Result<Vec<T>, Failure> {
        if text.eq_ignore_ascii_case(all) {
            return Ok(Vec::new());
        }
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| part.parse().map_err(|_| call.unknown(param, part))).collect()
    }

    /// The same with names, if all of them are there.
    ///
    /// # Errors
    /// Names the first that is not.
    pub(super) async fn check(self, call: Call<'_>) -> Result<Named, Failure> {
        let domains = self.domains.iter().map(|id| ("domainid", Entity::Domain, id.uuid()));
        let zones = self.zones.iter().map(|id| ("zoneid", Entity::Zone, id.uuid()));
        call.require(domains.chain(zones).collect()).await?;
        call.read(move |tx| {
            let mut named: Named = Default::default();
            for id in self.domains {
                named.0.push((id, domain_get(tx, id)?.path));
            }
            for id in self.zones {
                named.1.push((id, zone_get(tx, id)?.name));
            }
            Ok(named)
        })
        .await
    }
}
