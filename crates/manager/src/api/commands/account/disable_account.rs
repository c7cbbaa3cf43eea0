//! `disableAccount`: an account's users are refused at once, and with `lock=false` its VMs are stopped.

use hostler_model::{AccountId, DomainId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::account::account_set_state;
use hostler_store::job::job_add_done;
use hostler_store::session::sessions_of_account_remove;
use serde_json::json;

use super::not_own_nor_first;
use crate::api::authority::AccountName;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::ACCOUNT;
use crate::orchestration::account::disable;

api_command! {
    /// Refuses an account's users from now on; their sessions end.
    pub(crate) struct DisableAccount = "disableAccount", asynchronous
        .roles(Roles::ADMINS).object("account").shape(&ACCOUNT);

    /// True: only lock it, what it has runs on. False: stop its VMs too.
    lock: required boolean,
    /// The account; or account and domainid.
    id: optional uuid<AccountId> .entity("account"),
    /// The account's name; goes with domainid.
    account: optional string,
    /// The account's domain.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for DisableAccount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let authority = call.authority();
        let named =
            AccountName { id: self.id, param: "id", name: self.account, domain: self.domainid };
        let row = call
            .read(move |tx| {
                let row = authority.account_to_change(tx, &named)?;
                not_own_nor_first(&authority, &row, "disabled")?;
                Ok(row)
            })
            .await?;
        if !self.lock {
            let job = disable(call.context, call.caller(), row.id).await?;
            return Ok(Answer::job(call.command, None, job.uuid()));
        }
        let (id, now, subject) = (row.id, call.now(), ("Account", row.id.uuid()));
        let (input, result) = (json!({}), json!({"account": id}));
        let job = call.caller().job("account.lock", call.command.name, subject, input, &[]);
        let (job_id, event) = (job.id, call.event("ACCOUNT.LOCK").about("Account", id.uuid()));
        call.write(move |tx| {
            account_set_state(tx, id, "locked", row.deleting)?;
            sessions_of_account_remove(tx, id)?;
            event.record(tx, format!("account {} was locked", row.name))?;
            Ok(job_add_done(tx, &job, &result, now)?)
        })
        .await?;
        Ok(Answer::job(call.command, None, job_id.uuid()))
    }
}
