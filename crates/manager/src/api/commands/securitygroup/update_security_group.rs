//! `updateSecurityGroup`: gives a group another name.

use hostler_model::SecurityGroupId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::security_group::{DEFAULT, security_group_get, security_group_rename};
use hostler_store::security_group_view::security_group_view;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::{SECURITY_GROUP, security_group};

api_command! {
    /// Gives a security group another name.
    pub(crate) struct UpdateSecurityGroup = "updateSecurityGroup", synchronous
        .roles(Roles::ADMIN).object("securitygroup").shape(&SECURITY_GROUP);

    /// The group.
    id: required uuid<SecurityGroupId> .entity("securitygroup"),
    /// Its new name, unique in its account.
    name: optional string,
}

impl Handler for UpdateSecurityGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::SecurityGroup, self.id.uuid())]).await?;
        let (id, event) = (self.id, call.event("SG.UPDATE").about("SecurityGroup", self.id.uuid()));
        let view = call
            .write(move |tx| {
                let old = security_group_get(tx, id)?.name;
                if let Some(name) = self.name.filter(|name| *name != old) {
                    if old == DEFAULT || name.eq_ignore_ascii_case(DEFAULT) {
                        return Err(Failure::invalid(
                            "name: an account's default security group has this name and no other; \
                             choose another group or another name",
                        ));
                    }
                    security_group_rename(tx, id, &name)?;
                    event.record(tx, format!("security group {old} is called {name} now"))?;
                }
                Ok(security_group_view(tx, id)?)
            })
            .await?;
        Ok(call.object(security_group(&view)))
    }
}
