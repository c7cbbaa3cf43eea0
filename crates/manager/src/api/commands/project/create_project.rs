//! `createProject`: makes a project, with the account that owns what it is going to have.

use hostler_model::{AccountId, AccountType, DomainId, LimitKind, ProjectId};
use hostler_query_api::{Answer, api_command};
use hostler_store::account::{account_add, account_get};
use hostler_store::job::job_add_done;
use hostler_store::limit;
use hostler_store::project::{ProjectRole, ProjectRow, member_put, project_add};
use uuid::Uuid;

use super::{done, shows};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::project::PROJECT;
use crate::api::project_names::account_name;

api_command! {
    /// Makes a project, of which the caller's account is the first administrator.
    pub(crate) struct CreateProject = "createProject", asynchronous_create
        .object("project").shape(&PROJECT);

    /// Its name, unique in its domain.
    name: required string,
    /// What it is, for people; its name by default.
    displaytext: optional string,
    /// The account that it is made for; goes with domainid.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for CreateProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.name.trim().is_empty() {
            return Err(call.wrong("name", &self.name, "some text"));
        }
        let owner = call.owner(self.account, self.domainid).await?;
        let (id, account) = (ProjectId::new(Uuid::now_v7()), AccountId::new(Uuid::now_v7()));
        let (job, now, limits) = (done(call, id), call.now(), call.context.settings.limits());
        let number = job.id;
        let event = call.event("PROJECT.CREATE").about("Project", id.uuid());
        call.write(move |tx| {
            limit::claim(tx, &limits, owner, &[(LimitKind::Project, 1)])?;
            let of = account_get(tx, owner)?;
            let row = ProjectRow {
                id,
                account,
                account_name: account_name(id),
                domain: of.domain,
                domain_name: of.domain_name,
                owner,
                admins: vec![of.name],
                display_text: self.displaytext.unwrap_or_else(|| self.name.clone()),
                name: self.name,
                state: "Active".to_owned(),
                created: now,
            };
            let kind = AccountType::Project;
            account_add(tx, account, row.domain, &row.account_name, kind, now)?;
            project_add(tx, &row)?;
            member_put(tx, id, owner, ProjectRole::Admin, now)?;
            event.record(tx, format!("project {} was made", row.name))?;
            Ok(job_add_done(tx, &job, &shows(id), now)?)
        })
        .await?;
        Ok(Answer::job(call.command, Some(id.uuid()), number.uuid()))
    }
}
