//! `listImageStores`: the image workers, where templates are.
//!
//! They join the cloud as hosts do, by their own Startup; so there is no command that adds one.

use hostler_model::{HostId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_view::{HostFilter, host_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::{IMAGE_PROVIDER, IMAGE_STORE, image_store};

api_command! {
    /// Lists the image workers, where templates are.
    pub(crate) struct ListImageStores = "listImageStores", synchronous
        .roles(Roles::ADMIN).object("imagestore").shape(&IMAGE_STORE).paged();

    /// The one of this id.
    id: optional uuid<HostId> .entity("imagestore"),
    /// Those of this name.
    name: optional string,
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those that this provider looks after: ImageWorker.
    provider: optional string,
    /// Those from which hosts fetch this way: https.
    protocol: optional string,
    /// Those that take nothing new; there are none.
    readonly: optional boolean,
}

impl Handler for ListImageStores {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let is = |wanted: Option<String>, only: &str| {
            wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(only))
        };
        if self.readonly == Some(true)
            || !is(self.provider, IMAGE_PROVIDER)
            || !is(self.protocol, "https")
        {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = HostFilter {
            id: self.id,
            name: self.name,
            kind: Some("SecondaryStorage".to_owned()),
            zone: self.zoneid,
            keyword: call.keyword(),
            ..HostFilter::default()
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(host_list(tx, &filter, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::Host, id.uuid())), image_store).await
    }
}
