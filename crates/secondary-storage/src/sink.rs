//! The file into which a transfer goes: what has arrived is hashed as it comes, and never looks complete by its name.

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use sha2::digest::DynDigest;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom};

use crate::checksum::{Algorithm, hex};

/// As much is gathered before it is written.
const BUFFER: usize = 1 << 20;

type Hasher = Box<dyn DynDigest + Send + Sync>;

/// A file that grows.
pub(crate) struct Sink {
    file: File,
    path: PathBuf,
    /// What has arrived.
    length: u64,
    /// What of it is in the file; the rest is in the buffer.
    written: u64,
    buffer: Vec<u8>,
    sha256: Hasher,
    stated: Option<Hasher>,
}

/// What a whole file hashes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its SHA-256 in hexadecimal.
    pub(crate) sha256: String,
    /// By the algorithm that was asked for besides.
    pub(crate) stated: Option<String>,
}

impl Sink {
    /// A new, empty file; computes SHA-256 and, if wanted, one more checksum. Locked against other processes.
    pub(crate) async fn create(path: &Path, stated: Option<Algorithm>) -> io::Result<Self> {
        let options = std::fs::OpenOptions::new().read(true).write(true).create_new(true).clone();
        Self::open(options.into(), path, stated).await
    }

    /// A file that may be there already, whose content is taken as the beginning of what is to come.
    pub(crate) async fn resume(path: &Path) -> io::Result<Self> {
        let options =
            std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut sink = Self::open(options.into(), path, None).await?;
        let mut chunk = vec![0; BUFFER];
        loop {
            let read = sink.file.read(&mut chunk).await?;
            if read == 0 {
                return Ok(sink);
            }
            sink.sha256.update(&chunk[..read]);
            sink.length += read as u64;
            sink.written = sink.length;
        }
    }

    async fn open(
        options: OpenOptions,
        path: &Path,
        stated: Option<Algorithm>,
    ) -> io::Result<Self> {
        let file = options.open(path).await?.into_std().await;
        // A file system without locks is no reason to refuse.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let why = "another process is writing it";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
        }
        Ok(Self {
            file: File::from_std(file),
            path: path.to_owned(),
            length: 0,
            written: 0,
            buffer: Vec::with_capacity(BUFFER),
            sha256: Algorithm::Sha256.begin(),
            stated: stated.map(Algorithm::begin),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How much has arrived.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Appends.
    pub(crate) async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.sha256.update(chunk);
        if let Some(stated) = &mut self.stated {
            stated.update(chunk);
        }
        self.length += chunk.len() as u64;
        self.buffer.extend_from_slice(chunk);
        if self.buffer.len() >= BUFFER { self.flush().await } else { Ok(()) }
    }

    /// Brings what has arrived into the file, so that a later process can go on with it.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        // Said anew each time: the flush before may have been dropped half-way.
        self.file.seek(SeekFrom::Start(self.written)).await?;
        self.file.write_all(&self.buffer).await?;
        self.file.flush().await?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Throws away what has arrived.
    pub(crate) async fn restart(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.file.set_len(0).await?;
        self.sha256.reset();
        if let Some(stated) = &mut self.stated {
            stated.reset();
        }
        (self.length, self.written) = (0, 0);
        Ok(())
    }

    /// All is there: brings it to the disk, and says what it hashes to.
    pub(crate) async fn finish(&mut self) -> io::Result<Digests> {
        self.flush().await?;
        self.file.sync_all().await?;
        Ok(Digests {
            size: self.length,
            sha256: hex(&self.sha256.finalize_reset()),
            stated: self.stated.as_mut().map(|stated| hex(&stated.finalize_reset())),
        })
    }
}
