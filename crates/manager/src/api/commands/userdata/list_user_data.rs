//! `listUserData`: the user data that is kept by name.

use hostler_model::UserDataId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::user_data::{UserDataFilter, user_data_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::userdata::{REGISTERED, registered};

api_command! {
    /// Lists registered user data.
    pub(crate) struct ListUserData = "listUserData", synchronous
        .object("userdata").shape(&REGISTERED).paged().owned().in_projects();

    /// The user data of this id.
    id: optional uuid<UserDataId> .entity("userdata"),
    /// User data of this name.
    name: optional string,
}

impl Handler for ListUserData {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = call.wanted(self.id.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = UserDataFilter { id: self.id, name: self.name, keyword: call.keyword() };
        let listed = call.read(move |tx| Ok(user_data_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::UserData, id.uuid()));
        call.list(listed, id, registered).await
    }
}
