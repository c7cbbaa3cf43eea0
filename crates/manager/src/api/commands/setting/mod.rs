//! Commands about settings.

pub(crate) mod list_configurations;
pub(crate) mod update_configuration;
