//! `listAliens`: libvirt domains on our hosts that are not this cloud's. A command of our own.

use hostler_model::{ClusterId, HostId, PowerState, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::alien::{AlienFilter, alien_list};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::sync::{ALIEN, alien};

api_command! {
    /// Lists libvirt domains that hosts have and that are not this cloud's. They are left alone.
    pub(crate) struct ListAliens = "listAliens", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("alien").shape(&ALIEN).paged();

    /// The one with this UUID.
    uuid: optional uuid<Uuid>,
    /// Those on this host.
    hostid: optional uuid<HostId> .entity("host"),
    /// Those on hosts of this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Those on hosts of this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those that are on, off or unknown.
    power: optional string,
}

impl Handler for ListAliens {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let power = match self.power.as_deref() {
            None => None,
            Some("on") => Some(PowerState::On),
            Some("off") => Some(PowerState::Off),
            Some("unknown") => Some(PowerState::Unknown),
            Some(other) => return Err(call.wrong("power", other, "on, off or unknown")),
        };
        let filter = AlienFilter {
            uuid: self.uuid,
            host: self.hostid,
            cluster: self.clusterid,
            zone: self.zoneid,
            power,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(alien_list(tx, &filter, page)?)).await?;
        call.list(listed, None, alien).await
    }
}
