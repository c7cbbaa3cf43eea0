//! `ConsoleLogCommand`: the end of what a VM wrote on its serial console.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use hostler_wire::{ConsoleLogAnswer, ConsoleLogCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;

/// More than this is never read, whatever is asked for: an answer must fit into a frame.
const MOST: u64 = 1 << 20;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &ConsoleLogCommand,
) -> Result<ConsoleLogAnswer, CommandError> {
    let path = resource.console_log(command.vm)?;
    let file_error = |source| CommandError::File { what: "read", path: path.clone(), source };
    let wanted = command.tail.0.min(MOST);
    let mut bytes = tail(&path, wanted).map_err(file_error)?;
    // virtlogd moves a log that has grown large aside; what is there may be only its beginning.
    let missing = wanted - u64::try_from(bytes.len()).unwrap_or(wanted).min(wanted);
    if missing > 0 {
        let older = path.with_extension("log.0");
        let mut all = tail(&older, missing).map_err(file_error)?;
        all.append(&mut bytes);
        bytes = all;
    }
    Ok(ConsoleLogAnswer { text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// The last bytes of a file, at most `length`; none of one that is not there.
fn tail(path: &Path, length: u64) -> std::io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(size.saturating_sub(length)))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
