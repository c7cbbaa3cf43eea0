//! `createProject`: makes a project, with the account that owns what it is going to have.

use hostler_model::{AccountId, AccountType, DomainId, LimitKind, ProjectId, UserId};
use hostler_query_api::{Answer, api_command};
use hostler_store::account::{account_add, account_get};
use hostler_store::job::job_add_done;
use hostler_store::limit;
use hostler_store::project::{ProjectRole, ProjectRow, member_put, project_add};
use uuid::Uuid;

use super::{done, shows};
use crate::api::authority::AccountName;
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
    /// The account that it is made for, in place of account and domainid.
    accountid: optional uuid<AccountId> .entity("account"),
    /// A user: it is made for the account that they act for.
    userid: optional uuid<UserId> .entity("user"),
}

impl Handler for CreateProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.name.trim().is_empty() {
            return Err(call.wrong("name", &self.name, "some text"));
        }
        let named = owner_by_id(call, self.accountid, self.userid).await?;
        let owner = match named {
            Some(_) if self.account.is_some() => {
                return Err(Failure::invalid(
                    "account and accountid or userid were both given; leave one out",
                ));
            }
            Some(owner) => owner,
            None => call.owner(self.account, self.domainid).await?,
        };
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

/// The account that ids name, if they name one: one that the caller sees.
async fn owner_by_id(
    call: Call<'_>,
    account: Option<AccountId>,
    user: Option<UserId>,
) -> Result<Option<AccountId>, Failure> {
    let authority = call.authority();
    call.read(move |tx| {
        let of_user = user.map(|id| authority.user(tx, "userid", id)).transpose()?;
        let of_user = of_user.map(|found| found.user.account);
        let Some(id) = account else { return Ok(of_user) };
        let named = AccountName { id: Some(id), param: "accountid", name: None, domain: None };
        let row = authority.account_named(tx, &named)?;
        if of_user.is_some_and(|of_user| of_user != row.id) {
            return Err(Failure::invalid(format!(
                "userid: the user acts for another account than {}; leave accountid or userid out",
                row.name
            )));
        }
        Ok(Some(row.id))
    })
    .await
}
