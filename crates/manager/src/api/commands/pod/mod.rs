//! Commands about pods.

use super::{Entry, known};

mod create_pod;
mod delete_pod;
mod list_pods;
mod update_pod;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_pod::CreatePod>(),
    known::<delete_pod::DeletePod>(),
    known::<list_pods::ListPods>(),
    known::<update_pod::UpdatePod>(),
];
