//! Which host gets a VM: filters refuse with a reason, weighers score, the plan says why.
//!
//! A pure function from a snapshot to a plan. No clock, no database, no random number.
//!
//! Not here: taking what was planned. The snapshot is advice; the claim re-checks it in one transaction.

mod filters;
mod plan;
mod verdict;
mod view;
mod weighers;

pub use filters::{DEFAULT_FILTERS, Filter, filter_named, known_filters};
pub use plan::{NoHost, Placement, Policy, PolicyError, place};
pub use verdict::{FilterCount, HostVerdict, Refusal, Score, Verdict};
pub use view::{Demand, HostView, Mate, PoolView};
pub use weighers::{DEFAULT_WEIGHERS, Weigher, known_weighers, weigher_named};
