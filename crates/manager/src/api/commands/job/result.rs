//! What a job made, as it is now.
//!
//! A job's record names what to show, `{"virtualmachine": "<id>"}`; this renders it.

use hostler_model::{AccountId, TemplateId, UserId, VmId, VolumeId};
use hostler_store::Tx;
use hostler_store::host_view::host_view;
use hostler_store::job_view::JobView;
use hostler_store::template_view::template_view;
use hostler_store::user::user_credentials;
use hostler_store::vm_view::vm_view;
use hostler_store::volume_view::volume_view;
use serde_json::{Value, json};

use crate::api::commands::account::account_now;
use crate::api::failure::Failure;
use crate::api::objects::account::user;
use crate::api::objects::host::host;
use crate::api::objects::storage::volume;
use crate::api::objects::template::template;
use crate::api::objects::vm::{Sight, vm};

/// The `jobresult` of a job that succeeded.
pub(crate) fn rendered(tx: &Tx<'_>, view: &JobView, admin: bool) -> Result<Value, Failure> {
    let Some(result) = &view.result else { return Ok(json!({"success": true})) };
    let named = |key: &str| result.get(key).and_then(Value::as_str);
    if let Some(id) = named("virtualmachine").and_then(|id| id.parse::<VmId>().ok()) {
        let sight = Sight { admin, user_data: false };
        return Ok(json!({"virtualmachine": vm(&vm_view(tx, id)?, sight)}));
    }
    if let Some(id) = named("template").and_then(|id| id.parse::<TemplateId>().ok()) {
        return Ok(json!({"template": template(&template_view(tx, id)?, admin)}));
    }
    if let Some(id) = named("volume").and_then(|id| id.parse::<VolumeId>().ok()) {
        return Ok(json!({"volume": volume(&volume_view(tx, id)?, admin)}));
    }
    if let Some(id) = named("host").and_then(|id| id.parse().ok()).filter(|_| admin) {
        return Ok(json!({"host": host(&host_view(tx, id)?)}));
    }
    if let Some(id) = named("account").and_then(|id| id.parse::<AccountId>().ok()) {
        return Ok(json!({"account": account_now(tx, id)?}));
    }
    if let Some(id) = named("user").and_then(|id| id.parse::<UserId>().ok()) {
        return Ok(json!({"user": user(&user_credentials(tx, id)?.user)}));
    }
    Ok(result.clone())
}
