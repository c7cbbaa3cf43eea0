//! What a job made, as it is now.
//!
//! A job's record names what to show, `{"virtualmachine": "<id>"}`; this renders it.

use hostler_model::{
    AccountId, NetworkId, ProjectId, SecurityRuleId, SnapshotId, TemplateId, UserId, VmId,
    VmSnapshotId, VolumeId,
};
use hostler_store::affinity_group::affinity_group_view;
use hostler_store::host_view::host_view;
use hostler_store::job_view::JobView;
use hostler_store::network::{NetworkFilter, network_list};
use hostler_store::project::project_view;
use hostler_store::security_group_view::{SecurityGroupView, security_group_view};
use hostler_store::snapshot_policy::snapshot_policy_get;
use hostler_store::snapshot_view::snapshot_view;
use hostler_store::template_view::template_view;
use hostler_store::user::user_credentials;
use hostler_store::vm_snapshot_view::vm_snapshot_view;
use hostler_store::vm_view::vm_view;
use hostler_store::volume_view::volume_view;
use hostler_store::{Page, StoreError, Tx};
use serde_json::{Value, json};

use crate::api::commands::account::account_or_gone;
use crate::api::failure::Failure;
use crate::api::objects::account::user;
use crate::api::objects::extract::{extract, extract_volume};
use crate::api::objects::group::{affinity_group, security_group};
use crate::api::objects::host::host;
use crate::api::objects::network::network;
use crate::api::objects::project::project;
use crate::api::objects::snapshot::{snapshot, snapshot_policy};
use crate::api::objects::storage::volume;
use crate::api::objects::template::template;
use crate::api::objects::vm::{Sight, vm};
use crate::api::objects::vm_snapshot::vm_snapshot;

/// The `jobresult` of a job that succeeded.
///
/// `password`: whether a guest's password is told that nobody was told before.
pub(crate) fn rendered(
    tx: &Tx<'_>,
    view: &JobView,
    admin: bool,
    password: bool,
) -> Result<Value, Failure> {
    let Some(result) = &view.result else { return Ok(json!({"success": true})) };
    let named = |key: &str| result.get(key).and_then(Value::as_str);
    if let Some(id) = named("virtualmachine").and_then(|id| id.parse::<VmId>().ok()) {
        let sight = Sight { admin, user_data: false, password };
        return Ok(json!({"virtualmachine": vm(&vm_view(tx, id)?, sight)}));
    }
    if let Some(id) = named("extract").and_then(|id| id.parse::<TemplateId>().ok()) {
        let (view, url) = (template_view(tx, id)?, named("url").unwrap_or_default());
        let key = if view.format == "ISO" { "iso" } else { "template" };
        return Ok(json!({key: extract(&view, url)}));
    }
    if let Some(id) = named("extractvolume").and_then(|id| id.parse::<VolumeId>().ok()) {
        let (view, url) = (volume_view(tx, id)?, named("url").unwrap_or_default());
        return Ok(json!({"volume": extract_volume(&view, url)}));
    }
    if let Some(id) = named("template").and_then(|id| id.parse::<TemplateId>().ok()) {
        return Ok(json!({"template": template(&template_view(tx, id)?, admin)}));
    }
    if let Some(id) = named("volume").and_then(|id| id.parse::<VolumeId>().ok()) {
        return Ok(json!({"volume": volume(&volume_view(tx, id)?, admin)}));
    }
    if let Some(id) = named("snapshot").and_then(|id| id.parse::<SnapshotId>().ok()) {
        return Ok(json!({"snapshot": snapshot(&snapshot_view(tx, id)?, admin)}));
    }
    if let Some(id) = named("vmsnapshot").and_then(|id| id.parse::<VmSnapshotId>().ok()) {
        return Ok(json!({"vmsnapshot": vm_snapshot(&vm_snapshot_view(tx, id)?)}));
    }
    if let Some(id) = named("snapshotpolicy").and_then(|id| id.parse().ok()) {
        return or_gone("snapshotpolicy", result, snapshot_policy_get(tx, id), snapshot_policy);
    }
    if let Some(id) = named("project").and_then(|id| id.parse::<ProjectId>().ok()) {
        return Ok(json!({"project": project(&project_view(tx, id)?, &[])}));
    }
    if let Some(id) = named("network").and_then(|id| id.parse::<NetworkId>().ok()) {
        let filter = NetworkFilter { id: Some(id), ..NetworkFilter::default() };
        if let Some(view) = network_list(tx, &filter, Page::default())?.rows.first() {
            return Ok(json!({"network": network(view, admin)}));
        }
    }
    if let Some(id) = named("host").and_then(|id| id.parse().ok()).filter(|_| admin) {
        return Ok(json!({"host": host(&host_view(tx, id)?)}));
    }
    if let Some(id) = named("account").and_then(|id| id.parse::<AccountId>().ok()) {
        return account_or_gone(tx, id);
    }
    if let Some(id) = named("user").and_then(|id| id.parse::<UserId>().ok()) {
        return Ok(match user_credentials(tx, id) {
            Ok(found) => json!({"user": user(&found.user)}),
            Err(StoreError::NotFound { .. }) => json!({"success": true}),
            Err(error) => return Err(error.into()),
        });
    }
    if let Some(id) = named("affinitygroup").and_then(|id| id.parse().ok()) {
        return or_gone("affinitygroup", result, affinity_group_view(tx, id), affinity_group);
    }
    if let Some(id) = named("securitygroup").and_then(|id| id.parse().ok()) {
        let view = security_group_view(tx, id).map(|view| authorised(view, result));
        return or_gone("securitygroup", result, view, security_group);
    }
    Ok(result.clone())
}

/// The object under `key`, or no more than its id if it is gone since.
fn or_gone<V>(
    key: &str,
    result: &Value,
    view: Result<V, StoreError>,
    render: impl Fn(&V) -> Value,
) -> Result<Value, Failure> {
    match view {
        Ok(view) => Ok(json!({key: render(&view)})),
        Err(StoreError::NotFound { .. }) => Ok(json!({key: {"id": result[key]}})),
        Err(error) => Err(error.into()),
    }
}

/// A security group with the rules that the job made, as far as they are still there.
fn authorised(mut view: SecurityGroupView, result: &Value) -> SecurityGroupView {
    let rules = result.get("rules").cloned().unwrap_or_default();
    let rules: Vec<SecurityRuleId> = serde_json::from_value(rules).unwrap_or_default();
    view.rules.retain(|rule| rules.contains(&rule.id));
    view
}
