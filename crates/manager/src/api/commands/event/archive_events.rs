//! `archiveEvents`: lists leave events out from now on. They stay in the record until they are old.

use hostler_model::Timestamp;
use hostler_query_api::{Answer, EndDate, api_command};
use hostler_store::event_view::{EventFilter, event_archive};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Has lists leave out events of the caller's; they stay in the record until they are old.
    pub(crate) struct ArchiveEvents = "archiveEvents", synchronous;

    /// These events.
    ids: optional list<Uuid> .entity("event"),
    /// Events of this kind.
    kind "type": optional string,
    /// Not older than this.
    startdate: optional date,
    /// Not newer than this.
    enddate: optional end_date,
}

impl Handler for ArchiveEvents {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let ids = self.ids.unwrap_or_default();
        if ids.is_empty()
            && self.kind.is_none()
            && self.startdate.is_none()
            && self.enddate.is_none()
        {
            return Err(Failure::invalid(
                "ids, type, startdate and enddate are all missing; give one",
            ));
        }
        let filter = EventFilter {
            ids,
            kind: self.kind,
            from: self.startdate.map(|at| Timestamp(at.as_millisecond())),
            to: self.enddate.map(|EndDate(at)| Timestamp(at.as_millisecond())),
            ..EventFilter::default()
        };
        let (scope, event) = (call.identity.sight(), call.event("EVENTS.ARCHIVE"));
        call.write(move |tx| {
            let number = event_archive(tx, &filter, &scope)?;
            event.record(tx, format!("{number} events were archived"))
        })
        .await?;
        Ok(call.success())
    }
}
