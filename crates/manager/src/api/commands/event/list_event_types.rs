//! `listEventTypes`: the kinds of events that have been recorded.

use hostler_query_api::{Answer, api_command};
use hostler_store::event_view::event_kinds;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::{NAMED, named};

api_command! {
    /// Lists the kinds of events that have been recorded so far.
    pub(crate) struct ListEventTypes = "listEventTypes", synchronous
        .object("eventtype").shape(&NAMED);
}

impl Handler for ListEventTypes {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let kinds = call.read(|tx| Ok(event_kinds(tx)?)).await?;
        let rows: Vec<_> = kinds.iter().map(|kind| named(kind)).collect();
        Ok(Answer::list(call.command, rows.len(), rows))
    }
}
