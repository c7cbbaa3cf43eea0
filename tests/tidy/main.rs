//! Reads the sources and holds them against the rules of the house: who may depend on whom, what may be said
//! where, and how large a file may get. Each rule is a test whose name is the rule; a failure lists `file:line`.
//!
//! An exception stands in a list beside its rule, with its reason. Not here: what the compiler, clippy and
//! shellcheck already keep.

mod crates;
mod documents;
mod places;
mod scripts;
mod shape;
mod source;
mod tree;

/// Fails, listing every place that breaks a rule.
#[track_caller]
fn none(found: &[String]) {
    assert!(found.is_empty(), "{} broken:\n  {}\n", found.len(), found.join("\n  "));
}
