//! Commands about pods.

pub mod create_pod;
pub mod delete_pod;
pub mod list_pods;
