//! Which host gets a VM: filters refuse with a reason, weighers score, the plan says why.
//!
//! A pure function from a snapshot to a plan. No clock, no database, no random number: where something is drawn, it
//! follows from a seed that comes in.
//!
//! Not here: taking what was planned. The snapshot is advice; the claim re-checks it in one transaction.

mod batch;
mod decide;
mod draw;
mod filters;
mod fits;
mod kept;
mod moves;
mod plan;
mod policy;
mod refusal;
mod verdict;
mod view;
mod weighers;

pub use batch::{Want, place_all};
pub use decide::{Outcome, Scratch, decide};
pub use filters::{DEFAULT_FILTERS, Filter, filter_named, known_filters};
pub use fits::{Fits, HostFit, fits};
pub use kept::Kept;
pub use moves::{DrainPlan, Group, Move, Occupant, RebalancePlan, Stuck, drain, rebalance};
pub use plan::{NoHost, Placement, explain, place};
pub use policy::{PLANNERS, Planner, Policy, PolicyError};
pub use refusal::{Refusal, Resource};
pub use verdict::{FilterCount, HostVerdict, Miss, RefusedBy, Rule, Score, Verdict};
pub use view::{Arch, Demand, HostView, Mate, Owner, PoolView, Tenant};
pub use weighers::{DEFAULT_WEIGHERS, Weigher, known_weighers, weigher_named};
