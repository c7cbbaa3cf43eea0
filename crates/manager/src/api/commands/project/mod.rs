//! Commands about projects: accounts that share things.
//!
//! What a project has is made and listed with `projectid`; see `api::owner`. Nothing but a deletion has to wait for a
//! host, so the jobs of the other commands are over when they are answered.

use hostler_model::{AccountId, JobId, ProjectId};
use hostler_query_api::{Answer, ApiError, RoleType};
use hostler_store::Tx;
use hostler_store::account::account_by_name;
use hostler_store::job::{NewJob, job_add_done};
use hostler_store::project::{ProjectRole, ProjectRow, member_role, project_get};
use hostler_store::reference::Entity;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;

mod activate_project;
mod add_account_to_project;
mod create_project;
mod delete_account_from_project;
mod delete_project;
mod list_project_accounts;
mod list_projects;
mod suspend_project;
mod update_project;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<activate_project::ActivateProject>(),
    known::<add_account_to_project::AddAccountToProject>(),
    known::<create_project::CreateProject>(),
    known::<delete_account_from_project::DeleteAccountFromProject>(),
    known::<delete_project::DeleteProject>(),
    known::<list_project_accounts::ListProjectAccounts>(),
    known::<list_projects::ListProjects>(),
    known::<suspend_project::SuspendProject>(),
    known::<update_project::UpdateProject>(),
];

/// A job that was over when it was asked for.
fn done(call: Call<'_>, project: ProjectId) -> NewJob {
    NewJob {
        id: JobId::new(Uuid::now_v7()),
        kind: "project",
        api_command: call.command.name.to_owned(),
        account: call.caller().account,
        user: call.caller().user,
        subject: ("Project", project.uuid()),
        input: json!({}),
        steps: &[],
    }
}

/// What the job of a change shows: the project as it is.
fn shows(project: ProjectId) -> Value {
    json!({"project": project})
}

/// Who wants to change a project.
#[derive(Debug, Clone, Copy)]
struct Changer {
    account: AccountId,
    is_user: bool,
}

fn changeable(call: Call<'_>) -> Changer {
    Changer { account: call.caller().account, is_user: call.identity.role() == RoleType::User }
}

impl Changer {
    /// The project, if they may change it; that they may see it is checked before.
    fn check(self, tx: &Tx<'_>, id: ProjectId) -> Result<ProjectRow, Failure> {
        let row = project_get(tx, id)?;
        if self.is_user && member_role(tx, id, self.account)? != Some(ProjectRole::Admin) {
            return Err(Failure(ApiError::denied(format!(
                "only an administrator of project {} may change it; ask {}",
                row.name,
                row.admins.join(", ")
            ))));
        }
        Ok(row)
    }
}

/// Changes a project that the caller may change, with event and job in the same transaction.
///
/// # Errors
/// What `work` refuses; a project that the caller may not see is answered like one that never was.
async fn change(
    call: Call<'_>,
    (param, id): (&'static str, ProjectId),
    event: &'static str,
    result: Value,
    work: impl FnOnce(&Tx<'_>, &ProjectRow) -> Result<String, Failure> + Send + 'static,
) -> Result<Answer, Failure> {
    call.require(vec![(param, Entity::Project, id.uuid())]).await?;
    let (job, now) = (done(call, id), call.now());
    let (number, event) = (job.id, call.event(event).about("Project", id.uuid()));
    let may = changeable(call);
    call.write(move |tx| {
        let row = may.check(tx, id)?;
        let text = work(tx, &row)?;
        event.record(tx, text)?;
        Ok(job_add_done(tx, &job, &result, now)?)
    })
    .await?;
    Ok(Answer::job(call.command, None, number.uuid()))
}

/// The account of a name in the project's domain.
fn account_named(tx: &Tx<'_>, row: &ProjectRow, name: &str) -> Result<AccountId, Failure> {
    account_by_name(tx, row.domain, name)?.ok_or_else(|| {
        Failure::invalid(format!(
            "account: there is no account {name} in domain {} of project {}",
            row.domain_name, row.name
        ))
    })
}

/// The role of a name; `Regular` when none is given.
fn role(call: Call<'_>, name: Option<&str>) -> Result<ProjectRole, Failure> {
    let Some(name) = name else { return Ok(ProjectRole::Regular) };
    ProjectRole::named(name).ok_or_else(|| call.wrong("roletype", name, "Admin or Regular"))
}
