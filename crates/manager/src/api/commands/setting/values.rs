//! How the value of a setting is read and written at a place.
//!
//! The overcommit ratios of a cluster are columns of its row, because placement reads them with it; every other
//! value is a row of the table of settings and, beside it, in memory.

use hostler_model::ClusterId;
use hostler_store::cluster::{cluster_get, cluster_set_ratios};
use hostler_store::setting::{setting_put, setting_remove};

use super::place::{check, row};
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::settings::{CPU_FACTOR, Kind, Place, Setting};

/// The cluster in whose row the value stands, if it does.
fn column_of(setting: &Setting, place: Option<Place>) -> Option<ClusterId> {
    match place {
        Some(("Cluster", id)) if setting.kind == Kind::Ratio => Some(ClusterId::new(id)),
        _ => None,
    }
}

/// The value that holds at a place.
pub(super) async fn value_at(
    call: Call<'_>,
    setting: &'static Setting,
    place: Option<Place>,
) -> Result<String, Failure> {
    let Some(id) = column_of(setting, place) else {
        return Ok(call.context.settings.text_at(setting, place));
    };
    let row = call.read(move |tx| Ok(cluster_get(tx, id)?)).await?;
    let ratio = if setting.name == CPU_FACTOR.name { row.cpu_ratio } else { row.memory_ratio };
    Ok(format!("{ratio:?}"))
}

/// Sets a value at a place, or everywhere, with an event.
pub(super) async fn set(
    call: Call<'_>,
    setting: &'static Setting,
    place: Option<Place>,
    value: &str,
) -> Result<(), Failure> {
    check(setting, place)?;
    if let Some(id) = column_of(setting, place) {
        return set_ratio(call, setting, id, value).await;
    }
    let (row, now) = (row(setting, place, value.to_owned()), call.now());
    let event = call.event("CONFIGURATION.VALUE.EDIT");
    call.write(move |tx| {
        setting_put(tx, &row, now)?;
        let of = if row.scope_id.is_empty() {
            String::new()
        } else {
            format!(" of {} {}", row.scope, row.scope_id)
        };
        let shown = setting.shown(&row.value);
        event.record(tx, format!("setting {}{of} was set to {shown}", row.name))
    })
    .await?;
    let set = call.context.settings.set_at(setting.name, place, value);
    set.map_err(|error| Failure::invalid(error.to_string()))
}

/// Takes back what was set at a place, or everywhere, with an event.
pub(super) async fn reset(
    call: Call<'_>,
    setting: &'static Setting,
    place: Option<Place>,
) -> Result<(), Failure> {
    check(setting, place)?;
    if let Some(id) = column_of(setting, place) {
        let everywhere = call.context.settings.text(setting);
        return set_ratio(call, setting, id, &everywhere).await;
    }
    let row = row(setting, place, String::new());
    let event = call.event("CONFIGURATION.VALUE.EDIT");
    call.write(move |tx| {
        setting_remove(tx, &row.name, &row.scope, &row.scope_id)?;
        event.record(tx, format!("setting {} was reset", row.name))
    })
    .await?;
    call.context.settings.reset(setting, place);
    Ok(())
}

async fn set_ratio(
    call: Call<'_>,
    setting: &'static Setting,
    cluster: ClusterId,
    value: &str,
) -> Result<(), Failure> {
    let ratio: f64 = value.parse().map_err(|_| call.wrong("value", value, "a decimal number"))?;
    let event = call.event("CONFIGURATION.VALUE.EDIT").about("Cluster", cluster.uuid());
    call.write(move |tx| {
        let row = cluster_get(tx, cluster)?;
        let (cpu, memory) = if setting.name == CPU_FACTOR.name {
            (ratio, row.memory_ratio)
        } else {
            (row.cpu_ratio, ratio)
        };
        cluster_set_ratios(tx, cluster, cpu, memory)?;
        let text = format!("setting {} of cluster {} was set to {ratio}", setting.name, row.name);
        event.record(tx, text)
    })
    .await
}
