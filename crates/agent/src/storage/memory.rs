//! Storage in memory: for tests and for simulated hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hostler_model::{Bytes, SnapshotId, StoragePoolId, TemplateId, VmId, VolumeId};
use hostler_wire::{
    ImportVolumeCommand, LocalPool, PoolStats, SendTemplateCommand, TemplateOrigin, TemplateSource,
    VmSpec, VolumeSpec,
};

use super::{OutsideFile, Sent, SnapshotThere, Storage, StorageError, TemplateThere};
use crate::resource::Task;
use crate::seed::SeedError;

/// A pool of which only the books are kept.
#[derive(Debug)]
pub struct MemoryStorage {
    pool: StoragePoolId,
    capacity: Bytes,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    templates: BTreeMap<TemplateId, Bytes>,
    volumes: BTreeMap<VolumeId, VolumeSpec>,
    snapshots: BTreeMap<SnapshotId, Bytes>,
    drafts: BTreeMap<SnapshotId, Bytes>,
    seeds: BTreeSet<VmId>,
    /// Files of volumes that were adopted.
    adopted: BTreeMap<VolumeId, PathBuf>,
}

/// How large every file is that the storage did not make.
const OUTSIDE: Bytes = Bytes(1 << 30);

impl MemoryStorage {
    /// An empty pool of that size.
    pub fn new(pool: StoragePoolId, capacity: Bytes) -> Self {
        Self { pool, capacity, books: Mutex::default() }
    }

    /// Puts a volume there.
    pub fn insert_volume(&self, volume: VolumeSpec) {
        self.lock().volumes.insert(volume.volume, volume);
    }

    /// The VMs that have a seed.
    pub fn seeds(&self) -> Vec<VmId> {
        self.lock().seeds.iter().copied().collect()
    }

    /// The copies of volumes that are complete.
    pub fn snapshots(&self) -> Vec<SnapshotId> {
        self.lock().snapshots.keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, pool: StoragePoolId) -> Result<MutexGuard<'_, Books>, StorageError> {
        if pool == self.pool {
            return Ok(self.lock());
        }
        Err(StorageError::NoPool { pool, own: self.pool.to_string() })
    }

    fn used(&self) -> Bytes {
        let books = self.lock();
        Bytes(books.templates.values().map(|size| size.0).sum())
    }
}

impl Storage for MemoryStorage {
    fn prepare_template(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
        source: &TemplateSource,
        _: &Task,
    ) -> Result<TemplateThere, StorageError> {
        let was_there = self.check(pool)?.templates.insert(template, source.size).is_some();
        Ok(TemplateThere { was_there, size: source.size })
    }

    fn remove_template(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
    ) -> Result<bool, StorageError> {
        let mut books = self.check(pool)?;
        if let Some(volume) = books.volumes.values().find(|v| v.template == Some(template)) {
            let volume = volume.volume.to_string();
            return Err(StorageError::TemplateInUse { template, volume });
        }
        Ok(books.templates.remove(&template).is_some())
    }

    fn template_file(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
    ) -> Result<PathBuf, StorageError> {
        if self.check(pool)?.templates.contains_key(&template) {
            return Ok(format!("/simulated/templates/{template}.raw").into());
        }
        Err(StorageError::NoTemplate { template })
    }

    fn create_volume(&self, volume: &VolumeSpec) -> Result<PathBuf, StorageError> {
        let mut books = self.check(volume.pool)?;
        if let Some(template) = volume.template.filter(|t| !books.templates.contains_key(t)) {
            return Err(StorageError::NoTemplate { template });
        }
        books.volumes.insert(volume.volume, volume.clone());
        drop(books);
        self.volume_path(volume.pool, volume.volume)
    }

    fn delete_volume(&self, pool: StoragePoolId, volume: VolumeId) -> Result<bool, StorageError> {
        let mut books = self.check(pool)?;
        books.adopted.remove(&volume);
        Ok(books.volumes.remove(&volume).is_some())
    }

    fn volume_size(&self, pool: StoragePoolId, volume: VolumeId) -> Result<Bytes, StorageError> {
        let path = self.volume_path(pool, volume)?;
        let size = self.lock().volumes.get(&volume).map(|there| there.size);
        size.ok_or(StorageError::NoVolume { volume, path })
    }

    fn grow_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        size: Bytes,
    ) -> Result<(), StorageError> {
        let path = self.volume_path(pool, volume)?;
        let mut books = self.lock();
        let there =
            books.volumes.get_mut(&volume).ok_or(StorageError::NoVolume { volume, path })?;
        there.size = there.size.max(size);
        Ok(())
    }

    fn snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<Option<SnapshotThere>, StorageError> {
        let size = self.check(pool)?.snapshots.get(&snapshot).copied();
        Ok(size.map(|size| copy(snapshot, size)))
    }

    fn snapshot_draft(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
        volume: VolumeId,
    ) -> Result<PathBuf, StorageError> {
        let size = self.volume_size(pool, volume)?;
        self.lock().drafts.insert(snapshot, size);
        Ok(format!("/simulated/tmp/{snapshot}.qcow2").into())
    }

    fn keep_snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<SnapshotThere, StorageError> {
        let mut books = self.check(pool)?;
        let size = books.drafts.remove(&snapshot).ok_or(StorageError::NoSnapshot { snapshot })?;
        books.snapshots.insert(snapshot, size);
        Ok(copy(snapshot, size))
    }

    fn copy_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        snapshot: SnapshotId,
    ) -> Result<SnapshotThere, StorageError> {
        self.snapshot_draft(pool, snapshot, volume)?;
        self.keep_snapshot(pool, snapshot)
    }

    fn delete_snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<bool, StorageError> {
        let mut books = self.check(pool)?;
        books.drafts.remove(&snapshot);
        Ok(books.snapshots.remove(&snapshot).is_some())
    }

    fn restore_volume(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
        volume: VolumeId,
        size: Bytes,
    ) -> Result<Bytes, StorageError> {
        let there = self.snapshot(pool, snapshot)?;
        let size = there.ok_or(StorageError::NoSnapshot { snapshot })?.size.max(size);
        self.insert_volume(VolumeSpec { volume, pool, template: None, size });
        Ok(size)
    }

    fn outside_file(&self, path: &Path) -> OutsideFile {
        let is_of_pool = path.starts_with("/simulated");
        OutsideFile { pool: is_of_pool.then_some(self.pool), capacity: Some(OUTSIDE) }
    }

    fn adopt_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        path: &Path,
    ) -> Result<(), StorageError> {
        let mut books = self.check(pool)?;
        books.adopted.insert(volume, path.to_owned());
        let spec = VolumeSpec { volume, pool, template: None, size: OUTSIDE };
        books.volumes.insert(volume, spec);
        Ok(())
    }

    fn release_volume(&self, pool: StoragePoolId, volume: VolumeId) -> Result<(), StorageError> {
        let mut books = self.check(pool)?;
        if books.adopted.remove(&volume).is_some() {
            books.volumes.remove(&volume);
        }
        Ok(())
    }

    fn send_template(&self, command: &SendTemplateCommand, _: &Task) -> Result<Sent, StorageError> {
        let size = match command.origin {
            TemplateOrigin::Volume(volume) => {
                self.volume_file(command.pool, volume)?;
                self.volume_size(command.pool, volume)?
            }
            TemplateOrigin::Snapshot(snapshot) => {
                let there = self.snapshot(command.pool, snapshot)?;
                there.ok_or(StorageError::NoSnapshot { snapshot })?.size
            }
        };
        Ok(Sent { size: Bytes(size.0 / 2), sha256: "00".repeat(32) })
    }

    fn import_volume(
        &self,
        command: &ImportVolumeCommand,
        _: &Task,
    ) -> Result<Bytes, StorageError> {
        let (volume, pool) = (command.volume, command.pool);
        let mut books = self.check(pool)?;
        let spec = VolumeSpec { volume, pool, template: None, size: command.size };
        Ok(books.volumes.entry(volume).or_insert(spec).size)
    }

    fn volume_path(&self, pool: StoragePoolId, volume: VolumeId) -> Result<PathBuf, StorageError> {
        let adopted = self.check(pool)?.adopted.get(&volume).cloned();
        Ok(adopted.unwrap_or_else(|| format!("/simulated/volumes/{volume}.qcow2").into()))
    }

    fn volume_file(&self, pool: StoragePoolId, volume: VolumeId) -> Result<PathBuf, StorageError> {
        let path = self.volume_path(pool, volume)?;
        if self.lock().volumes.contains_key(&volume) {
            return Ok(path);
        }
        Err(StorageError::NoVolume { volume, path })
    }

    fn seed_file(&self, vm: VmId) -> PathBuf {
        format!("/simulated/seeds/{vm}.iso").into()
    }

    fn write_seed(&self, spec: &VmSpec) -> Result<(), SeedError> {
        self.lock().seeds.insert(spec.vm);
        Ok(())
    }

    fn remove_seed(&self, vm: VmId) {
        self.lock().seeds.remove(&vm);
    }

    fn local_pool(&self) -> Option<LocalPool> {
        let path = "/simulated".to_owned();
        let available = Bytes(self.capacity.0.saturating_sub(self.used().0));
        Some(LocalPool { id: self.pool, path, capacity: self.capacity, available })
    }

    fn stats(&self) -> BTreeMap<StoragePoolId, PoolStats> {
        let stats = PoolStats { capacity: self.capacity, used: self.used() };
        BTreeMap::from([(self.pool, stats)])
    }
}

fn copy(snapshot: SnapshotId, size: Bytes) -> SnapshotThere {
    let path = format!("/simulated/snapshots/{snapshot}.qcow2").into();
    SnapshotThere { size, physical_size: Bytes(size.0 / 2), path }
}
