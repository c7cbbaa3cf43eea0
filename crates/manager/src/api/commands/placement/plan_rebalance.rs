//! `planRebalance`: which few moves would even a zone out. A command of our own.

use hostler_model::ZoneId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use super::number;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::plan::{REBALANCE, rebalance};
use crate::orchestration;

/// Moves when nobody says how many.
const MOST: u64 = 10;

api_command! {
    /// Plans the few moves of VMs that would even out most how full a zone's hosts are. Nothing is moved.
    pub(crate) struct PlanRebalance = "planRebalance", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("rebalanceplan").shape(&REBALANCE);

    /// The zone.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// At most so many moves; 10 if it is left out.
    moves: optional integer,
}

impl Handler for PlanRebalance {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("zoneid", Entity::Zone, self.zoneid.uuid())]).await?;
        let most = number(self.moves).unwrap_or(MOST).min(1000);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (plan, names) = orchestration::rebalance_plan(call.context, self.zoneid, most).await?;
        Ok(call.object(rebalance(&plan, &names)))
    }
}
