//! Templates that hosts send: `incoming/<template>/expected.json` says who may send what, and outlives the worker.
//!
//! A host announces what it sends, then sends it piece by piece. What has arrived stays when a connection breaks, or the
//! worker ends; a host that announces the same file again goes on behind it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use hostler_model::{Bytes, HostGuid, TemplateId};
use serde::{Deserialize, Serialize};

use super::{IMAGE, Incoming, Layout, at, remove_unless_in_use};
use crate::WorkerError;

pub(super) const EXPECTED: &str = "expected.json";
/// Nobody takes so long to send a template; what has not changed for so long is left over.
const FORGOTTEN: Duration = Duration::from_hours(48);

/// Who may send a template, and what it sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Expected {
    from: HostGuid,
    max_size: Bytes,
    sending: Option<Sending>,
}

/// The file that a host sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sending {
    /// Its SHA-256, in hexadecimal.
    pub(crate) sha256: String,
    /// Its size.
    pub(crate) size: Bytes,
}

/// Why a host's template is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArrivalError {
    /// Not expected, not from there, or not announced.
    #[error("template {template} is not expected from there")]
    NotExpected {
        /// The template.
        template: TemplateId,
    },
    /// Larger than it may be.
    #[error("template {template} has {size}, and the limit is {limit}")]
    TooLarge {
        /// The template.
        template: TemplateId,
        /// Its size.
        size: Bytes,
        /// The limit.
        limit: Bytes,
    },
    /// The worker's file system is full.
    #[error("no room for {wanted} of template {template}")]
    NoRoom {
        /// The template.
        template: TemplateId,
        /// What is still to come.
        wanted: Bytes,
    },
    /// A piece that does not follow on what is there.
    #[error("template {template} has arrived up to {arrived} bytes; go on there")]
    OutOfPlace {
        /// The template.
        template: TemplateId,
        /// What is there.
        arrived: u64,
    },
    /// The file system refused something.
    #[error(transparent)]
    Storage(#[from] WorkerError),
}

impl Layout {
    /// From now on `from` may send a template. What it has sent already stays.
    pub(crate) fn expect(
        &self,
        template: TemplateId,
        from: HostGuid,
        max_size: Bytes,
    ) -> Result<(), WorkerError> {
        self.check()?;
        let known = self.expected(template)?;
        if self.find(template)?.is_some() || known.as_ref().is_some_and(|it| it.from == from) {
            return Ok(());
        }
        let mut incoming = self.begin(template)?;
        self.write_expected(template, &Expected { from, max_size, sending: None })?;
        incoming.kept = true; // until it is complete, or deleted
        Ok(())
    }

    /// What `from` is going to send; so many bytes of it are here.
    pub(crate) fn announce(
        &self,
        template: TemplateId,
        from: impl Fn(HostGuid) -> bool,
        sending: Sending,
    ) -> Result<u64, ArrivalError> {
        self.check()?;
        let expected = self.expected_from(template, from)?;
        let size = sending.size;
        if size > expected.max_size {
            return Err(ArrivalError::TooLarge { template, size, limit: expected.max_size });
        }
        let path = self.arriving(template);
        if expected.sending.as_ref() != Some(&sending) {
            File::create(&path).map_err(at("create", &path))?;
            self.write_expected(template, &Expected { sending: Some(sending), ..expected })?;
        }
        let arrived = path.metadata().map_err(at("look at", &path))?.len();
        let wanted = Bytes(size.0.saturating_sub(arrived));
        if self.room()?.available < wanted {
            return Err(ArrivalError::NoRoom { template, wanted });
        }
        Ok(arrived)
    }

    /// Appends a piece of the file with that SHA-256, which begins at `offset`; so many bytes are here then.
    pub(crate) fn append(
        &self,
        template: TemplateId,
        from: impl Fn(HostGuid) -> bool,
        sha256: &str,
        offset: u64,
        piece: &[u8],
    ) -> Result<u64, ArrivalError> {
        self.check()?;
        let expected = self.expected_from(template, from)?;
        let announced = expected.sending.filter(|sending| sending.sha256 == sha256);
        let Some(sending) = announced else { return Err(ArrivalError::NotExpected { template }) };
        let path = self.arriving(template);
        let open = OpenOptions::new().write(true).open(&path);
        let mut file = open.map_err(at("open", &path))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let why = "another piece of it is being written";
            return Err(at("write", &path)(io::Error::new(io::ErrorKind::ResourceBusy, why)).into());
        }
        let arrived = file.metadata().map_err(at("look at", &path))?.len();
        if arrived != offset {
            return Err(ArrivalError::OutOfPlace { template, arrived });
        }
        let there = arrived + piece.len() as u64;
        if there > sending.size.0 {
            let (size, limit) = (Bytes(there), sending.size);
            return Err(ArrivalError::TooLarge { template, size, limit });
        }
        let written = file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(piece));
        written.map_err(|error| {
            let _ = file.set_len(arrived); // what is there of the piece is sent again
            if error.kind() == io::ErrorKind::StorageFull {
                let wanted = Bytes(sending.size.0.saturating_sub(arrived));
                return ArrivalError::NoRoom { template, wanted };
            }
            at("write", &path)(error).into()
        })?;
        Ok(there)
    }

    /// What a host has sent, to be kept now. Dropped, nothing is left of it. Nothing: none was expected.
    pub(crate) fn arrived(&self, template: TemplateId) -> Result<Option<Incoming>, WorkerError> {
        self.check()?;
        if self.expected(template)?.is_none() {
            return Ok(None);
        }
        let incoming =
            Incoming { directory: self.incoming().join(template.to_string()), kept: false };
        let path = incoming.image();
        File::open(&path).and_then(|file| file.sync_all()).map_err(at("write", &path))?;
        Ok(Some(incoming))
    }

    /// Whether what lies there unfinished may still go on.
    pub(super) fn is_awaited(&self, template: TemplateId) -> bool {
        let directory = self.incoming().join(template.to_string());
        let changed = |name: &str| directory.join(name).metadata()?.modified();
        let newest = changed(EXPECTED).map(|at| changed(IMAGE).map_or(at, |image| at.max(image)));
        newest.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed < FORGOTTEN))
    }

    fn arriving(&self, template: TemplateId) -> PathBuf {
        self.incoming().join(template.to_string()).join(IMAGE)
    }

    fn expected(&self, template: TemplateId) -> Result<Option<Expected>, WorkerError> {
        let path = self.incoming().join(template.to_string()).join(EXPECTED);
        match fs::read(&path) {
            // what cannot be read was being written when the worker ended, and is begun anew
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at("read", &path)(error)),
        }
    }

    fn expected_from(
        &self,
        template: TemplateId,
        from: impl Fn(HostGuid) -> bool,
    ) -> Result<Expected, ArrivalError> {
        let expected = self.expected(template)?.filter(|expected| from(expected.from));
        expected.ok_or(ArrivalError::NotExpected { template })
    }

    fn write_expected(&self, template: TemplateId, it: &Expected) -> Result<(), WorkerError> {
        let directory = self.incoming().join(template.to_string());
        let (path, new) = (directory.join(EXPECTED), directory.join("expected.new"));
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec(it)?)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&directory)?.sync_all()
        };
        write().map_err(at("write", &path))
    }
}

/// Removes what an earlier process left unfinished, unless a host may go on with it; whether it is gone.
pub(super) fn removed_if_left_over(layout: &Layout, template: TemplateId) -> bool {
    let directory = layout.incoming().join(template.to_string());
    !layout.is_awaited(template) && remove_unless_in_use(&directory).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::template;
    use tempfile::TempDir;
    use uuid::Uuid;

    struct World {
        _dir: TempDir,
        layout: Layout,
    }

    fn host(number: u128) -> HostGuid {
        HostGuid::new(Uuid::from_u128(number))
    }

    fn world() -> World {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        layout.expect(template(1), host(7), Bytes(10)).unwrap();
        World { _dir: dir, layout }
    }

    fn file(size: u64) -> Sending {
        Sending { sha256: "ab".repeat(32), size: Bytes(size) }
    }

    impl World {
        fn announce(&self, from: HostGuid, sending: Sending) -> Result<u64, ArrivalError> {
            self.layout.announce(template(1), |guid| guid == from, sending)
        }

        fn append(&self, offset: u64, piece: &[u8]) -> Result<u64, ArrivalError> {
            let sha256 = file(0).sha256;
            self.layout.append(template(1), |guid| guid == host(7), &sha256, offset, piece)
        }
    }

    #[test]
    fn a_file_arrives_piece_by_piece_and_goes_on_after_the_worker_was_begun_anew() {
        let world = world();
        assert_eq!(world.announce(host(7), file(6)).unwrap(), 0);
        assert_eq!(world.append(0, b"abc").unwrap(), 3);
        let again = Layout::open(world.layout.root(), false).unwrap();
        again.expect(template(1), host(7), Bytes(10)).unwrap();
        assert_eq!(world.announce(host(7), file(6)).unwrap(), 3);
        assert_eq!(world.append(3, b"def").unwrap(), 6);
        let incoming = again.arrived(template(1)).unwrap().unwrap();
        assert_eq!(fs::read(incoming.image()).unwrap(), b"abcdef");
    }

    #[test]
    fn nobody_but_the_host_that_is_expected_can_send_it() {
        let world = world();
        let error = world.announce(host(8), file(6)).unwrap_err();
        assert!(matches!(error, ArrivalError::NotExpected { .. }), "{error}");
        let other = world.layout.announce(template(2), |_| true, file(6)).unwrap_err();
        assert!(matches!(other, ArrivalError::NotExpected { .. }), "{other}");
        let unannounced = world.append(0, b"abc").unwrap_err();
        assert!(matches!(unannounced, ArrivalError::NotExpected { .. }), "{unannounced}");
    }

    #[test]
    fn no_more_is_taken_than_may_come_or_was_announced() {
        let world = world();
        let error = world.announce(host(7), file(11)).unwrap_err();
        assert!(matches!(error, ArrivalError::TooLarge { .. }), "{error}");
        world.announce(host(7), file(2)).unwrap();
        let error = world.append(0, b"abc").unwrap_err();
        assert!(matches!(error, ArrivalError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn a_piece_that_comes_twice_is_written_once() {
        let world = world();
        world.announce(host(7), file(6)).unwrap();
        world.append(0, b"abc").unwrap();
        let error = world.append(0, b"abc").unwrap_err();
        assert!(matches!(error, ArrivalError::OutOfPlace { arrived: 3, .. }), "{error}");
    }

    #[test]
    fn another_file_than_before_begins_anew() {
        let world = world();
        world.announce(host(7), file(6)).unwrap();
        world.append(0, b"abc").unwrap();
        let other = Sending { sha256: "cd".repeat(32), size: Bytes(6) };
        assert_eq!(world.announce(host(7), other).unwrap(), 0);
    }

    #[test]
    fn a_template_that_is_deleted_is_not_expected_any_more() {
        let world = world();
        world.layout.delete(template(1)).unwrap();
        let error = world.announce(host(7), file(6)).unwrap_err();
        assert!(matches!(error, ArrivalError::NotExpected { .. }), "{error}");
        assert!(world.layout.arrived(template(1)).unwrap().is_none());
    }
}
