//! `listProjectAccounts`: who is in a project.

use hostler_model::{ProjectId, UserId};
use hostler_query_api::{Answer, api_command};
use hostler_store::project::{MemberFilter, member_list, project_get};
use hostler_store::reference::Entity;
use uuid::Uuid;

use super::role;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::project::{PROJECT_ACCOUNT, project_account};

api_command! {
    /// Lists the accounts that are in a project.
    pub(crate) struct ListProjectAccounts = "listProjectAccounts", synchronous
        .object("projectaccount").shape(&PROJECT_ACCOUNT).paged();

    /// The project.
    projectid: required uuid<ProjectId> .entity("project"),
    /// The account of this name.
    account: optional string,
    /// Accounts of this role: Admin or Regular.
    role: optional string,
    /// The account that this user acts for.
    userid: optional uuid<UserId> .entity("user"),
    /// Accounts of this role of the project; there are none beside Admin and Regular.
    projectroleid: optional uuid<Uuid> .entity("projectrole"),
}

impl Handler for ListProjectAccounts {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.projectid;
        let mut named = vec![("projectid", Entity::Project, id.uuid())];
        named.extend(self.userid.map(|id| ("userid", Entity::User, id.uuid())));
        call.require(named).await?;
        if self.projectroleid.is_some() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let role = self.role.as_deref().map(|name| role(call, Some(name))).transpose()?;
        let filter =
            MemberFilter { name: self.account, role, user: self.userid, keyword: call.keyword() };
        let page = call.page()?;
        let (row, listed) = call
            .read(move |tx| Ok((project_get(tx, id)?, member_list(tx, id, &filter, page)?)))
            .await?;
        call.list(listed, None, |member| project_account(&row, member)).await
    }
}
