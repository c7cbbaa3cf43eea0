//! `deleteCluster`: removes a cluster that has no hosts.

use hostler_model::ClusterId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::cluster::cluster_remove;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a cluster that has no hosts.
    pub(crate) struct DeleteCluster = "deleteCluster", synchronous .roles(Roles::ADMIN);

    /// The cluster to delete.
    id: required uuid<ClusterId> .entity("cluster"),
}

impl Handler for DeleteCluster {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Cluster, self.id.uuid())]).await?;
        let (id, now) = (self.id, call.now());
        let event = call.event("CLUSTER.DELETE").about("Cluster", id.uuid());
        call.write(move |tx| {
            cluster_remove(tx, id, now)?;
            event.record(tx, format!("cluster {id} was deleted"))
        })
        .await?;
        Ok(call.success())
    }
}
