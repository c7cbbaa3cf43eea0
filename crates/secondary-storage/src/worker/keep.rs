//! `ExpectTemplateCommand` lets a host send a template; `KeepTemplateCommand` checks what it has sent, and keeps it.
//!
//! Both are idempotent. What a host sends is looked at as closely as what comes from anywhere else. Of a template that
//! is not kept nothing is left.

use hostler_wire::{
    CommandFailure, ExpectTemplateAnswer, ExpectTemplateCommand, KeepTemplateAnswer,
    KeepTemplateCommand,
};
use tokio_util::sync::CancellationToken;

use super::failure::{self, KeepError};
use super::{SecondaryStorage, blocking};
use crate::checksum::{self, Algorithm};
use crate::layout::Manifest;
use crate::{WorkerError, probe};

impl SecondaryStorage {
    pub(super) async fn expect(
        &self,
        command: &ExpectTemplateCommand,
        cancelled: &CancellationToken,
    ) -> Result<ExpectTemplateAnswer, CommandFailure> {
        let (template, from, limit) = (command.template, command.from, command.max_size);
        let _turn = self.lanes.enter(template, cancelled).await?;
        let layout = self.layout.clone();
        blocking(move || layout.expect(template, from, limit))
            .await
            .map_err(|error| failure::storage(template, "expect", &error))?;
        tracing::info!(%template, %from, "a host may send a template");
        Ok(ExpectTemplateAnswer {})
    }

    pub(super) async fn keep(
        &self,
        command: &KeepTemplateCommand,
        cancelled: &CancellationToken,
    ) -> Result<KeepTemplateAnswer, CommandFailure> {
        let template = command.template;
        let _turn = self.lanes.enter(template, cancelled).await?;
        match self.keep_arrived(command).await {
            Ok(manifest) => Ok(KeepTemplateAnswer { virtual_size: manifest.virtual_size }),
            Err(error) => Err(error.failure(template)),
        }
    }

    async fn keep_arrived(&self, command: &KeepTemplateCommand) -> Result<Manifest, KeepError> {
        let template = command.template;
        if let Some(manifest) = self.layout.find(template)? {
            if manifest.sha256 == command.sha256 {
                return Ok(manifest);
            }
            return Err(KeepError::Another);
        }
        let Some(incoming) = self.layout.arrived(template)? else { return Err(KeepError::Nothing) };
        let (size, found) = digest(incoming.image()).await?;
        if (size, &found) != (command.size.0, &command.sha256) {
            let wanted = command.sha256.clone();
            return Err(KeepError::WrongChecksum { found, wanted });
        }
        let probed = probe::probe(&incoming.image(), command.format, command.max_size).await;
        let manifest = Manifest {
            template,
            size: command.size,
            virtual_size: probed?,
            format: command.format,
            sha256: found,
            checksum: None,
            url: String::new(),
            packed: None,
        };
        self.layout.keep(incoming, &manifest)?;
        tracing::info!(%template, size = %manifest.size, "a template that a host has sent is ready");
        Ok(manifest)
    }
}

async fn digest(path: std::path::PathBuf) -> Result<(u64, String), WorkerError> {
    let read = blocking({
        let path = path.clone();
        move || checksum::of(&mut std::fs::File::open(&path)?, Algorithm::Sha256)
    });
    read.await.map_err(|source| WorkerError::File { what: "read", path, source })
}

#[cfg(test)]
mod tests {
    use hostler_model::{Bytes, HostGuid};
    use hostler_wire::{DeleteTemplateCommand, DiskFormat, WorkerCommand};
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::WorkerConfig;
    use crate::layout::Sending;
    use crate::world::{Cloud, PLENTY, files, qcow2, sha256, template, worker_guid};

    struct World {
        _dir: TempDir,
        storage: SecondaryStorage,
    }

    impl World {
        /// A worker to which a host has sent `disk` as template 1.
        async fn sent(disk: &[u8]) -> Self {
            let (dir, cloud) = (TempDir::new().unwrap(), Cloud::new());
            let storage = SecondaryStorage::new(WorkerConfig {
                root: dir.path().join("storage"),
                mounted: false,
                listen: "127.0.0.1:0".parse().unwrap(),
                serve_address: "127.0.0.1:8251".to_owned(),
                public_listen: "127.0.0.1:0".parse().unwrap(),
                public_url: "http://images.invalid/".to_owned(),
                tls: cloud.machine(worker_guid()),
                file_roots: None,
                allowed_networks: Vec::new(),
            });
            let world = Self { _dir: dir, storage: storage.unwrap() };
            let from = HostGuid::new(Uuid::from_u128(7));
            let expect = ExpectTemplateCommand { template: template(1), from, max_size: PLENTY };
            world.ask(WorkerCommand::Expect(expect)).await.unwrap();
            let sha256 = sha256(disk);
            let sending = Sending { sha256: sha256.clone(), size: Bytes(disk.len() as u64) };
            let layout = &world.storage.layout;
            layout.announce(template(1), |guid| guid == from, sending).unwrap();
            layout.append(template(1), |guid| guid == from, &sha256, 0, disk).unwrap();
            world
        }

        async fn ask(&self, command: WorkerCommand) -> Result<hostler_wire::Answer, String> {
            let done = self.storage.execute(command, |_| {}, CancellationToken::new()).await;
            done.map_err(|failure| failure.text)
        }

        async fn keep(&self, disk: &[u8]) -> Result<Bytes, String> {
            let command = KeepTemplateCommand {
                template: template(1),
                size: Bytes(disk.len() as u64),
                sha256: sha256(disk),
                format: DiskFormat::Qcow2,
                max_size: PLENTY,
            };
            let answer = self.ask(WorkerCommand::Keep(command)).await?;
            Ok(KeepTemplateAnswer::try_from(answer).unwrap().virtual_size)
        }

        /// Everything that there is of templates.
        fn left(&self) -> usize {
            let root = self.storage.layout.root();
            files(&root.join("incoming")).len() + files(&root.join("templates")).len()
        }
    }

    #[tokio::test]
    async fn what_a_host_has_sent_is_kept_once_and_is_a_template_from_then_on() {
        let disk = qcow2();
        let world = World::sent(&disk).await;
        for _ in 0..2 {
            assert_eq!(world.keep(&disk).await, Ok(Bytes(1 << 20)));
        }
        let manifest = world.storage.layout.find(template(1)).unwrap().unwrap();
        assert_eq!(manifest.sha256, sha256(&disk));
        assert_eq!(world.left(), 2, "the image and its manifest");
        let delete = DeleteTemplateCommand { template: template(1) };
        world.ask(WorkerCommand::Delete(delete)).await.unwrap();
        assert_eq!(world.left(), 0);
    }

    #[tokio::test]
    async fn what_is_no_disk_is_refused_and_removed() {
        let disk = b"<html>not a disk</html>".repeat(100);
        let world = World::sent(&disk).await;
        let text = world.keep(&disk).await.unwrap_err();
        assert!(text.contains("will not take what its host has sent"), "{text}");
        assert_eq!(world.left(), 0);
    }

    #[tokio::test]
    async fn what_is_not_what_the_host_said_is_refused_and_removed() {
        let disk = qcow2();
        let world = World::sent(&disk).await;
        let text = world.keep(&disk[1..]).await.unwrap_err();
        assert!(text.contains("and its host sent"), "{text}");
        assert_eq!(world.left(), 0);
    }

    #[tokio::test]
    async fn what_was_never_sent_or_is_deleted_cannot_be_kept() {
        let disk = qcow2();
        let world = World::sent(&disk).await;
        let delete = DeleteTemplateCommand { template: template(1) };
        world.ask(WorkerCommand::Delete(delete)).await.unwrap();
        let text = world.keep(&disk).await.unwrap_err();
        assert!(text.contains("no host has sent it"), "{text}");
    }
}
