//! `listTags`: the tags of things.

use hostler_query_api::{Answer, api_command};
use hostler_store::tag::{TagFilter, tag_list};
use uuid::Uuid;

use super::kind;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::tag::{TAG, tag};

api_command! {
    /// Lists tags.
    pub(crate) struct ListTags = "listTags", synchronous
        .object("tag").shape(&TAG).paged().owned().in_projects();

    /// Tags on things of this kind: UserVm, Template, ISO, Volume, Network, Zone, ...
    resourcetype: optional string,
    /// Tags on this thing.
    resourceid: optional uuid<Uuid>,
    /// Tags of this key.
    key: optional string,
    /// Tags of this value.
    value: optional string,
    /// Tags that were put there for them.
    customer: optional string,
}

impl Handler for ListTags {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = call.wanted(self.resourceid.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = TagFilter {
            kind: self
                .resourcetype
                .map(|text| kind(call, &text))
                .transpose()?
                .map(|(name, _)| name),
            resource: self.resourceid,
            key: self.key,
            value: self.value,
            customer: self.customer,
            keyword: call.keyword(),
        };
        let listed = call.read(move |tx| Ok(tag_list(tx, &filter, &scope, page)?)).await?;
        call.list(listed, None, tag).await
    }
}
