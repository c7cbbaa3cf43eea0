//! `listAnnotations`: notes on things. There are none yet.

use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::ANNOTATION;

api_command! {
    /// Lists notes on things; there are none yet.
    pub(crate) struct ListAnnotations = "listAnnotations", synchronous
        .roles(Roles::ADMIN).object("annotation").shape(&ANNOTATION).paged();

    /// The note of this id.
    id: optional string,
    /// Notes on this thing.
    entityid: optional string,
    /// Notes on things of this kind.
    entitytype: optional string,
    /// Whose notes.
    annotationfilter: optional string,
    /// Notes of this user.
    userid: optional string,
}

impl Handler for ListAnnotations {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        match &self.id {
            Some(id) => Err(call.unknown("id", id)),
            None => call.page_of(Vec::new()),
        }
    }
}
