//! `extractVolume`: a link by which what a volume holds is had for a while.

use hostler_model::{VolumeId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::bootstrap::random_text;
use crate::api::call::{Call, Handler};
use crate::api::commands::template::source::TOKEN;
use crate::api::failure::Failure;
use crate::api::objects::extract::EXTRACT_VOLUME;
use crate::orchestration::volume::extract;

api_command! {
    /// Copies a volume that no running VM has to an image worker, and makes a link by which anybody who knows it downloads
    /// the copy, as QCOW2, for as long as the setting extract.url.expiration.interval says; then the copy is deleted. The
    /// volume stays as it is. Its template is one that may be downloaded (isextractable), or the root administrator asks.
    pub(crate) struct ExtractVolume = "extractVolume", asynchronous .object("volume").shape(&EXTRACT_VOLUME);

    /// The volume, of a stopped VM or of none.
    id: required uuid<VolumeId> .entity("volume"),
    /// HTTP_DOWNLOAD.
    mode: required string,
    /// The zone that it is in; there is no other choice.
    zoneid: required uuid<ZoneId> .entity("zone"),
}

impl Handler for ExtractVolume {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let volume = ("id", Entity::Volume, self.id.uuid());
        call.require(vec![volume, ("zoneid", Entity::Zone, self.zoneid.uuid())]).await?;
        if !self.mode.eq_ignore_ascii_case("HTTP_DOWNLOAD") {
            return Err(call.wrong("mode", &self.mode, "HTTP_DOWNLOAD"));
        }
        let token = random_text(TOKEN);
        let job = extract(call.context, call.caller(), self.id, token).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
