//! `updateHost`: changes what a host is called, its tags, and whether it takes VMs.

use hostler_model::{AllocationState, HostId, ResourceEvent};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host::{host_administer, host_get, host_rename, host_set_tags};
use hostler_store::host_view::host_view;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::host::{HOST, host};

api_command! {
    /// Changes a host. VMs that run there go on.
    pub(crate) struct UpdateHost = "updateHost", synchronous
        .roles(Roles::ADMIN).object("host").shape(&HOST);

    /// The host.
    id: required uuid<HostId> .entity("host"),
    /// Its new name; its agent does not change it any more.
    name: optional string,
    /// Enable or Disable: whether it takes new VMs.
    allocationstate: optional choice<Switch>,
    /// Its tags, in place of those it had; empty: none.
    hosttags: optional list<String>,
    /// Refused: a host's address comes from its own agent, which is told in its agent.properties.
    url: optional string,
}

/// `Enable` or `Disable`, or the states that they lead to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switch(AllocationState);

impl std::str::FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "enable" | "enabled" => Ok(Self(AllocationState::Enabled)),
            "disable" | "disabled" => Ok(Self(AllocationState::Disabled)),
            _ => Err("Enable or Disable".to_owned()),
        }
    }
}

impl Handler for UpdateHost {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.url.is_some() {
            return Err(Failure::invalid(
                "url: the address of a host comes from its own agent; change it in agent.properties on the host",
            ));
        }
        call.require(vec![("id", Entity::Host, self.id.uuid())]).await?;
        // a list that is given and empty takes all tags away
        let tags = self.hosttags.or_else(|| call.params.has("hosttags").then(Vec::new));
        let event = call.event("HOST.EDIT").about("Host", self.id.uuid());
        let view = call
            .write(move |tx| {
                if let Some(Switch(wanted)) = self.allocationstate {
                    let asked = match wanted {
                        AllocationState::Enabled => ResourceEvent::EnableRequested,
                        AllocationState::Disabled => ResourceEvent::DisableRequested,
                    };
                    host_administer(tx, self.id, asked).map_err(|error| match error {
                        hostler_store::StoreError::Transition(_) => Failure::invalid(
                            "allocationstate: the host is in maintenance; end that with cancelHostMaintenance first",
                        ),
                        other => other.into(),
                    })?;
                }
                if let Some(name) = &self.name {
                    host_rename(tx, self.id, name)?;
                }
                if let Some(tags) = tags {
                    host_set_tags(tx, self.id, &tags.join(","))?;
                }
                let name = host_get(tx, self.id)?.name;
                event.record(tx, format!("host {name} was changed"))?;
                Ok(host_view(tx, self.id)?)
            })
            .await?;
        Ok(call.object(host(&view)))
    }
}
