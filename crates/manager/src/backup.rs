//! `hostler-manager backup` and `restore`: the state directory as one file, and back; and the copy of the record that a
//! manager works on which only looks (`--read-only`).
//!
//! A restored record is older than the world. What hosts know better is believed: see `monitors`.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hostler_model::Timestamp;
use hostler_store::StoreError;
use hostler_store::backup::{BackupFile, backup_read, backup_restore, backup_write, record_copy};

use crate::ca::{CaError, private_folder};

/// The record, in the state directory.
pub const DATABASE: &str = "hostler.db";
/// What a manager that only looks works on, in the state directory.
const COPY: &str = "hostler.db.read-only";
/// What is not backed up, relative to the state directory: what the record's own copy has, and templates, which are
/// fetched again.
const LEFT_OUT: &[&str] = &["image-worker/templates", "image-worker/state"];

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The record, or the backup as a whole.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory.
    #[error(transparent)]
    Folder(#[from] CaError),
    /// A file beside the record.
    #[error("cannot {what} {file}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A backup that somebody has made by hand.
    #[error("the backup has a file {file} outside the state directory; nothing is restored")]
    Outside {
        /// The file.
        file: PathBuf,
    },
}

/// Writes the state directory into the new file `to`, while a manager runs or not, and says how many files beside the
/// record that are.
///
/// # Errors
/// [`BackupError`]; then there is no such file.
pub fn backup(state_dir: &Path, to: &Path, now: Timestamp) -> Result<usize, BackupError> {
    let mut files = Vec::new();
    gather(state_dir, Path::new(""), &mut files)?;
    backup_write(&state_dir.join(DATABASE), &files, to, now)?;
    Ok(files.len())
}

fn gather(root: &Path, at: &Path, files: &mut Vec<BackupFile>) -> Result<(), BackupError> {
    let folder = root.join(at);
    let failed = |what: &'static str, file: &Path| {
        let file = file.to_owned();
        move |source| BackupError::File { what, file, source }
    };
    for entry in std::fs::read_dir(&folder).map_err(failed("list", &folder))? {
        let entry = entry.map_err(failed("list", &folder))?;
        let (path, full) = (at.join(entry.file_name()), entry.path());
        let kind = entry.file_type().map_err(failed("look at", &full))?;
        let is_record = path.to_str().is_some_and(|path| path.starts_with(DATABASE));
        if is_record || LEFT_OUT.iter().any(|out| path == Path::new(out)) {
            continue;
        }
        if kind.is_dir() {
            gather(root, &path, files)?;
        } else if kind.is_file() {
            let mode = entry.metadata().map_err(failed("look at", &full))?.permissions().mode();
            let content = std::fs::read(&full).map_err(failed("read", &full))?;
            files.push(BackupFile { path, mode: mode & 0o777, content });
        }
    }
    Ok(())
}

/// Makes a backup the state directory, in which there must be no record, and says when it was made.
///
/// # Errors
/// [`BackupError`]; then there is no record in it.
pub fn restore(from: &Path, state_dir: &Path, now: Timestamp) -> Result<Timestamp, BackupError> {
    let (made, files) = backup_read(from)?;
    let is_inside = |file: &&BackupFile| {
        file.path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    if let Some(outside) = files.iter().find(|file| !is_inside(file)) {
        return Err(BackupError::Outside { file: outside.path.clone() });
    }
    let database = state_dir.join(DATABASE);
    private_folder(state_dir)?;
    if !database.exists() {
        for file in &files {
            put(&state_dir.join(&file.path), file)?;
        }
    }
    // The record last: a directory without it is no state of a manager.
    backup_restore(from, &database, now)?;
    Ok(made)
}

/// A copy of the record in `state_dir`, for a manager that only looks: the record itself is then never written.
///
/// # Errors
/// [`StoreError::Open`] names the file and says why not.
pub fn copy_to_look(state_dir: &Path) -> Result<PathBuf, StoreError> {
    let (record, copy) = (state_dir.join(DATABASE), state_dir.join(COPY));
    record_copy(&record, &copy)?;
    Ok(copy)
}

/// Removes what a manager that only looked has left.
pub fn forget_copy(state_dir: &Path) {
    for end in ["", "-wal", "-shm"] {
        // mostly there is none, and the next one takes its place
        let _ = std::fs::remove_file(state_dir.join(format!("{COPY}{end}")));
    }
}

fn put(path: &Path, file: &BackupFile) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { what: "write", file: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let mut out = std::fs::OpenOptions::new();
    out.write(true).create(true).truncate(true).mode(file.mode);
    let mut out = out.open(path).map_err(failed)?;
    std::io::Write::write_all(&mut out, &file.content).map_err(failed)?;
    out.sync_all().map_err(failed)
}
