//! `cancelStorageMaintenance`: VMs may use a pool again.

use hostler_model::StoragePoolId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use super::maintain;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::STORAGE_POOL;

api_command! {
    /// Ends the maintenance of a storage pool: VMs may use it again.
    pub(crate) struct CancelStorageMaintenance = "cancelStorageMaintenance", asynchronous
        .roles(Roles::ADMIN).object("storagepool").shape(&STORAGE_POOL)
        .envelope("cancelprimarystoragemaintenanceresponse");

    /// The pool.
    id: required uuid<StoragePoolId> .entity("storagepool"),
}

impl Handler for CancelStorageMaintenance {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::StoragePool, self.id.uuid())]).await?;
        maintain(call, self.id, "MAINT.CANCEL.PS", false).await
    }
}
