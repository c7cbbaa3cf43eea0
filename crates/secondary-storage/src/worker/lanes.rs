//! Orders for one template take turns; orders for different ones never wait for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::TemplateId;
use hostler_wire::{CommandFailure, FailureKind};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

type Lane = Arc<tokio::sync::Mutex<()>>;

/// One lane for each template that something is done with.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<TemplateId, Lane>>);

impl Lanes {
    /// Waits for the turn; it lasts until the guard is dropped.
    ///
    /// # Errors
    /// Called off while waiting.
    pub(super) async fn enter(
        &self,
        template: TemplateId,
        cancelled: &CancellationToken,
    ) -> Result<OwnedMutexGuard<()>, CommandFailure> {
        let lane = self.lane(template);
        tokio::select! {
            biased;
            () = cancelled.cancelled() => Err(CommandFailure {
                kind: FailureKind::Cancelled,
                text: format!("the order for template {template} was called off before its turn"),
            }),
            turn = lane.lock_owned() => Ok(turn),
        }
    }

    fn lane(&self, template: TemplateId) -> Lane {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Lanes that nobody is in or waits for.
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        Arc::clone(lanes.entry(template).or_default())
    }
}
