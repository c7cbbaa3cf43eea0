//! What a manager and an image worker say, where a template is to be had, and where a host sends one.

use hostler_model::{Bytes, HostGuid, SnapshotId, StoragePoolId, TemplateId, VolumeId};
use serde::{Deserialize, Serialize};

use crate::{DiskFormat, Secret};

/// An order for an image worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkerCommand {
    /// Fetch a template.
    Download(DownloadCommand),
    /// Delete a template.
    Delete(DeleteTemplateCommand),
    /// Say which templates there are.
    List(ListTemplatesCommand),
    /// Let a host send a template.
    Expect(ExpectTemplateCommand),
    /// Check a template that a host has sent, and keep it.
    Keep(KeepTemplateCommand),
    /// Make a link by which anybody has a template.
    Share(ShareTemplateCommand),
}

impl WorkerCommand {
    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Download(_) => "DownloadCommand",
            Self::Delete(_) => "DeleteTemplateCommand",
            Self::List(_) => "ListTemplatesCommand",
            Self::Expect(_) => "ExpectTemplateCommand",
            Self::Keep(_) => "KeepTemplateCommand",
            Self::Share(_) => "ShareTemplateCommand",
        }
    }
}

/// Fetches a template, checks it, and keeps it. One that is there already is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadCommand {
    /// The template.
    pub template: TemplateId,
    /// `http`, `https` or `file`.
    pub url: String,
    /// What it must be.
    pub format: DiskFormat,
    /// `{algorithm}hex` or plain hex, as in the API; nothing: not checked.
    pub checksum: Option<String>,
    /// The largest that is taken, as it comes and unpacked.
    pub max_size: Bytes,
    /// Whether addresses of private networks may be asked.
    pub allow_private_addresses: bool,
}

/// The answer to [`DownloadCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadAnswer {
    /// Size of the file.
    pub size: Bytes,
    /// How large a guest sees it.
    pub virtual_size: Bytes,
    /// What it is; always one that was asked for.
    pub format: DiskFormat,
    /// SHA-256 of the file, in hexadecimal: what hosts check.
    pub sha256: String,
}

/// Deletes a template. Not there is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteTemplateCommand {
    /// The template.
    pub template: TemplateId,
}

/// The answer to [`DeleteTemplateCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteTemplateAnswer {
    /// Whether there was anything to delete.
    pub was_there: bool,
}

/// Asks which templates there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTemplatesCommand {}

/// The answer to [`ListTemplatesCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTemplatesAnswer {
    /// Complete templates, with their sizes.
    pub templates: Vec<(TemplateId, Bytes)>,
    /// Size of the worker's file system.
    pub capacity: Bytes,
    /// What can still be written.
    pub available: Bytes,
}

/// Where a host gets a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSource {
    /// The image worker; its certificate must say so.
    pub worker: HostGuid,
    /// Its address and port. The template is at `https://<worker>/template/<id>`.
    pub address: String,
    /// Size of the file.
    pub size: Bytes,
    /// How large a guest sees it.
    pub virtual_size: Bytes,
    /// What it is.
    pub format: DiskFormat,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// Lets one host send a template; nobody else can. One that was let already, or has sent it all, is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectTemplateCommand {
    /// The template.
    pub template: TemplateId,
    /// The host; its certificate must say so.
    pub from: HostGuid,
    /// The largest that is taken.
    pub max_size: Bytes,
}

/// The answer to [`ExpectTemplateCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectTemplateAnswer {}

/// Checks a template that a host has sent, and keeps it. One that is kept already is a success; of one that is not
/// what it should be nothing is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepTemplateCommand {
    /// The template.
    pub template: TemplateId,
    /// Size of the file.
    pub size: Bytes,
    /// SHA-256 of the file, in hexadecimal, as the host computed it.
    pub sha256: String,
    /// What it must be.
    pub format: DiskFormat,
    /// The largest that guests may see.
    pub max_size: Bytes,
}

/// The answer to [`KeepTemplateCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepTemplateAnswer {
    /// How large a guest sees it.
    pub virtual_size: Bytes,
}

/// Sends what a volume that nobody has open holds, or a copy of one, to an image worker that expects it. It is whole: an
/// overlay of nothing. What the worker has of it already is not sent again. Nothing more than before is left on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendTemplateCommand {
    /// The template that it becomes.
    pub template: TemplateId,
    /// What it is.
    pub origin: TemplateOrigin,
    /// The pool that has it.
    pub pool: StoragePoolId,
    /// The image worker; its certificate must say so.
    pub worker: HostGuid,
    /// Its address and port.
    pub address: String,
}

/// What a template is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateOrigin {
    /// A volume, as it is.
    Volume(VolumeId),
    /// A copy of a volume.
    Snapshot(SnapshotId),
}

/// The answer to [`SendTemplateCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendTemplateAnswer {
    /// Size of the file that was sent.
    pub size: Bytes,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Writes a data volume from a file that an image worker has; its worker knows that file as it knows a template. The
/// volume is whole: an overlay of nothing. One that is written already is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportVolumeCommand {
    /// The volume.
    pub volume: VolumeId,
    /// The pool that it is to be on.
    pub pool: StoragePoolId,
    /// How large the guest is to see it; at least as large as the file has it.
    pub size: Bytes,
    /// The file.
    pub file: TemplateId,
    /// Where it is had, and what it must be.
    pub source: TemplateSource,
}

/// The answer to [`ImportVolumeCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportVolumeAnswer {
    /// How large the guest sees it.
    pub size: Bytes,
    /// Where it is on the host.
    pub path: String,
}

/// Makes a link by which anybody who knows it has a template for a while. Made again, it lasts from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareTemplateCommand {
    /// The template.
    pub template: TemplateId,
    /// What the link is known by; letters of base64 for URLs, at least 22.
    pub token: Secret,
    /// The name of the file that it is had as.
    pub name: String,
    /// How many seconds it lasts.
    pub seconds: u32,
}

/// The answer to [`ShareTemplateCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareTemplateAnswer {
    /// The link before its token and name, without a slash at its end.
    pub base: String,
}
