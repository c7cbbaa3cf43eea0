//! Jobs that are over when they are answered: for commands that clients expect a job of, though everything
//! that they do is in the record and there is nothing to wait for.

use hostler_model::{JobId, Timestamp};
use hostler_store::Tx;
use hostler_store::job::{NewJob, job_add_done};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::Call;
use super::failure::Failure;

/// A job that is to be recorded as over, in the transaction of what it stands for.
#[derive(Debug)]
pub(crate) struct Finished {
    job: NewJob,
    result: Value,
    now: Timestamp,
}

/// A job of this call on a thing, which succeeds.
pub(crate) fn finished(call: Call<'_>, kind: &'static str, thing: Uuid) -> Finished {
    let caller = call.caller();
    let job = NewJob {
        id: JobId::new(Uuid::now_v7()),
        kind: "recorded",
        api_command: call.command.name.to_owned(),
        account: caller.account,
        user: caller.user,
        subject: (kind, thing),
        input: json!({}),
        steps: &[],
    };
    Finished { job, result: json!({"success": true}), now: call.now() }
}

impl Finished {
    /// Its id.
    pub(crate) fn id(&self) -> Uuid {
        self.job.id.uuid()
    }

    /// The same, whose result shows an object, as in `{"network": "<id>"}`.
    #[must_use]
    pub(crate) fn showing(mut self, key: &str, id: Uuid) -> Self {
        self.result = json!({key: id});
        self
    }

    /// Records it.
    ///
    /// # Errors
    /// That of the database.
    pub(crate) fn record(&self, tx: &Tx<'_>) -> Result<(), Failure> {
        Ok(job_add_done(tx, &self.job, &self.result, self.now)?)
    }
}
