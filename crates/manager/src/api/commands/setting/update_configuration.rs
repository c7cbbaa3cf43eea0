//! `updateConfiguration`: changes a setting, everywhere or at one place.

use hostler_model::{AccountId, ClusterId, DomainId, StoragePoolId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};

use super::place::{Named, check, shown};
use super::values::{set, value_at};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::setting::{CONFIGURATION, configuration};
use crate::settings::{Setting, SettingError};

api_command! {
    /// Changes a setting.
    pub(crate) struct UpdateConfiguration = "updateConfiguration", synchronous
        .roles(Roles::ADMIN).object("configuration").shape(&CONFIGURATION);

    /// Its name.
    name: required string,
    /// The new value; without it, the value is shown as it is.
    value: optional string .max(4096),
    /// Change it for this zone only.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Change it for this cluster only.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Change it for this storage pool only; no setting can.
    storageid: optional uuid<StoragePoolId> .entity("storagepool"),
    /// Change it for this account only.
    accountid: optional uuid<AccountId> .entity("account"),
    /// Change it for this domain only; no setting can.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for UpdateConfiguration {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let setting = Setting::of(&self.name).map_err(|error| refused(&error))?;
        let named = Named {
            zone: self.zoneid,
            cluster: self.clusterid,
            storage: self.storageid,
            account: self.accountid,
            domain: self.domainid,
        };
        let place = named.place(call).await?;
        check(setting, place)?;
        let value = match self.value {
            Some(value) => {
                setting.check(&value).map_err(|error| refused(&error))?;
                set(call, setting, place, &value).await?;
                value
            }
            None => value_at(call, setting, place).await?,
        };
        Ok(call.object(configuration(setting, &value, &shown(place))))
    }
}

/// Names the parameter that is wrong.
pub(super) fn refused(error: &SettingError) -> Failure {
    let param = match error {
        SettingError::Unknown(_) => "name",
        SettingError::Value { .. } | SettingError::Names { .. } => "value",
    };
    Failure::invalid(format!("{param}: {error}"))
}
