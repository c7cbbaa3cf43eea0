//! `listHistory`: what has become of a VM or a host, and why. A command of our own.

use hostler_model::{HostId, VmId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::history::history_list;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::sync::{HISTORY, history};

api_command! {
    /// Lists each change of state of a VM and its runs, or of a host, the oldest first, with what brought it about.
    pub(crate) struct ListHistory = "listHistory", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("history").shape(&HISTORY).paged();

    /// The VM, also one that is expunged.
    virtualmachineid: optional uuid<VmId>,
    /// The host, also one that is removed.
    hostid: optional uuid<HostId>,
}

impl Handler for ListHistory {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let owner: Uuid = match (self.virtualmachineid, self.hostid) {
            (Some(vm), None) => vm.uuid(),
            (None, Some(host)) => host.uuid(),
            _ => return Err(Failure::invalid("name either a virtualmachineid or a hostid")),
        };
        let (page, keyword) = (call.page()?, call.keyword());
        let listed =
            call.read(move |tx| Ok(history_list(tx, owner, keyword.as_deref(), page)?)).await?;
        call.list(listed, None, history).await
    }
}
