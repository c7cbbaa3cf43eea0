//! `deleteUserData`: forgets user data. VMs that were given it keep it.

use hostler_model::{DomainId, UserDataId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::user_data::user_data_remove;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes registered user data that no template brings along; VMs that were given it keep it.
    pub(crate) struct DeleteUserData = "deleteUserData", synchronous.in_projects();

    /// The user data to delete.
    id: required uuid<UserDataId> .entity("userdata"),
    /// The account that it belongs to; the id is enough.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for DeleteUserData {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.owner(self.account, self.domainid).await?;
        call.require(vec![("id", Entity::UserData, self.id.uuid())]).await?;
        let (id, event) = (self.id, call.event("DELETE.USER.DATA"));
        call.write(move |tx| {
            user_data_remove(tx, id)?;
            event.about("UserData", id.uuid()).record(tx, format!("user data {id} was deleted"))
        })
        .await?;
        Ok(call.success())
    }
}
