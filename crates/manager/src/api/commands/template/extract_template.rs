//! `extractTemplate`: a link by which a template is had for a while.

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
    pub(crate) struct ExtractTemplate = "extractTemplate", asynchronous .object("template").shape(&EXTRACT);

    /// The one to download.
    id: required uuid<TemplateId> .entity("template"),
    /// HTTP_DOWNLOAD.
    mode: required string,
    /// The zone that it is in; there is no other choice.
    zoneid: optional uuid<ZoneId> .entity("zone"),
}

impl Handler for ExtractTemplate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let zone = self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid()));
        call.require(zone.into_iter().collect()).await?;
        require_own(call, Kind::Template, self.id).await?;
        if !self.mode.eq_ignore_ascii_case("HTTP_DOWNLOAD") {
            return Err(call.wrong("mode", &self.mode, "HTTP_DOWNLOAD"));
        }
        let token = random_text(TOKEN);
        let job = extract(call.context, call.caller(), self.id, token).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
