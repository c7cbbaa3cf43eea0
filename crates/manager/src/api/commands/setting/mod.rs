//! Commands about settings.

use super::{Entry, known};

mod list_configuration_groups;
mod list_configurations;
mod place;
mod reset_configuration;
mod update_configuration;
mod values;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<list_configuration_groups::ListConfigurationGroups>(),
    known::<list_configurations::ListConfigurations>(),
    known::<reset_configuration::ResetConfiguration>(),
    known::<update_configuration::UpdateConfiguration>(),
];
