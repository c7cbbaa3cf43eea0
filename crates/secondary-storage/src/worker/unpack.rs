//! Unpacks a template that comes compressed: gzip, bzip2, xz or zstd, told by its first bytes and not by its name.
//!
//! The programs of that name do the work, with limits; a small file that unpacks to no end stops at the limit.

use std::io;
use std::path::Path;
use std::process::Stdio;

use hostler_model::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::layout::Incoming;
use crate::probe::{self, ProbeError};
use crate::sink::{Digests, Sink};
use crate::transfer::TransferError;

use super::failure::DownloadError;

/// The largest address space of an unpacking program, in bytes.
const ADDRESS_SPACE: u64 = 1 << 30;
/// So much is taken from it at once.
const CHUNK: usize = 1 << 18;

/// A packing: first bytes, program, and the package that has it.
type Packing = (&'static [u8], &'static str, &'static str);

const PACKINGS: &[Packing] = &[
    (b"\x1f\x8b", "gzip", "gzip"),
    (b"BZh", "bzip2", "bzip2"),
    (b"\xfd7zXZ\0", "xz", "xz-utils"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd"),
];

/// Why a template could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    /// What has arrived cannot be looked at.
    #[error(transparent)]
    Look(#[from] ProbeError),
    /// The program is missing, or cannot be started.
    #[error(
        "cannot unpack {url}: {program} does not start; install the package {package} on the image worker"
    )]
    Start {
        /// The URL, masked.
        url: String,
        /// The program.
        program: &'static str,
        /// The package that has it.
        package: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The program finds fault with the file.
    #[error("cannot unpack {url}: {program} says: {said}")]
    Damaged {
        /// The URL, masked.
        url: String,
        /// The program.
        program: &'static str,
        /// What it says.
        said: String,
    },
    /// Unpacked, it is larger than allowed.
    #[error(
        "will not take {url}: unpacked it is larger than the limit of {limit}; raise the limit or make it smaller"
    )]
    TooLarge {
        /// The URL, masked.
        url: String,
        /// The limit.
        limit: Bytes,
    },
}

/// Unpacks what has arrived in place; nothing: it is not packed. Else the name of the packing, and what was in it.
pub(super) async fn unpack(
    incoming: &Incoming,
    url: &str,
    limit: Bytes,
    cancelled: &CancellationToken,
) -> Result<Option<(&'static str, Digests)>, DownloadError> {
    let start = probe::read_start(&incoming.image()).await.map_err(UnpackError::Look)?;
    let packing = PACKINGS.iter().find(|(magic, _, _)| start.starts_with(magic));
    let Some(&(_, program, package)) = packing else { return Ok(None) };
    let (image, packed) = (incoming.image(), incoming.packed());
    let cannot_write = |error| TransferError::writing(&image, limit.0, error);
    tokio::fs::rename(&image, &packed).await.map_err(cannot_write)?;
    let mut sink = Sink::create(&image, None).await.map_err(cannot_write)?;
    tokio::select! {
        biased;
        () = cancelled.cancelled() => {
            return Err(TransferError::Cancelled { url: url.to_owned() }.into());
        }
        done = run((program, package), &packed, url, limit, &mut sink) => done?,
    }
    let digests = sink.finish().await.map_err(cannot_write)?;
    tokio::fs::remove_file(&packed).await.map_err(cannot_write)?;
    Ok(Some((program, digests)))
}

async fn run(
    (program, package): (&'static str, &'static str),
    packed: &Path,
    url: &str,
    limit: Bytes,
    sink: &mut Sink,
) -> Result<(), DownloadError> {
    let start = |source| UnpackError::Start { url: url.to_owned(), program, package, source };
    let from = std::fs::File::open(packed).map_err(start)?;
    let mut child = Command::new("prlimit")
        .arg(format!("--as={ADDRESS_SPACE}"))
        .args(["--core=0", "--fsize=0", "--", program, "-dc"])
        .env("LC_ALL", "C")
        .stdin(from)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(start)?;
    let missing = || start(io::Error::other("it has no output"));
    let mut output = child.stdout.take().ok_or_else(missing)?;
    let errors = child.stderr.take().ok_or_else(missing)?;
    let damaged = |said: String| UnpackError::Damaged { url: url.to_owned(), program, said };
    // An early end of `take` drops the program, and with it its end of the other pipe.
    let taken = async { take(&mut output, url, limit, sink).await };
    let said = async { Ok(complaint(errors).await) };
    let ((), said) = tokio::try_join!(taken, said)?;
    let status = child.wait().await.map_err(|error| damaged(error.to_string()))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(127) => Err(start(io::Error::new(io::ErrorKind::NotFound, said)).into()),
        _ => Err(damaged(format!("{said} ({status})")).into()),
    }
}

/// Takes what comes, up to the limit.
async fn take(
    output: &mut (impl AsyncRead + Unpin),
    url: &str,
    limit: Bytes,
    sink: &mut Sink,
) -> Result<(), DownloadError> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = output.read(&mut chunk).await.map_err(|error| UnpackError::Damaged {
            url: url.to_owned(),
            program: "its pipe",
            said: error.to_string(),
        })?;
        if read == 0 {
            return Ok(());
        }
        if sink.length() + read as u64 > limit.0 {
            return Err(UnpackError::TooLarge { url: url.to_owned(), limit }.into());
        }
        let written = sink.write(&chunk[..read]).await;
        written.map_err(|error| TransferError::writing(sink.path(), limit.0, error))?;
    }
}

/// What the program says, shortened.
async fn complaint(errors: impl AsyncRead + Unpin) -> String {
    let mut said = Vec::new();
    let _ = errors.take(1000).read_to_end(&mut said).await; // for reading only
    String::from_utf8_lossy(&said).trim().replace('\n', "; ")
}
