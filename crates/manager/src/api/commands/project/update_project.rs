//! `updateProject`: changes a project's names, its owner, or what an account may do in it.

use hostler_model::{LimitKind, ProjectId};
use hostler_query_api::{Answer, api_command};
use hostler_store::Tx;
use hostler_store::limit::{self, LimitDefaults};
use hostler_store::project::{ProjectRole, ProjectRow, member_put, member_role, project_update};

use super::{account_named, change, role, shows};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::project::PROJECT;

api_command! {
    /// Changes a project's names, its owner, or what an account may do in it.
    pub(crate) struct UpdateProject = "updateProject", asynchronous.object("project").shape(&PROJECT);

    /// The project.
    id: required uuid<ProjectId> .entity("project"),
    /// Its new name.
    name: optional string,
    /// What it is, for people.
    displaytext: optional string,
    /// An account of the project: its new owner, or the one that gets roletype.
    account: optional string,
    /// With account: what it may do in the project, Admin or Regular. Without this, it becomes the owner.
    roletype: optional string,
    /// With account: whether it becomes the owner; true by default unless roletype is given.
    swapowner: optional boolean,
}

impl Handler for UpdateProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (id, now, limits) = (self.id, call.now(), call.context.settings.limits());
        let wanted = role(call, self.roletype.as_deref())?;
        let swap = self.swapowner.unwrap_or(self.roletype.is_none());
        change(call, ("id", id), "PROJECT.UPDATE", shows(id), move |tx, row| {
            let mut owner = None;
            if let Some(name) = &self.account {
                let account = account_named(tx, row, name)?;
                if member_role(tx, id, account)?.is_none() {
                    let text = format!("account: {name} is not in project {}", row.name);
                    return Err(Failure::invalid(text));
                }
                if swap {
                    hand_over(tx, &limits, row, account, now)?;
                    owner = Some(account);
                } else if account == row.owner && wanted != ProjectRole::Admin {
                    let text = format!("account: {name} owns project {}; it stays Admin", row.name);
                    return Err(Failure::invalid(text));
                } else {
                    member_put(tx, id, account, wanted, now)?;
                }
            }
            let (name, text) = (self.name.as_deref(), self.displaytext.as_deref());
            project_update(tx, id, name, text, None, owner)?;
            Ok(format!("project {} was changed", row.name))
        })
        .await
    }
}

/// The new owner has to have room for a project; the old one stays in it.
fn hand_over(
    tx: &Tx<'_>,
    limits: &LimitDefaults,
    row: &ProjectRow,
    account: hostler_model::AccountId,
    now: hostler_model::Timestamp,
) -> Result<(), Failure> {
    if account == row.owner {
        return Ok(());
    }
    limit::claim(tx, limits, account, &[(LimitKind::Project, 1)])?;
    member_put(tx, row.id, row.owner, ProjectRole::Regular, now)?;
    Ok(member_put(tx, row.id, account, ProjectRole::Admin, now)?)
}
