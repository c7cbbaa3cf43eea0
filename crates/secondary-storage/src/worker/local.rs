//! `file://`: reads a file of the image worker's own machine.
//!
//! Only root administrators can register such URLs; the manager sees to that. What can be restricted further here
//! is where the file may lie.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hostler_model::Bytes;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use crate::progress::Meter;
use crate::sink::Sink;
use crate::transfer::TransferError;

/// So much is read at once.
const CHUNK: usize = 1 << 20;

/// Why a local file is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    /// It cannot be read.
    #[error(
        "cannot read {path} on the image worker; check that it is there and that the worker may read it"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A directory, a device or the like.
    #[error("{path} on the image worker is not a regular file; give the URL of one")]
    NotAFile {
        /// What it is called.
        path: PathBuf,
    },
    /// Outside of the directories that are allowed.
    #[error(
        "{path} is outside of the directories that file:// URLs may name on the image worker; move it into one of {allowed}"
    )]
    Outside {
        /// The file, with symbolic links followed.
        path: PathBuf,
        /// The directories.
        allowed: String,
    },
    /// Larger than is allowed.
    #[error("{path} has {size}, and the limit is {limit}; raise the limit or make it smaller")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: Bytes,
        /// The limit.
        limit: Bytes,
    },
}

/// Opens a regular file below one of `roots`, or anywhere.
pub(super) fn open(path: &Path, roots: Option<&[PathBuf]>) -> Result<File, LocalError> {
    let cannot = |source| LocalError::Read { path: path.to_owned(), source };
    // Opening a pipe would wait for its other end.
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path).map_err(cannot)?;
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(LocalError::NotAFile { path: path.to_owned() });
    }
    if let Some(roots) = roots {
        // Where the file really is that is open now, whatever becomes of the links that led to it.
        let real =
            std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(cannot)?;
        let inside = |root: &PathBuf| root.canonicalize().is_ok_and(|root| real.starts_with(root));
        if !roots.iter().any(inside) {
            let allowed: Vec<String> =
                roots.iter().map(|root| root.display().to_string()).collect();
            let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
            return Err(LocalError::Outside { path: real, allowed });
        }
    }
    Ok(file)
}

/// Copies a file, at most `limit` bytes of it.
pub(super) async fn copy(
    file: File,
    path: &Path,
    limit: Bytes,
    sink: &mut Sink,
    meter: &mut Meter<'_>,
    cancelled: &CancellationToken,
) -> Result<(), super::failure::DownloadError> {
    let cannot = |source| LocalError::Read { path: path.to_owned(), source };
    let size = file.metadata().map_err(cannot)?.len();
    let too_large = |size| LocalError::TooLarge { path: path.to_owned(), size: Bytes(size), limit };
    if size > limit.0 {
        return Err(too_large(size).into());
    }
    let mut file = tokio::fs::File::from_std(file);
    let mut chunk = vec![0; CHUNK];
    while !cancelled.is_cancelled() {
        let read = file.read(&mut chunk).await.map_err(cannot)?;
        if read == 0 {
            return Ok(());
        }
        if sink.length() + read as u64 > limit.0 {
            return Err(too_large(sink.length() + read as u64).into());
        }
        let written = sink.write(&chunk[..read]).await;
        written.map_err(|error| TransferError::writing(sink.path(), size, error))?;
        meter.at(sink.length(), Some(size));
    }
    Err(TransferError::Cancelled { url: format!("file://{}", path.display()) }.into())
}
