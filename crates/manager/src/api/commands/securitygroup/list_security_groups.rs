//! `listSecurityGroups`: the groups, with their rules and members.

use hostler_model::{SecurityGroupId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::security_group_view::{SecurityGroupFilter, security_group_list};

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::group::{SECURITY_GROUP, security_group};

api_command! {
    /// Lists security groups with their rules.
    pub(crate) struct ListSecurityGroups = "listSecurityGroups", synchronous
        .object("securitygroup").shape(&SECURITY_GROUP).paged().owned().in_projects();

    /// The group of this id.
    id: optional uuid<SecurityGroupId> .entity("securitygroup"),
    /// Groups of this name.
    securitygroupname: optional string,
    /// Groups that this VM is in.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Groups with one of these tags, each a key and a value; none has tags.
    tags: optional records,
}

impl Handler for ListSecurityGroups {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        call.require(
            vm.map(|id| ("virtualmachineid", Entity::Vm, id.uuid())).into_iter().collect(),
        )
        .await?;
        let wanted = call.wanted(self.id.is_some() || vm.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = SecurityGroupFilter {
            id: self.id,
            name: self.securitygroupname,
            vm,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
        };
        let listed =
            call.read(move |tx| Ok(security_group_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::SecurityGroup, id.uuid()));
        call.list(listed, id, security_group).await
    }
}
