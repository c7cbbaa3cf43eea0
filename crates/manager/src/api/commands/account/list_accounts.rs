//! `listAccounts`: who owns things.

use hostler_model::{AccountId, AccountType, DomainId};
use hostler_query_api::{Answer, api_command};
use hostler_store::Listed;
use hostler_store::account::{AccountFilter, account_list};
use hostler_store::limit::rooms_of_accounts;
use hostler_store::reference::Entity;
use hostler_store::user::UserRow;

use super::{has_no_such_keys, sees_one_user, users_of};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{ACCOUNT, account};
use crate::api::objects::limit::add_usage;
use crate::api::owner::Wanted;

api_command! {
    /// Lists accounts.
    pub(crate) struct ListAccounts = "listAccounts", synchronous .object("account").shape(&ACCOUNT).paged();

    /// The account of this id.
    id: optional uuid<AccountId> .entity("account"),
    /// Accounts of this name.
    name: optional string,
    /// Accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Accounts of this type: 0 user, 1 root admin, 2 domain admin, 3 resource admin.
    accounttype: optional integer,
    /// Accounts in this state.
    state: optional string,
    /// Accounts of which a deletion is under way or failed, or the others.
    iscleanuprequired: optional boolean,
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
    /// Those whose keys are allowed (Enabled), forbidden (Disabled), or follow the cloud (Inherit), as all do.
    apikeyaccess: optional string,
    /// Accepted: everything is shown, whatever is asked for.
    details: optional list<String>,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListAccounts {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if has_no_such_keys(call, self.apikeyaccess.as_deref())? {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let wanted = Wanted {
            account: None,
            domain: self.domainid,
            recursive: self.isrecursive.unwrap_or(false),
            everything: self.listall.unwrap_or(false),
            by_id: self.id.is_some() || self.name.is_some(),
        };
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let kind = account_type(call, self.accounttype)?;
        let filter = AccountFilter {
            id: self.id,
            name: self.name,
            domain: None,
            kind,
            state: self.state,
            deleting: self.iscleanuprequired,
            keyword: call.keyword(),
        };
        let own = sees_one_user(call.identity.role()).then_some(call.identity.user.id);
        let limits = call.context.settings.limits();
        let (listed, rooms) = call
            .read(move |tx| {
                let Listed { total, rows } = account_list(tx, &filter, &scope, page)?;
                let ids: Vec<AccountId> = rows.iter().map(|row| row.id).collect();
                let mut users = users_of(tx, &ids)?;
                users.retain(|user| own.is_none_or(|own| user.id == own));
                let (accounts, mut rows) = (rows, Vec::new());
                for row in accounts {
                    let of = |user: &UserRow| user.account == row.id;
                    let theirs: Vec<UserRow> = users.extract_if(.., |user| of(user)).collect();
                    rows.push((row, theirs));
                }
                Ok((Listed { total, rows }, rooms_of_accounts(tx, &limits, &ids)?))
            })
            .await?;
        let id = self.id.map(|id| (Entity::Account, id.uuid()));
        call.list(listed, id, |(row, users)| {
            let mut object = account(row, users);
            add_usage(&mut object, row.id.uuid(), &rooms);
            object
        })
        .await
    }
}

/// An account type by its number in the API.
pub(in crate::api::commands) fn account_type(
    call: Call<'_>,
    number: Option<i32>,
) -> Result<Option<AccountType>, Failure> {
    let Some(number) = number else { return Ok(None) };
    AccountType::ALL
        .iter()
        .copied()
        .find(|kind| i32::from(kind.api_number()) == number)
        .map(Some)
        .ok_or_else(|| call.wrong("accounttype", &number.to_string(), "0, 1, 2, 3 or 5"))
}
