//! Who does the store's work, which blocks.
//!
//! Not here: what the work is (`connection`).

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinError;

/// How long a piece of work waits before it is done.
pub type Pace = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Who does work that blocks.
#[derive(Clone, Default)]
pub enum Threads {
    /// Threads of its own: for everything that is not a simulation.
    #[default]
    Own,
    /// Tasks of the runtime, each piece of work after a pause: so all that happens in a runtime of one thread happens
    /// in one order, the same each time.
    Tasks(Pace),
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "Own",
            Self::Tasks(_) => "Tasks",
        })
    }
}

impl Threads {
    /// Does `work`, and returns what comes of it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match self {
            Self::Own => tokio::task::spawn_blocking(work).await,
            Self::Tasks(pace) => {
                pace().await;
                Ok(work())
            }
        }
    }

    /// Has `work` take what comes through `queue`, at most `most` at a time, until the queue is closed.
    pub(crate) fn drain<T: Send + 'static>(
        &self,
        name: &str,
        mut queue: mpsc::UnboundedReceiver<T>,
        most: usize,
        mut work: impl FnMut(&mut Vec<T>) + Send + 'static,
    ) -> io::Result<()> {
        let mut batch = Vec::new();
        match self {
            Self::Own => {
                let run = move || {
                    while queue.blocking_recv_many(&mut batch, most) > 0 {
                        work(&mut batch);
                    }
                };
                std::thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
            }
            Self::Tasks(pace) => {
                let pace = Arc::clone(pace);
                tokio::spawn(async move {
                    while queue.recv_many(&mut batch, most).await > 0 {
                        pace().await;
                        work(&mut batch);
                    }
                });
                Ok(())
            }
        }
    }
}
