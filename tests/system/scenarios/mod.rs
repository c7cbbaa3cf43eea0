//! What is walked: operations, what may go wrong in them, and what is compared at their end.

mod all;
mod ends;
mod ground;
mod operation;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use hostler_agent::hypervisor::Trouble;
use hostler_tests::cloud::Cloud;

pub(crate) use all::ALL;
pub(crate) use ends::{clean_up, end, said};
pub(crate) use ground::idle;

/// One way through one workflow.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    pub(crate) luck: Luck,
    /// The step that fails, so that it and those before it are undone.
    pub(crate) fails_at: Option<&'static str>,
    /// Lines of [`end`] that must be there without a kill.
    pub(crate) expected: &'static [&'static str],
}

/// What the administrator asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    Deploy,
    Record,
    Start,
    Stop,
    Reboot,
    Destroy,
    Expunge,
    /// A libvirt domain that somebody else made.
    Adopt,
    Release,
    Scale,
    Restore,
    RestoreRunning,
    Register,
    Delete,
    /// A data volume to a VM that runs.
    Attach,
    /// A data volume to a VM that is stopped.
    AttachOff,
    Detach,
    /// A data volume of a VM that runs.
    Resize,
    DeleteVolume,
    /// An ISO into the drive of a VM that runs.
    AttachIso,
    /// An ISO for a VM that is stopped.
    AttachIsoOff,
    /// The ISO out of the drive of a VM that runs.
    DetachIso,
    /// A NIC to a VM that runs.
    AddNic,
    /// A NIC to a VM that is stopped.
    AddNicOff,
    /// A NIC from a VM that runs.
    RemoveNic,
    /// A copy of the root volume of a VM that runs.
    Snapshot,
    /// The same of one that is stopped.
    SnapshotOff,
    DeleteSnapshot,
    /// The root volume of a VM that is stopped.
    Revert,
    /// A data volume that begins as a snapshot.
    FromSnapshot,
    /// A template from the root volume of a VM that is stopped.
    Template,
    /// The same from a snapshot.
    TemplateOfSnapshot,
    /// A link to the cloud's template.
    Extract,
    /// A link to the root volume of a VM that is stopped.
    ExtractVolume,
    /// A data volume that begins as a file.
    Upload,
    /// Such a volume to a VM that runs.
    AttachUploaded,
    /// The file of such a volume that is deleted, while another is uploaded.
    Unstage,
    /// All volumes of a VM that runs.
    VmSnapshot,
    /// The same of one that is stopped.
    VmSnapshotOff,
    DeleteVmSnapshot,
    RevertToVmSnapshot,
    /// A network that a VM runs on.
    RestartNetwork,
    /// What that asks of the VM.
    ServeNics,
    Maintain,
    Resume,
    Reconnect,
    DisableAccount,
    DeleteAccount,
    DeleteDomain,
}

/// What the hosts do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Luck {
    /// What they are told.
    Good,
    /// All refuse these calls of libvirt.
    Refused(&'static [&'static str]),
    /// The first, which is preferred, refuses them.
    FirstRefuses(&'static [&'static str]),
    /// The image worker refuses everything.
    WorkerRefuses,
    /// The image worker does not keep what hosts send.
    WorkerForgets,
}

impl Luck {
    /// From now on.
    pub(crate) fn strike(self, cloud: &Cloud) {
        let refused = match self {
            Self::Good | Self::WorkerRefuses | Self::WorkerForgets => &[][..],
            Self::Refused(calls) | Self::FirstRefuses(calls) => calls,
        };
        for (number, host) in cloud.hosts.iter().enumerate() {
            let is_struck = number == 0 || !matches!(self, Self::FirstRefuses(_));
            let refuse: BTreeSet<_> = refused.iter().copied().filter(|_| is_struck).collect();
            host.hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
        }
        let worker = matches!(self, Self::WorkerRefuses);
        cloud.worker.refuses.store(worker, Ordering::Relaxed);
        let forgets = matches!(self, Self::WorkerForgets);
        cloud.worker.forgets.store(forgets, Ordering::Relaxed);
    }
}
