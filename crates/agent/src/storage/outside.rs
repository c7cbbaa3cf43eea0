//! Files of a host's disks that the cloud did not make, and that are volumes of a VM that was adopted.
//!
//! They stay where they are. `volumes/<id>.qcow2` is then a symbolic link to the file: whoever asks where a volume is
//! gets the file, and whoever deletes the volume deletes both. The file lies on the pool's own file system, so that its
//! room is the pool's.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use hostler_model::{StoragePoolId, VolumeId};

use super::directory::{file_error, sync_directory_of};
use super::{OutsideFile, StorageError, qcow2};

/// Directories of a pool whose files are something else than disks.
const NO_DISKS: [&str; 4] = ["templates", "snapshots", "seeds", "tmp"];

/// See [`Storage::outside_file`](super::Storage::outside_file).
pub(super) fn find(root: &Path, pool: StoragePoolId, path: &Path) -> OutsideFile {
    let device = |path: &Path| path.metadata().ok().map(|there| there.dev());
    let is_disk = path.is_absolute() && !NO_DISKS.iter().any(|no| path.starts_with(root.join(no)));
    let same = is_disk && path.is_file() && device(path) == device(root);
    let capacity = qcow2::header(path).ok().map(|header| header.size);
    OutsideFile { pool: same.then_some(pool), capacity }
}

/// Where the file of a volume is: behind the link of one that was adopted.
pub(super) fn resolve(path: PathBuf) -> PathBuf {
    fs::read_link(&path).unwrap_or(path)
}

/// See [`Storage::adopt_volume`](super::Storage::adopt_volume).
pub(super) fn link(link: &Path, file: &Path, volume: VolumeId) -> Result<(), StorageError> {
    qcow2::header(file).map_err(file_error("read volume", file))?;
    match symlink(file, link) {
        Ok(()) => sync_directory_of(link).map_err(file_error("keep volume", link)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match fs::read_link(link) {
            Ok(there) if there == file => Ok(()),
            _ => Err(StorageError::Different {
                volume,
                path: link.to_owned(),
                found: "another file".to_owned(),
                wanted: file.display().to_string(),
            }),
        },
        Err(error) => Err(file_error("keep volume", link)(error)),
    }
}

/// See [`Storage::release_volume`](super::Storage::release_volume).
pub(super) fn unlink(link: &Path) -> Result<(), StorageError> {
    match fs::read_link(link) {
        Ok(_) => fs::remove_file(link).map_err(file_error("let go of volume", link)),
        // not there, or a file, which is nobody's to let go of
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => {
            Ok(())
        }
        Err(error) => Err(file_error("let go of volume", link)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ids() -> (StoragePoolId, VolumeId) {
        (StoragePoolId::new(Uuid::from_u128(1)), VolumeId::new(Uuid::from_u128(2)))
    }

    fn qcow2_file(path: &Path) {
        let mut header = b"QFI\xfb\x00\x00\x00\x03".to_vec();
        header.resize(24, 0);
        header.extend(4096_u64.to_be_bytes());
        fs::write(path, header).unwrap();
    }

    #[test]
    fn a_disk_beside_the_pool_is_of_the_pool_and_a_template_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("pool");
        fs::create_dir_all(root.join("templates")).unwrap();
        let (disk, template) = (dir.path().join("web.qcow2"), root.join("templates/t.qcow2"));
        qcow2_file(&disk);
        qcow2_file(&template);
        let found = find(&root, ids().0, &disk);
        assert_eq!((found.pool, found.capacity.map(|size| size.0)), (Some(ids().0), Some(4096)));
        assert_eq!(find(&root, ids().0, &template).pool, None);
        assert_eq!(find(&root, ids().0, Path::new("/proc/version")).pool, None);
    }

    #[test]
    fn a_volume_that_was_adopted_is_where_its_file_is_and_letting_go_of_it_keeps_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (file, place) = (dir.path().join("web.qcow2"), dir.path().join("volume.qcow2"));
        qcow2_file(&file);
        for _ in 0..2 {
            link(&place, &file, ids().1).unwrap();
        }
        assert_eq!(resolve(place.clone()), file);
        assert!(link(&place, &dir.path().join("other"), ids().1).is_err());
        for _ in 0..2 {
            unlink(&place).unwrap();
        }
        unlink(&file).unwrap();
        assert!(file.exists() && !place.exists());
    }
}
