//! `listUsers`: who can call the API.

use hostler_model::{UserId, UserSource};
use hostler_query_api::{Answer, RoleType, api_command};
use hostler_store::reference::Entity;
use hostler_store::user::{UserFilter, user_list};

use crate::api::call::{Call, Handler};
use crate::api::commands::account::{account_type, has_no_such_keys};
use crate::api::failure::Failure;
use crate::api::objects::account::{USER, user};

api_command! {
    /// Lists users.
    pub(crate) struct ListUsers = "listUsers", synchronous .object("user").shape(&USER).paged().owned();

    /// The user of this id.
    id: optional uuid<UserId> .entity("user"),
    /// Users of this name.
    username: optional string,
    /// Users of accounts of this type, by number.
    accounttype: optional integer,
    /// Users in this state.
    state: optional string,
    /// Users whose password is checked there: native, here, or ldap.
    usersource: optional choice<UserSource>,
    /// Users whose keys are allowed (Enabled), forbidden (Disabled), or follow the cloud (Inherit), as all do.
    apikeyaccess: optional string,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListUsers {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if has_no_such_keys(call, self.apikeyaccess.as_deref())? {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let wanted = call.wanted(self.id.is_some() || self.username.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let kind = account_type(call, self.accounttype)?;
        // a plain user sees only itself
        let own = call.identity.user.id;
        let is_user = call.identity.role() == RoleType::User;
        if is_user && let Some(id) = self.id.filter(|id| *id != own) {
            return Err(call.unknown("id", id));
        }
        let id = if is_user { Some(own) } else { self.id };
        let filter = UserFilter {
            id,
            name: self.username,
            accounts: Vec::new(),
            domain: None,
            kind,
            state: self.state,
            source: self.usersource,
            keyword: call.keyword(),
        };
        let listed = call.read(move |tx| Ok(user_list(tx, &filter, &scope, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::User, id.uuid())), user).await
    }
}
