//! `updateStoragePool`: changes what a pool is called, its tags, and whether it takes volumes.

use hostler_model::StoragePoolId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Page;
use hostler_store::reference::Entity;
use hostler_store::storage_pool::{StoragePoolRow, storage_pool_get, storage_pool_update};
use hostler_store::storage_pool_view::{StoragePoolFilter, storage_pool_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::{STORAGE_POOL, storage_pool};

api_command! {
    /// Changes a storage pool. Volumes that are on it stay.
    pub(crate) struct UpdateStoragePool = "updateStoragePool", synchronous
        .roles(Roles::ADMIN).object("storagepool").shape(&STORAGE_POOL);

    /// The pool.
    id: required uuid<StoragePoolId> .entity("storagepool"),
    /// Its new name.
    name: optional string,
    /// Its tags, in place of those it had; empty: none.
    tags: optional list<String>,
    /// Whether it takes new volumes.
    enabled: optional boolean,
}

impl Handler for UpdateStoragePool {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::StoragePool, self.id.uuid())]).await?;
        let tags = self.tags.or_else(|| call.params.has("tags").then(Vec::new));
        let event = call.event("STORAGE.POOL.EDIT").about("StoragePool", self.id.uuid());
        let view = call
            .write(move |tx| {
                let row = storage_pool_get(tx, self.id)?;
                let state = match (self.enabled, row.state.as_str()) {
                    (Some(_), "Maintenance") => {
                        return Err(Failure::invalid(
                            "enabled: the pool is in maintenance; end that with cancelStorageMaintenance first",
                        ));
                    }
                    (Some(true), _) => "Up".to_owned(),
                    (Some(false), _) => "Disabled".to_owned(),
                    (None, _) => row.state,
                };
                let row = StoragePoolRow {
                    name: self.name.unwrap_or(row.name),
                    tags: tags.map_or(row.tags, |tags| tags.join(",")),
                    state,
                    ..row
                };
                storage_pool_update(tx, &row)?;
                event.record(tx, format!("storage pool {} was changed", row.name))?;
                let filter = StoragePoolFilter { id: Some(self.id), ..StoragePoolFilter::default() };
                Ok(storage_pool_list(tx, &filter, Page::default())?.rows.pop())
            })
            .await?;
        Ok(call.object(view.as_ref().map(storage_pool).unwrap_or_default()))
    }
}
