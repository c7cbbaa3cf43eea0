//! `resetConfiguration`: takes back what was set, everywhere or at one place.

use hostler_model::{AccountId, ClusterId, DomainId, StoragePoolId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};

use super::place::{Named, shown};
use super::update_configuration::refused;
use super::values::{reset, value_at};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::setting::{CONFIGURATION, configuration};
use crate::settings::Setting;

api_command! {
    /// Takes back what a setting was set to: its default holds again, or at a place what holds everywhere.
    pub(crate) struct ResetConfiguration = "resetConfiguration", synchronous
        .roles(Roles::ADMIN).object("configuration").shape(&CONFIGURATION);

    /// Its name.
    name: required string,
    /// Only what was set for this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Only what was set for this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Only what was set for this storage pool; no setting can be.
    storageid: optional uuid<StoragePoolId> .entity("storagepool"),
    /// Only what was set for this account.
    accountid: optional uuid<AccountId> .entity("account"),
    /// Only what was set for this domain; no setting can be.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for ResetConfiguration {
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
        reset(call, setting, place).await?;
        let value = value_at(call, setting, place).await?;
        Ok(call.object(configuration(setting, &value, &shown(place))))
    }
}
