//! Why storage could not do what it was asked for.

use std::io;
use std::path::PathBuf;

use hostler_model::{Bytes, SnapshotId, StoragePoolId, TemplateId, VolumeId};
use hostler_wire::FailureKind;

use super::FetchFailure;
use crate::program::ProgramError;

/// Why storage could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A pool that this host does not have.
    #[error("this host has no storage pool {pool}; its own is {own}")]
    NoPool {
        /// The pool.
        pool: StoragePoolId,
        /// The pool that it has.
        own: String,
    },
    /// A volume that is not there.
    #[error(
        "volume {volume} is not at {path}; mount its storage pool or, if it was deleted, expunge its VM"
    )]
    NoVolume {
        /// The volume.
        volume: VolumeId,
        /// Where it should be.
        path: PathBuf,
    },
    /// A copy of a volume that is not there.
    #[error("snapshot {snapshot} is not on this storage pool")]
    NoSnapshot {
        /// The copy.
        snapshot: SnapshotId,
    },
    /// A template that is not there.
    #[error("template {template} is not on this storage pool; have it prepared first")]
    NoTemplate {
        /// The template.
        template: TemplateId,
    },
    /// A volume that is smaller than what it is made from.
    #[error("volume {volume} of {size} is smaller than its template, which has {least}")]
    TooSmall {
        /// The volume.
        volume: VolumeId,
        /// How large it should be.
        size: Bytes,
        /// How large it must be.
        least: Bytes,
    },
    /// A volume of that id is there, and is another one.
    #[error("volume {volume} is at {path} already, with {found} instead of {wanted}")]
    Different {
        /// The volume.
        volume: VolumeId,
        /// Its file.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// A volume that a running domain has open.
    #[error("volume {volume} is in use by a libvirt domain that runs; stop its VM first")]
    VolumeInUse {
        /// The volume.
        volume: VolumeId,
    },
    /// A template that a volume is made from.
    #[error("template {template} is in use by {volume}; delete that volume first")]
    TemplateInUse {
        /// The template.
        template: TemplateId,
        /// A volume's file.
        volume: String,
    },
    /// Not enough room.
    #[error("{path} has {available} free of the {wanted} that are needed for {what}")]
    Full {
        /// The pool's directory.
        path: PathBuf,
        /// What is free.
        available: Bytes,
        /// What is needed, as far as is known.
        wanted: Bytes,
        /// What it is for.
        what: String,
    },
    /// A template that must not be used.
    #[error("template {template} cannot be used: {why}")]
    BadTemplate {
        /// The template.
        template: TemplateId,
        /// What is wrong with it.
        why: String,
    },
    /// A template that could not be brought here.
    #[error("cannot bring template {template} here")]
    Fetch {
        /// The template.
        template: TemplateId,
        /// Why not.
        source: FetchFailure,
    },
    /// A template that could not be sent to its image worker.
    #[error("cannot send template {template} to its image worker")]
    Send {
        /// The template.
        template: TemplateId,
        /// Why not.
        source: FetchFailure,
    },
    /// The file system refused something.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program failed.
    #[error("cannot {what} {path}")]
    Program {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: ProgramError,
    },
}

impl StorageError {
    /// The kind of failure that the manager is told.
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Full { .. } => FailureKind::NoCapacity,
            Self::VolumeInUse { .. } | Self::TemplateInUse { .. } => FailureKind::InUse,
            Self::Different { .. } => FailureKind::Conflict,
            Self::Fetch { source: FetchFailure::Cancelled, .. }
            | Self::Send { source: FetchFailure::Cancelled, .. } => FailureKind::Cancelled,
            _ => FailureKind::Failed,
        }
    }
}
