//! Commands about registered user data: what guests do at their first boot, kept by name.

use super::{Entry, known};

mod delete_user_data;
mod link_user_data_to_template;
mod list_user_data;
mod register_user_data;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<delete_user_data::DeleteUserData>(),
    known::<link_user_data_to_template::LinkUserDataToTemplate>(),
    known::<list_user_data::ListUserData>(),
    known::<register_user_data::RegisterUserData>(),
];
