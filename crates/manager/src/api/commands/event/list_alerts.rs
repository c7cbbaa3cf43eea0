//! `listAlerts`: events that somebody should look at.

use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Scope;
use hostler_store::event_view::{EventFilter, event_list};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::alert::{ALERT, KINDS, alert};

api_command! {
    /// Lists errors of hosts and VMs, the newest first. They are events, too.
    pub(crate) struct ListAlerts = "listAlerts", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("alert").shape(&ALERT).paged();

    /// The alert of this id.
    id: optional uuid<Uuid> .entity("alert"),
    /// Alerts of this kind, by its name.
    name: optional string,
    /// Alerts of this kind: 7 a host, 8 a VM.
    kind "type": optional string,
}

impl Handler for ListAlerts {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let is_wanted = |kind: &&(u16, &str, &str)| {
            self.kind.as_ref().is_none_or(|number| *number == kind.0.to_string())
                && self.name.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(kind.1))
        };
        let about: Vec<String> =
            KINDS.iter().filter(is_wanted).map(|kind| kind.2.to_owned()).collect();
        if about.is_empty() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = EventFilter {
            id: self.id,
            level: Some("ERROR".to_owned()),
            subject_kinds: about,
            keyword: call.keyword(),
            ..EventFilter::default()
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(event_list(tx, &filter, &Scope::All, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::Event, id)), alert).await
    }
}
