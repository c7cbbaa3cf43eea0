//! `disableUser`: a user's sessions end and their keys are refused, at once.

use hostler_model::UserId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::job::job_add_done;
use serde_json::json;

use super::shut_out;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::USER;

api_command! {
    /// Refuses a user from now on; their sessions end.
    pub(crate) struct DisableUser = "disableUser", asynchronous
        .roles(Roles::ADMINS).object("user").shape(&USER);

    /// The user.
    id: required uuid<UserId> .entity("user"),
}

impl Handler for DisableUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id, now) = (call.authority(), self.id, call.now());
        let (subject, result) = (("User", id.uuid()), json!({"user": id}));
        let job = call.caller().job("user.disable", call.command.name, subject, json!({}), &[]);
        let (job_id, event) = (job.id, call.event("USER.DISABLE").about("User", id.uuid()));
        call.write(move |tx| {
            let row = shut_out(tx, &authority, id, "disabled")?;
            event.record(tx, format!("user {} was disabled", row.name))?;
            Ok(job_add_done(tx, &job, &result, now)?)
        })
        .await?;
        Ok(Answer::job(call.command, None, job_id.uuid()))
    }
}
