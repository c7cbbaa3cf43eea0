//! Commands about settings.

pub mod list_configurations;
pub mod update_configuration;
