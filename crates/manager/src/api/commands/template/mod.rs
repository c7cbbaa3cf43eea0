//! Commands about templates, ISOs, and the kinds of guests.

use super::{Entry, known};

mod attach_iso;
mod change;
mod create_template;
mod delete_iso;
mod delete_template;
mod detach_iso;
mod extract_iso;
mod extract_template;
mod list_iso_permissions;
mod list_isos;
mod list_os_categories;
mod list_os_types;
mod list_template_permissions;
mod list_templates;
mod listing;
pub(crate) mod os_type;
mod register_iso;
mod register_template;
pub(in crate::api::commands) mod source;
mod update_iso;
mod update_iso_permissions;
mod update_template;
mod update_template_permissions;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<attach_iso::AttachIso>(),
    known::<create_template::CreateTemplate>(),
    known::<delete_iso::DeleteIso>(),
    known::<delete_template::DeleteTemplate>(),
    known::<detach_iso::DetachIso>(),
    known::<extract_iso::ExtractIso>(),
    known::<extract_template::ExtractTemplate>(),
    known::<list_iso_permissions::ListIsoPermissions>(),
    known::<list_isos::ListIsos>(),
    known::<list_os_categories::ListOsCategories>(),
    known::<list_os_types::ListOsTypes>(),
    known::<list_template_permissions::ListTemplatePermissions>(),
    known::<list_templates::ListTemplates>(),
    known::<register_iso::RegisterIso>(),
    known::<register_template::RegisterTemplate>(),
    known::<update_iso::UpdateIso>(),
    known::<update_iso_permissions::UpdateIsoPermissions>(),
    known::<update_template::UpdateTemplate>(),
    known::<update_template_permissions::UpdateTemplatePermissions>(),
];
