//! `explainPlacement`: why a VM is where it is, or why it is nowhere. A command of our own.

use hostler_model::VmId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Listed;
use hostler_store::job_view::placement_list;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::job::{PLACEMENT, placement, said};

api_command! {
    /// Lists the decisions where a VM is to run, the newest first, with what became of each host.
    pub(crate) struct ExplainPlacement = "explainPlacement", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("placement").shape(&PLACEMENT).paged();

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
}

impl Handler for ExplainPlacement {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(placement_list(tx, vm, page)?)).await?;
        if listed.total == 0 {
            call.require(vec![("virtualmachineid", Entity::Vm, vm.uuid())]).await?;
        }
        let Listed { total, rows } = listed;
        let listed = Listed { total, rows: rows.into_iter().map(said).collect() };
        call.list(listed, None, placement).await
    }
}
