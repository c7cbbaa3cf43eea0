//! `deletePod`: removes a pod that has nothing in it.

use hostler_model::PodId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::pod::pod_remove;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a pod that has nothing in it.
    pub(crate) struct DeletePod = "deletePod", synchronous .roles(Roles::ADMIN);

    /// The pod to delete.
    id: required uuid<PodId> .entity("pod"),
}

impl Handler for DeletePod {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Pod, self.id.uuid())]).await?;
        let (id, now) = (self.id, call.now());
        let event = call.event("POD.DELETE").about("Pod", id.uuid());
        call.write(move |tx| {
            pod_remove(tx, id, now)?;
            event.record(tx, format!("pod {id} was deleted"))
        })
        .await?;
        Ok(call.success())
    }
}
