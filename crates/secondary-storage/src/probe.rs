//! What a file is, whatever its name says: our own look at its first bytes, then `qemu-img info` under limits.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hostler_model::Bytes;
use hostler_wire::DiskFormat;
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::qcow2::{self, Qcow2Refused};

/// So much of a file is looked at; an ISO 9660 says what it is at 32 KiB.
const START: u64 = 64 << 10;
/// For `qemu-img`: seconds of CPU, seconds in all, and bytes of address space.
const CPU_SECONDS: u32 = 20;
const TIME: Duration = Duration::from_mins(1);
const ADDRESS_SPACE: u64 = 2 << 30;

/// Why a file is not taken for a template.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    /// Something else than was said.
    #[error(
        "it is {found}, not {wanted}; give the URL of a {wanted} file, or register it as what it is"
    )]
    WrongFormat {
        /// What it is, for a person.
        found: String,
        /// What was said.
        wanted: &'static str,
    },
    /// A qcow2 that is refused.
    #[error(transparent)]
    Qcow2(#[from] Qcow2Refused),
    /// Its virtual size.
    #[error(
        "guests would see it as {size} large, and the limit is {limit}; raise the limit or make it smaller"
    )]
    TooLarge {
        /// How large guests would see it.
        size: Bytes,
        /// The limit.
        limit: Bytes,
    },
    /// An empty file is no template.
    #[error("it is empty; check the URL")]
    Empty,
    /// It cannot be read, or `qemu-img` not be started.
    #[error("cannot {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// `qemu-img` finds fault with it, or with its own surroundings.
    #[error("qemu-img does not take it: {0}")]
    QemuImg(String),
}

/// What `qemu-img info --output=json` says, as far as it matters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Info {
    format: String,
    virtual_size: u64,
    backing_filename: Option<String>,
    #[serde(default)]
    encrypted: bool,
    #[serde(default)]
    dirty_flag: bool,
}

/// Makes sure that the file is a `wanted` that stands alone; gives how large a guest sees it.
pub(crate) async fn probe(
    path: &Path,
    wanted: DiskFormat,
    limit: Bytes,
) -> Result<Bytes, ProbeError> {
    let start = read_start(path).await?;
    if start.is_empty() {
        return Err(ProbeError::Empty);
    }
    let found = identify(&start);
    match wanted {
        DiskFormat::Qcow2 if qcow2::is_qcow2(&start) => {
            // Before qemu-img sees the file: that could be made to open others.
            check_size(qcow2::check(&start)?, limit)?;
        }
        DiskFormat::Raw if found.is_none() => {}
        DiskFormat::Iso if is_iso(&start) => {}
        _ => return Err(wrong(found.unwrap_or("no disk image that is known here"), wanted)),
    }
    let info = qemu_img_info(path, wanted).await?;
    check_info(&info, wanted)?;
    check_size(info.virtual_size, limit)
}

fn check_info(info: &Info, wanted: DiskFormat) -> Result<(), ProbeError> {
    if info.format != as_qemu_calls(wanted) {
        return Err(wrong(&info.format, wanted));
    }
    if info.backing_filename.is_some() {
        return Err(Qcow2Refused::BackingFile.into());
    }
    if info.encrypted {
        return Err(Qcow2Refused::Encrypted.into());
    }
    if info.dirty_flag {
        return Err(Qcow2Refused::Damaged.into());
    }
    Ok(())
}

fn check_size(size: u64, limit: Bytes) -> Result<Bytes, ProbeError> {
    let size = Bytes(size);
    match size {
        Bytes(0) => Err(ProbeError::Empty),
        _ if size > limit => Err(ProbeError::TooLarge { size, limit }),
        _ => Ok(size),
    }
}

/// The file's format by its first bytes; nothing: none that is known, so it may be a raw disk.
pub(crate) fn identify(start: &[u8]) -> Option<&'static str> {
    const MAGICS: &[(usize, &[u8], &str)] = &[
        (0, b"QFI\xfb", "qcow2"),
        (0, b"\x1f\x8b", "gzip-compressed"),
        (0, b"BZh", "bzip2-compressed"),
        (0, b"\xfd7zXZ\0", "xz-compressed"),
        (0, b"\x28\xb5\x2f\xfd", "zstd-compressed"),
        (0, b"PK\x03\x04", "a zip archive"),
        (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (257, b"ustar", "a tar archive (an OVA is one)"),
        (0, b"KDMV", "vmdk"),
        (0, b"COWD", "vmdk"),
        (0, b"# Disk DescriptorFile", "vmdk"),
        (0, b"vhdxfile", "vhdx"),
        (0, b"conectix", "vhd"),
        (64, b"\x7f\x10\xda\xbe", "vdi"),
        (0, b"QED\0", "qed"),
        (0, b"LUKS\xba\xbe", "an encrypted LUKS volume"),
        (0, b"WithoutFreeSpace", "a Parallels disk"),
        (0, b"WithouFreSpacExt", "a Parallels disk"),
        (0, b"\x7fELF", "a program"),
    ];
    let known = MAGICS
        .iter()
        .find(|(at, magic, _)| start.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    known
        .map(|(_, _, name)| *name)
        .or_else(|| looks_like_text(start).then_some("a text or web page"))
}

/// A boot sector is never all text; a login page in place of the file is.
fn looks_like_text(start: &[u8]) -> bool {
    let utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(), // only its last character is cut off
    };
    utf8 && start.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace())
}

fn wrong(found: &str, wanted: DiskFormat) -> ProbeError {
    ProbeError::WrongFormat { found: found.to_owned(), wanted: name(wanted) }
}

/// Whether a file begins as an ISO 9660 file system does: with a volume descriptor in its 17th block of 2 KiB.
fn is_iso(start: &[u8]) -> bool {
    const AT: usize = 16 * 2048;
    start.get(AT + 1..AT + 6).is_some_and(|magic| magic == b"CD001")
}

/// What `qemu-img` takes it for.
const fn as_qemu_calls(format: DiskFormat) -> &'static str {
    match format {
        DiskFormat::Qcow2 => "qcow2",
        DiskFormat::Raw | DiskFormat::Iso => "raw",
    }
}

/// For people.
pub(crate) const fn name(format: DiskFormat) -> &'static str {
    match format {
        DiskFormat::Qcow2 => "qcow2",
        DiskFormat::Raw => "raw",
        DiskFormat::Iso => "iso",
    }
}

/// The first bytes of a file.
pub(crate) async fn read_start(path: &Path) -> Result<Vec<u8>, ProbeError> {
    let mut start = Vec::new();
    let read = async {
        let file = File::open(path).await?;
        file.take(START).read_to_end(&mut start).await
    };
    read.await.map_err(|source| ProbeError::Io { what: "read the downloaded file", source })?;
    Ok(start)
}

async fn qemu_img_info(path: &Path, wanted: DiskFormat) -> Result<Info, ProbeError> {
    let mut command = Command::new("prlimit");
    command.arg(format!("--as={ADDRESS_SPACE}")).arg(format!("--cpu={CPU_SECONDS}")).args([
        "--core=0",
        "--fsize=0",
        "--",
        "qemu-img",
        "info",
        "--output=json",
        "-U",
    ]);
    if wanted == DiskFormat::Qcow2 {
        // Its magic number has been seen. A raw file has none: that one is guessed, and must be guessed to be raw.
        command.args(["-f", "qcow2"]);
    }
    command.arg(path).env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
    let source_of = |source| ProbeError::Io {
        what: "run prlimit and qemu-img (install util-linux and qemu-utils)",
        source,
    };
    let output = tokio::time::timeout(TIME, command.output())
        .await
        .map_err(|_| ProbeError::QemuImg(format!("no answer within {} s", TIME.as_secs())))?
        .map_err(source_of)?;
    if output.status.code() == Some(127) {
        return Err(source_of(io::ErrorKind::NotFound.into()));
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        let said = said.replace(&path.display().to_string(), "the file");
        let silent = || format!("it ended with {}", output.status);
        return Err(ProbeError::QemuImg(if said.is_empty() { silent() } else { said }));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| ProbeError::QemuImg(format!("its answer cannot be read ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use tempfile::TempDir;

    const LIMIT: Bytes = Bytes::from_gib(50);

    #[tokio::test]
    async fn an_iso_says_so_in_its_seventeenth_block() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a");
        let mut bytes = vec![0u8; 64 << 10];
        std::fs::write(&path, &bytes).unwrap();
        let error = probe(&path, DiskFormat::Iso, LIMIT).await.unwrap_err();
        assert!(error.to_string().contains("not iso"), "{error}");
        bytes[32768..32774].copy_from_slice(b"\x01CD001");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(probe(&path, DiskFormat::Iso, LIMIT).await.unwrap(), Bytes(64 << 10));
        assert!(probe(&path, DiskFormat::Qcow2, LIMIT).await.is_err());
    }

    async fn qemu_img(dir: &TempDir, arguments: &[&str]) -> PathBuf {
        let output =
            Command::new("qemu-img").args(arguments).current_dir(dir.path()).output().await;
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        dir.path().join("a")
    }

    #[tokio::test]
    async fn a_qcow2_and_a_raw_file_are_taken_for_what_they_are() {
        let dir = TempDir::new().unwrap();
        let path = qemu_img(&dir, &["create", "-f", "qcow2", "a", "1G"]).await;
        assert_eq!(probe(&path, DiskFormat::Qcow2, LIMIT).await.unwrap(), Bytes::from_gib(1));
        let error = probe(&path, DiskFormat::Raw, LIMIT).await.unwrap_err();
        assert!(error.to_string().starts_with("it is qcow2, not raw"), "{error}");

        let path = qemu_img(&dir, &["create", "-f", "raw", "a", "1M"]).await;
        assert_eq!(probe(&path, DiskFormat::Raw, LIMIT).await.unwrap(), Bytes(1 << 20));
        let error = probe(&path, DiskFormat::Qcow2, LIMIT).await.unwrap_err();
        assert!(error.to_string().contains("not qcow2"), "{error}");
    }

    #[tokio::test]
    async fn other_formats_are_refused_by_name() {
        let dir = TempDir::new().unwrap();
        for (format, name) in [("vmdk", "vmdk"), ("vdi", "vdi"), ("vpc", "vhd"), ("qed", "qed")] {
            let path = qemu_img(&dir, &["create", "-f", format, "a", "1M"]).await;
            for wanted in [DiskFormat::Qcow2, DiskFormat::Raw] {
                let error = probe(&path, wanted, LIMIT).await.unwrap_err();
                assert!(error.to_string().contains(&format!("it is {name}")), "{error}");
            }
        }
        std::fs::write(dir.path().join("a"), "<!DOCTYPE html><p>Please log in").unwrap();
        let error = probe(&dir.path().join("a"), DiskFormat::Raw, LIMIT).await.unwrap_err();
        assert!(error.to_string().contains("web page"), "{error}");
    }

    #[tokio::test]
    async fn a_qcow2_made_by_qemu_with_a_backing_or_data_file_is_refused() {
        let dir = TempDir::new().unwrap();
        qemu_img(&dir, &["create", "-f", "raw", "b", "1M"]).await;
        let path = qemu_img(&dir, &["create", "-f", "qcow2", "-b", "b", "-F", "raw", "a"]).await;
        let error = probe(&path, DiskFormat::Qcow2, LIMIT).await.unwrap_err();
        assert!(error.to_string().contains("backing file"), "{error}");

        let options = ["create", "-f", "qcow2", "-o", "data_file=c", "a", "1M"];
        let path = qemu_img(&dir, &options).await;
        let error = probe(&path, DiskFormat::Qcow2, LIMIT).await.unwrap_err();
        assert!(error.to_string().contains("external data file"), "{error}");
    }

    #[tokio::test]
    async fn a_disk_larger_than_the_limit_for_guests_is_refused_however_small_its_file() {
        let dir = TempDir::new().unwrap();
        let path = qemu_img(&dir, &["create", "-f", "qcow2", "a", "1000T"]).await;
        let error = probe(&path, DiskFormat::Qcow2, LIMIT).await.unwrap_err();
        assert!(matches!(error, ProbeError::TooLarge { .. }), "{error}");
    }
}
