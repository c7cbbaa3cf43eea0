//! `registerUserData`: keeps user data by name, so that VMs and templates can be given it.

use hostler_model::{DomainId, UserDataId};
use hostler_query_api::{Answer, api_command};
use hostler_store::user_data::{UserDataRow, user_data_add, user_data_view};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::commands::vm::user_data::decode;
use crate::api::failure::Failure;
use crate::api::objects::userdata::{REGISTERED, registered};
use crate::settings::USER_DATA_MAX;

api_command! {
    /// Keeps user data by name.
    pub(crate) struct RegisterUserData = "registerUserData", synchronous
        .object("userdata").shape(&REGISTERED).in_projects();

    /// Its name, unique in its account.
    name: required string,
    /// What the guest does at its first boot, base64; at most 4096 characters by GET.
    userdata: required string .max(1_048_576),
    /// Names that it wants values for, separated by commas; guests find the values in their metadata.
    params: optional string,
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for RegisterUserData {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let most = call.context.settings.number(&USER_DATA_MAX);
        let row = UserDataRow {
            id: UserDataId::new(Uuid::now_v7()),
            account: call.owner(self.account, self.domainid).await?,
            name: self.name,
            content: decode(&self.userdata, call.by_post, most).map_err(Failure::invalid)?,
            params: self.params.unwrap_or_default(),
            created: call.now(),
        };
        let event = call.event("REGISTER.USER.DATA");
        let view = call
            .write(move |tx| {
                user_data_add(tx, &row)?;
                let text = format!("user data {} was registered", row.name);
                event.about("UserData", row.id.uuid()).record(tx, text)?;
                Ok(user_data_view(tx, row.id)?)
            })
            .await?;
        Ok(call.object(registered(&view)))
    }
}
