//! Seeds, each played in a process of its own: what a library keeps for a whole process begins anew for each.
//!
//! Not here: what happens in a world (`world`, `events`).

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::machine;
use crate::trace::Trace;
use crate::world::World;

/// How long things go wrong in a world, in milliseconds.
const STORM: u64 = 60_000;
/// The longest pause between two events.
const PAUSE: u64 = 2500;
/// What stands before the last line of a story.
const VERDICT: &str = "verdict: ";

/// What came of a seed.
#[derive(Debug)]
pub(crate) struct Played {
    seed: u64,
    /// A number that is the same for the same story.
    pub(crate) hash: Option<u64>,
    /// The promise that was broken, if one was.
    broken: Option<String>,
    lines: String,
}

impl Played {
    /// Everything that a person needs to find out why.
    pub(crate) fn story(&self) -> String {
        let Self { seed, broken, lines, .. } = self;
        let broken = broken.as_deref().unwrap_or("nothing was broken");
        format!(
            "{lines}\nseed {seed}: {broken}\nagain: HOSTLER_SEED={seed} HOSTLER_LOG=info cargo test --locked \
             --workspace --test seeds play_one_seed -- --exact --nocapture\n"
        )
    }

    /// Where two stories of one seed part.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let pairs = self.lines.lines().zip(other.lines.lines());
        let apart = pairs.enumerate().find(|(_, (one, another))| one != another);
        match apart {
            Some((line, (one, another))) => format!("line {line}\n- {one}\n+ {another}"),
            None => format!("{} and {} bytes", self.lines.len(), other.lines.len()),
        }
    }
}

/// Plays these seeds, as many at once as there are processors, and tells the stories of those that fail; their numbers.
pub(crate) fn all(seeds: &[u64]) -> Vec<u64> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&seed) = seeds.get(at) else { return };
                    if at > 0 && at.is_multiple_of(100) {
                        eprintln!("{at} seeds");
                    }
                    let played = in_a_process(seed);
                    if played.broken.is_some() {
                        eprintln!("{}", played.story());
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    failed
}

/// Plays a seed in a process of its own.
pub(crate) fn in_a_process(seed: u64) -> Played {
    let output = Command::new(env::current_exe().unwrap())
        .args(["play_one_seed", "--exact", "--nocapture", "--test-threads=1"])
        .env("HOSTLER_SEED", seed.to_string())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let verdict = told.lines().find_map(|line| line.strip_prefix(VERDICT));
    let hash = verdict.and_then(|verdict| u64::from_str_radix(verdict.split(' ').next()?, 16).ok());
    let broken = match verdict.and_then(|verdict| verdict.split_once(' ')) {
        Some((_, "kept")) if output.status.success() => None,
        Some((_, broken)) => Some(broken.to_owned()),
        None => Some(format!("it ended without a verdict ({})", output.status)),
    };
    Played { seed, hash, broken, lines: told }
}

/// Plays a seed in this process, on a thread that has done nothing else, and prints its story.
pub(crate) fn here(seed: u64) {
    if let Ok(filter) = env::var("HOSTLER_LOG") {
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        log.without_time().with_ansi(false).init();
    }
    // not by the seed's chance: a process that plays the same seed at this moment would choose the same name
    let folder = tempfile::Builder::new().prefix("seed-").tempdir_in(memory()).unwrap();
    let path = folder.path().to_owned();
    let (trace, end) = thread::spawn(move || {
        machine::simulate(seed);
        story(seed, &path)
    })
    .join()
    .unwrap();
    let verdict = match &end {
        Ok(()) => "kept".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    for line in trace.lines() {
        eprintln!("{line}");
    }
    eprintln!("{VERDICT}{:016x} {verdict}", trace.hash());
    assert!(end.is_ok(), "seed {seed}: {verdict}");
}

fn story(seed: u64, folder: &Path) -> (Trace, anyhow::Result<()>) {
    let mut world = match World::new(seed, folder) {
        Ok(world) => world,
        Err(error) => return (Trace::default(), Err(error)),
    };
    let end = storm(&mut world).and_then(|()| world.come_to_rest());
    if let Err(error) = &end {
        world.trace.tell(format!("{error:#}"));
    }
    (world.trace.clone(), end)
}

/// A directory in memory, where there is one: nothing has to outlive the simulation.
fn memory() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { env::temp_dir() }
}

fn storm(world: &mut World) -> anyhow::Result<()> {
    let end = world.now + STORM;
    while world.now < end {
        let most = if world.draw.percent(30) { 300 } else { PAUSE };
        let pause = world.draw.from(0, most);
        world.pass(pause)?;
        world.event()?;
    }
    Ok(())
}
