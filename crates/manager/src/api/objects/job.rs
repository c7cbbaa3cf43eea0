//! Jobs, their steps, and decisions about VMs in answers.

use hostler_model::{JobState, StepState};
use hostler_query_api::dates::Timestamp as Moment;
use hostler_query_api::{ApiError, ErrorClass, JobAnswer, JobStatus};
use hostler_scheduler::{Kept, Verdict};
use hostler_store::job_view::{JobView, PlacementView};
use hostler_store::step::StepRow;
use serde_json::Value;

use super::{api_object, api_shape, date};
use crate::api::failure::status_of;

api_shape! {
    /// A job.
    JOB = "AsyncJobResponse" {
        "jobid" string "its id",
        "cmd" string "the command that began it",
        "jobstatus" integer "0 pending, 1 succeeded, 2 failed, 3 cancelled",
        "jobprocstatus" integer "always 0",
        "jobresultcode" integer "0, or the status of the error",
        "jobresulttype" string "object, when it is over",
        "jobresult" responseobject "what came of it: the object, success, or the error",
        "jobinstancetype" string "the kind of thing that it works on",
        "jobinstanceid" string "that thing's id",
        "accountid" string "whose it is",
        "account" string "that account's name",
        "domainid" string "the account's domain",
        "domainpath" string "that domain's path",
        "userid" string "who asked for it",
        "managementserverid" string "the manager that works on it",
        "created" date "when it was asked for",
        "completed" date "when it ended",
    }
}

/// A job; `result` is what it made, as it is now. A plain user does not read about hosts.
pub(crate) fn job(view: &JobView, result: Value, for_user: bool) -> Value {
    let moment =
        |time: hostler_model::Timestamp| Moment::from_millisecond(time.0).unwrap_or_default();
    let error = view.error.as_ref().map(|(code, text)| {
        let status = status_of(*code);
        let error =
            ApiError { status, class: Some(ErrorClass::Api), text: text.clone(), ids: Vec::new() };
        if for_user { error.for_non_admin() } else { error }
    });
    let answer = JobAnswer {
        job: view.id.uuid(),
        command: view.api_command.clone(),
        status: match view.state {
            JobState::Succeeded => JobStatus::Succeeded,
            JobState::Failed => JobStatus::Failed,
            JobState::Cancelled => JobStatus::Cancelled,
            _ => JobStatus::Pending,
        },
        account: (view.account.uuid(), view.account_name.clone()),
        domain: (view.domain.uuid(), view.domain_path.clone()),
        user: Some(view.user.uuid()),
        instance: Some((view.subject_kind.clone(), view.subject)),
        created: moment(view.created),
        completed: view.finished.map(moment),
        result,
        error,
    };
    let mut value = answer.into_value();
    if let Some(owner) = view.owner.filter(|_| !for_user) {
        value["managementserverid"] = owner.to_string().into();
    }
    value
}

api_object! {
    /// One step of a job.
    STEP = "JobStepResponse", step(view: &StepRow, waiting_for: Option<&str>) {
        "position" integer "its place in the job, from 0" => view.position,
        "name" string "its name" => view.name,
        "state" string "Pending, Begun, Done, Undoing or Undone" => view.state,
        "attempt" integer "how often it was begun" => view.attempt,
        "output" string "what came of it" => view.output,
        "error" string "why it failed" => view.error,
        "waitingfor" string "what it waits for, when it does" => waiting_for
            .filter(|_| matches!(view.state, StepState::Begun | StepState::Undoing)),
        "started" date "when it was begun last" => view.begun.map(date),
        "ended" date "when it ended last" => view.ended.map(date),
        "milliseconds" long "how long it took" => view.begun.zip(view.ended)
            .map(|(begun, ended)| ended.0.saturating_sub(begun.0)),
    }
}

api_object! {
    /// A decision where a VM is to run.
    PLACEMENT = "PlacementResponse", placement(view: &PlacementView) {
        "created" date "when it was taken" => date(view.at),
        "hostid" string "the host that was chosen; without it, none would do" => view.host,
        "hostname" string "that host's name" => view.host_name,
        "jobid" string "the job that needed it" => view.job,
        "displaytext" string "the decision in one sentence" => in_words(view),
        "rule" map "how one of the hosts that were left was chosen: planner, subset, seed" => view.verdict.get("rule"),
        "demand" map "what was wanted" => view.verdict.get("demand"),
        "filters" list "how many hosts each filter got and let through" => view.verdict.get("filters"),
        "hosts" list "what became of each host: its refusal, or its scores; of very many, the best and those that came nearest" => view.verdict.get("hosts"),
        "hostsleftout" integer "how many hosts more there were" => view.verdict.get("left_out"),
    }
}

/// A decision with all that was kept said at each host.
pub(crate) fn said(view: PlacementView) -> PlacementView {
    let kept = serde_json::from_value::<Kept>(view.verdict.clone()).map(Verdict::from);
    match kept.and_then(|verdict| serde_json::to_value(&verdict)) {
        Ok(verdict) => PlacementView { verdict, ..view },
        Err(_) => view,
    }
}

/// A decision in one sentence, for an administrator.
fn in_words(view: &PlacementView) -> Option<String> {
    if let Some(name) = &view.host_name {
        return Some(format!("{name} was chosen"));
    }
    let verdict: Verdict = serde_json::from_value(view.verdict.clone()).ok()?;
    Some(verdict.for_administrator())
}
