//! What a manager and an image worker say, and where a template is to be had.

use hostler_model::{Bytes, HostGuid, TemplateId};
use serde::{Deserialize, Serialize};

use crate::DiskFormat;

/// An order for an image worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkerCommand {
    /// Fetch a template.
    Download(DownloadCommand),
    /// Delete a template.
    Delete(DeleteTemplateCommand),
    /// Say which templates there are.
    List(ListTemplatesCommand),
}

impl WorkerCommand {
    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Download(_) => "DownloadCommand",
            Self::Delete(_) => "DeleteTemplateCommand",
            Self::List(_) => "ListTemplatesCommand",
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
