//! `listNics`: the network interfaces of a VM.

use hostler_model::{NetworkId, NicId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::nic_view::nic_views;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::{NIC, nic};

api_command! {
    /// Lists the network interfaces of a VM, with the addresses that they have beside their own.
    pub(crate) struct ListNics = "listNics", synchronous .object("nic").shape(&NIC).paged();

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The interface of this id.
    nicid: optional uuid<NicId> .entity("nic"),
    /// The interface on this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Interfaces that their user sees; all are seen.
    fordisplay: optional boolean,
}

impl Handler for ListNics {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        call.require(vec![("virtualmachineid", Entity::Vm, vm.uuid())]).await?;
        let page = call.page()?;
        let mut nics = call.read(move |tx| Ok(nic_views(tx, &[vm])?)).await?;
        nics.retain(|_| self.fordisplay != Some(false));
        nics.retain(|nic| self.nicid.is_none_or(|id| id == nic.id));
        nics.retain(|nic| self.networkid.is_none_or(|id| id == nic.network));
        if let Some(text) = call.keyword().map(|text| text.to_lowercase()) {
            nics.retain(|nic| nic.network_name.to_lowercase().contains(&text));
        }
        call.list(page.cut(nics), None, nic).await
    }
}
