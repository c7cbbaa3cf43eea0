//! What the first bytes of a qcow2 file say, read without any other program.
//!
//! For files that this host wrote itself. What comes from outside is looked at by `qemu-img`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use hostler_model::Bytes;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// How large a guest sees it.
    pub(super) size: Bytes,
    /// The file that it is an overlay of.
    pub(super) backing: Option<PathBuf>,
}

/// Reads the header of a qcow2 file.
pub(super) fn header(path: &Path) -> io::Result<Header> {
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut file = File::open(path)?;
    let mut bytes = [0_u8; 32];
    file.read_exact(&mut bytes)?;
    if bytes[..4] != *b"QFI\xfb" {
        return Err(invalid("it is no qcow2 file"));
    }
    let number = |at: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[at..at + 8]);
        u64::from_be_bytes(eight)
    };
    let offset = number(8);
    let length = usize::try_from(number(16) >> 32).unwrap_or(usize::MAX);
    let size = Bytes(number(24));
    if offset == 0 {
        return Ok(Header { size, backing: None });
    }
    if length > 1023 {
        return Err(invalid("the name of its backing file is too long"));
    }
    let mut name = vec![0; length];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut name)?;
    let name = String::from_utf8(name).map_err(|_| invalid("its backing file is no UTF-8"))?;
    Ok(Header { size, backing: Some(name.into()) })
}
