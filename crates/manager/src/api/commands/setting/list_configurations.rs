//! `listConfigurations`: the settings, with their values, everywhere or in one cluster.

use hostler_model::ClusterId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Page;
use hostler_store::cluster::cluster_get;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::setting::{CONFIGURATION, configuration};
use crate::settings::{CPU_FACTOR, SETTINGS, Setting};

api_command! {
    /// Lists settings with their values.
    pub(crate) struct ListConfigurations = "listConfigurations", synchronous
        .roles(Roles::ADMIN).object("configuration").shape(&CONFIGURATION).paged();

    /// The setting of this name.
    name: optional string,
    /// Settings about this.
    category: optional string,
    /// Settings that can be set for a cluster, with the values of this one.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
}

impl Handler for ListConfigurations {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Page { offset, limit } = call.page()?;
        let cluster = match self.clusterid {
            None => None,
            Some(id) => {
                call.require(vec![("clusterid", Entity::Cluster, id.uuid())]).await?;
                Some(call.read(move |tx| Ok(cluster_get(tx, id)?)).await?)
            }
        };
        let keyword = call.keyword().map(|text| text.to_lowercase());
        let matches = |setting: &&Setting| {
            self.name.as_ref().is_none_or(|name| name == setting.name)
                && self.category.as_ref().is_none_or(|c| c.eq_ignore_ascii_case(setting.category))
                && (cluster.is_none() || setting.scope == "Cluster")
                && keyword.as_ref().is_none_or(|text| {
                    setting.name.contains(text) || setting.description.to_lowercase().contains(text)
                })
        };
        let all: Vec<_> = SETTINGS.iter().filter(matches).collect();
        let count = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        let rows = all.iter().skip(count(Some(offset))).take(count(limit)).map(|setting| {
            let value = match &cluster {
                None => call.context.settings.text(setting),
                Some(row) if setting.name == CPU_FACTOR.name => format!("{:?}", row.cpu_ratio),
                Some(row) => format!("{:?}", row.memory_ratio),
            };
            configuration(setting, &value, if cluster.is_some() { "cluster" } else { "global" })
        });
        Ok(Answer::list(call.command, all.len(), rows.collect()))
    }
}
