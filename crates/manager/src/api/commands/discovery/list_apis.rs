//! `listApis`: the commands that the caller may call, from their declarations.

use hostler_query_api::list_apis::list_apis;
use hostler_query_api::{Answer, api_command};
use serde_json::Value;

use crate::api::call::{Call, Handler};
use crate::api::commands::declarations;
use crate::api::failure::Failure;
use crate::api::objects::api::API;

api_command! {
    /// Lists the commands that the caller may call, with their parameters and answers.
    pub(crate) struct ListApis = "listApis", synchronous .object("api").shape(&API);

    /// The command of this name.
    name: optional string,
}

impl Handler for ListApis {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut commands = declarations();
        commands.retain(|command| call.identity.may(command));
        let mut apis = list_apis(&commands, call.identity.role());
        if let Some(name) = &self.name {
            apis.retain(|api| api.get("name").and_then(Value::as_str) == Some(name));
            if apis.is_empty() {
                return Err(Failure::invalid(format!(
                    "name: there is no command {name} for the caller; listApis names those that exist"
                )));
            }
        }
        Ok(Answer::list(call.command, apis.len(), apis))
    }
}
