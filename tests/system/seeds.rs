//! [F] A whole cloud in one thread, its time, its network and its accidents drawn from a seed: what is promised is kept
//! whatever happens, and what happens for a seed happens again.
//!
//! Settings (environment): `HOSTLER_SEEDS`, how many seeds are tried; `HOSTLER_FIRST_SEED`, which is the first;
//! `HOSTLER_TWICE`, how many are played twice; `HOSTLER_SEED`, the one that is played alone, with its story;
//! `HOSTLER_LOG`, a filter for its log.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a failed unwrap is a failed test, and a story is told

#[path = "seeds/acts.rs"]
mod acts;
#[path = "seeds/checks.rs"]
mod checks;
#[path = "seeds/draw.rs"]
mod draw;
#[path = "seeds/events.rs"]
mod events;
#[path = "seeds/ground.rs"]
mod ground;
#[path = "seeds/host.rs"]
mod host;
#[path = "seeds/machine.rs"]
mod machine;
#[path = "seeds/manager.rs"]
mod manager;
#[path = "seeds/net.rs"]
mod net;
#[path = "seeds/node.rs"]
mod node;
#[path = "seeds/play.rs"]
mod play;
#[path = "seeds/quiet.rs"]
mod quiet;
#[path = "seeds/requests.rs"]
mod requests;
#[path = "seeds/trace.rs"]
mod trace;
#[path = "seeds/world.rs"]
mod world;

use std::env;

/// How many seeds are tried unless it is said otherwise.
const SEEDS: u64 = 150;
/// Seeds that have found something: an audit that believed an old report; a step that failed because its agent was ending.
const FOUND: [u64; 4] = [100_010, 100_056, 100_229, 100_313];
/// How many seeds are played twice.
const TWICE: u64 = 5;

fn number(setting: &str) -> Option<u64> {
    env::var(setting).ok().map(|text| text.parse().unwrap())
}

#[test]
fn whatever_a_seed_brings_every_promise_is_kept() {
    let first = number("HOSTLER_FIRST_SEED").unwrap_or(1);
    let count = number("HOSTLER_SEEDS").unwrap_or(SEEDS);
    let seeds: Vec<u64> = FOUND.into_iter().chain(first..first + count).collect();
    let failed = play::all(&seeds);
    assert!(failed.is_empty(), "of {} seeds these failed: {failed:?}", seeds.len());
}

#[test]
fn a_seed_comes_out_the_same_each_time() {
    let first = number("HOSTLER_FIRST_SEED").unwrap_or(1);
    for seed in first..first + number("HOSTLER_TWICE").unwrap_or(TWICE) {
        let (once, again) = (play::in_a_process(seed), play::in_a_process(seed));
        assert_eq!(once.hash, again.hash, "seed {seed}: {}", once.difference(&again));
    }
}

/// Plays the seed that `HOSTLER_SEED` names, or the first one, and prints its story.
#[test]
fn play_one_seed() {
    play::here(number("HOSTLER_SEED").unwrap_or(1));
}
