//! `listProjects`: the projects that somebody is in, or may see.

use hostler_model::{AccountId, ProjectId};
use hostler_query_api::{Answer, api_command};
use hostler_store::Scope;
use hostler_store::limit::rooms_of_accounts;
use hostler_store::project::{ProjectFilter, project_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::project::{PROJECT, project};

api_command! {
    /// Lists the projects that the caller is in, or may see.
    pub(crate) struct ListProjects = "listProjects", synchronous
        .object("project").shape(&PROJECT).paged().owned();

    /// The project of this id.
    id: optional uuid<ProjectId> .entity("project"),
    /// Projects of this name.
    name: optional string,
    /// Projects of this text.
    displaytext: optional string,
    /// Projects in this state: Active or Suspended.
    state: optional string,
    /// Projects that the account of a user of this name is in.
    username: optional string,
    /// Projects with one of these tags, each a key and a value; none has tags.
    tags: optional records,
    /// Accepted: everything is shown, whatever is asked for.
    details: optional list<String>,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListProjects {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = call.wanted(self.id.is_some())?;
        let (scope, page) = (projects_of(call.scope(wanted).await?), call.page()?);
        let filter = ProjectFilter {
            id: self.id,
            name: self.name,
            display_text: self.displaytext,
            state: self.state,
            user_name: self.username,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
            with_removed: false,
        };
        let limits = call.context.settings.limits();
        let (listed, rooms) = call
            .read(move |tx| {
                let listed = project_list(tx, &filter, &scope, page)?;
                let accounts: Vec<AccountId> = listed.rows.iter().map(|row| row.account).collect();
                let rooms = rooms_of_accounts(tx, &limits, &accounts)?;
                Ok((listed, rooms))
            })
            .await?;
        let id = self.id.map(|id| (Entity::Project, id.uuid()));
        call.list(listed, id, |row| project(row, &rooms)).await
    }
}

/// An account's projects are those that it is in; a domain's are those that are in it.
fn projects_of(scope: Scope) -> Scope {
    match scope {
        Scope::Account(account) => Scope::Projects(account),
        Scope::OutsideProjects(scope) => *scope,
        other => other,
    }
}
