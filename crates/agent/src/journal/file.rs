//! The journal's file: one line of JSON for each thing that happened, on disk before anybody acts on it.
//!
//! Not here: what the lines mean together.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hostler_model::CommandId;
use serde::{Deserialize, Serialize};

use super::OrderResult;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    /// A command is over.
    Done {
        /// Which.
        id: CommandId,
        /// What became of it.
        result: OrderResult,
    },
    /// A command begins.
    Begun {
        /// Which.
        id: CommandId,
        /// Its name, for people.
        begun: String,
    },
}

/// An append-only file that this process alone has.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// Locked, never read.
    lock: File,
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        // Closing is not enough: a program that is just being started shares the file until it is.
        let _ = self.lock.unlock();
    }
}

impl JournalFile {
    /// Opens or makes the file; nothing: another process has it.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let lock = open(&path.with_extension("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(e),
        }
        let file = open(path)?;
        sync_directory(path)?;
        let length = file.metadata()?.len();
        Ok(Some(Self { path: path.to_owned(), file, length, lock }))
    }

    /// All lines that can be read, and whether those are all lines.
    pub(super) fn read(&mut self) -> io::Result<(Vec<Line>, bool)> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        let mut clean = bytes.is_empty() || bytes.ends_with(b"\n");
        let mut lines = Vec::new();
        for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(line) => lines.push(line),
                Err(_) => clean = false,
            }
        }
        Ok((lines, clean))
    }

    /// Its length in bytes.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Adds a line and waits for the disk. After an error the file is as it was.
    pub(super) fn append(&mut self, line: &Line) -> io::Result<()> {
        let bytes = encode(line)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        match self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(e) => {
                // Half a line must not stand in the way of the next one.
                self.file.set_len(self.length)?;
                Err(e)
            }
        }
    }

    /// Puts a file with only these lines in its place, in one step.
    pub(super) fn replace(&mut self, lines: &[Line]) -> io::Result<()> {
        let path = self.path.with_extension("new");
        let mut bytes = Vec::new();
        for line in lines {
            bytes.append(&mut encode(line)?);
        }
        let mut file = open(&path)?;
        file.set_len(0)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        std::fs::rename(&path, &self.path)?;
        sync_directory(&self.path)?;
        (self.file, self.length) = (file, bytes.len() as u64);
        Ok(())
    }
}

fn encode(line: &Line) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Makes the names in a file's directory durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}
