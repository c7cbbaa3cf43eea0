//! An image worker for which every download is done at once, and nothing is ever kept on a disk.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hostler_agent::resource::{Resource, Task};
use hostler_agent::threads::Threads;
use hostler_model::{Bytes, TemplateId};
use hostler_wire::{
    Answer, Command, CommandFailure, DeleteTemplateAnswer, DownloadAnswer, ExpectTemplateAnswer,
    FailureKind, HostReport, KeepTemplateAnswer, Ping, ReadyCommand, SecondaryStorageResource,
    ShareTemplateAnswer, StartupResource, WorkerCommand,
};
use tokio::sync::mpsc;

/// An image worker for which every download is done at once.
#[derive(Debug)]
pub struct ReadyWorker {
    /// Whether it refuses everything.
    pub refuses: Arc<AtomicBool>,
    /// Whether it keeps nothing of what hosts send.
    pub forgets: Arc<AtomicBool>,
    /// The templates that it expects from hosts.
    pub expected: Arc<Mutex<BTreeSet<TemplateId>>>,
    threads: Threads,
}

impl ReadyWorker {
    /// One that refuses nothing, with its work done as `threads` says.
    pub fn on(threads: Threads) -> Self {
        let (refuses, forgets) = (Arc::default(), Arc::default());
        Self { refuses, forgets, expected: Arc::default(), threads }
    }

    fn expected(&self) -> MutexGuard<'_, BTreeSet<TemplateId>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resource for ReadyWorker {
    fn startup(&self) -> Result<StartupResource, String> {
        Ok(StartupResource::SecondaryStorage(SecondaryStorageResource {
            serve_address: "127.0.0.1:8251".to_owned(),
            path: "/nonexistent".to_owned(),
            capacity: Bytes::from_gib(100),
            available: Bytes::from_gib(100),
        }))
    }

    fn ready(&self, _ready: &ReadyCommand) {}

    fn execute(&self, command: Command, _task: &Task) -> Result<Answer, CommandFailure> {
        if self.refuses.load(Ordering::Relaxed) {
            let text = "told to refuse".to_owned();
            return Err(CommandFailure { kind: FailureKind::Failed, text });
        }
        match command {
            Command::Worker(WorkerCommand::Download(order)) => {
                Ok(Answer::Download(DownloadAnswer {
                    size: Bytes(20 << 20),
                    virtual_size: Bytes(96 << 20),
                    format: order.format,
                    sha256: "00".repeat(32),
                }))
            }
            Command::Worker(WorkerCommand::Expect(order)) => {
                self.expected().insert(order.template);
                Ok(Answer::ExpectTemplate(ExpectTemplateAnswer {}))
            }
            Command::Worker(WorkerCommand::Keep(_)) if self.forgets.load(Ordering::Relaxed) => {
                let text = "told to keep nothing".to_owned();
                Err(CommandFailure { kind: FailureKind::Failed, text })
            }
            Command::Worker(WorkerCommand::Keep(order)) => {
                self.expected().remove(&order.template);
                Ok(Answer::KeepTemplate(KeepTemplateAnswer { virtual_size: Bytes(96 << 20) }))
            }
            Command::Worker(WorkerCommand::Share(_)) => {
                let base = "http://images.invalid/userdata".to_owned();
                Ok(Answer::ShareTemplate(ShareTemplateAnswer { base }))
            }
            Command::Worker(WorkerCommand::Delete(order)) => {
                self.expected().remove(&order.template);
                Ok(Answer::DeleteTemplate(DeleteTemplateAnswer { was_there: true }))
            }
            other => Err(CommandFailure {
                kind: FailureKind::Unsupported,
                text: format!("{} is nothing for an image worker", other.name()),
            }),
        }
    }

    fn report(&self) -> HostReport {
        HostReport::default()
    }

    fn ping(&self) -> Ping {
        Ping::default()
    }

    fn watch(&self, _changes: mpsc::UnboundedSender<HostReport>) {}

    fn threads(&self) -> Threads {
        self.threads.clone()
    }
}
