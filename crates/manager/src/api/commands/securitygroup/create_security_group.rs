//! `createSecurityGroup`: records a group of VMs that rules are for.

use hostler_model::{DomainId, SecurityGroupId};
use hostler_query_api::{Answer, api_command};
use hostler_store::security_group::{DEFAULT, SecurityGroupRow, security_group_add};
use hostler_store::security_group_view::security_group_view;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::{SECURITY_GROUP, security_group};

api_command! {
    /// Makes a security group. Its rules are recorded; hosts do not enforce them yet.
    pub(crate) struct CreateSecurityGroup = "createSecurityGroup", synchronous
        .object("securitygroup").shape(&SECURITY_GROUP).in_projects();

    /// Its name, unique in its account.
    name: required string,
    /// What it is for, for people.
    description: optional string,
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for CreateSecurityGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.name.eq_ignore_ascii_case(DEFAULT) {
            let expected = "another name: the default group is made when it is first needed";
            return Err(call.wrong("name", &self.name, expected));
        }
        let row = SecurityGroupRow {
            id: SecurityGroupId::new(Uuid::now_v7()),
            account: call.owner(self.account, self.domainid).await?,
            name: self.name,
            description: self.description.unwrap_or_default(),
            created: call.now(),
        };
        let event = call.event("SG.CREATE").about("SecurityGroup", row.id.uuid());
        let view = call
            .write(move |tx| {
                security_group_add(tx, &row)?;
                event.record(tx, format!("security group {} was made", row.name))?;
                Ok(security_group_view(tx, row.id)?)
            })
            .await?;
        Ok(call.object(security_group(&view)))
    }
}
