//! Commands about settings.

use super::{Entry, known};

mod list_configurations;
mod update_configuration;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<list_configurations::ListConfigurations>(),
    known::<update_configuration::UpdateConfiguration>(),
];
