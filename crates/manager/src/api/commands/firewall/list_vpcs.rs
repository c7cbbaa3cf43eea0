//! `listVPCs`: virtual private clouds. There are none, so the list is empty; clients ask for it all the same.

use hostler_model::ZoneId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::VPC;

api_command! {
    /// Lists virtual private clouds; there are none.
    pub(crate) struct ListVpcs = "listVPCs", synchronous
        .object("vpc").shape(&VPC).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this name.
    name: optional string,
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those of this text.
    displaytext: optional string,
    /// Those with this subnet.
    cidr: optional string,
    /// Those in this state.
    state: optional string,
    /// Those of this offering; there are none.
    vpcofferingid: optional uuid<Uuid> .entity("vpcoffering"),
    /// Those with all of these services.
    supportedservices: optional list<String>,
    /// Those that have to be restarted for changes.
    restartrequired: optional boolean,
    /// Accepted; there are none to show.
    fordisplay: optional boolean,
    /// Those with one of these tags.
    tags: optional records,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListVpcs {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid()));
        call.require(zone.into_iter().collect()).await?;
        if let Some(id) = self.vpcofferingid {
            return Err(call.unknown("vpcofferingid", id));
        }
        call.none_of(self.id).await
    }
}
