//! The image worker: carries out what a manager orders.
//!
//! Not here: how it serves hosts (`serve`), and what lies where (`layout`).

mod download;
mod failure;
mod keep;
mod lanes;
mod local;
mod share;
mod unpack;

use std::net::SocketAddr;
use std::sync::Arc;

use hostler_wire::{
    Answer, CommandFailure, DeleteTemplateAnswer, DeleteTemplateCommand, ListTemplatesAnswer,
    SecondaryStorageResource, WorkerCommand,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::layout::Layout;
use crate::transfer::Patience;
use crate::{Transferred, WorkerConfig, WorkerError, serve, tls};
use lanes::Lanes;

/// The image worker. Share it behind an `Arc`: all methods take `&self`, and run at the same time.
#[derive(Debug)]
pub struct SecondaryStorage {
    config: WorkerConfig,
    layout: Layout,
    lanes: Lanes,
    patience: Patience,
}

impl SecondaryStorage {
    /// Opens the directory, or makes a new one, and removes what an earlier process left unfinished. Blocks shortly.
    ///
    /// # Errors
    /// [`WorkerError`] where the directory is not ours to write, or a certificate cannot be used.
    pub fn new(config: WorkerConfig) -> Result<Self, WorkerError> {
        tls::server(&config.tls)?;
        let layout = Layout::open(&config.root, config.mounted)?;
        Ok(Self { config, layout, lanes: Lanes::default(), patience: Patience::default() })
    }

    /// Carries out one order. Orders for one template take turns; others do not wait for each other.
    ///
    /// `progress` is told of a download at most every 500 ms, and at the end.
    ///
    /// # Errors
    /// [`CommandFailure`] as it is to be sent to the manager. Nothing is left of what failed.
    pub async fn execute(
        &self,
        command: WorkerCommand,
        progress: impl Fn(Transferred) + Send + Sync,
        cancelled: CancellationToken,
    ) -> Result<Answer, CommandFailure> {
        match command {
            WorkerCommand::Download(command) => {
                self.download(&command, &progress, &cancelled).await.map(Answer::Download)
            }
            WorkerCommand::Delete(command) => {
                self.delete(&command, &cancelled).await.map(Answer::DeleteTemplate)
            }
            WorkerCommand::List(_) => self.list().map(Answer::ListTemplates),
            WorkerCommand::Expect(command) => {
                self.expect(&command, &cancelled).await.map(Answer::ExpectTemplate)
            }
            WorkerCommand::Keep(command) => {
                self.keep(&command, &cancelled).await.map(Answer::KeepTemplate)
            }
            WorkerCommand::Share(command) => {
                self.share(&command, &cancelled).await.map(Answer::ShareTemplate)
            }
        }
    }

    /// What the Startup of a connection says of this worker. Blocks shortly.
    ///
    /// # Errors
    /// [`WorkerError`] where the file system cannot be asked, or is not mounted any more.
    pub fn stats(&self) -> Result<SecondaryStorageResource, WorkerError> {
        self.layout.check()?;
        let room = self.layout.room()?;
        Ok(SecondaryStorageResource {
            serve_address: self.config.serve_address.clone(),
            path: self.layout.root().display().to_string(),
            capacity: room.capacity,
            available: room.available,
        })
    }

    /// Serves templates to hosts, and links to whom they may concern, until `shutdown`. Hosts whose transfers that breaks go on with them later.
    ///
    /// # Errors
    /// [`WorkerError`] where it cannot listen or a certificate cannot be used.
    pub async fn serve(&self, shutdown: CancellationToken) -> Result<(), WorkerError> {
        let tls = Arc::new(tls::server(&self.config.tls)?);
        let address = self.config.listen;
        let (links, hosts) = (listen(self.config.public_listen).await?, listen(address).await?);
        tokio::join!(
            serve::run(hosts, tls, self.layout.clone(), shutdown.clone()),
            serve::public::run(links, self.layout.clone(), shutdown),
        );
        Ok(())
    }

    async fn delete(
        &self,
        command: &DeleteTemplateCommand,
        cancelled: &CancellationToken,
    ) -> Result<DeleteTemplateAnswer, CommandFailure> {
        let template = command.template;
        let _turn = self.lanes.enter(template, cancelled).await?;
        let layout = self.layout.clone();
        let was_there = blocking(move || layout.delete(template))
            .await
            .map_err(|error| failure::storage(template, "delete", &error))?;
        if was_there {
            tracing::info!(%template, "deleted a template");
        }
        Ok(DeleteTemplateAnswer { was_there })
    }

    fn list(&self) -> Result<ListTemplatesAnswer, CommandFailure> {
        let read = || {
            self.layout.check()?;
            Ok((self.layout.list()?, self.layout.room()?))
        };
        let (manifests, room) = read().map_err(|error| failure::listing(&error))?;
        let templates = manifests.into_iter().map(|m| (m.template, m.size)).collect();
        Ok(ListTemplatesAnswer { templates, capacity: room.capacity, available: room.available })
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, WorkerError> {
    TcpListener::bind(address).await.map_err(|source| WorkerError::Listen { address, source })
}

/// Runs what may take seconds, such as deleting many GiB, where it holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests;
