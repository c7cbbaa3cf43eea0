//! The directory of secondary storage: what lies where, and that nothing half-done looks complete.
//!
//! ```text
//! <root>/.hostler-secondary-storage     without it nothing is ever written here
//! <root>/incoming/<template>/image      arriving; a directory moves to templates/ when it is complete
//! <root>/incoming/<template>/expected.json   which host sends it, if one does (`arrivals`)
//! <root>/templates/<template>/image     complete, checked, never changed
//! <root>/templates/<template>/manifest.json
//! <root>/links/<token>.json              what a link leads to, and until when (`links`)
//! ```
//!
//! Every call blocks shortly. No path is ever made of anything but the root and a template's UUID.

mod arrivals;
mod links;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hostler_model::{Bytes, TemplateId};
use hostler_wire::DiskFormat;
use serde::{Deserialize, Serialize};

use crate::WorkerError;
pub(crate) use arrivals::{ArrivalError, Sending};

/// Its presence says: this directory is secondary storage, and it is mounted.
const MARKER: &str = ".hostler-secondary-storage";
const MARKER_TEXT: &str = "Hostler keeps templates here. Without this file it writes nothing.\n";
const MANIFEST: &str = "manifest.json";
const IMAGE: &str = "image";

/// What is known about a complete template; `manifest.json` beside its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The template.
    pub(crate) template: TemplateId,
    /// Size of the file.
    pub(crate) size: Bytes,
    /// How large a guest sees it.
    pub(crate) virtual_size: Bytes,
    /// What it is.
    pub(crate) format: DiskFormat,
    /// SHA-256 of the file, in hexadecimal.
    pub(crate) sha256: String,
    /// The checksum that was asked for and found, as `{algorithm}hex`.
    pub(crate) checksum: Option<String>,
    /// Where it came from, without what may be secret.
    pub(crate) url: String,
    /// How it was packed when it came; `checksum` is then of the packed file.
    #[serde(default)]
    pub(crate) packed: Option<String>,
}

/// Size of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// In all.
    pub(crate) capacity: Bytes,
    /// What can still be written.
    pub(crate) available: Bytes,
}

/// The directory.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
    mounted: bool,
}

impl Layout {
    /// Opens the directory. A new or empty one becomes secondary storage; with `mounted`, only on a mounted file
    /// system. What an earlier process left unfinished is removed.
    pub(crate) fn open(root: &Path, mounted: bool) -> Result<Self, WorkerError> {
        if !mounted {
            fs::create_dir_all(root).map_err(at("create", root))?;
        }
        let root = root.canonicalize().map_err(at("open", root))?;
        let layout = Self { root, mounted };
        layout.check_mounted()?;
        if !layout.root.join(MARKER).exists() {
            layout.mark()?;
        }
        for directory in [layout.templates(), layout.incoming()] {
            fs::create_dir_all(&directory).map_err(at("create", &directory))?;
        }
        layout.open_links()?;
        layout.clean()?;
        Ok(layout)
    }

    /// Refuses where the directory is not, or no longer, what it was when it was opened: its file system may have
    /// been unmounted, and what lies under a mount point is not secondary storage.
    pub(crate) fn check(&self) -> Result<(), WorkerError> {
        self.check_mounted()?;
        let marker = self.root.join(MARKER);
        fs::symlink_metadata(&marker).map_err(at("find", &marker))?;
        Ok(())
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file of a template.
    pub(crate) fn image(&self, template: TemplateId) -> PathBuf {
        self.templates().join(template.to_string()).join(IMAGE)
    }

    /// What is known about a template; nothing: it is not there, or not complete.
    pub(crate) fn find(&self, template: TemplateId) -> Result<Option<Manifest>, WorkerError> {
        let path = self.templates().join(template.to_string()).join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at("read", &path)(error)),
        };
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else {
            tracing::warn!(%template, path = %path.display(), "a manifest is damaged; its template is left out");
            return Ok(None);
        };
        let size = fs::metadata(self.image(template)).map(|metadata| metadata.len()).ok();
        if size != Some(manifest.size.0) || manifest.template != template {
            tracing::warn!(%template, ?size, "a template's file is not what its manifest says; it is left out");
            return Ok(None);
        }
        Ok(Some(manifest))
    }

    /// Every complete template.
    pub(crate) fn list(&self) -> Result<Vec<Manifest>, WorkerError> {
        let mut manifests = Vec::new();
        for template in directories(&self.templates())? {
            manifests.extend(self.find(template)?);
        }
        manifests.sort_by_key(|manifest| manifest.template);
        Ok(manifests)
    }

    /// A place where a template may arrive. Whatever lies there unfinished is removed.
    pub(crate) fn begin(&self, template: TemplateId) -> Result<Incoming, WorkerError> {
        self.check()?;
        let directory = self.incoming().join(template.to_string());
        remove_unless_in_use(&directory)?;
        fs::create_dir(&directory).map_err(at("create", &directory))?;
        Ok(Incoming { directory, kept: false })
    }

    /// What has arrived is complete: from now on it is a template.
    pub(crate) fn keep(
        &self,
        mut incoming: Incoming,
        manifest: &Manifest,
    ) -> Result<(), WorkerError> {
        self.check()?;
        let path = incoming.directory.join(MANIFEST);
        let text = serde_json::to_vec_pretty(manifest)
            .map_err(|error| at("write", &path)(error.into()))?;
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            File::open(&incoming.directory)?.sync_all()
        };
        write().map_err(at("write", &path))?;
        let place = self.templates().join(manifest.template.to_string());
        // Only what `find` does not take for a template can be in the way.
        remove(&place)?;
        fs::rename(&incoming.directory, &place).map_err(at("move a template to", &place))?;
        incoming.kept = true;
        let _ = fs::remove_file(place.join(arrivals::EXPECTED)); // nothing is expected any more; harmless where it stays
        sync_directory(&self.templates())
    }

    /// Removes a template, and says whether there was one.
    pub(crate) fn delete(&self, template: TemplateId) -> Result<bool, WorkerError> {
        self.check()?;
        let place = self.templates().join(template.to_string());
        let was_there = place.exists();
        // First the manifest: without it the rest is no template, even if we end here.
        match fs::remove_file(place.join(MANIFEST)) {
            Err(error) if !gone(&error) => return Err(at("delete", &place)(error)),
            _ => {}
        }
        remove(&place)?;
        remove_unless_in_use(&self.incoming().join(template.to_string()))?;
        sync_directory(&self.templates())?;
        Ok(was_there)
    }

    /// How much room there is.
    pub(crate) fn room(&self) -> Result<Room, WorkerError> {
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|error| at("ask the size of", &self.root)(error.into()))?;
        let bytes = |blocks: u64| Bytes(blocks.saturating_mul(stat.f_frsize));
        Ok(Room { capacity: bytes(stat.f_blocks), available: bytes(stat.f_bavail) })
    }

    fn templates(&self) -> PathBuf {
        self.root.join("templates")
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    fn check_mounted(&self) -> Result<(), WorkerError> {
        let device = |path: &Path| fs::metadata(path).map(|m| m.dev()).map_err(at("open", path));
        let parent = self.root.parent().unwrap_or(&self.root);
        if self.mounted && device(&self.root)? == device(parent)? {
            return Err(WorkerError::NotMounted { path: self.root.clone() });
        }
        Ok(())
    }

    /// Makes the directory secondary storage, if it is empty.
    fn mark(&self) -> Result<(), WorkerError> {
        let entries = fs::read_dir(&self.root).map_err(at("read", &self.root))?;
        let foreign = |entry: io::Result<fs::DirEntry>| match entry {
            Ok(entry) => entry.file_name() != "lost+found",
            Err(_) => true,
        };
        if entries.into_iter().any(foreign) {
            return Err(WorkerError::NotSecondaryStorage {
                path: self.root.clone(),
                marker: MARKER,
            });
        }
        let marker = self.root.join(MARKER);
        fs::write(&marker, MARKER_TEXT).map_err(at("write", &marker))?;
        sync_directory(&self.root)
    }

    /// Removes what an earlier process left, but nothing that another worker on the same storage is writing.
    fn clean(&self) -> Result<(), WorkerError> {
        for template in directories(&self.incoming())? {
            if arrivals::removed_if_left_over(self, template) {
                tracing::info!(%template, "removed an unfinished download");
            }
        }
        for template in directories(&self.templates())? {
            let place = self.templates().join(template.to_string());
            if !place.join(MANIFEST).exists() {
                remove(&place)?;
                tracing::info!(%template, "removed the rest of a deleted template");
            }
        }
        Ok(())
    }
}

/// A template that is arriving. Dropped, nothing is left of it.
#[derive(Debug)]
pub(crate) struct Incoming {
    directory: PathBuf,
    kept: bool,
}

impl Incoming {
    /// Where its file goes.
    pub(crate) fn image(&self) -> PathBuf {
        self.directory.join(IMAGE)
    }

    /// Where it lies as it came, if that is not as it is kept.
    pub(crate) fn packed(&self) -> PathBuf {
        self.directory.join("packed")
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept && remove(&self.directory).is_err() {
            tracing::warn!(path = %self.directory.display(), "cannot remove an unfinished download");
        }
    }
}

/// Subdirectories that are named like a template; others are left alone.
fn directories(parent: &Path) -> Result<Vec<TemplateId>, WorkerError> {
    let entries = fs::read_dir(parent).map_err(at("read", parent))?;
    let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    Ok(entries.filter_map(name).collect())
}

fn remove_unless_in_use(directory: &Path) -> Result<(), WorkerError> {
    for name in [IMAGE, "packed"] {
        let path = directory.join(name);
        let Ok(file) = File::open(&path) else { continue };
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let why = "another image worker is writing it; wait until it is done";
            return Err(at("replace", &path)(io::Error::new(io::ErrorKind::ResourceBusy, why)));
        }
    }
    remove(directory)
}

/// Not there is a success.
fn remove(directory: &Path) -> Result<(), WorkerError> {
    match fs::remove_dir_all(directory) {
        Err(error) if !gone(&error) => Err(at("remove", directory)(error)),
        _ => Ok(()),
    }
}

fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn sync_directory(path: &Path) -> Result<(), WorkerError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(at("write", path))
}

fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WorkerError + use<> {
    let path = path.to_owned();
    move |source| WorkerError::File { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tempfile::TempDir;
    use uuid::Uuid;

    fn template(number: u128) -> TemplateId {
        TemplateId::new(Uuid::from_u128(number))
    }

    fn manifest(template: TemplateId) -> Manifest {
        Manifest {
            template,
            size: Bytes(3),
            virtual_size: Bytes(1 << 20),
            format: DiskFormat::Qcow2,
            sha256: "00".repeat(32),
            checksum: None,
            url: "https://example.org/a".to_owned(),
            packed: None,
        }
    }

    fn kept(layout: &Layout, number: u128) -> TemplateId {
        let incoming = layout.begin(template(number)).unwrap();
        fs::write(incoming.image(), "abc").unwrap();
        layout.keep(incoming, &manifest(template(number))).unwrap();
        template(number)
    }

    #[test]
    fn a_new_or_empty_directory_becomes_secondary_storage() {
        let dir = TempDir::new().unwrap();
        for root in [dir.path().join("new"), dir.path().join("empty")] {
            fs::create_dir_all(dir.path().join("empty")).unwrap();
            assert_eq!(Layout::open(&root, false).unwrap().list().unwrap(), []);
            assert!(Layout::open(&root, false).is_ok(), "and stays so");
        }
    }

    #[test]
    fn a_directory_with_anything_else_in_it_is_refused_and_left_as_it_is() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("thesis.txt"), "").unwrap();
        let error = Layout::open(dir.path(), false).unwrap_err();
        assert!(matches!(error, WorkerError::NotSecondaryStorage { .. }), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    proptest! {
        #[test]
        fn no_text_from_outside_leads_out_of_the_directory(
            text in prop_oneof!["\\PC{0,60}", "[./%2e0-9a-f{}-]{0,60}", "\\{?[0-9a-f-]{32,36}\\}?"],
        ) {
            let layout = Layout { root: "/srv/storage".into(), mounted: false };
            if let Ok(template) = text.parse::<TemplateId>() {
                let path = layout.image(template);
                let inside = path.strip_prefix("/srv/storage/templates").unwrap();
                let mut parts = inside.components();
                let name = parts.next().unwrap().as_os_str().to_str().unwrap();
                prop_assert!(name.len() == 36 && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'));
                prop_assert_eq!(parts.as_path(), Path::new(IMAGE));
            }
        }
    }

    #[test]
    fn a_bare_mount_point_is_never_written() {
        let dir = TempDir::new().unwrap();
        let error = Layout::open(dir.path(), true).unwrap_err();
        assert!(matches!(error, WorkerError::NotMounted { .. }), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn storage_that_goes_away_is_not_written_any_more() {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        fs::remove_file(dir.path().join(MARKER)).unwrap();
        assert!(layout.begin(template(1)).is_err());
        assert!(layout.delete(template(1)).is_err());
    }

    #[test]
    fn a_kept_template_is_found_listed_and_deleted_once() {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        let template = kept(&layout, 1);
        assert_eq!(layout.find(template).unwrap(), Some(manifest(template)));
        assert_eq!(layout.list().unwrap(), [manifest(template)]);
        assert!(layout.delete(template).unwrap());
        assert!(!layout.delete(template).unwrap());
        assert_eq!(layout.list().unwrap(), []);
    }

    #[test]
    fn a_template_that_was_changed_behind_our_back_is_no_longer_listed() {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        let (shorter, missing) = (kept(&layout, 1), kept(&layout, 2));
        fs::write(layout.image(shorter), "a").unwrap();
        fs::remove_file(layout.image(missing)).unwrap();
        assert_eq!(layout.list().unwrap(), []);
    }

    #[test]
    fn nothing_is_left_of_a_download_that_is_given_up() {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        let incoming = layout.begin(template(1)).unwrap();
        fs::write(incoming.image(), "abc").unwrap();
        drop(incoming);
        assert_eq!(fs::read_dir(layout.incoming()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_crash_left_is_removed_at_the_next_start_unless_another_worker_writes_it() {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        let (crashed, busy) =
            (layout.begin(template(1)).unwrap(), layout.begin(template(2)).unwrap());
        fs::write(crashed.image(), "abc").unwrap();
        let lock = File::create(busy.image()).unwrap();
        lock.try_lock().unwrap();
        let half_deleted = kept(&layout, 3);
        fs::remove_file(layout.image(half_deleted).with_file_name(MANIFEST)).unwrap();

        let again = Layout::open(dir.path(), false).unwrap();
        assert!(!crashed.image().exists());
        assert!(busy.image().exists());
        assert!(!again.image(half_deleted).exists());
        assert!(again.begin(template(2)).is_err(), "it is still being written");
    }
}
