//! Which message may arrive in which state of a connection. Each state has its own list.

use crate::Message;

/// Where a connection stands, as either end sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// TLS is done, nothing was said.
    New,
    /// Startup was said; Ready or Refused is due.
    Starting,
    /// Ready was said; its acknowledgement is due.
    Greeted,
    /// Orders and reports flow.
    Ready,
    /// Shutdown was said; what is on its way may still arrive.
    Closing,
}

/// A message that the state of its connection does not allow. The connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message} is not allowed while the connection is {state:?}")]
pub struct OutOfTurn {
    /// What came.
    pub message: &'static str,
    /// Where the connection stood.
    pub state: LinkState,
}

/// The state after the manager has received `message`.
///
/// # Errors
/// [`OutOfTurn`] if an agent may not say that now.
pub const fn manager_receives(state: LinkState, message: &Message) -> Result<LinkState, OutOfTurn> {
    use LinkState::{Closing, Greeted, New, Ready, Starting};
    use Message as M;
    match (state, message) {
        (New, M::Startup(_)) => Ok(Starting),
        (Greeted, M::ReadyAcknowledged) => Ok(Ready),
        (
            Ready | Closing,
            M::Ping(_)
            | M::Pong(_)
            | M::Response(_)
            | M::Report(_)
            | M::Progress(_)
            | M::NotUnderstood(_),
        ) => Ok(state),
        (Starting | Greeted | Ready | Closing, M::Shutdown(_)) => Ok(Closing),
        _ => Err(OutOfTurn { message: message.name(), state }),
    }
}

/// The state after the agent has received `message`.
///
/// # Errors
/// [`OutOfTurn`] if a manager may not say that now.
pub const fn agent_receives(state: LinkState, message: &Message) -> Result<LinkState, OutOfTurn> {
    use LinkState::{Closing, Ready, Starting};
    use Message as M;
    match (state, message) {
        (Starting, M::Ready(_)) => Ok(Ready),
        (Starting, M::Refused(_)) => Ok(Closing),
        (Ready | Closing, M::Ping(_) | M::Pong(_) | M::Request(_) | M::Cancel(_)) => Ok(state),
        (Starting | Ready | Closing, M::Shutdown(_)) => Ok(Closing),
        _ => Err(OutOfTurn { message: message.name(), state }),
    }
}
