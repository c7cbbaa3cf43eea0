//! What the C library says of time and of chance on a thread that simulates, and how it makes files durable there.
//!
//! These functions stand in this program under their C names, so everything that is linked into it asks them: the
//! standard library, tokio, rand, uuid, SQLite. So no part of manager or agent needs to know that it is simulated, and
//! none can forget to ask. On other threads they ask the kernel, as the C library does.
//!
//! Not here: when time passes (`node`, `world`), what is drawn for events (`draw`).
#![allow(unsafe_code, clippy::cast_possible_truncation)] // functions of C, declared as C has them

use std::cell::Cell;
use std::ffi::{c_int, c_long, c_uint, c_void};

use tokio::time::Instant;

use crate::draw::Draw;

/// What simulations call 1970: 2020-01-01, so that no file looks old to those that compare its time with theirs.
const EPOCH: u64 = 1_577_836_800;
/// Seconds after the machine's boot at which a simulation begins.
const UPTIME: u64 = 1000;

const REAL_TIME: [c_int; 2] = [0, 5];
const SINCE_BOOT: [c_int; 4] = [1, 4, 6, 7];

#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const CLOCK_GETTIME: super::c_long = 228;
    pub(super) const GETTIMEOFDAY: super::c_long = 96;
    pub(super) const GETRANDOM: super::c_long = 318;
    pub(super) const FSYNC: super::c_long = 74;
    pub(super) const FDATASYNC: super::c_long = 75;
}
#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const CLOCK_GETTIME: super::c_long = 113;
    pub(super) const GETTIMEOFDAY: super::c_long = 169;
    pub(super) const GETRANDOM: super::c_long = 278;
    pub(super) const FSYNC: super::c_long = 82;
    pub(super) const FDATASYNC: super::c_long = 83;
}

thread_local! {
    static SIMULATES: Cell<bool> = const { Cell::new(false) };
    static CHANCE: Cell<Draw> = const { Cell::new(Draw::of(0)) };
    static CLOCK: Cell<Clock> = const { Cell::new(Clock { now: 0, node: None }) };
}

#[derive(Clone, Copy)]
struct Clock {
    /// The world's time in milliseconds, where no node is at work.
    now: u64,
    node: Option<Inside>,
}

/// The node that is at work.
#[derive(Clone, Copy)]
pub(crate) struct Inside {
    /// When it was switched on: by its own clock and in milliseconds of the world's.
    pub(crate) since: (Instant, u64),
    /// How many milliseconds its wall clock is ahead of the world's.
    pub(crate) ahead: i64,
}

/// From now on this thread simulates. What chance brings follows from `seed`.
pub(crate) fn simulate(seed: u64) {
    CHANCE.set(Draw::of(seed));
    SIMULATES.set(true);
}

/// From now on this node is at work, or none, at this time of the world.
pub(crate) fn at_work(node: Option<Inside>, now: u64) {
    CLOCK.set(Clock { now, node });
}

/// The world's time in milliseconds.
pub(crate) fn now() -> u64 {
    nanoseconds() / 1_000_000
}

fn nanoseconds() -> u64 {
    let Clock { now, node } = CLOCK.get();
    let Some(Inside { since: (began, at), .. }) = node else { return now * 1_000_000 };
    // tokio's clock stands still between timers, and asks nobody for the time
    SIMULATES.set(false);
    let passed = Instant::now().duration_since(began);
    SIMULATES.set(true);
    at * 1_000_000 + u64::try_from(passed.as_nanos()).unwrap_or_default()
}

fn simulates() -> bool {
    SIMULATES.try_with(Cell::get).unwrap_or(false)
}

/// Seconds and nanoseconds of the wall clock of the node that is at work.
fn wall() -> (u64, u64) {
    let ahead = CLOCK.get().node.map_or(0, |node| node.ahead) * 1_000_000;
    let time = (EPOCH * 1_000_000_000 + nanoseconds()).saturating_add_signed(ahead);
    (time / 1_000_000_000, time % 1_000_000_000)
}

fn since_boot() -> (u64, u64) {
    let time = UPTIME * 1_000_000_000 + nanoseconds();
    (time / 1_000_000_000, time % 1_000_000_000)
}

/// `struct timespec`, and with microseconds `struct timeval`.
#[repr(C)]
pub(crate) struct Time {
    seconds: c_long,
    parts: c_long,
}

impl Time {
    fn of((seconds, parts): (u64, u64)) -> Self {
        Self { seconds: seconds.cast_signed(), parts: parts.cast_signed() }
    }
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

// SAFETY of all below: C's own contract; pointers are passed on or written to where C says that they are valid.

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Time) -> c_int {
    let known = REAL_TIME.contains(&clock) || SINCE_BOOT.contains(&clock);
    if !(known && simulates()) {
        return unsafe { syscall(number::CLOCK_GETTIME, clock, time) } as c_int;
    }
    let told = if REAL_TIME.contains(&clock) { wall() } else { since_boot() };
    unsafe { time.write(Time::of(told)) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn gettimeofday(time: *mut Time, zone: *mut c_void) -> c_int {
    if !simulates() || time.is_null() {
        return unsafe { syscall(number::GETTIMEOFDAY, time, zone) } as c_int;
    }
    let (seconds, nanoseconds) = wall();
    unsafe { time.write(Time::of((seconds, nanoseconds / 1000))) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: usize, flags: c_uint) -> isize {
    if !simulates() {
        return unsafe { syscall(number::GETRANDOM, buffer, length, flags) } as isize;
    }
    let mut draw = CHANCE.get();
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&draw.next().to_le_bytes()[..chunk.len()]);
    }
    CHANCE.set(draw);
    length.cast_signed()
}

/// A simulated machine loses power in its own time, never in the kernel's: nothing has to reach the disk.
#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(file: c_int) -> c_int {
    if simulates() { 0 } else { unsafe { syscall(number::FSYNC, file) as c_int } }
}

/// See [`fsync`].
#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(file: c_int) -> c_int {
    if simulates() { 0 } else { unsafe { syscall(number::FDATASYNC, file) as c_int } }
}
