//! `listConfigurationGroups`: what settings are about.

use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::setting::{CONFIGURATION_GROUP, GROUPS, configuration_group};

api_command! {
    /// Lists the groups of settings.
    pub(crate) struct ListConfigurationGroups = "listConfigurationGroups", synchronous
        .roles(Roles::ADMIN).object("configurationgroup").shape(&CONFIGURATION_GROUP).paged();

    /// The group of this name.
    group: optional string,
}

impl Handler for ListConfigurationGroups {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let keyword = call.keyword().map(|text| text.to_lowercase());
        let is_wanted = |group: &&(&str, &str, &str)| {
            self.group.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(group.1))
                && keyword.as_ref().is_none_or(|text| group.1.to_lowercase().contains(text))
        };
        let all: Vec<_> = (1u32..)
            .zip(GROUPS)
            .filter(|(_, group)| is_wanted(group))
            .map(|(place, (_, name, description))| configuration_group(name, description, place))
            .collect();
        Ok(Answer::list(call.command, all.len(), all))
    }
}
