//! `listConfigurations`: the settings, with their values, everywhere or at one place.

use hostler_model::{AccountId, ClusterId, DomainId, StoragePoolId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Page;

use super::place::{Named, shown};
use super::values::value_at;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::setting::{CONFIGURATION, SUBGROUP, configuration, group_of};
use crate::settings::{SETTINGS, Setting};

api_command! {
    /// Lists settings with their values.
    pub(crate) struct ListConfigurations = "listConfigurations", synchronous
        .roles(Roles::ADMIN).object("configuration").shape(&CONFIGURATION).paged();

    /// The setting of this name.
    name: optional string,
    /// Settings about this.
    category: optional string,
    /// Settings of this group.
    group: optional string,
    /// Settings of this part of a group.
    subgroup: optional string,
    /// Settings that depend on this one; none do.
    parent: optional string,
    /// Settings that can be set for a zone, with the values of this one.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Settings that can be set for a cluster, with the values of this one.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Settings that can be set for a storage pool, with the values of this one; there are none.
    storageid: optional uuid<StoragePoolId> .entity("storagepool"),
    /// Settings that can be set for an account, with the values of this one.
    accountid: optional uuid<AccountId> .entity("account"),
    /// Settings that can be set for a domain, with the values of this one; there are none.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for ListConfigurations {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Page { offset, limit } = call.page()?;
        let named = Named {
            zone: self.zoneid,
            cluster: self.clusterid,
            storage: self.storageid,
            account: self.accountid,
            domain: self.domainid,
        };
        let place = named.place(call).await?;
        let is = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(text))
        };
        let keyword = call.keyword().map(|text| text.to_lowercase());
        let matches = |setting: &&Setting| {
            self.name.as_ref().is_none_or(|name| name == setting.name)
                && is(&self.category, setting.category)
                && is(&self.group, group_of(setting))
                && is(&self.subgroup, SUBGROUP)
                && self.parent.is_none()
                && place.is_none_or(|(scope, _)| scope == setting.scope)
                && keyword.as_ref().is_none_or(|text| {
                    setting.name.contains(text) || setting.description.to_lowercase().contains(text)
                })
        };
        let all: Vec<_> = SETTINGS.iter().filter(matches).collect();
        let count = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        for setting in all.iter().skip(count(Some(offset))).take(count(limit)) {
            let value = value_at(call, setting, place).await?;
            rows.push(configuration(setting, &value, &shown(place)));
        }
        Ok(Answer::list(call.command, all.len(), rows))
    }
}
