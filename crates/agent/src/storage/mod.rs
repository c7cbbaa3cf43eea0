//! Where a host keeps templates, volumes and seeds.
//!
//! [`DirectoryStorage`] is the real one: a directory on the host. Everything blocks.
//!
//! Not here: who may use what, and whether a running domain uses a file (`hypervisor`).

mod directory;
mod error;
mod fetch;
mod import;
#[cfg(any(test, feature = "fake-hypervisor"))]
mod memory;
mod outgoing;
mod outside;
mod qcow2;
mod snapshots;
mod template;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use hostler_model::{Bytes, SnapshotId, StoragePoolId, TemplateId, VmId, VolumeId};
use hostler_wire::{
    ImportVolumeCommand, LocalPool, PoolStats, SendTemplateCommand, TemplateSource, VmSpec,
    VolumeSpec,
};

pub use directory::DirectoryStorage;
pub use error::StorageError;
pub use fetch::{FetchFailure, TemplateFetcher, WorkerFetcher};
pub use hostler_secondary_storage::send::{Parcel, Sent};
#[cfg(any(test, feature = "fake-hypervisor"))]
pub use memory::MemoryStorage;

use crate::resource::Task;
use crate::seed::SeedError;

/// A template that is on a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateThere {
    /// Whether it was there before.
    pub was_there: bool,
    /// What it takes on the pool.
    pub size: Bytes,
}

/// A copy of a volume that is on a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotThere {
    /// How large a guest saw the volume.
    pub size: Bytes,
    /// What it takes on the pool.
    pub physical_size: Bytes,
    /// Its file.
    pub path: PathBuf,
}

/// What is known of a file that may be a disk and that the storage did not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutsideFile {
    /// The pool on whose file system it lies; nothing: of none, or it is something else of a pool.
    pub pool: Option<StoragePoolId>,
    /// How large a guest sees it; nothing: it cannot be read as qcow2.
    pub capacity: Option<Bytes>,
}

/// A host's storage. Blocking.
pub trait Storage: Debug + Send + Sync + 'static {
    /// Has a template on a pool; however many ask, it is fetched once.
    ///
    /// # Errors
    /// [`StorageError`]; then it is not there.
    fn prepare_template(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
        source: &TemplateSource,
        task: &Task,
    ) -> Result<TemplateThere, StorageError>;

    /// Removes a template that no volume is made from; whether there was one.
    ///
    /// # Errors
    /// [`StorageError`]; then it is still there.
    fn remove_template(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
    ) -> Result<bool, StorageError>;

    /// The file of a template that is there.
    ///
    /// # Errors
    /// [`StorageError::NoPool`] or [`StorageError::NoTemplate`]
    fn template_file(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
    ) -> Result<PathBuf, StorageError>;

    /// Writes a volume, or finds it written; its file.
    ///
    /// # Errors
    /// [`StorageError`]; nothing is left of it then, unless it was there before and is another.
    fn create_volume(&self, volume: &VolumeSpec) -> Result<PathBuf, StorageError>;

    /// Deletes a volume that nobody uses; whether there was one.
    ///
    /// # Errors
    /// [`StorageError`]; then it is still there.
    fn delete_volume(&self, pool: StoragePoolId, volume: VolumeId) -> Result<bool, StorageError>;

    /// How large a guest sees a volume that is there.
    ///
    /// # Errors
    /// [`StorageError`]
    fn volume_size(&self, pool: StoragePoolId, volume: VolumeId) -> Result<Bytes, StorageError>;

    /// Makes a volume larger that nobody uses; one that is as large already stays as it is.
    ///
    /// # Errors
    /// [`StorageError`]; then it is as before.
    fn grow_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        size: Bytes,
    ) -> Result<(), StorageError>;

    /// A copy of a volume, if it is there and complete.
    ///
    /// # Errors
    /// [`StorageError`]
    fn snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<Option<SnapshotThere>, StorageError>;

    /// Where somebody else may write the copy of a volume; nothing is there. It counts when it is kept.
    ///
    /// # Errors
    /// [`StorageError`], also if there is no room for the volume as it is.
    fn snapshot_draft(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
        volume: VolumeId,
    ) -> Result<PathBuf, StorageError>;

    /// Keeps a copy that was written where [`Storage::snapshot_draft`] said.
    ///
    /// # Errors
    /// [`StorageError`]; nothing is left of it then.
    fn keep_snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<SnapshotThere, StorageError>;

    /// Copies a volume that nobody has open.
    ///
    /// # Errors
    /// [`StorageError`]; nothing is left of the copy then.
    fn copy_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        snapshot: SnapshotId,
    ) -> Result<SnapshotThere, StorageError>;

    /// Deletes a copy, complete or not; whether there was a complete one.
    ///
    /// # Errors
    /// [`StorageError`]; then it is still there.
    fn delete_snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<bool, StorageError>;

    /// Writes a volume that nobody has open as a copy has it, and at least as large as `size`; how large it is.
    ///
    /// # Errors
    /// [`StorageError`]; the volume is as before, or not there if it was not.
    fn restore_volume(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
        volume: VolumeId,
        size: Bytes,
    ) -> Result<Bytes, StorageError>;

    /// What is known of a file that the storage did not make.
    fn outside_file(&self, path: &Path) -> OutsideFile;

    /// Takes such a file as a volume, where it is. The same again is a success.
    ///
    /// # Errors
    /// [`StorageError`]; then it is no volume.
    fn adopt_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        path: &Path,
    ) -> Result<(), StorageError>;

    /// Lets go of a volume that was taken so; its file stays. One that is none is a success.
    ///
    /// # Errors
    /// [`StorageError`]; then it still is a volume.
    fn release_volume(&self, pool: StoragePoolId, volume: VolumeId) -> Result<(), StorageError>;

    /// Sends what a volume that nobody has open holds, or a copy of one, to an image worker.
    ///
    /// # Errors
    /// [`StorageError`]; nothing more than before is on the pool, whatever comes of it.
    fn send_template(
        &self,
        command: &SendTemplateCommand,
        task: &Task,
    ) -> Result<Sent, StorageError>;

    /// Writes a volume from a file that an image worker has, or finds it written; how large a guest sees it.
    ///
    /// # Errors
    /// [`StorageError`]; nothing is left of it then.
    fn import_volume(
        &self,
        command: &ImportVolumeCommand,
        task: &Task,
    ) -> Result<Bytes, StorageError>;

    /// Where a volume's file is, or would be.
    ///
    /// # Errors
    /// [`StorageError::NoPool`]
    fn volume_path(&self, pool: StoragePoolId, volume: VolumeId) -> Result<PathBuf, StorageError>;

    /// The file of a volume that is there.
    ///
    /// # Errors
    /// [`StorageError::NoPool`] or [`StorageError::NoVolume`]
    fn volume_file(&self, pool: StoragePoolId, volume: VolumeId) -> Result<PathBuf, StorageError>;

    /// Where the seed of a VM is, or would be.
    fn seed_file(&self, vm: VmId) -> PathBuf;

    /// Writes the seed of a VM, replacing an older one.
    ///
    /// # Errors
    /// [`SeedError`]; an older seed stays.
    fn write_seed(&self, spec: &VmSpec) -> Result<(), SeedError>;

    /// Removes the seed of a VM, if there is one.
    fn remove_seed(&self, vm: VmId);

    /// The host's own pool, for the Startup.
    fn local_pool(&self) -> Option<LocalPool>;

    /// Size and use of each pool.
    fn stats(&self) -> BTreeMap<StoragePoolId, PoolStats>;
}
