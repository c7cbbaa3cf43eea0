//! Where a test can pull the plug: the manager ends itself at a named point of a job's journal.
//!
//! Only a manager that is started with the variable [`CRASH_POINT`] looks for it; nobody else pays.

use std::sync::OnceLock;

/// `<workflow>/<step>/<phase>`, for instance `vm.deploy/start/acted`.
pub const CRASH_POINT: &str = "HOSTLER_CRASH_POINT";

/// The point between the transaction that records a job and the one that begins it, whatever its workflow.
pub const QUEUED: &str = "job/turn/queued";

/// The phases of a step at which the manager can be ended: before it acts, after it has acted and before
/// that is recorded, and after it is recorded.
pub const fn phases() -> [&'static str; 3] {
    ["begun", "acted", "recorded"]
}

/// The same of a step that is taken back.
pub const fn undo_phases() -> [&'static str; 3] {
    ["undoing", "undone", "taken_back"]
}

/// Ends the process if this is the point that was asked for.
pub(crate) fn crash_point(workflow: &str, step: &str, phase: &str) {
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var(CRASH_POINT).ok());
    if let Some(wanted) = wanted
        && *wanted == format!("{workflow}/{step}/{phase}")
    {
        tracing::warn!(point = %wanted, "ending at a crash point, as asked");
        std::process::abort();
    }
}
