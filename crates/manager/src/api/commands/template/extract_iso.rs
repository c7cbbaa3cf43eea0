//! `extractIso`: a link by which an ISO is had for a while.

use hostler_model::{TemplateId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use super::change::{Kind, require_own};
use super::source::TOKEN;
use crate::api::bootstrap::random_text;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::extract::EXTRACT;
use crate::orchestration::template::extract;

api_command! {
    /// Makes a link by which anybody who knows it downloads the file for as long as the setting
    /// extract.url.expiration.interval says. It is one that may be downloaded (isextractable), or the root administrator asks.
    pub(crate) struct ExtractIso = "extractIso", asynchronous .object("iso").shape(&EXTRACT);

    /// The one to download.
    id: required uuid<TemplateId> .entity("iso"),
    /// HTTP_DOWNLOAD.
    mode: required string,
    /// The zone that it is in; there is no other choice.
    zoneid: optional uuid<ZoneId> .entity("zone"),
}

impl Handler for ExtractIso {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid()));
        call.require(zone.into_iter().collect()).await?;
        require_own(call, Kind::Iso, self.id).await?;
        if !self.mode.eq_ignore_ascii_case("HTTP_DOWNLOAD") {
            return Err(call.wrong("mode", &self.mode, "HTTP_DOWNLOAD"));
        }
        let token = random_text(TOKEN);
        let job = extract(call.context, call.caller(), self.id, token).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
