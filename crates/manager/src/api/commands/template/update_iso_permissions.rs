//! `updateIsoPermissions`: who may use an ISO.

use hostler_model::{ProjectId, TemplateId};
use hostler_query_api::{Answer, api_command};

use super::change::{Kind, Permissions, change_permissions};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Changes who may use an ISO: everybody, or the accounts that it is shared with.
    pub(crate) struct UpdateIsoPermissions = "updateIsoPermissions", synchronous;

    /// The ISO.
    id: required uuid<TemplateId> .entity("iso"),
    /// Names of accounts in the domain of its owner, for op.
    accounts: optional list<String>,
    /// Projects, for op.
    projectids: optional list<ProjectId> .entity("project"),
    /// add: share it with the accounts and projects; remove: no longer; reset: with nobody.
    op: optional string,
    /// Whether everybody may use it.
    ispublic: optional boolean,
    /// Whether it is recommended; for administrators.
    isfeatured: optional boolean,
    /// Whether it may be downloaded.
    isextractable: optional boolean,
}

impl Handler for UpdateIsoPermissions {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = Permissions {
            accounts: self.accounts.unwrap_or_default(),
            projects: self.projectids.unwrap_or_default(),
            operation: self.op,
            public: self.ispublic,
            featured: self.isfeatured,
            extractable: self.isextractable,
        };
        change_permissions(call, Kind::Iso, self.id, wanted).await?;
        Ok(call.success())
    }
}
