//! `listOsCategories`: the families of guests.

use hostler_query_api::{Answer, Paging, api_command};
use uuid::Uuid;

use super::os_type::{OS_CATEGORIES, category_id};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::{OS_CATEGORY, os_category};

api_command! {
    /// Lists the families of guests.
    pub(crate) struct ListOsCategories = "listOsCategories", synchronous
        .object("oscategory").shape(&OS_CATEGORY).paged();

    /// The family of this id.
    id: optional uuid<Uuid> .entity("oscategory"),
    /// The family of this name.
    name: optional string,
}

impl Handler for ListOsCategories {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let keyword = call.keyword().map(|text| text.to_lowercase());
        let matches = |name: &&&str| {
            self.id.is_none_or(|id| id == category_id(name))
                && self.name.as_ref().is_none_or(|text| text == **name)
                && keyword.as_ref().is_none_or(|text| name.to_lowercase().contains(text))
        };
        let found: Vec<_> =
            OS_CATEGORIES.iter().filter(matches).map(|name| os_category(name)).collect();
        match self.id {
            Some(id) if found.is_empty() => Err(call.unknown("id", id)),
            _ => {
                let total = found.len();
                Ok(Answer::list(call.command, total, Paging::read(call.params)?.of(found)))
            }
        }
    }
}
