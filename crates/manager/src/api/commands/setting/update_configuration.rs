//! `updateConfiguration`: changes a setting, everywhere or for one cluster.

use hostler_model::ClusterId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::cluster::{cluster_get, cluster_set_ratios};
use hostler_store::reference::Entity;
use hostler_store::setting::{SettingRow, setting_put};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::setting::{CONFIGURATION, configuration};
use crate::settings::{CPU_FACTOR, Setting, SettingError};

api_command! {
    /// Changes a setting.
    pub(crate) struct UpdateConfiguration = "updateConfiguration", synchronous
        .roles(Roles::ADMIN).object("configuration").shape(&CONFIGURATION);

    /// Its name.
    name: required string,
    /// The new value; without it, the value is shown as it is.
    value: optional string .max(4096),
    /// Change it for this cluster only.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
}

impl Handler for UpdateConfiguration {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let refused = |error: SettingError| {
            Failure::invalid(format!(
                "{}: {error}",
                match error {
                    SettingError::Unknown(_) => "name",
                    SettingError::Value { .. } => "value",
                }
            ))
        };
        let setting = Setting::of(&self.name).map_err(refused)?;
        let value = self.value.unwrap_or_else(|| call.context.settings.text(setting));
        setting.check(&value).map_err(refused)?;
        match self.clusterid {
            None => {
                set_everywhere(call, setting, value.clone()).await?;
                Ok(call.object(configuration(setting, &value, "global")))
            }
            Some(cluster) => {
                set_for_cluster(call, setting, value.clone(), cluster).await?;
                Ok(call.object(configuration(setting, &value, "cluster")))
            }
        }
    }
}

async fn set_everywhere(
    call: Call<'_>,
    setting: &'static Setting,
    value: String,
) -> Result<(), Failure> {
    let row = SettingRow {
        name: setting.name.to_owned(),
        scope: "global".to_owned(),
        scope_id: String::new(),
        value: value.clone(),
    };
    let (now, event) = (call.now(), call.event("CONFIGURATION.VALUE.EDIT"));
    call.write(move |tx| {
        setting_put(tx, &row, now)?;
        event.record(tx, format!("setting {} was set to {}", row.name, row.value))
    })
    .await?;
    call.context.settings.set(setting.name, &value).map_err(|e| Failure::invalid(e.to_string()))
}

async fn set_for_cluster(
    call: Call<'_>,
    setting: &'static Setting,
    value: String,
    cluster: ClusterId,
) -> Result<(), Failure> {
    if setting.scope != "Cluster" {
        return Err(Failure::invalid(format!(
            "clusterid: setting {} holds everywhere; leave clusterid out",
            setting.name
        )));
    }
    call.require(vec![("clusterid", Entity::Cluster, cluster.uuid())]).await?;
    let ratio: f64 = value.parse().map_err(|_| call.wrong("value", &value, "a decimal number"))?;
    let event = call.event("CONFIGURATION.VALUE.EDIT").about("Cluster", cluster.uuid());
    call.write(move |tx| {
        let row = cluster_get(tx, cluster)?;
        let (cpu, memory) = if setting.name == CPU_FACTOR.name {
            (ratio, row.memory_ratio)
        } else {
            (row.cpu_ratio, ratio)
        };
        cluster_set_ratios(tx, cluster, cpu, memory)?;
        event.record(
            tx,
            format!("setting {} of cluster {} was set to {value}", setting.name, row.name),
        )
    })
    .await
}
