//! `assignVirtualMachine`: gives a VM to another account.

use hostler_model::{DomainId, NetworkId, SecurityGroupId, VmId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::reference::Entity;

use super::shown;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{AssignedTo, assign};

api_command! {
    /// Gives a stopped VM with its volumes to another account or to a project. Its NICs stay where they are unless
    /// networks are named.
    pub(crate) struct AssignVirtualMachine = "assignVirtualMachine", synchronous
        .roles(Roles::ADMINS).object("virtualmachine").shape(&VM).in_projects();

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The account that it is to belong to.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Networks of its zone that the account may use, the default one first: the VM has a NIC on each from now on, and on
    /// no other. It keeps its addresses on those that it was on.
    networkids: optional list<NetworkId> .entity("network"),
    /// Security groups of the account that it is in from now on; without any, it is in none.
    securitygroupids: optional list<SecurityGroupId> .entity("securitygroup"),
}

impl Handler for AssignVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        call.require(vec![("virtualmachineid", Entity::Vm, vm.uuid())]).await?;
        if self.account.is_none() && !call.names_project() {
            return Err(Failure::invalid(
                "account: name the account, or the project (projectid), that the VM is to belong to",
            ));
        }
        let networks = self.networkids.unwrap_or_default();
        let named = networks.iter().map(|id| ("networkids", Entity::Network, id.uuid()));
        call.require(named.collect()).await?;
        let account = call.owner(self.account, self.domainid).await?;
        let security = NamedGroups {
            security_ids: self.securitygroupids.unwrap_or_default(),
            ..NamedGroups::default()
        };
        let there = AssignedTo { account, networks, security };
        assign(call.context, call.caller(), vm, there).await?;
        shown(call, vm).await
    }
}
