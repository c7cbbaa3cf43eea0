//! Whether a file is the template that was promised, by what QEMU says of it.
//!
//! Not here: how it came (`fetch`), where it lies (`directory`).

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use hostler_model::{Bytes, TemplateId};
use hostler_wire::{DiskFormat, TemplateSource};
use serde::Deserialize;

use super::StorageError;
use crate::program;

/// `qemu-img` reads and writes a few clusters here.
pub(super) const QEMU_IMG: Duration = Duration::from_mins(1);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ImageInfo {
    format: String,
    virtual_size: u64,
    backing_filename: Option<String>,
    #[serde(default)]
    format_specific: FormatSpecific,
}

#[derive(Debug, Default, Deserialize)]
struct FormatSpecific {
    #[serde(default)]
    data: FormatData,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct FormatData {
    data_file: Option<String>,
}

/// Looks at a template as QEMU would: it must be what was promised, and refer to no other file.
pub(super) fn check_template(
    template: TemplateId,
    source: &TemplateSource,
    path: &Path,
) -> Result<(), StorageError> {
    let bad = |why: String| Err(StorageError::BadTemplate { template, why });
    let format = name(source.format);
    let arguments: [&OsStr; 5] =
        ["info".as_ref(), "--output=json".as_ref(), "-f".as_ref(), format.as_ref(), path.as_ref()];
    let info = program::run("qemu-img", &arguments, QEMU_IMG).map_err(|source| {
        StorageError::Program { what: "look at template", path: path.to_owned(), source }
    })?;
    let info: ImageInfo = match serde_json::from_slice(&info) {
        Ok(info) => info,
        Err(error) => return bad(format!("qemu-img describes it in a way not known: {error}")),
    };
    if info.format != format {
        return bad(format!("it is {}, not {format}", info.format));
    }
    if let Some(other) = info.backing_filename.or(info.format_specific.data.data_file) {
        return bad(format!("it refers to another file, {other}"));
    }
    if info.virtual_size != source.virtual_size.0 {
        let found = Bytes(info.virtual_size);
        return bad(format!("guests see {found}, not {}", source.virtual_size));
    }
    Ok(())
}

/// A format as `qemu-img` calls it.
pub(super) const fn name(format: DiskFormat) -> &'static str {
    match format {
        DiskFormat::Qcow2 => "qcow2",
        DiskFormat::Raw | DiskFormat::Iso => "raw",
    }
}
