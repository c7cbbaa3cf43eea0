//! `deleteSecurityGroup`: removes a group that no VM is in.

use hostler_model::{DomainId, SecurityGroupId};
use hostler_query_api::{Answer, api_command};
use hostler_store::security_group::{DEFAULT, security_group_remove};

use super::rule::Which;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a security group that no VM is in, with its rules. An account's default group stays.
    pub(crate) struct DeleteSecurityGroup = "deleteSecurityGroup", synchronous.in_projects();

    /// The group to delete; or give its name.
    id: optional uuid<SecurityGroupId> .entity("securitygroup"),
    /// Its name, in place of its id.
    name: optional string,
    /// With a name: the account that it belongs to.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for DeleteSecurityGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let which = Which::of(call, ("id", self.id), ("name", self.name));
        let which = which.owned(self.account, self.domainid).await?;
        let event = call.event("SG.DELETE");
        call.write(move |tx| {
            let row = which.find(tx)?;
            if row.name == DEFAULT {
                return Err(Failure::invalid(
                    "the default security group cannot be deleted; take its rules away instead",
                ));
            }
            security_group_remove(tx, &row)?;
            let event = event.about("SecurityGroup", row.id.uuid());
            event.record(tx, format!("security group {} was deleted", row.name))
        })
        .await?;
        Ok(call.success())
    }
}
