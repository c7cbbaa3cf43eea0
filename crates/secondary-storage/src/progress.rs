//! How far a transfer is, told often enough for a person and no more.

use std::time::Duration;

use hostler_model::Bytes;
use tokio::time::Instant;

/// The shortest time between two pieces of news.
const INTERVAL: Duration = Duration::from_millis(500);

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transferred {
    /// Done so far.
    pub done: Bytes,
    /// In all, where that is known.
    pub total: Option<Bytes>,
    /// Per second, since the last piece of news.
    pub rate: Bytes,
}

/// Turns every chunk that arrives into news at most every [`INTERVAL`], and at the end.
pub(crate) struct Meter<'a> {
    tell: &'a (dyn Fn(Transferred) + Send + Sync),
    told_at: Instant,
    told: u64,
}

impl<'a> Meter<'a> {
    /// Nothing is done yet.
    pub(crate) fn new(tell: &'a (dyn Fn(Transferred) + Send + Sync)) -> Self {
        Self { tell, told_at: Instant::now(), told: 0 }
    }

    /// `done` bytes are there now.
    pub(crate) fn at(&mut self, done: u64, total: Option<u64>) {
        if self.told_at.elapsed() >= INTERVAL {
            self.news(done, total);
        }
    }

    /// All are there.
    pub(crate) fn end(&mut self, done: u64) {
        self.news(done, Some(done));
    }

    fn news(&mut self, done: u64, total: Option<u64>) {
        let passed = self.told_at.elapsed().as_millis().max(1);
        let rate = u128::from(done.saturating_sub(self.told)) * 1000 / passed;
        let rate = Bytes(u64::try_from(rate).unwrap_or(u64::MAX));
        (self.tell)(Transferred { done: Bytes(done), total: total.map(Bytes), rate });
        self.told = done;
        self.told_at = Instant::now();
    }
}
