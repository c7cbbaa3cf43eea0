//! `listTemplatePermissions`: who may use a template.

use hostler_model::TemplateId;
use hostler_query_api::{Answer, api_command};

use super::change::{Kind, permissions};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::TEMPLATE_PERMISSIONS;

api_command! {
    /// Says who may use a template.
    pub(crate) struct ListTemplatePermissions = "listTemplatePermissions", synchronous
        .object("templatepermission").shape(&TEMPLATE_PERMISSIONS);

    /// The template.
    id: required uuid<TemplateId> .entity("template"),
}

impl Handler for ListTemplatePermissions {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Ok(call.object(permissions(call, Kind::Template, self.id).await?))
    }
}
