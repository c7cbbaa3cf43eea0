//! Commands that say what the product can do.

use super::{Entry, known};

mod list_apis;
mod list_capabilities;

/// One line each.
pub(super) static COMMANDS: &[Entry] =
    &[known::<list_apis::ListApis>(), known::<list_capabilities::ListCapabilities>()];
