//! Why a command was not carried out, and what the manager is told of it.

use hostler_model::{Generation, RunId, VmId, error_chain};
use hostler_wire::{CommandFailure, FailureKind};

use crate::domain_xml::XmlError;
use crate::hypervisor::HypervisorError;
use crate::network::NetworkError;
use crate::seed::SeedError;
use crate::storage::StorageError;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// libvirt.
    #[error(transparent)]
    Hypervisor(#[from] HypervisorError),
    /// Storage.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The guest network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The seed disk.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The VM's description.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The run journal.
    #[error("cannot write the run journal; is the disk of the agent's state full?")]
    Journal(#[source] std::io::Error),
    /// A file of the VM.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A command before the manager said which cloud this is.
    #[error("this agent has not been taken in by a manager yet")]
    NotReady,
    /// A command of a kind that is for other resources.
    #[error("a KVM host does not carry out {name}")]
    Unsupported {
        /// Name of the command.
        name: &'static str,
    },
    /// The name or the UUID is taken by somebody else's domain.
    #[error("libvirt domain {name} ({uuid}) on this host is not of this cloud; it is left alone")]
    Alien {
        /// Its name.
        name: String,
        /// Its UUID.
        uuid: uuid::Uuid,
    },
    /// There is no such libvirt domain.
    #[error("there is no libvirt domain {uuid} on this host")]
    NoSuchDomain {
        /// Its UUID.
        uuid: uuid::Uuid,
    },
    /// A domain that is to be adopted is a VM of this cloud.
    #[error("libvirt domain {name} is VM {vm} of this cloud already")]
    IsVm {
        /// Its name.
        name: String,
        /// The VM.
        vm: VmId,
    },
    /// A domain that is to be adopted has changed since that was planned.
    #[error("libvirt domain {name} cannot be adopted as it was planned: {what}; plan anew")]
    NotAsPlanned {
        /// Its name.
        name: String,
        /// What is different.
        what: String,
    },
    /// A domain that is to be released was made by the cloud.
    #[error("VM {vm} was made by this cloud and not adopted; it cannot be released")]
    NotAdopted {
        /// The VM.
        vm: VmId,
    },
    /// The definition of a VM that was adopted is gone.
    #[error(
        "VM {vm} was adopted, and its libvirt domain is not defined on this host any more; define it again under \
         its name and UUID with its metadata, or expunge the VM"
    )]
    NoDefinition {
        /// The VM.
        vm: VmId,
    },
    /// Another run of the VM is here.
    #[error("VM {vm} is here with run {here}, not with run {wanted}")]
    OtherRun {
        /// The VM.
        vm: VmId,
        /// The run that the command is about.
        wanted: RunId,
        /// The run that is here.
        here: RunId,
    },
    /// News that is older than what is known.
    #[error(
        "run {run} is at generation {known} here, and has ended; generation {sent} comes too late"
    )]
    Ended {
        /// The run.
        run: RunId,
        /// What is known here.
        known: Generation,
        /// What the command says.
        sent: Generation,
    },
    /// There is nothing that the command could be about.
    #[error("VM {vm} does not run on this host")]
    NotRunning {
        /// The VM.
        vm: VmId,
    },
    /// A VM that was started without a drive.
    #[error("VM {vm} has no drive for ISOs; stop it and start it again")]
    NoDrive {
        /// The VM.
        vm: VmId,
    },
    /// The VM runs, and must not for this.
    #[error("VM {vm} still runs on this host; stop it first")]
    StillRuns {
        /// The VM.
        vm: VmId,
    },
    /// A start failed, and so did clearing up after it.
    #[error("{text}; and clearing up failed: {undo}")]
    NotUndone {
        /// Why the start failed.
        text: String,
        /// Why clearing up failed.
        undo: String,
    },
}

impl CommandError {
    /// The kind of failure, as far as the manager acts on the difference.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Hypervisor(error) => error.kind(),
            Self::Storage(error) => error.kind(),
            Self::Network(error) => error.kind(),
            Self::Seed(_) | Self::Xml(_) | Self::Journal(_) | Self::File { .. } => {
                FailureKind::Failed
            }
            Self::NotReady | Self::NotUndone { .. } => FailureKind::Unavailable,
            Self::Unsupported { .. } => FailureKind::Unsupported,
            Self::Alien { .. } | Self::OtherRun { .. } | Self::Ended { .. } => {
                FailureKind::Conflict
            }
            Self::NotRunning { .. } | Self::NoDrive { .. } => FailureKind::Conflict,
            Self::IsVm { .. } | Self::NotAsPlanned { .. } | Self::NotAdopted { .. } => {
                FailureKind::Conflict
            }
            Self::NoSuchDomain { .. } | Self::NoDefinition { .. } => FailureKind::Conflict,
            Self::StillRuns { .. } => FailureKind::InUse,
        }
    }
}

impl From<CommandError> for CommandFailure {
    fn from(error: CommandError) -> Self {
        Self { kind: error.kind(), text: error_chain(&error) }
    }
}
