//! Commands about where VMs would go, and about the books of what they take.

use super::{Entry, known};

mod audit_cloud;
mod plan_capacity;
mod plan_drain;
mod plan_placement;
mod plan_rebalance;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<audit_cloud::AuditCloud>(),
    known::<plan_capacity::PlanCapacity>(),
    known::<plan_drain::PlanDrain>(),
    known::<plan_placement::PlanPlacement>(),
    known::<plan_rebalance::PlanRebalance>(),
];

/// A number of something, as a parameter has it: none is negative.
fn number(value: Option<i32>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}
