//! `createVolume`: records a data volume. It is written when a VM that has it runs for the first time; from a snapshot,
//! at once.

use hostler_model::{DiskOfferingId, DomainId, SnapshotId, VolumeId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::commands::diskoffering::size_of;
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::Caller;
use crate::orchestration::volume::{NewVolume, Size, create, create_from_snapshot};

api_command! {
    /// Makes a data volume. It takes room on a host when a VM that has it runs there for the first time; one from a
    /// snapshot lies where the snapshot does from the beginning.
    pub(crate) struct CreateVolume = "createVolume", asynchronous_create
        .object("volume").shape(&VOLUME).in_projects();

    /// What it is sold as; from a snapshot it may be left out, and is that of the snapshot's volume.
    diskofferingid: optional uuid<DiskOfferingId> .entity("diskoffering"),
    /// Its name; made from its id without it.
    name: optional string,
    /// The zone that it is to be used in; from a snapshot it is that of the snapshot.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// The snapshot that it begins as.
    snapshotid: optional uuid<SnapshotId> .entity("snapshot"),
    /// Its size in GiB, where the disk offering leaves that open.
    size: optional long,
    /// The account that it is made for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// The id that it is to have; one that is drawn without it.
    customid: optional uuid<VolumeId> .roles(Roles::ADMIN),
}

impl Handler for CreateVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid()));
        let offering =
            self.diskofferingid.map(|id| ("diskofferingid", Entity::DiskOffering, id.uuid()));
        let snapshot = self.snapshotid.map(|id| ("snapshotid", Entity::Snapshot, id.uuid()));
        call.require([zone, offering, snapshot].into_iter().flatten().collect()).await?;
        let account = call.owner(self.account, self.domainid).await?;
        let chosen = self.size.map(|gib| size_of(call, "size", gib)).transpose()?;
        let domain_path = (!call.is_root()).then(|| call.identity.user.domain_path.clone());
        let size = self.diskofferingid.map(|offering| Size { offering, chosen, domain_path });
        let caller = Caller { account, ..call.caller().clone() };
        if let Some(snapshot) = self.snapshotid {
            if size.is_none() && chosen.is_some() {
                return Err(Failure::invalid(
                    "size needs diskofferingid; without it the volume is as large as the snapshot's",
                ));
            }
            let called = (self.customid, self.name);
            let made = create_from_snapshot(call.context, &caller, account, snapshot, called, size)
                .await?;
            return Ok(Answer::job(call.command, Some(made.0.uuid()), made.1.uuid()));
        }
        let missing = |param: &str| {
            Failure::invalid(format!(
                "parameter {param} is missing; only a volume from a snapshot needs none"
            ))
        };
        let zone = self.zoneid.ok_or_else(|| missing("zoneid"))?;
        let size = size.ok_or_else(|| missing("diskofferingid"))?;
        let new = NewVolume { id: self.customid, account, zone, name: self.name, size };
        let (id, job) = create(call.context, &caller, new).await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job.uuid()))
    }
}
