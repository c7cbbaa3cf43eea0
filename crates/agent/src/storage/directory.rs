//! A storage pool that is a directory of the host.
//!
//! Layout: `templates/<id>.qcow2` (read-only), `volumes/<id>.qcow2` (overlays on them, or links to files that were
//! adopted), `snapshots/<id>.qcow2` (whole
//! copies of volumes), `seeds/<vm id>.iso`, and `tmp/` for what is being written. A file gets its name only when it is complete.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::{Bytes, SnapshotId, StoragePoolId, TemplateId, VmId, VolumeId};
use hostler_wire::{
    DiskFormat, ImportVolumeCommand, LocalPool, PoolStats, SendTemplateCommand, TemplateSource,
    VmSpec, VolumeSpec,
};
use tracing::{info, warn};

use super::template::{QEMU_IMG, check_template, name};
use super::{
    FetchFailure, OutsideFile, Sent, SnapshotThere, Storage, StorageError, TemplateFetcher,
    TemplateThere, import, outgoing, outside, qcow2, snapshots,
};
use crate::program;
use crate::resource::Task;
use crate::seed::{self, SeedError};

/// Less than this free is a full disk, whatever a program said.
pub(super) const NOTHING_LEFT: Bytes = Bytes(4 << 20);

/// The directory pool of a host, or none.
#[derive(Debug)]
pub struct DirectoryStorage {
    pool: Option<StoragePoolId>,
    root: PathBuf,
    fetcher: Arc<dyn TemplateFetcher>,
    /// One lock for each template: whoever brings, uses or removes it.
    templates: Mutex<HashMap<TemplateId, Arc<Mutex<()>>>>,
}

impl DirectoryStorage {
    /// Uses the directory `root` as pool `pool`, making what is missing in it. Without a pool it holds seeds only.
    ///
    /// # Errors
    /// If the directories cannot be made.
    pub fn open(
        pool: Option<StoragePoolId>,
        root: &Path,
        fetcher: Arc<dyn TemplateFetcher>,
    ) -> io::Result<Self> {
        for name in ["", "templates", "volumes", "snapshots", "seeds", "tmp"] {
            let directory = root.join(name);
            fs::create_dir_all(&directory)?;
            // QEMU runs as another user: it may pass through, and open the files that are given to it.
            fs::set_permissions(&directory, Permissions::from_mode(0o711))?;
        }
        remove_half_written(root)?;
        Ok(Self { pool, root: root.to_owned(), fetcher, templates: Mutex::default() })
    }

    /// The pool's directory.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// How files get to image workers, and from there.
    pub(super) fn fetcher(&self) -> &dyn TemplateFetcher {
        &*self.fetcher
    }

    fn check(&self, pool: StoragePoolId) -> Result<(), StorageError> {
        if self.pool == Some(pool) {
            return Ok(());
        }
        let own = self.pool.map_or_else(|| "none".to_owned(), |own| own.to_string());
        Err(StorageError::NoPool { pool, own })
    }

    /// The file that has a volume's name: itself, or the link to where it is.
    fn named_path(&self, volume: VolumeId) -> PathBuf {
        self.root.join("volumes").join(format!("{volume}.qcow2"))
    }

    /// The lock of whoever brings, uses or removes a template, or such a file.
    pub(super) fn lock_of(&self, template: TemplateId) -> Arc<Mutex<()>> {
        let mut locks = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(template).or_default())
    }

    fn template_path(&self, template: TemplateId, format: DiskFormat) -> PathBuf {
        self.root.join("templates").join(format!("{template}.{}", name(format)))
    }

    /// The file of a template that is there.
    fn template_there(&self, template: TemplateId) -> Option<(PathBuf, DiskFormat)> {
        [DiskFormat::Qcow2, DiskFormat::Raw]
            .map(|format| (self.template_path(template, format), format))
            .into_iter()
            .find(|(path, _)| path.exists())
    }

    fn available(&self) -> Bytes {
        rustix::fs::statvfs(&self.root)
            .map_or(Bytes(0), |stat| Bytes(stat.f_bavail.saturating_mul(stat.f_frsize)))
    }

    pub(super) fn require(
        &self,
        wanted: Bytes,
        what: impl FnOnce() -> String,
    ) -> Result<(), StorageError> {
        let available = self.available();
        if available >= wanted {
            return Ok(());
        }
        Err(StorageError::Full { path: self.root.clone(), available, wanted, what: what() })
    }

    /// The real reason of a failure, if it is that the disk is full.
    pub(super) fn full_or(&self, error: StorageError, wanted: Bytes, what: String) -> StorageError {
        let available = self.available();
        if available > NOTHING_LEFT {
            return error;
        }
        StorageError::Full { path: self.root.clone(), available, wanted, what }
    }

    /// Makes the file of a volume that nobody has open larger; one that is as large already stays as it is.
    pub(super) fn grow_file(
        &self,
        path: &Path,
        there: Bytes,
        size: Bytes,
        volume: VolumeId,
    ) -> Result<(), StorageError> {
        if there >= size {
            return Ok(());
        }
        let bytes = size.0.to_string();
        let arguments: [&OsStr; 6] = [
            "resize".as_ref(),
            "-q".as_ref(),
            "-f".as_ref(),
            "qcow2".as_ref(),
            path.as_ref(),
            bytes.as_ref(),
        ];
        let grown = program::run("qemu-img", &arguments, QEMU_IMG).map_err(|source| {
            StorageError::Program { what: "make larger", path: path.to_owned(), source }
        });
        grown.map(drop).map_err(|e| self.full_or(e, NOTHING_LEFT, format!("volume {volume}")))
    }

    /// Has a file of an image worker at `to`, complete.
    pub(super) fn fetch(
        &self,
        template: TemplateId,
        source: &TemplateSource,
        to: &Path,
        task: &Task,
    ) -> Result<(), StorageError> {
        let what = || format!("template {template}");
        self.require(source.size, what)?;
        self.fetcher.fetch(template, source, to, task).map_err(|failure| match failure {
            FetchFailure::NoSpace(_) => StorageError::Full {
                path: self.root.clone(),
                available: self.available(),
                wanted: source.size,
                what: what(),
            },
            source => StorageError::Fetch { template, source },
        })
    }

    fn bring(
        &self,
        template: TemplateId,
        source: &TemplateSource,
        to: &Path,
        task: &Task,
    ) -> Result<(), StorageError> {
        let fetched = self.root.join("tmp").join(format!("template-{template}"));
        self.fetch(template, source, &fetched, task)?;
        let settled = check_template(template, source, &fetched).and_then(|()| {
            let settle = || {
                fs::set_permissions(&fetched, Permissions::from_mode(0o444))?;
                File::open(&fetched)?.sync_all()?;
                fs::rename(&fetched, to)?;
                sync_directory_of(to)
            };
            settle().map_err(file_error("keep", to))
        });
        if settled.is_err() {
            let _ = fs::remove_file(&fetched);
        }
        settled
    }

    /// The template that a volume is made from, after checking that it fits.
    fn backing(&self, volume: &VolumeSpec) -> Result<Option<(PathBuf, DiskFormat)>, StorageError> {
        let Some(template) = volume.template else { return Ok(None) };
        let (path, format) =
            self.template_there(template).ok_or(StorageError::NoTemplate { template })?;
        let least = match format {
            DiskFormat::Qcow2 => {
                qcow2::header(&path).map_err(file_error("read template", &path))?.size
            }
            DiskFormat::Raw | DiskFormat::Iso => {
                Bytes(path.metadata().map_err(file_error("read template", &path))?.len())
            }
        };
        if volume.size < least {
            return Err(StorageError::TooSmall { volume: volume.volume, size: volume.size, least });
        }
        Ok(Some((path, format)))
    }

    fn write_volume(
        &self,
        volume: &VolumeSpec,
        backing: Option<&(PathBuf, DiskFormat)>,
        path: &Path,
    ) -> Result<(), StorageError> {
        let new = self.root.join("tmp").join(format!("volume-{}", volume.volume));
        let size = volume.size.0.to_string();
        let mut arguments: Vec<&OsStr> = vec!["create".as_ref(), "-q".as_ref()];
        arguments.extend::<[&OsStr; 2]>(["-f".as_ref(), "qcow2".as_ref()]);
        if let Some((file, format)) = backing {
            let of: [&OsStr; 4] =
                ["-b".as_ref(), file.as_ref(), "-F".as_ref(), name(*format).as_ref()];
            arguments.extend(of);
        }
        arguments.extend::<[&OsStr; 2]>([new.as_ref(), size.as_ref()]);
        let written = program::run("qemu-img", &arguments, QEMU_IMG)
            .map_err(|source| StorageError::Program {
                what: "write volume",
                path: path.to_owned(),
                source,
            })
            .and_then(|_| {
                let settle = || {
                    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
                    File::open(&new)?.sync_all()?;
                    fs::rename(&new, path)?;
                    sync_directory_of(path)
                };
                settle().map_err(file_error("keep volume", path))
            });
        written.map_err(|error| {
            let _ = fs::remove_file(&new);
            self.full_or(error, NOTHING_LEFT, format!("volume {}", volume.volume))
        })
    }
}

impl Storage for DirectoryStorage {
    fn prepare_template(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
        source: &TemplateSource,
        task: &Task,
    ) -> Result<TemplateThere, StorageError> {
        self.check(pool)?;
        let lock = self.lock_of(template);
        let _turn = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let was_there = self.template_there(template);
        let path = if let Some((path, _)) = &was_there {
            path.clone()
        } else {
            let path = self.template_path(template, source.format);
            self.bring(template, source, &path, task)?;
            info!(%template, "template is on the storage pool");
            path
        };
        let size = Bytes(path.metadata().map_err(file_error("read", &path))?.len());
        Ok(TemplateThere { was_there: was_there.is_some(), size })
    }

    fn remove_template(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
    ) -> Result<bool, StorageError> {
        self.check(pool)?;
        let lock = self.lock_of(template);
        let _turn = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((path, _)) = self.template_there(template) else { return Ok(false) };
        let volumes = self.root.join("volumes");
        for entry in fs::read_dir(&volumes).map_err(file_error("list", &volumes))? {
            let file = entry.map_err(file_error("list", &volumes))?.path();
            if !file.exists() {
                continue; // gone since, or a link to a file that somebody has taken away
            }
            // A volume that cannot be read may be made from it.
            let header = qcow2::header(&file).map_err(file_error("read volume", &file))?;
            if header.backing.as_deref() == Some(&path) {
                let volume = file.display().to_string();
                return Err(StorageError::TemplateInUse { template, volume });
            }
        }
        fs::remove_file(&path).map_err(file_error("remove", &path))?;
        Ok(true)
    }

    fn template_file(
        &self,
        pool: StoragePoolId,
        template: TemplateId,
    ) -> Result<PathBuf, StorageError> {
        self.check(pool)?;
        let there = self.template_there(template);
        there.map(|(path, _)| path).ok_or(StorageError::NoTemplate { template })
    }

    fn create_volume(&self, volume: &VolumeSpec) -> Result<PathBuf, StorageError> {
        let path = self.volume_path(volume.pool, volume.volume)?;
        let lock = volume.template.map(|template| self.lock_of(template));
        let _turn = lock.as_ref().map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        let backing = self.backing(volume)?;
        match qcow2::header(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.write_volume(volume, backing.as_ref(), &path)?;
                Ok(path)
            }
            Err(error) => Err(file_error("read volume", &path)(error)),
            Ok(found) => {
                let wanted =
                    qcow2::Header { size: volume.size, backing: backing.map(|(path, _)| path) };
                if found == wanted {
                    return Ok(path);
                }
                let (found, wanted) = (describe(&found), describe(&wanted));
                Err(StorageError::Different { volume: volume.volume, path, found, wanted })
            }
        }
    }

    fn delete_volume(&self, pool: StoragePoolId, volume: VolumeId) -> Result<bool, StorageError> {
        let path = self.volume_path(pool, volume)?;
        let was_there = match fs::remove_file(&path) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(file_error("delete volume", &path)(error)),
        };
        self.release_volume(pool, volume)?; // the link to a file that was adopted
        Ok(was_there)
    }

    fn volume_size(&self, pool: StoragePoolId, volume: VolumeId) -> Result<Bytes, StorageError> {
        let path = self.volume_file(pool, volume)?;
        Ok(qcow2::header(&path).map_err(file_error("read volume", &path))?.size)
    }

    fn grow_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        size: Bytes,
    ) -> Result<(), StorageError> {
        let (there, path) = (self.volume_size(pool, volume)?, self.volume_file(pool, volume)?);
        self.grow_file(&path, there, size, volume)
    }

    fn snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<Option<SnapshotThere>, StorageError> {
        self.check(pool)?;
        snapshots::find(self, snapshot)
    }

    fn snapshot_draft(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
        volume: VolumeId,
    ) -> Result<PathBuf, StorageError> {
        snapshots::draft(self, pool, snapshot, volume)
    }

    fn keep_snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<SnapshotThere, StorageError> {
        self.check(pool)?;
        snapshots::keep(self, snapshot)
    }

    fn copy_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        snapshot: SnapshotId,
    ) -> Result<SnapshotThere, StorageError> {
        snapshots::copy(self, pool, volume, snapshot)
    }

    fn delete_snapshot(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
    ) -> Result<bool, StorageError> {
        self.check(pool)?;
        snapshots::delete(self, snapshot)
    }

    fn restore_volume(
        &self,
        pool: StoragePoolId,
        snapshot: SnapshotId,
        volume: VolumeId,
        size: Bytes,
    ) -> Result<Bytes, StorageError> {
        self.check(pool)?;
        snapshots::restore(self, pool, snapshot, volume, size)
    }

    fn outside_file(&self, path: &Path) -> OutsideFile {
        self.pool.map(|pool| outside::find(&self.root, pool, path)).unwrap_or_default()
    }

    fn adopt_volume(
        &self,
        pool: StoragePoolId,
        volume: VolumeId,
        path: &Path,
    ) -> Result<(), StorageError> {
        self.check(pool)?;
        outside::link(&self.named_path(volume), path, volume)
    }

    fn release_volume(&self, pool: StoragePoolId, volume: VolumeId) -> Result<(), StorageError> {
        self.check(pool)?;
        outside::unlink(&self.named_path(volume))
    }

    fn import_volume(
        &self,
        command: &ImportVolumeCommand,
        task: &Task,
    ) -> Result<Bytes, StorageError> {
        import::import(self, command, task)
    }

    fn send_template(
        &self,
        command: &SendTemplateCommand,
        task: &Task,
    ) -> Result<Sent, StorageError> {
        self.check(command.pool)?;
        outgoing::send(self, command, task)
    }

    fn volume_path(&self, pool: StoragePoolId, volume: VolumeId) -> Result<PathBuf, StorageError> {
        self.check(pool)?;
        Ok(outside::resolve(self.named_path(volume)))
    }

    fn volume_file(&self, pool: StoragePoolId, volume: VolumeId) -> Result<PathBuf, StorageError> {
        let path = self.volume_path(pool, volume)?;
        match path.try_exists() {
            Ok(true) => Ok(path),
            Ok(false) => Err(StorageError::NoVolume { volume, path }),
            Err(error) => Err(file_error("find volume", &path)(error)),
        }
    }

    fn seed_file(&self, vm: VmId) -> PathBuf {
        self.root.join("seeds").join(format!("{vm}.iso"))
    }

    fn write_seed(&self, spec: &VmSpec) -> Result<(), SeedError> {
        seed::write(spec, &self.seed_file(spec.vm))
    }

    fn remove_seed(&self, vm: VmId) {
        let path = self.seed_file(vm);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                warn!(%error, path = %path.display(), "cannot remove a seed");
            }
            _ => {}
        }
    }

    fn local_pool(&self) -> Option<LocalPool> {
        let (id, stats) = self.stats().into_iter().next()?;
        Some(LocalPool {
            id,
            path: self.root.to_string_lossy().into_owned(),
            capacity: stats.capacity,
            available: self.available(),
        })
    }

    fn stats(&self) -> BTreeMap<StoragePoolId, PoolStats> {
        let Some(pool) = self.pool else { return BTreeMap::new() };
        match rustix::fs::statvfs(&self.root) {
            Ok(stat) => {
                let bytes = |blocks: u64| Bytes(blocks.saturating_mul(stat.f_frsize));
                let used = stat.f_blocks.saturating_sub(stat.f_bfree);
                let stats = PoolStats { capacity: bytes(stat.f_blocks), used: bytes(used) };
                BTreeMap::from([(pool, stats)])
            }
            Err(error) => {
                warn!(%error, path = %self.root.display(), "cannot read the size of the storage pool");
                BTreeMap::new()
            }
        }
    }
}

/// Removes what an agent was writing when it ended.
fn remove_half_written(root: &Path) -> io::Result<()> {
    for (directory, prefix) in [
        ("tmp", "volume-"),
        ("tmp", snapshots::PREFIX),
        ("tmp", outgoing::PREFIX),
        ("tmp", import::PREFIX),
        ("seeds", seed::WORK_PREFIX),
    ] {
        for entry in fs::read_dir(root.join(directory))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !name.starts_with(prefix) {
                continue;
            }
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
    Ok(())
}

fn describe(header: &qcow2::Header) -> String {
    let of = header
        .backing
        .as_ref()
        .map_or_else(|| "no template".to_owned(), |path| format!("template {}", path.display()));
    format!("{} and {of}", header.size)
}

pub(super) fn file_error(
    what: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> StorageError {
    let path = path.to_owned();
    move |source| StorageError::File { what, path, source }
}

pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests;
