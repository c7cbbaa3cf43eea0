//! `listOsTypes`: the kinds of guests that a template can be of.

use hostler_query_api::{Answer, Paging, api_command};
use uuid::Uuid;

use super::os_type::{OS_CATEGORIES, OS_TYPES, OsType, category_id};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::template::{OS_TYPE, os_type};

api_command! {
    /// Lists the kinds of guests that a template can be of.
    pub(crate) struct ListOsTypes = "listOsTypes", synchronous .object("ostype").shape(&OS_TYPE).paged();

    /// The kind of this id.
    id: optional uuid<Uuid> .entity("ostype"),
    /// The kinds of these ids.
    ids: optional list<Uuid> .entity("ostype"),
    /// Kinds of this family, from listOsCategories.
    oscategoryid: optional uuid<Uuid> .entity("oscategory"),
    /// Kinds of this description.
    description: optional string,
}

impl Handler for ListOsTypes {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if let Some(id) = self.oscategoryid
            && !OS_CATEGORIES.iter().any(|name| category_id(name) == id)
        {
            return Err(call.unknown("oscategoryid", id));
        }
        let keyword = call.keyword().map(|text| text.to_lowercase());
        let matches = |kind: &&OsType| {
            self.id.is_none_or(|id| id == kind.id())
                && self.ids.as_ref().is_none_or(|ids| ids.contains(&kind.id()))
                && self.oscategoryid.is_none_or(|id| id == category_id(kind.category))
                && self.description.as_ref().is_none_or(|text| text == kind.description)
                && keyword.as_ref().is_none_or(|text| {
                    kind.description.to_lowercase().contains(text)
                        || kind.name.to_lowercase().contains(text)
                })
        };
        let found: Vec<_> = OS_TYPES.iter().filter(matches).map(os_type).collect();
        match self.id {
            Some(id) if found.is_empty() => Err(call.unknown("id", id)),
            _ => {
                let total = found.len();
                Ok(Answer::list(call.command, total, Paging::read(call.params)?.of(found)))
            }
        }
    }
}
