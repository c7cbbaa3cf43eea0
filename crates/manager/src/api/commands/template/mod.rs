//! Commands about templates.

use super::{Entry, known};

mod delete_template;
mod list_os_types;
mod list_templates;
pub(crate) mod os_type;
mod register_template;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<delete_template::DeleteTemplate>(),
    known::<list_os_types::ListOsTypes>(),
    known::<list_templates::ListTemplates>(),
    known::<register_template::RegisterTemplate>(),
];
