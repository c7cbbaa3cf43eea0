//! What a session does around a call: log it, time it, repeat it, remember its answer. Each wraps a [`Service`] and
//! is one.

mod cache;
mod retry;
mod timings;
mod trace;

pub use cache::Cache;
pub use retry::Retry;
pub use timings::{Timing, Timings};
pub use trace::Trace;
