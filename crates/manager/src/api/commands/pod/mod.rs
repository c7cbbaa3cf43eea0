//! Commands about pods.

pub(crate) mod create_pod;
pub(crate) mod delete_pod;
pub(crate) mod list_pods;
