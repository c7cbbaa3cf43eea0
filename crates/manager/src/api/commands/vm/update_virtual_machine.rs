//! `updateVirtualMachine`: changes names and choices of a VM.

use hostler_model::{HostName, SecurityGroupId, UserDataId, VmId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::reference::Entity;
use hostler_store::vm_change::VmUpdate;
use uuid::Uuid;

use super::{shown, user_data};
use crate::api::call::{Call, Handler};
use crate::api::commands::template::os_type::OsType;
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{UserDataWish, update};

api_command! {
    /// Changes names and choices of a VM; its guest sees them at its next start.
    pub(crate) struct UpdateVirtualMachine = "updateVirtualMachine", synchronous
        .object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// The name for people.
    displayname: optional string,
    /// The guest's host name: letters, digits and hyphens, a letter first.
    name: optional string,
    /// A name to group VMs under; an empty one takes it out of its group.
    group: optional string,
    /// Whether it is to be restarted elsewhere when its host is gone; recorded, nothing restarts VMs yet.
    haenable: optional boolean,
    /// Whether its size may change while it runs; recorded, and a change needs a stop for now.
    isdynamicallyscalable: optional boolean,
    /// What the guest is.
    ostypeid: optional uuid<Uuid> .entity("ostype"),
    /// What the guest does at its first boot, base64; at most 4096 characters by GET. Empty takes it away.
    userdata: optional string .max(1_048_576),
    /// Registered user data, in place of userdata.
    userdataid: optional uuid<UserDataId> .entity("userdata"),
    /// Values that registered user data wants, in place of those there were, as userdatadetails[0].name=value.
    userdatadetails: optional map .max(1024),
    /// The security groups that it is in from now on. Hosts do not enforce their rules yet.
    securitygroupids: optional list<SecurityGroupId> .entity("securitygroup"),
    /// Names of the security groups that it is in from now on, in place of or beside their ids.
    securitygroupnames: optional list<String> .entity("securitygroup"),
    /// Choices that few need, in place of those there were; as details[0].name=value.
    details: optional first_map .max(1024),
    /// Whether to take every choice away.
    cleanupdetails: optional boolean,
    /// Whether its user sees it.
    displayvm: optional boolean .roles(Roles::ADMIN),
    /// Whether it refuses to be destroyed.
    deleteprotection: optional boolean,
}

impl Handler for UpdateVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let host_name = self
            .name
            .map(|name| {
                name.parse::<HostName>()
                    .map_err(|e| Failure::invalid(format!("parameter name: {e}")))
            })
            .transpose()?;
        let os = match self.ostypeid {
            None => None,
            Some(id) => Some(OsType::of(id).ok_or_else(|| call.unknown("ostypeid", id))?),
        };
        let text = user_data::sent(call, self.userdata)?;
        let details = match (self.cleanupdetails, self.details) {
            (Some(true), _) => Some(std::collections::BTreeMap::new()),
            (_, details) => details,
        };
        let changes = VmUpdate {
            host_name,
            display_name: self.displayname,
            group: self.group,
            ha: self.haenable,
            dynamically_scalable: self.isdynamicallyscalable,
            delete_protection: self.deleteprotection,
            display: self.displayvm,
            os: os.map(|os| os.name.to_owned()),
            details,
        };
        let data = UserDataWish { text, id: self.userdataid, details: self.userdatadetails };
        let security = NamedGroups {
            security_ids: self.securitygroupids.unwrap_or_default(),
            security_names: self.securitygroupnames.unwrap_or_default(),
            ..NamedGroups::default()
        };
        update(call.context, call.caller(), self.id, changes, data, security).await?;
        shown(call, self.id).await
    }
}
