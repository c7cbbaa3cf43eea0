//! Jobs: asynchronous operations as journals.
//!
//! A job is a workflow with named steps. Each step's effect on the record, the fact that it is done, and
//! the fact that the next is begun are one transaction; so a manager that ends anywhere goes on where the
//! journal ends. Jobs on one subject take turns, jobs on different subjects never wait for each other.
//!
//! Not here: what the steps do (`orchestration`).

mod crash;
mod engine;
mod kept;
mod lanes;
mod step;
mod workflow;

pub(crate) use crash::crash_point;
pub use crash::{CRASH_POINT, QUEUED, phases, undo_phases};
pub(crate) use engine::LEASE;
pub use kept::Kept;
pub use lanes::Jobs;
pub use step::{StepContext, order_id};
pub use workflow::{Commit, Done, StepError, Undone, Workflow, nothing};
