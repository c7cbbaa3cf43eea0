//! Who does the agent's work that blocks: calls of libvirt, of the disk, of other programs.
//!
//! Not here: what the work is, and how many pieces of it are done at once (`executor`).

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

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
    /// Does `work`, and lets its end be awaited. It is done whether or not somebody does.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        match self {
            Self::Own => tokio::task::spawn_blocking(work),
            Self::Tasks(pace) => {
                let pause = pace();
                tokio::spawn(async move {
                    pause.await;
                    work()
                })
            }
        }
    }

    /// Does `work` for which nobody waits; also where no runtime is entered, unless its tasks are to do it.
    pub(crate) fn detach(
        &self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        match self {
            Self::Own => std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop),
            Self::Tasks(_) => {
                drop(self.run(work));
                Ok(())
            }
        }
    }

    /// Has `work` take whatever has come through `queue`, until the queue is closed or `work` says that it is done.
    pub(crate) fn drain<T: Send + 'static>(
        &self,
        name: &str,
        mut queue: mpsc::UnboundedReceiver<T>,
        mut work: impl FnMut(Vec<T>) -> Drained + Send + 'static,
    ) -> io::Result<()> {
        let mut all = Vec::new();
        match self {
            Self::Own => {
                let run = move || {
                    while queue.blocking_recv_many(&mut all, usize::MAX) > 0 {
                        if work(std::mem::take(&mut all)) == Drained::Done {
                            return;
                        }
                    }
                };
                std::thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
            }
            Self::Tasks(pace) => {
                let pace = Arc::clone(pace);
                tokio::spawn(async move {
                    while queue.recv_many(&mut all, usize::MAX).await > 0 {
                        pace().await;
                        if work(std::mem::take(&mut all)) == Drained::Done {
                            return;
                        }
                    }
                });
                Ok(())
            }
        }
    }
}

/// Whether a queue is still of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drained {
    /// It is.
    More,
    /// Nobody listens any more.
    Done,
}
