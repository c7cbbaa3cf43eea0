//! `cleanMachine`: takes off a machine what adding it as a host has put there, over SSH.

use hostler_query_api::{Answer, Roles, api_command};

use super::login::{Login, failure_of};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Takes the agent and its settings off a machine that is no host any more.
    pub(crate) struct CleanMachine = "cleanMachine", synchronous .roles(Roles::ADMIN_AND_RESOURCE_ADMIN);

    /// Its name or address: http://10.0.0.7, kvm-1, or root@kvm-1:22.
    url: required string .max(1024),
    /// Who logs in: root, which is the default, or someone who may use sudo without a password.
    username: optional string,
    /// Their password; or privatekey. It is used and forgotten.
    password: optional string .max(1024),
    /// Their private SSH key; or password. It is used and forgotten.
    privatekey: optional string .max(65536),
    /// Remove the packages too that adding it has installed.
    purgepackages: optional boolean,
}

impl Handler for CleanMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let login = Login {
            user: self.username.as_deref(),
            password: self.password.as_deref(),
            key: self.privatekey.as_deref(),
        };
        let access = login.at(&self.url)?;
        let packages = self.purgepackages.unwrap_or(false);
        let cleaned = call.context.onboarding.clean_machine("KVM", &access, packages).await;
        cleaned.map_err(|e| failure_of(&e))?;
        let event = call.event("HOST.CLEAN");
        call.write(move |tx| event.record(tx, format!("machine {} was cleaned", access.host)))
            .await?;
        Ok(call.success())
    }
}
