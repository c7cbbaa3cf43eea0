//! `enableStorageMaintenance`: no VM may use a pool until somebody has worked on it.

use hostler_model::StoragePoolId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use super::maintain;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::STORAGE_POOL;

api_command! {
    /// Has no VM use a storage pool. VMs that run with volumes on it are named, and have to be stopped first.
    pub(crate) struct EnableStorageMaintenance = "enableStorageMaintenance", asynchronous
        .roles(Roles::ADMIN).object("storagepool").shape(&STORAGE_POOL)
        .envelope("prepareprimarystorageformaintenanceresponse");

    /// The pool.
    id: required uuid<StoragePoolId> .entity("storagepool"),
}

impl Handler for EnableStorageMaintenance {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::StoragePool, self.id.uuid())]).await?;
        maintain(call, self.id, "MAINT.PREPARE.PS", true).await
    }
}
