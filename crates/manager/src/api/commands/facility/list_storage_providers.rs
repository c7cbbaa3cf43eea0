//! `listStorageProviders`: who looks after volumes and templates.

use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::{IMAGE_PROVIDER, STORAGE_PROVIDER, storage_provider};

api_command! {
    /// Lists who looks after storage.
    pub(crate) struct ListStorageProviders = "listStorageProviders", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("dataStoreProvider").shape(&STORAGE_PROVIDER).paged();

    /// primary: of volumes; image: of templates.
    kind "type": required string,
}

impl Handler for ListStorageProviders {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let name = match self.kind.to_ascii_lowercase().as_str() {
            "primary" => "DefaultPrimary",
            "image" => IMAGE_PROVIDER,
            _ => return Err(call.wrong("type", &self.kind, "primary or image")),
        };
        let kind = self.kind.to_ascii_uppercase();
        Ok(Answer::list(call.command, 1, vec![storage_provider(name, &kind)]))
    }
}
