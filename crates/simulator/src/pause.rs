//! Waiting where nobody tells: for another process, for a time that a scenario names, for the pace of a simulated disk.

use std::time::Duration;

/// Waits so long.
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
