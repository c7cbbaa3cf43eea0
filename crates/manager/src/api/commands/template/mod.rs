//! Commands about templates.

pub(crate) mod delete_template;
pub(crate) mod list_os_types;
pub(crate) mod list_templates;
pub(crate) mod os_type;
pub(crate) mod register_template;
