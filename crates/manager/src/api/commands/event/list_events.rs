//! `listEvents`: what has happened.

use hostler_model::Timestamp;
use hostler_query_api::{Answer, api_command};
use hostler_store::event_view::{EventFilter, event_list};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::event::{EVENT, event};

api_command! {
    /// Lists what has happened, the newest first.
    pub(crate) struct ListEvents = "listEvents", synchronous
        .object("event").shape(&EVENT).paged().owned().in_projects();

    /// The event of this id.
    id: optional uuid<Uuid> .entity("event"),
    /// Events of this kind, such as VM.CREATE.
    kind "type": optional string,
    /// INFO, WARN or ERROR only.
    level: optional string,
    /// Scheduled, Started or Completed only.
    state: optional string,
    /// Events about this thing.
    resourceid: optional uuid<Uuid>,
    /// Events about things of this kind, such as VirtualMachine.
    resourcetype: optional string,
    /// Events that were archived, in place of those that were not.
    archived: optional boolean,
    /// Not older than this.
    startdate: optional date,
    /// Not newer than this.
    enddate: optional end_date,
    /// Not older than so many seconds.
    entrytime: optional integer,
    /// Events of what was begun more than so many seconds ago and has not ended; less than entrytime.
    duration: optional integer,
    /// The event of this id, and those that the same job brought about.
    startid: optional uuid<Uuid> .entity("event"),
}

impl Handler for ListEvents {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (since, until) = self.ages(call)?;
        let start = self.startid.map(|id| ("startid", Entity::Event, id));
        call.require(start.into_iter().collect()).await?;
        let wanted =
            call.wanted(self.id.is_some() || self.resourceid.is_some() || self.startid.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = EventFilter {
            id: self.id,
            ids: Vec::new(),
            subject_kinds: Vec::new(),
            archived: self.archived.unwrap_or(false),
            kind: self.kind,
            level: self.level,
            state: self.state,
            subject: self.resourceid,
            subject_kind: self.resourcetype,
            of_job_of: self.startid,
            open_since: until,
            from: self.startdate.map(|at| Timestamp(at.as_millisecond())).max(since),
            to: self.enddate.map(|at| Timestamp(at.0.as_millisecond())),
            keyword: call.keyword(),
        };
        let listed = call.read(move |tx| Ok(event_list(tx, &filter, &scope, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::Event, id)), event).await
    }
}

impl ListEvents {
    /// What `entrytime` and `duration` say, as times.
    fn ages(&self, call: Call<'_>) -> Result<(Option<Timestamp>, Option<Timestamp>), Failure> {
        for (param, value) in [("entrytime", self.entrytime), ("duration", self.duration)] {
            if let Some(odd) = value.filter(|seconds| *seconds < 0) {
                return Err(call.wrong(param, &odd.to_string(), "a number of seconds"));
            }
        }
        if let (Some(entry), Some(duration)) = (self.entrytime, self.duration)
            && entry <= duration
        {
            let expected = format!("less than entrytime, which is {entry}");
            return Err(call.wrong("duration", &duration.to_string(), &expected));
        }
        let ago = |seconds: i32| Timestamp(call.now().0 - i64::from(seconds) * 1000);
        Ok((self.entrytime.map(ago), self.duration.map(ago)))
    }
}
