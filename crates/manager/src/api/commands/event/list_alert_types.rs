//! `listAlertTypes`: the kinds of alerts.

use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::alert::{ALERT_KIND, KINDS, alert_kind};

api_command! {
    /// Lists the kinds of alerts.
    pub(crate) struct ListAlertTypes = "listAlertTypes", synchronous
        .roles(Roles::ADMIN).object("alert").shape(&ALERT_KIND);
}

impl Handler for ListAlertTypes {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let rows: Vec<_> = KINDS.iter().map(|kind| alert_kind(kind.0, kind.1)).collect();
        Ok(Answer::list(call.command, rows.len(), rows))
    }
}
