//! For which place a request sets or shows a setting: a zone, a cluster, an account, or everywhere.

use hostler_model::{AccountId, ClusterId, DomainId, StoragePoolId, ZoneId};
use hostler_store::reference::Entity;
use hostler_store::setting::SettingRow;

use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::settings::{Place, Setting};

/// What a request says of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Named {
    pub(super) zone: Option<ZoneId>,
    pub(super) cluster: Option<ClusterId>,
    pub(super) storage: Option<StoragePoolId>,
    pub(super) account: Option<AccountId>,
    pub(super) domain: Option<DomainId>,
}

impl Named {
    /// The one place that is named; nothing: everywhere.
    ///
    /// # Errors
    /// Several places, or one that is not there.
    pub(super) async fn place(self, call: Call<'_>) -> Result<Option<Place>, Failure> {
        let all = [
            self.zone.map(|id| ("zoneid", Entity::Zone, ("Zone", id.uuid()))),
            self.cluster.map(|id| ("clusterid", Entity::Cluster, ("Cluster", id.uuid()))),
            self.storage.map(|id| ("storageid", Entity::StoragePool, ("StoragePool", id.uuid()))),
            self.account.map(|id| ("accountid", Entity::Account, ("Account", id.uuid()))),
            self.domain.map(|id| ("domainid", Entity::Domain, ("Domain", id.uuid()))),
        ];
        let mut named = all.into_iter().flatten();
        let Some((param, entity, place)) = named.next() else { return Ok(None) };
        if let Some((other, ..)) = named.next() {
            let text = format!("{param} and {other} are both given; a value is set for one place");
            return Err(Failure::invalid(text));
        }
        call.require(vec![(param, entity, place.1)]).await?;
        Ok(Some(place))
    }
}

/// Refuses to set a setting where it cannot be.
pub(super) fn check(setting: &Setting, place: Option<Place>) -> Result<(), Failure> {
    match place {
        Some((scope, _)) if scope != setting.scope => {
            let where_ = if setting.scope == "Global" {
                "holds everywhere".to_owned()
            } else {
                format!("can be set for a {}, or everywhere", setting.scope)
            };
            Err(Failure::invalid(format!(
                "setting {} {where_}; leave the {scope} out",
                setting.name
            )))
        }
        _ => Ok(()),
    }
}

/// A value as the table has it.
pub(super) fn row(setting: &Setting, place: Option<Place>, value: String) -> SettingRow {
    SettingRow {
        name: setting.name.to_owned(),
        scope: place.map_or("global", |(scope, _)| scope).to_lowercase(),
        scope_id: place.map(|(_, id)| id.to_string()).unwrap_or_default(),
        value,
    }
}

/// Where a value holds, for people: `global`, `zone`, ...
pub(super) fn shown(place: Option<Place>) -> String {
    place.map_or("global", |(scope, _)| scope).to_lowercase()
}
