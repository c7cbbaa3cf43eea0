//! `createVolume`: records a data volume. It is written when a VM that has it runs for the first time.

use hostler_model::{DiskOfferingId, DomainId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::commands::diskoffering::size_of;
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::Caller;
use crate::orchestration::volume::{NewVolume, Size, create};

api_command! {
    /// Makes a data volume. It takes room on a host when a VM that has it runs there for the first time.
    pub(crate) struct CreateVolume = "createVolume", asynchronous_create
        .object("volume").shape(&VOLUME).in_projects();

    /// What it is sold as.
    diskofferingid: required uuid<DiskOfferingId> .entity("diskoffering"),
    /// Its name; made from its id without it.
    name: optional string,
    /// The zone that it is to be used in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// Its size in GiB, where the disk offering leaves that open.
    size: optional long,
    /// The account that it is made for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for CreateVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![
            ("zoneid", Entity::Zone, self.zoneid.uuid()),
            ("diskofferingid", Entity::DiskOffering, self.diskofferingid.uuid()),
        ])
        .await?;
        let account = call.owner(self.account, self.domainid).await?;
        let size = Size {
            offering: self.diskofferingid,
            chosen: self.size.map(|gib| size_of(call, "size", gib)).transpose()?,
            domain_path: (!call.is_root()).then(|| call.identity.user.domain_path.clone()),
        };
        let new = NewVolume { account, zone: self.zoneid, name: self.name, size };
        let caller = Caller { account, ..call.caller().clone() };
        let (id, job) = create(call.context, &caller, new).await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job.uuid()))
    }
}
