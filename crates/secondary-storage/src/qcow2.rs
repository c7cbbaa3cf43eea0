//! The header of a qcow2 file, as far as it may do harm.
//!
//! It is read here, before any program of QEMU opens the file: a qcow2 can name other files of this machine, and
//! QEMU would open them. See `docs/interop/qcow2.txt` of QEMU for the layout. Pure; big-endian numbers.

/// What is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Qcow2Refused {
    /// No magic number, or cut off before the end of the header.
    #[error("it is not a qcow2 file")]
    NotQcow2,
    /// Neither 2 nor 3.
    #[error("it is qcow2 of version {0}; versions 2 and 3 are supported")]
    Version(u32),
    /// It is a difference to another file.
    #[error(
        "it has a backing file; templates must stand alone: write one with `qemu-img convert -O qcow2`"
    )]
    BackingFile,
    /// Its data are in another file.
    #[error(
        "its data are in an external data file; templates must stand alone: \
         write one with `qemu-img convert -O qcow2`"
    )]
    ExternalDataFile,
    /// It needs a key.
    #[error("it is encrypted; decrypt it with `qemu-img convert`")]
    Encrypted,
    /// Snapshots inside.
    #[error(
        "it has {0} internal snapshots; write one without them with `qemu-img convert -O qcow2`"
    )]
    Snapshots(u32),
    /// Its own header says that it is damaged.
    #[error(
        "it is marked as damaged or not properly closed; repair it with `qemu-img check -r all`"
    )]
    Damaged,
    /// It has features that nobody knew when this was written.
    #[error(
        "it needs features that are not known here (bits {0:#x}); write one with `qemu-img convert -O qcow2`"
    )]
    Features(u64),
    /// Sizes that do not fit together.
    #[error("its header makes no sense ({0})")]
    Nonsense(&'static str),
}

const MAGIC: &[u8; 4] = b"QFI\xfb";
const DIRTY: u64 = 1;
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const KNOWN: u64 = (1 << 5) - 1; // and: compression type, extended L2 entries
const EXTENSION_DATA_FILE: u32 = 0x4441_5441;
const EXTENSION_ENCRYPTION: u32 = 0x0537_be77;

/// Whether a file that begins with `start` calls itself qcow2.
pub(crate) fn is_qcow2(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// Checks the beginning of a file, at least its first cluster or 64 KiB; gives how large a guest sees it, in bytes.
pub(crate) fn check(start: &[u8]) -> Result<u64, Qcow2Refused> {
    let u32_at = |at| number::<4>(start, at).map(u32::from_be_bytes);
    let u64_at = |at| number::<8>(start, at).map(u64::from_be_bytes);
    if !is_qcow2(start) {
        return Err(Qcow2Refused::NotQcow2);
    }
    let version = u32_at(4)?;
    if !(2..=3).contains(&version) {
        return Err(Qcow2Refused::Version(version));
    }
    if u64_at(8)? != 0 || u32_at(16)? != 0 {
        return Err(Qcow2Refused::BackingFile);
    }
    if u32_at(32)? != 0 {
        return Err(Qcow2Refused::Encrypted);
    }
    let (features, header_length) =
        if version == 2 { (0, 72) } else { (u64_at(72)?, u32_at(100)?) };
    if features & EXTERNAL_DATA != 0 {
        return Err(Qcow2Refused::ExternalDataFile);
    }
    if features & (DIRTY | CORRUPT) != 0 {
        return Err(Qcow2Refused::Damaged);
    }
    if features & !KNOWN != 0 {
        return Err(Qcow2Refused::Features(features & !KNOWN));
    }
    match u32_at(60)? {
        0 => {}
        snapshots => return Err(Qcow2Refused::Snapshots(snapshots)),
    }
    if !(9..=21).contains(&u32_at(20)?) {
        return Err(Qcow2Refused::Nonsense("cluster size"));
    }
    check_extensions(start, header_length)?;
    u64_at(24)
}

/// Walks the header extensions: type, length, data padded to eight bytes; type 0 ends them.
fn check_extensions(start: &[u8], from: u32) -> Result<(), Qcow2Refused> {
    let mut at = from as usize;
    if at < 72 || at > start.len() {
        return Err(Qcow2Refused::Nonsense("header length"));
    }
    // What lies beyond the first cluster is no extension; QEMU does not read it either.
    while let (Ok(kind), Ok(length)) = (number::<4>(start, at), number::<4>(start, at + 4)) {
        match u32::from_be_bytes(kind) {
            0 => break,
            EXTENSION_DATA_FILE => return Err(Qcow2Refused::ExternalDataFile),
            EXTENSION_ENCRYPTION => return Err(Qcow2Refused::Encrypted),
            _ => {}
        }
        at = at.saturating_add(8).saturating_add(u32::from_be_bytes(length) as usize);
        at = at.saturating_add(7) & !7;
    }
    Ok(())
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Qcow2Refused> {
    let end = at.checked_add(N).ok_or(Qcow2Refused::NotQcow2)?;
    bytes.get(at..end).and_then(|part| part.try_into().ok()).ok_or(Qcow2Refused::NotQcow2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The header of an empty qcow2 of 1 GiB, with `change` made to it.
    fn header(change: impl Fn(&mut [u8])) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[7] = 3;
        bytes[23] = 16;
        bytes[24..32].copy_from_slice(&(1_u64 << 30).to_be_bytes());
        bytes[103] = 104;
        change(&mut bytes);
        bytes
    }

    #[test]
    fn a_plain_qcow2_of_either_version_is_taken() {
        assert_eq!(check(&header(|_| {})), Ok(1 << 30));
        assert_eq!(check(&header(|b| b[7] = 2)), Ok(1 << 30));
    }

    #[test]
    fn whatever_reaches_beyond_the_file_or_is_odd_is_refused_by_name() {
        let cases: [(usize, u8, Qcow2Refused); 10] = [
            (0, b'X', Qcow2Refused::NotQcow2),
            (7, 4, Qcow2Refused::Version(4)),
            (15, 1, Qcow2Refused::BackingFile),
            (35, 2, Qcow2Refused::Encrypted),
            (79, 4, Qcow2Refused::ExternalDataFile),
            (79, 1, Qcow2Refused::Damaged),
            (79, 2, Qcow2Refused::Damaged),
            (79, 32, Qcow2Refused::Features(32)),
            (63, 1, Qcow2Refused::Snapshots(1)),
            (23, 40, Qcow2Refused::Nonsense("cluster size")),
        ];
        for (at, value, refused) in cases {
            assert_eq!(check(&header(|b| b[at] = value)), Err(refused));
        }
    }

    #[test]
    fn an_external_data_file_is_found_behind_other_extensions() {
        let bytes = header(|b| {
            b[104..112].copy_from_slice(&[0x68, 0x03, 0xf8, 0x57, 0, 0, 0, 3]); // feature names
            b[120..128].copy_from_slice(&[0x44, 0x41, 0x54, 0x41, 0, 0, 0, 9]);
        });
        assert_eq!(check(&bytes), Err(Qcow2Refused::ExternalDataFile));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), magic: bool) {
            if magic && bytes.len() >= 8 {
                bytes[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
            }
            let _ = check(&bytes);
        }
    }
}
