//! `listSupportedNetworkServices`: what networks can do for guests.

use hostler_query_api::{Answer, Roles, api_command};

use super::network_services::{OF_SHARED, provider};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::{SERVICE, service};

api_command! {
    /// Lists what networks can do for guests, and who does it.
    pub(crate) struct ListSupportedNetworkServices = "listSupportedNetworkServices", synchronous
        .roles(Roles::ADMIN).object("networkservice").shape(&SERVICE).paged();

    /// The service of this name.
    service: optional string,
    /// Services of this provider.
    provider: optional string,
}

impl Handler for ListSupportedNetworkServices {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let keyword = call.keyword().map(|text| text.to_lowercase());
        let is_wanted = |name: &&&str| {
            self.service.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
                && self.provider.as_ref().is_none_or(|of| of.eq_ignore_ascii_case(provider(name)))
                && keyword.as_ref().is_none_or(|text| name.to_lowercase().contains(text))
        };
        let all: Vec<_> = OF_SHARED
            .iter()
            .filter(is_wanted)
            .map(|name| service(name, Some(provider(name)), &[]))
            .collect();
        Ok(Answer::list(call.command, all.len(), all))
    }
}
