//! Why a hypervisor could not do what it was asked for.

use hostler_wire::FailureKind;

/// What a hypervisor's library said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

/// Why a hypervisor could not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HypervisorError {
    /// No answer, so nothing is known.
    #[error("cannot reach libvirt at {uri}; is libvirtd running?")]
    Unreachable {
        /// Where it should be.
        uri: String,
        /// What the library said.
        source: Fault,
    },
    /// It was asked and did not answer in time; what it does now is not known.
    #[error("libvirt did not {what} within {seconds} s; is the QEMU process hung?")]
    TimedOut {
        /// What was tried.
        what: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It answered, and said no.
    #[error("libvirt could not {what}")]
    Refused {
        /// What was tried, and on what.
        what: String,
        /// What the library said.
        source: Fault,
    },
    /// The guest has not let go of a device.
    #[error(
        "the guest of {name} did not let go of {what} within {seconds} s; is it still booting, or is that in use?"
    )]
    Kept {
        /// Name of the domain.
        name: String,
        /// File of the disk, or hardware address of the network interface.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The domain is gone.
    #[error("there is no libvirt domain {name}")]
    NoDomain {
        /// Name of the domain.
        name: String,
    },
    /// The domain does not carry our mark any more.
    #[error("libvirt domain {name} does not carry the mark of this cloud; it is left alone")]
    NotOurs {
        /// Name of the domain.
        name: String,
    },
}

impl HypervisorError {
    /// The kind of failure that the manager is told.
    pub fn kind(&self) -> FailureKind {
        match self {
            // QEMU has no other way to say it.
            Self::Refused { source, .. } if source.0.contains("Cannot allocate memory") => {
                FailureKind::NoCapacity
            }
            Self::Unreachable { .. } => FailureKind::Unavailable,
            Self::TimedOut { .. } => FailureKind::TimedOut,
            Self::Refused { .. } | Self::NoDomain { .. } => FailureKind::Failed,
            Self::Kept { .. } => FailureKind::InUse,
            Self::NotOurs { .. } => FailureKind::Conflict,
        }
    }
}
