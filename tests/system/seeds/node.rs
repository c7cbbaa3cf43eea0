//! A machine with one process: a runtime of one thread whose clock stands still until the world moves it.
//!
//! Dropping it is `kill -9`: every task is gone where it stood, and what was written is on the disk.
//!
//! Not here: what the process is (`manager`, `host`).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, sleep_until};

use crate::draw::Draw;
use crate::machine::{self, Inside};

/// How long a piece of work waits before it is done.
pub(crate) type Pace = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Work that takes its time as `draw` says: mostly none, at times up to a second.
pub(crate) fn pace(draw: Draw) -> Pace {
    let draw = Mutex::new(draw);
    Arc::new(move || {
        let mut draw = draw.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = match draw.from(0, 99) {
            0..60 => 0,
            60..90 => draw.from(1, 20),
            90..99 => draw.from(20, 200),
            _ => draw.from(200, 1500),
        };
        Box::pin(async move {
            if wait > 0 {
                sleep(Duration::from_millis(wait)).await;
            }
        })
    })
}

/// A process and its clock.
#[derive(Debug)]
pub(crate) struct Node {
    runtime: Runtime,
    since: (Instant, u64),
}

impl Node {
    /// One that begins at this time of the world.
    pub(crate) fn boot(now: u64) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without threads can be made");
        let began = {
            let _inside = runtime.enter();
            machine::at_work(None, now);
            Instant::now()
        };
        Self { runtime, since: (began, now) }
    }

    /// Has it do this beside all else.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// Lets it work until this time of the world. Its wall clock is so many milliseconds ahead.
    pub(crate) fn work_until(&self, until: u64, ahead: i64) {
        let (began, at) = self.since;
        machine::at_work(Some(Inside { since: self.since, ahead }), until);
        let end = began + Duration::from_millis(until - at);
        self.runtime.block_on(async move { sleep_until(end).await });
        machine::at_work(None, until);
    }
}
