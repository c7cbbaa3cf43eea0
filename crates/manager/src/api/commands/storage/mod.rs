//! Commands about storage pools.

use hostler_model::StoragePoolId;
use hostler_query_api::Answer;
use hostler_store::Page;
use hostler_store::storage_pool::{
    StoragePoolRow, storage_pool_get, storage_pool_runs, storage_pool_update,
};
use hostler_store::storage_pool_view::{StoragePoolFilter, storage_pool_list};
use serde_json::json;

use super::physical::{Change, at_once};
use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::api::objects::storage::storage_pool;
use crate::error::{ServiceError, ServiceErrorKind};

mod cancel_storage_maintenance;
mod enable_storage_maintenance;
mod list_storage_pools;
mod update_storage_pool;

/// Begins or ends the maintenance of a pool: a change of the record, which clients expect a job of.
async fn maintain(
    call: Call<'_>,
    id: StoragePoolId,
    event: &'static str,
    begins: bool,
) -> Result<Answer, Failure> {
    let change = Change { kind: "storage-maintenance", subject: ("StoragePool", id.uuid()), event };
    let job = at_once(call, change, move |tx| {
        let row = storage_pool_get(tx, id)?;
        let refused = |text| ServiceError::new(ServiceErrorKind::InUse, text);
        if !begins && row.state != "Maintenance" {
            let text = format!("storage pool {} is {}, not in maintenance", row.name, row.state);
            return Err(refused(text).into());
        }
        let vms = storage_pool_runs(tx, id)?;
        if begins && !vms.is_empty() {
            let text = format!(
                "VMs run with volumes on storage pool {}: {}; stop them first",
                row.name,
                vms.join(", ")
            );
            return Err(refused(text).into());
        }
        let state = if begins { "Maintenance" } else { "Up" };
        let row = StoragePoolRow { state: state.to_owned(), ..row };
        storage_pool_update(tx, &row)?;
        let filter = StoragePoolFilter { id: Some(id), ..StoragePoolFilter::default() };
        let view = storage_pool_list(tx, &filter, Page::default())?.rows.pop();
        let said = format!("storage pool {} is {state}", row.name);
        Ok((said, json!({"storagepool": view.as_ref().map(storage_pool)})))
    })
    .await?;
    Ok(Answer::job(call.command, None, job.uuid()))
}

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<cancel_storage_maintenance::CancelStorageMaintenance>(),
    known::<enable_storage_maintenance::EnableStorageMaintenance>(),
    known::<list_storage_pools::ListStoragePools>(),
    known::<update_storage_pool::UpdateStoragePool>(),
];
