//! `upgradeHost`: puts a host's agent to this manager's version, over SSH. VMs that run there do not notice.

use hostler_model::HostId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_view::host_view;
use hostler_store::reference::Entity;

use super::login::{Login, failure_of};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::host::{HOST, host};

api_command! {
    /// Puts a host's agent to the manager's version and settings, and waits until it is Up again.
    pub(crate) struct UpgradeHost = "upgradeHost", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("host").shape(&HOST);

    /// The host.
    id: required uuid<HostId> .entity("host"),
    /// Its name or address for SSH; the address that it is known by without it.
    url: optional string .max(1024),
    /// Who logs in: root, which is the default, or someone who may use sudo without a password.
    username: optional string,
    /// Their password; or privatekey. It is used and forgotten.
    password: optional string .max(1024),
    /// Their private SSH key; or password. It is used and forgotten.
    privatekey: optional string .max(65536),
}

impl Handler for UpgradeHost {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.id;
        call.require(vec![("id", Entity::Host, id.uuid())]).await?;
        let before = call.read(move |tx| Ok(host_view(tx, id)?)).await?;
        let url = self.url.or(before.address.clone()).ok_or_else(|| {
            Failure::invalid(format!("no address of {} is known; give url", before.name))
        })?;
        let login = Login {
            user: self.username.as_deref(),
            password: self.password.as_deref(),
            key: self.privatekey.as_deref(),
        };
        let access = login.at(&url)?;
        let done = call.context.onboarding.upgrade_host(id, access).await;
        let stages = done.map_err(|e| failure_of(&e))?;
        let event = call.event("HOST.UPGRADE").about("Host", id.uuid());
        let changed = stages.iter().find(|stage| stage.name == "setup-agent");
        let changed = changed.map_or_else(String::new, |stage| format!(": {}", stage.detail));
        let view = call
            .write(move |tx| {
                let view = host_view(tx, id)?;
                let version = &view.agent_version;
                event.record(tx, format!("host {} has agent {version}{changed}", view.name))?;
                Ok(view)
            })
            .await?;
        Ok(call.object(host(&view)))
    }
}
