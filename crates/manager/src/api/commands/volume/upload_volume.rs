//! `uploadVolume`: a data volume that begins as a file from outside.

use hostler_model::{DiskOfferingId, DomainId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::commands::template::source::check_checksum;
use crate::api::failure::Failure;
use crate::api::objects::storage::VOLUME;
use crate::orchestration::Caller;
use crate::orchestration::volume::{Upload, upload};

api_command! {
    /// Makes a data volume that begins as a file: an image worker fetches and checks it as it does a template. The volume
    /// is Uploaded then, and is written on the host that first runs a VM with it.
    pub(crate) struct UploadVolume = "uploadVolume", asynchronous
        .object("volume").shape(&VOLUME).in_projects();

    /// Its name.
    name: required string,
    /// Where the file is: http:// or https://; from the root administrator also file://, on the image worker.
    url: required string,
    /// QCOW2 or RAW; the file may be packed.
    format: required string,
    /// The zone that it is to be used in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// What the file must hash to: plain hex, or {algorithm}hex.
    checksum: optional string,
    /// What it is sold as; it must be as large as the disk in the file, or leave its size open. Without it the volume is
    /// as large as that disk.
    diskofferingid: optional uuid<DiskOfferingId> .entity("diskoffering"),
    /// The account that it is made for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for UploadVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = Some(("zoneid", Entity::Zone, self.zoneid.uuid()));
        let offering =
            self.diskofferingid.map(|id| ("diskofferingid", Entity::DiskOffering, id.uuid()));
        call.require([zone, offering].into_iter().flatten().collect()).await?;
        check_checksum(call, self.checksum.as_deref())?;
        let account = call.owner(self.account, self.domainid).await?;
        let caller = Caller { account, ..call.caller().clone() };
        let wanted = Upload {
            account,
            zone: self.zoneid,
            name: self.name,
            url: self.url,
            format: self.format,
            checksum: self.checksum,
            offering: self.diskofferingid,
            domain_path: (!call.is_root()).then(|| call.identity.user.domain_path.clone()),
        };
        let (_, job) = upload(call.context, &caller, wanted).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
