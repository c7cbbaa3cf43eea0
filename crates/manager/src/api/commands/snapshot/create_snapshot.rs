//! `createSnapshot`: copies a volume as it is at a moment.

use hostler_model::VolumeId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::snapshot::SNAPSHOT;
use crate::orchestration::snapshot::create;

api_command! {
    /// Copies a volume as it is at one moment. While its VM runs, the copy is what a power failure would have left then:
    /// file systems repair themselves, but what guests have not written yet is not in it. It stays when the volume goes.
    pub(crate) struct CreateSnapshot = "createSnapshot", asynchronous_create
        .object("snapshot").shape(&SNAPSHOT);

    /// The volume, a root or a data volume, whose VM is running or stopped.
    volumeid: required uuid<VolumeId> .entity("volume"),
    /// Its name; made from the volume's and the time without it.
    name: optional string,
    /// Whether guests are to write back what they have in memory first; that cannot be had.
    quiescevm: optional boolean,
    /// Where it is kept: PRIMARY, the volume's own pool; there is no other place yet.
    locationtype: optional string,
}

impl Handler for CreateSnapshot {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("volumeid", Entity::Volume, self.volumeid.uuid())]).await?;
        if self.quiescevm == Some(true) {
            return Err(call.wrong("quiescevm", "true", "false: guests are not asked"));
        }
        if let Some(odd) = self.locationtype.filter(|it| !it.eq_ignore_ascii_case("PRIMARY")) {
            return Err(call.wrong("locationtype", &odd, "PRIMARY"));
        }
        let (id, job) = create(call.context, call.caller(), self.volumeid, self.name).await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job.uuid()))
    }
}
