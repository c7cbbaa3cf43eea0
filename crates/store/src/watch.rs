//! Who is told how long the database takes.

use std::time::{Duration, Instant};

/// Ways to use the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// On a snapshot.
    Read,
    /// In a transaction.
    Write,
}

/// Who is told of each use of the database, by whoever asks for it: the time has its wait in it.
pub trait Watch: std::fmt::Debug + Send + Sync {
    /// Somebody waits for it.
    fn begun(&self, access: Access);

    /// Nobody does any more.
    fn ended(&self, access: Access, took: Duration);
}

/// One use that is watched, as long as it lives.
pub(crate) struct Watched<'a>(Option<(&'a dyn Watch, Access, Instant)>);

impl<'a> Watched<'a> {
    /// Tells of its beginning, if somebody watches.
    pub(crate) fn begin(watch: Option<&'a dyn Watch>, access: Access) -> Self {
        Self(watch.map(|watch| {
            watch.begun(access);
            (watch, access, Instant::now())
        }))
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if let Some((watch, access, begun)) = self.0 {
            watch.ended(access, begun.elapsed());
        }
    }
}
