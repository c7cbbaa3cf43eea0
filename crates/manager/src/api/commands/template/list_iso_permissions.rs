//! `listIsoPermissions`: who may use an ISO.

use hostler_model::TemplateId;
use hostler_query_api::{Answer, api_command};

use super::change::{Kind, permissions};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::TEMPLATE_PERMISSIONS;

api_command! {
    /// Says who may use an ISO.
    pub(crate) struct ListIsoPermissions = "listIsoPermissions", synchronous
        .envelope("listtemplatepermissionsresponse").object("templatepermission").shape(&TEMPLATE_PERMISSIONS);

    /// The ISO.
    id: required uuid<TemplateId> .entity("iso"),
}

impl Handler for ListIsoPermissions {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Ok(call.object(permissions(call, Kind::Iso, self.id).await?))
    }
}
