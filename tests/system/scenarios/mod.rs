//! What is walked: operations, what may go wrong in them, and what is compared at their end.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, ensure};
use hostler_agent::hypervisor::Trouble;
use hostler_client::{Patience, Request};
use hostler_model::{JobId, JobState};
use hostler_tests::books::Books;
use hostler_tests::cloud::{Cloud, PATIENCE};
use hostler_tests::process::CrashCloud;

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

use Operation as O;

/// Every scenario; those that take longest come last and are begun first.
pub(crate) static ALL: &[Scenario] = &[
    good("record", O::Record, &["job Succeeded -", "vm Stopped", "domains 0"]),
    good("network restart", O::RestartNetwork, &["job Succeeded -", "NICs served 1"]),
    good(
        "network restart of a VM",
        O::ServeNics,
        &["job Succeeded -", "vm Running", "NICs served 1"],
    ),
    good("maintain", O::Maintain, &["job Succeeded -", "host Maintenance"]),
    good("resume", O::Resume, &["job Succeeded -", "host Enabled"]),
    good("reconnect", O::Reconnect, &["job Succeeded -", "host Enabled"]),
    good("disable account", O::DisableAccount, &["job Succeeded -", "domains 0"]),
    good("delete account", O::DeleteAccount, &["job Succeeded -", "domains 0"]),
    good("delete domain", O::DeleteDomain, &["job Succeeded -", "domains 0"]),
    good("reboot", O::Reboot, &["job Succeeded -", "vm Running", "call reboot"]),
    good("scale", O::Scale, &["job Succeeded -", "vm Stopped", "domains 0"]),
    good("register", O::Register, &["job Succeeded -", "template Ready"]),
    bad(
        "reboot refused",
        O::Reboot,
        Luck::Refused(&["reboot", "reset"]),
        "reboot",
        &["vm Running"],
    ),
    bad("register refused", O::Register, Luck::WorkerRefuses, "download", &["template Failed"]),
    bad("stop refused", O::Stop, ENDING, "stop", &["job Failed 530", "vm Running", "domains 1"]),
    bad("destroy refused", O::Destroy, ENDING, "stop", &["job Failed 530", "vm Running"]),
    bad("expunge refused", O::Expunge, ENDING, "stop", &["job Failed 530", "vm Running"]),
    bad("delete refused", O::Delete, Luck::WorkerRefuses, "delete", &["job Failed 530"]),
    good("template made", O::Template, &["job Succeeded -", "made Ready 1"]),
    good("template of snapshot", O::TemplateOfSnapshot, &["job Succeeded -", "made Ready 1"]),
    bad(
        "template not taken",
        O::Template,
        Luck::WorkerForgets,
        "keep",
        &["job Failed 530", "made Failed 0"],
    ),
    good("template extracted", O::Extract, &["job Succeeded -", "template Ready"]),
    bad("extract refused", O::Extract, Luck::WorkerRefuses, "share", &["job Failed 530"]),
    good("volume extracted", O::ExtractVolume, &["job Succeeded -", "staged Given 1 1"]),
    bad("volume not taken", O::ExtractVolume, Luck::WorkerForgets, "keep", &["job Failed 530"]),
    good("upload", O::Upload, &["job Succeeded -", "data Allocated 0 0 0 0", "staged Fetched 1 0"]),
    bad("upload refused", O::Upload, Luck::WorkerRefuses, "download", &["job Failed 530"]),
    good("attach uploaded", O::AttachUploaded, &["job Succeeded -", "data Ready 1 1 0 0"]),
    good("file unstaged", O::Unstage, &["job Succeeded -", "files 1"]),
    good("delete", O::Delete, &["job Succeeded -"]),
    good("deploy", O::Deploy, &["job Succeeded -", "vm Running", "domains 1", "volume Ready"]),
    good("start", O::Start, &["job Succeeded -", "vm Running", "domains 1"]),
    good("stop", O::Stop, &["job Succeeded -", "vm Stopped", "domains 0", "NICs served 0"]),
    good("adopt", O::Adopt, &["job Succeeded -", "vm Running", "domains 1", "call adopt"]),
    bad(
        "adopt refused",
        O::Adopt,
        Luck::Refused(&["adopt"]),
        "take",
        &["job Failed 530", "vm Expunged", "volume Expunged", "domains 1", "claims 0"],
    ),
    good("release", O::Release, &["job Succeeded -", "vm Expunged", "domains 1", "call release"]),
    good("destroy", O::Destroy, &["job Succeeded -", "vm Destroyed", "domains 0"]),
    bad(
        "deploy refused",
        O::Deploy,
        NO_START,
        "start",
        &["job Failed 533", "vm Error", "domains 0"],
    ),
    bad(
        "deploy elsewhere",
        O::Deploy,
        Luck::FirstRefuses(&["start"]),
        "start",
        &["job Succeeded -", "vm Running", "domains 1"],
    ),
    bad(
        "start refused",
        O::Start,
        NO_START,
        "start",
        &["job Failed 530", "vm Stopped", "volume Ready"],
    ),
    good("restore", O::Restore, &["job Succeeded -", "vm Stopped", "volume Allocated"]),
    good("restore running", O::RestoreRunning, &["job Succeeded -", "vm Running", "domains 1"]),
    bad(
        "restore refused",
        O::RestoreRunning,
        NO_START,
        "start",
        &["job Failed 533", "vm Stopped", "volume Ready"],
    ),
    good("expunge", O::Expunge, &["job Succeeded -", "domains 0", "data Ready 0 0 1 1"]),
    good("attach off", O::AttachOff, &["job Succeeded -", "data Allocated 1 1 1 1"]),
    good("attach", O::Attach, &["job Succeeded -", "data Ready 1 1 1 1", "call attach_disk"]),
    good("detach", O::Detach, &["job Succeeded -", "data Ready 0 0 1 1", "call detach_disk"]),
    good("resize", O::Resize, &["job Succeeded -", "data Ready 1 1 3 1", "call resize_disk"]),
    good("volume deleted", O::DeleteVolume, &["job Succeeded -"]),
    good("attach ISO off", O::AttachIsoOff, &["job Succeeded -", "iso 1"]),
    good("attach ISO", O::AttachIso, &["job Succeeded -", "iso 1", "call change_drive"]),
    good("detach ISO", O::DetachIso, &["job Succeeded -", "iso 0", "call change_drive"]),
    good("NIC off", O::AddNicOff, &["job Succeeded -", "NICs 2", "NICs served 0"]),
    good("NIC", O::AddNic, &["job Succeeded -", "NICs 2", "NICs served 2", "call attach_nic"]),
    good(
        "NIC gone",
        O::RemoveNic,
        &["job Succeeded -", "NICs 1", "NICs served 1", "call detach_nic"],
    ),
    bad(
        "NIC refused",
        O::AddNic,
        Luck::Refused(&["attach_nic"]),
        "plug",
        &["job Failed 530", "NICs 1", "NICs served 1"],
    ),
    bad(
        "NIC kept",
        O::RemoveNic,
        Luck::Refused(&["detach_nic"]),
        "unplug",
        &["job Failed 530", "NICs 2", "NICs served 2"],
    ),
    good("snapshot off", O::SnapshotOff, &["job Succeeded -", "snapshot BackedUp 1 1"]),
    good("snapshot", O::Snapshot, &["job Succeeded -", "snapshot BackedUp 1 1", "call copy_disks"]),
    good("snapshot deleted", O::DeleteSnapshot, &["job Succeeded -"]),
    good("revert", O::Revert, &["job Succeeded -", "snapshot BackedUp 1 1"]),
    good("VM snapshot off", O::VmSnapshotOff, &["job Succeeded -", "whole Ready", IS_COPIED]),
    good("VM snapshot", O::VmSnapshot, &["whole Ready", IS_COPIED, "call copy_disks"]),
    good("VM snapshot deleted", O::DeleteVmSnapshot, &["job Succeeded -"]),
    good("VM reverted", O::RevertToVmSnapshot, &["job Succeeded -", "whole Ready", IS_COPIED]),
    bad(
        "VM snapshot refused",
        O::VmSnapshot,
        Luck::Refused(&["copy_disks"]),
        "copy",
        &["job Failed 530", "whole Error", "snapshot Error 1 0"],
    ),
    good("volume from snapshot", O::FromSnapshot, &["job Succeeded -", "data Ready 0 0 0 0"]),
    bad(
        "snapshot refused",
        O::Snapshot,
        Luck::Refused(&["copy_disks"]),
        "copy",
        &["job Failed 530", "snapshot Error 1 0"],
    ),
    bad("attach ISO refused", O::AttachIso, NO_CHANGE, "insert", &["job Failed 530", "iso 0"]),
    bad("detach ISO refused", O::DetachIso, NO_CHANGE, "insert", &["job Failed 530", "iso 1"]),
    bad(
        "attach refused",
        O::Attach,
        Luck::Refused(&["attach_disk"]),
        "plug",
        &["job Failed 530", "data Allocated 0 0 1 1"],
    ),
    bad(
        "detach refused",
        O::Detach,
        Luck::Refused(&["detach_disk"]),
        "unplug",
        &["job Failed 530", "data Ready 1 1 1 1"],
    ),
    bad(
        "resize refused",
        O::Resize,
        Luck::Refused(&["resize_disk"]),
        "grow",
        &["job Failed 530", "data Ready 1 1 1 1"],
    ),
];

/// The kind of guest of that name, the same in every cloud.
const LINUX: &str = "4be007aa-6ec5-5de2-83f2-499fa51a08f9";
const IS_COPIED: &str = "snapshot BackedUp 1 1";
const ENDING: Luck = Luck::Refused(&["shut_down", "destroy"]);
const NO_CHANGE: Luck = Luck::Refused(&["change_drive"]);
const NO_START: Luck = Luck::Refused(&["start"]);

const fn good(
    name: &'static str,
    operation: Operation,
    expected: &'static [&'static str],
) -> Scenario {
    Scenario { name, operation, luck: Luck::Good, fails_at: None, expected }
}

const fn bad(
    name: &'static str,
    operation: Operation,
    luck: Luck,
    fails_at: &'static str,
    expected: &'static [&'static str],
) -> Scenario {
    Scenario { name, operation, luck, fails_at: Some(fails_at), expected }
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

impl Operation {
    /// The workflow.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Deploy => "vm.deploy",
            Self::Record => "vm.record",
            Self::Start => "vm.start",
            Self::Stop => "vm.stop",
            Self::Reboot => "vm.reboot",
            Self::Destroy => "vm.destroy",
            Self::Expunge => "vm.expunge",
            Self::Adopt => "vm.adopt",
            Self::Release => "vm.release",
            Self::Scale => "vm.scale",
            Self::Restore => "vm.restore",
            Self::RestoreRunning => "vm.restore_running",
            Self::Register => "template.register",
            Self::Delete => "template.delete",
            Self::Attach | Self::AttachOff | Self::AttachUploaded => "volume.attach",
            Self::Detach => "volume.detach",
            Self::Resize => "volume.resize",
            Self::DeleteVolume => "volume.delete",
            Self::AttachIso | Self::AttachIsoOff => "vm.attach_iso",
            Self::DetachIso => "vm.detach_iso",
            Self::AddNic | Self::AddNicOff => "vm.add_nic",
            Self::RemoveNic => "vm.remove_nic",
            Self::Snapshot | Self::SnapshotOff => "snapshot.create",
            Self::DeleteSnapshot => "snapshot.delete",
            Self::Revert => "snapshot.revert",
            Self::FromSnapshot => "volume.from_snapshot",
            Self::Template | Self::TemplateOfSnapshot => "template.create",
            Self::Extract => "template.extract",
            Self::ExtractVolume => "volume.extract",
            Self::Upload => "volume.upload",
            Self::Unstage => "volume.unstage",
            Self::VmSnapshot | Self::VmSnapshotOff => "vm_snapshot.create",
            Self::DeleteVmSnapshot => "vm_snapshot.delete",
            Self::RevertToVmSnapshot => "vm_snapshot.revert",
            Self::RestartNetwork => "network.restart",
            Self::ServeNics => "vm.serve_nics",
            Self::Maintain => "host.maintain",
            Self::Resume => "host.resume",
            Self::Reconnect => "host.reconnect",
            Self::DisableAccount => "account.disable",
            Self::DeleteAccount => "account.delete",
            Self::DeleteDomain => "domain.delete",
        }
    }

    /// The workflow whose job asks for it, where that is no request.
    pub(crate) const fn asked_by(self) -> Option<&'static str> {
        match self {
            Self::ServeNics => Some("network.restart"),
            Self::Unstage => Some("volume.upload"),
            _ => None,
        }
    }

    /// Whether jobs of the same workflow run before it is asked for.
    pub(crate) const fn prepares_with_its_like(self) -> bool {
        matches!(self, Self::Unstage)
    }

    /// Makes what it works on; its id.
    pub(crate) async fn prepare(
        self,
        crash: &CrashCloud,
        name: &str,
    ) -> anyhow::Result<Option<String>> {
        offer(crash).await?;
        match self {
            Self::Deploy | Self::Record | Self::Register | Self::Upload => Ok(None),
            Self::AttachUploaded => {
                let (vm, volume) = (deploy(crash, name, None).await?, uploaded(crash, name).await?);
                Ok(Some(format!("{vm} {volume}")))
            }
            Self::Unstage => {
                let volume = uploaded(crash, name).await?;
                crash.call(&Request::new("deleteVolume").with("id", volume)).await?;
                idle(crash).await?; // only when it is gone, its file is not needed
                Ok(None)
            }
            Self::VmSnapshot
            | Self::VmSnapshotOff
            | Self::DeleteVmSnapshot
            | Self::RevertToVmSnapshot => self.vm_with_data(crash, name).await.map(Some),
            Self::Extract => Ok(Some(crash.cloud.catalogue.template.to_string())),
            Self::RestoreRunning => {
                // it begins on the host that is preferred
                crash.all_up().await?;
                Ok(Some(deploy(crash, name, None).await?))
            }
            Self::Attach | Self::AttachOff => {
                let vm = deploy(crash, name, None).await?;
                if matches!(self, Self::AttachOff) {
                    job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                }
                Ok(Some(format!("{vm} {}", volume(crash, name).await?)))
            }
            Self::Detach | Self::Resize | Self::DeleteVolume => {
                let (vm, volume) = (deploy(crash, name, None).await?, volume(crash, name).await?);
                let both = format!("{vm} {volume}");
                job(crash, &Self::Attach.request(crash, name, Some(&both))).await?;
                if matches!(self, Self::DeleteVolume) {
                    job(crash, &Self::Detach.request(crash, name, Some(&both))).await?;
                }
                Ok(Some(both))
            }
            Self::AttachIso | Self::AttachIsoOff | Self::DetachIso => {
                let (vm, iso) = (deploy(crash, name, None).await?, iso(crash, name).await?);
                if matches!(self, Self::AttachIsoOff) {
                    job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                }
                let both = format!("{vm} {iso}");
                if matches!(self, Self::DetachIso) {
                    job(crash, &Self::AttachIso.request(crash, name, Some(&both))).await?;
                }
                Ok(Some(both))
            }
            Self::AddNic | Self::AddNicOff | Self::RemoveNic => {
                self.vm_and_wires(crash, name).await.map(Some)
            }
            Self::Snapshot | Self::SnapshotOff | Self::Template | Self::ExtractVolume => {
                let vm = deploy(crash, name, None).await?;
                if !matches!(self, Self::Snapshot) {
                    job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                }
                root_of(crash, &vm).map(Some)
            }
            Self::DeleteSnapshot | Self::Revert | Self::FromSnapshot | Self::TemplateOfSnapshot => {
                let vm = deploy(crash, name, None).await?;
                let request = Self::Snapshot.request(crash, name, Some(&root_of(crash, &vm)?));
                let handle = crash.client()?.start_job(&request).await?;
                succeeded(crash, &handle.job).await?;
                job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                handle.id.context("the id of the snapshot").map(Some)
            }
            Self::Expunge => {
                let deployed = with_data(crash, new_vm(crash, name, None));
                let handle = crash.client()?.start_job(&deployed).await?;
                succeeded(crash, &handle.job).await?;
                handle.id.context("the id of the VM").map(Some)
            }
            Self::Adopt => alien(crash, name).await.map(Some),
            Self::Release => adopted(crash, name).await.map(Some),
            Self::RestartNetwork | Self::ServeNics => {
                deploy(crash, name, None).await?;
                Ok(Some(crash.cloud.catalogue.network.to_string()))
            }
            Self::Stop | Self::Reboot | Self::Destroy => Ok(Some(deploy(crash, name, None).await?)),
            Self::Maintain | Self::Reconnect => Ok(Some(host(crash)?)),
            Self::Resume => {
                let host = host(crash)?;
                job(crash, &Self::Maintain.request(crash, name, Some(&host))).await?;
                Ok(Some(host))
            }
            Self::DisableAccount | Self::DeleteAccount => {
                Ok(Some(account_with_vm(crash, name).await?.1))
            }
            Self::DeleteDomain => Ok(Some(account_with_vm(crash, name).await?.0)),
            Self::Start | Self::Scale | Self::Restore => {
                let vm = deploy(crash, name, None).await?;
                job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                Ok(Some(vm))
            }
            Self::Delete => unused_template(crash, name).await.map(Some),
        }
    }

    /// A VM, and a network that it is to be on, or its NIC there.
    async fn vm_and_wires(self, crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
        let (vm, network) = (deploy(crash, name, None).await?, wires(crash).await?);
        let both = format!("{vm} {network}");
        match self {
            Self::AddNicOff => {
                job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
                Ok(both)
            }
            Self::RemoveNic => {
                job(crash, &Self::AddNic.request(crash, name, Some(&both))).await?;
                let sql = format!("SELECT id FROM nic WHERE vm = '{vm}' AND network = '{network}'");
                let nic = Books::open(&crash.database())?.value(&sql)?.context("the NIC")?;
                Ok(format!("{vm} {nic}"))
            }
            _ => Ok(both),
        }
    }

    /// A VM with a data volume, running or not, or a snapshot of such a one.
    async fn vm_with_data(self, crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
        let deployed = with_data(crash, new_vm(crash, name, None));
        let handle = crash.client()?.start_job(&deployed).await?;
        succeeded(crash, &handle.job).await?;
        let vm = handle.id.context("the id of the VM")?;
        if matches!(self, Self::VmSnapshot) {
            return Ok(vm);
        }
        job(crash, &Request::new("stopVirtualMachine").with("id", &vm)).await?;
        if matches!(self, Self::VmSnapshotOff) {
            return Ok(vm);
        }
        let request = Self::VmSnapshot.request(crash, name, Some(&vm));
        let handle = crash.client()?.start_job(&request).await?;
        succeeded(crash, &handle.job).await?;
        handle.id.context("the id of the VM snapshot")
    }

    /// How it is asked for.
    pub(crate) fn request(self, crash: &CrashCloud, name: &str, subject: Option<&str>) -> Request {
        let id = subject.unwrap_or_default();
        let (vm, volume) = id.split_once(' ').unwrap_or_default();
        match self {
            Self::Attach | Self::AttachOff | Self::AttachUploaded => {
                Request::new("attachVolume").with("id", volume).with("virtualmachineid", vm)
            }
            Self::Detach => Request::new("detachVolume").with("id", volume),
            Self::AttachIso | Self::AttachIsoOff => {
                Request::new("attachIso").with("id", volume).with("virtualmachineid", vm)
            }
            Self::DetachIso => Request::new("detachIso").with("virtualmachineid", vm),
            Self::AddNic | Self::AddNicOff => Request::new("addNicToVirtualMachine")
                .with("virtualmachineid", vm)
                .with("networkid", volume),
            Self::RemoveNic => Request::new("removeNicFromVirtualMachine")
                .with("virtualmachineid", vm)
                .with("nicid", volume),
            Self::Snapshot | Self::SnapshotOff => {
                Request::new("createSnapshot").with("volumeid", id)
            }
            Self::DeleteSnapshot => Request::new("deleteSnapshot").with("id", id),
            Self::Revert => Request::new("revertSnapshot").with("id", id),
            Self::FromSnapshot => {
                Request::new("createVolume").with("name", name).with("snapshotid", id)
            }
            Self::Template => new_template(name).with("volumeid", id),
            Self::TemplateOfSnapshot => new_template(name).with("snapshotid", id),
            Self::Resize => Request::new("resizeVolume").with("id", volume).with("size", "3"),
            Self::DeleteVolume => {
                Request::new("destroyVolume").with("id", volume).with("expunge", "true")
            }
            Self::Deploy => with_data(crash, new_vm(crash, name, None)),
            Self::Record => new_vm(crash, name, None).with("startvm", "false"),
            Self::Start => Request::new("startVirtualMachine").with("id", id),
            Self::Stop => Request::new("stopVirtualMachine").with("id", id),
            Self::Reboot => Request::new("rebootVirtualMachine").with("id", id),
            Self::Destroy => Request::new("destroyVirtualMachine").with("id", id),
            Self::Adopt => {
                let offering = crash.cloud.catalogue.offering.to_string();
                let request = Request::new("adoptVirtualMachine").with("hostid", vm);
                request.with("alien", volume).with("serviceofferingid", offering)
            }
            Self::Release => Request::new("releaseVirtualMachine").with("id", id),
            Self::Expunge => {
                Request::new("destroyVirtualMachine").with("id", id).with("expunge", "true")
            }
            Self::Scale => Request::new("scaleVirtualMachine")
                .with("id", id)
                .with("serviceofferingid", crash.cloud.catalogue.offering.to_string()),
            Self::Restore | Self::RestoreRunning => {
                Request::new("restoreVirtualMachine").with("virtualmachineid", id)
            }
            Self::Register => Request::new("registerTemplate")
                .with("name", name)
                .with("url", "http://images.invalid/tiny.qcow2")
                .with("format", "QCOW2")
                .with("hypervisor", "KVM"),
            Self::Delete => Request::new("deleteTemplate").with("id", id),
            Self::Extract => {
                Request::new("extractTemplate").with("id", id).with("mode", "HTTP_DOWNLOAD")
            }
            Self::ExtractVolume => Request::new("extractVolume")
                .with("id", id)
                .with("zoneid", crash.cloud.catalogue.zone.to_string())
                .with("mode", "HTTP_DOWNLOAD"),
            Self::Upload | Self::Unstage => Request::new("uploadVolume")
                .with("name", name)
                .with("url", "http://images.invalid/disk.raw")
                .with("format", "RAW")
                .with("zoneid", crash.cloud.catalogue.zone.to_string()),
            Self::VmSnapshot | Self::VmSnapshotOff => {
                Request::new("createVMSnapshot").with("virtualmachineid", id)
            }
            Self::DeleteVmSnapshot => Request::new("deleteVMSnapshot").with("vmsnapshotid", id),
            Self::RevertToVmSnapshot => Request::new("revertToVMSnapshot").with("vmsnapshotid", id),
            Self::RestartNetwork | Self::ServeNics => Request::new("restartNetwork").with("id", id),
            Self::Maintain => Request::new("prepareHostForMaintenance").with("id", id),
            Self::Resume => Request::new("cancelHostMaintenance").with("id", id),
            Self::Reconnect => Request::new("reconnectHost").with("id", id),
            Self::DisableAccount => {
                Request::new("disableAccount").with("id", id).with("lock", "false")
            }
            Self::DeleteAccount => Request::new("deleteAccount").with("id", id),
            Self::DeleteDomain => {
                Request::new("deleteDomain").with("id", id).with("cleanup", "true")
            }
        }
    }
}

fn new_template(name: &str) -> Request {
    Request::new("createTemplate").with("name", name).with("ostypeid", LINUX)
}

/// A domain with an account that has a VM: the ids of domain and account.
async fn account_with_vm(crash: &CrashCloud, name: &str) -> anyhow::Result<(String, String)> {
    crash.call(&Request::new("createDomain").with("name", name)).await?;
    let sql = format!("SELECT id FROM domain WHERE path = 'ROOT/{name}'");
    let domain = Books::open(&crash.database())?.value(&sql)?.context("the domain")?;
    let account = Request::new("createAccount")
        .with("username", name)
        .with("password", "secret")
        .with("firstname", "A")
        .with("lastname", "B")
        .with("email", "a@b.invalid")
        .with("accounttype", "0")
        .with("domainid", &domain);
    crash.call(&account).await?;
    let sql = format!("SELECT id FROM account WHERE domain = '{domain}'");
    let account = Books::open(&crash.database())?.value(&sql)?.context("the account")?;
    let vm = new_vm(crash, name, None).with("account", name).with("domainid", &domain);
    let handle = crash.client()?.start_job(&vm).await?;
    succeeded(crash, &handle.job).await?;
    Ok((domain, account))
}

/// A libvirt domain that somebody else made, on the first host and known to the manager: ids of host and domain.
async fn alien(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let host = &crash.cloud.hosts[0];
    let uuid = uuid::Uuid::new_v4();
    let (view, xml) = hostler_tests::simulated::alien(uuid, name);
    let sql = format!("SELECT host || ' ' || uuid FROM alien WHERE uuid = '{uuid}'");
    let told = async {
        loop {
            if let Some(both) = Books::open(&crash.database())?.value(&sql)? {
                return anyhow::Ok(both);
            }
            // what a host sees while it is not connected is told with its next ping, unless it sees it again
            host.hypervisor.insert_with(view.clone(), &xml);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.context("the alien is never told of")?
}

/// A host that runs VMs.
fn host(crash: &CrashCloud) -> anyhow::Result<String> {
    let sql = "SELECT id FROM host WHERE kind = 'Routing' ORDER BY name LIMIT 1";
    Books::open(&crash.database())?.value(sql)?.context("a host")
}

fn new_vm(crash: &CrashCloud, name: &str, template: Option<&str>) -> Request {
    let catalogue = crash.cloud.catalogue;
    let template = template.map_or_else(|| catalogue.template.to_string(), str::to_owned);
    Request::new("deployVirtualMachine")
        .with("zoneid", catalogue.zone.to_string())
        .with("serviceofferingid", catalogue.offering.to_string())
        .with("templateid", template)
        .with("name", name)
}

/// Sells data volumes of any size, once in the life of a cloud.
async fn offer(crash: &CrashCloud) -> anyhow::Result<()> {
    if offering(crash).is_none() {
        let request = Request::new("createDiskOffering").with("name", "any");
        crash.client()?.call(&request.with("customized", "true")).await?;
    }
    Ok(())
}

fn offering(crash: &CrashCloud) -> Option<String> {
    Books::open(&crash.database()).ok()?.value("SELECT id FROM disk_offering").ok()?
}

/// The same VM with a data volume, where any are for sale.
fn with_data(crash: &CrashCloud, vm: Request) -> Request {
    match offering(crash) {
        Some(offering) => vm.with("diskofferingid", offering).with("size", "1"),
        None => vm,
    }
}

async fn volume(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let zone = crash.cloud.catalogue.zone.to_string();
    let request = Request::new("createVolume").with("name", name).with("zoneid", zone);
    let handle = crash.client()?.start_job(&with_data(crash, request)).await?;
    handle.id.context("the id of the volume")
}

/// A data volume that began as a file.
async fn uploaded(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    job(crash, &O::Upload.request(crash, name, None)).await?;
    idle(crash).await?;
    let sql = format!("SELECT id FROM volume WHERE name = '{name}' AND removed IS NULL");
    Books::open(&crash.database())?.value(&sql)?.context("the volume")
}

/// A second network, once in the life of a cloud.
async fn wires(crash: &CrashCloud) -> anyhow::Result<String> {
    let sql = "SELECT id FROM network WHERE name = 'second'";
    if let Some(there) = Books::open(&crash.database())?.value(sql)? {
        return Ok(there);
    }
    let offering = Books::open(&crash.database())?.value("SELECT offering FROM network")?;
    let request = Request::new("createNetwork")
        .with("name", "second")
        .with("zoneid", crash.cloud.catalogue.zone.to_string())
        .with("networkofferingid", offering.context("the offering of the network")?)
        .with("gateway", "10.2.0.1")
        .with("netmask", "255.255.255.0")
        .with("startip", "10.2.0.10")
        .with("endip", "10.2.0.99")
        .with("bridge", "br2");
    crash.call(&request).await?;
    Books::open(&crash.database())?.value(sql)?.context("the network")
}

/// The root volume of a VM.
fn root_of(crash: &CrashCloud, vm: &str) -> anyhow::Result<String> {
    let sql = format!("SELECT id FROM volume WHERE vm = '{vm}' AND kind = 'ROOT'");
    Books::open(&crash.database())?.value(&sql)?.context("the root volume")
}

/// An ISO that is Ready.
async fn iso(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let request = Request::new("registerIso")
        .with("name", name)
        .with("url", "http://images.invalid/cd.iso")
        .with("zoneid", crash.cloud.catalogue.zone.to_string());
    crash.call(&request).await?;
    let sql = format!("SELECT id FROM template WHERE name = '{name}' AND format = 'ISO'");
    let iso = Books::open(&crash.database())?.value(&sql)?.context("the ISO")?;
    crash.cloud.ended_of(&iso).await?;
    Ok(iso)
}

async fn deploy(crash: &CrashCloud, name: &str, template: Option<&str>) -> anyhow::Result<String> {
    let handle = crash.client()?.start_job(&new_vm(crash, name, template)).await?;
    succeeded(crash, &handle.job).await?;
    handle.id.context("the id of the VM")
}

async fn expunge(crash: &CrashCloud, vm: &str) -> anyhow::Result<()> {
    job(crash, &O::Expunge.request(crash, "", Some(vm))).await
}

async fn job(crash: &CrashCloud, request: &Request) -> anyhow::Result<()> {
    let handle = crash.client()?.start_job(request).await?;
    succeeded(crash, &handle.job).await
}

async fn succeeded(crash: &CrashCloud, job: &str) -> anyhow::Result<()> {
    let (state, why) = crash.cloud.ended(job.parse()?).await?;
    ensure!(state == JobState::Succeeded, "a job of the preparation is {state}: {why}");
    // as clients hear of it
    let patience = Patience::AtMost(PATIENCE);
    crash.client()?.wait_job(job, patience, &mut |_| ()).await?;
    Ok(())
}

/// Waits until no job is at work: files of image workers are removed by jobs that nobody waits for.
pub(crate) async fn idle(crash: &CrashCloud) -> anyhow::Result<()> {
    let sql = "SELECT id FROM job WHERE finished IS NULL AND state <> 'NeedsHelp' LIMIT 1";
    while let Some(job) = Books::open(&crash.database())?.value(sql)? {
        crash.cloud.ended(job.parse()?).await?;
    }
    Ok(())
}

/// How often each host was told something so far.
pub(crate) fn said(cloud: &Cloud) -> Vec<usize> {
    cloud.hosts.iter().map(|host| host.hypervisor.calls().len()).collect()
}

/// How everything is after an operation: what must be the same with and without a kill.
pub(crate) fn end(crash: &CrashCloud, job: JobId, said: &[usize]) -> anyhow::Result<Vec<String>> {
    let books = Books::open(&crash.database())?;
    let mut lines = Vec::new();
    let of_job = format!("(SELECT subject FROM job WHERE id = '{job}')");
    for (what, sql) in [
        ("job", format!("SELECT state, error_code FROM job WHERE id = '{job}'")),
        ("step", format!("SELECT name, state FROM step WHERE job = '{job}' ORDER BY position")),
        ("vm", format!("SELECT state FROM vm WHERE id = {of_job}")),
        ("iso", format!("SELECT iso IS NOT NULL FROM vm WHERE id = {of_job}")),
        ("why", format!("SELECT error IS NOT NULL FROM vm WHERE id = {of_job}")),
        ("volume", format!("SELECT state FROM volume WHERE vm = {of_job}")),
        (
            "data",
            "SELECT state, vm IS NOT NULL, device, size >> 30, disk_offering IS NOT NULL FROM volume
             WHERE kind = 'DATADISK' AND removed IS NULL"
                .to_owned(),
        ),
        (
            "snapshot",
            "SELECT state, pool IS NOT NULL, physical_size IS NOT NULL FROM snapshot WHERE removed IS NULL"
                .to_owned(),
        ),
        ("whole", "SELECT state FROM vm_snapshot WHERE removed IS NULL".to_owned()),
        (
            "staged",
            format!(
                "SELECT purpose, sha256 IS NOT NULL, until IS NOT NULL FROM staged_file
                 WHERE volume = (SELECT json_extract(input, '$.volume') FROM job WHERE id = '{job}')"
            ),
        ),
        (
            "files",
            format!("SELECT count(*) FROM staged_file WHERE id <> {of_job} AND purpose = 'Fetched'"),
        ),
        (
            "event",
            format!(
                "SELECT kind, level, state FROM event WHERE job = '{job}' AND subject <> {of_job} ORDER BY number"
            ),
        ),
        ("NICs", format!("SELECT count(*) FROM nic WHERE vm = {of_job} AND removed IS NULL")),
        ("addresses", "SELECT count(*) FROM address WHERE nic IS NOT NULL".to_owned()),
        ("claims", "SELECT count(*) FROM claim".to_owned()),
        ("runs", format!("SELECT state FROM vm_run WHERE vm = {of_job}")),
        ("placed", format!("SELECT host IS NOT NULL FROM placement WHERE vm = {of_job}")),
        ("template", format!("SELECT state FROM template WHERE id = {of_job}")),
        (
            "made",
            "SELECT state, size IS NOT NULL FROM template WHERE url = '' AND removed IS NULL".to_owned(),
        ),
        ("host", format!("SELECT admin_state FROM host WHERE id = {of_job}")),
        (
            "event",
            format!(
                "SELECT kind, level, state FROM event WHERE subject = {of_job}
                 AND at >= (SELECT created FROM job WHERE id = '{job}')
                 AND cause NOT LIKE 'connection %' ORDER BY number"
            ),
        ),
    ] {
        lines.extend(books.rows(&sql)?.into_iter().map(|row| format!("{what} {row}")));
    }
    lines.push(format!("domains {}", crash.cloud.domains().len()));
    let nics: usize = crash.cloud.hosts.iter().map(|host| host.network.nics().len()).sum();
    lines.push(format!("NICs served {nics}"));
    for (host, before) in crash.cloud.hosts.iter().zip(said) {
        let calls = host.hypervisor.calls();
        let verbs = calls[*before..].iter().filter_map(|call| call.split(' ').next());
        lines.extend(verbs.map(|verb| format!("call {verb}")));
    }
    let faults = books.audit(&crash.cloud)?;
    ensure!(faults.is_empty(), "the books are wrong: {faults:#?}\n{lines:#?}");
    Ok(lines)
}

/// Removes every VM and every template but the cloud's own, and makes sure that nothing is left of them.
pub(crate) async fn clean_up(crash: &CrashCloud) -> anyhow::Result<()> {
    let books = Books::open(&crash.database())?;
    for vm in books.rows("SELECT id FROM vm WHERE removed IS NULL")? {
        expunge(crash, &vm).await?;
    }
    for host in &crash.cloud.hosts {
        let aliens = host.hypervisor.domains().into_iter().filter(|domain| domain.mark.is_none());
        aliens.for_each(|domain| host.hypervisor.vanish(domain.uuid));
    }
    let copies = "SELECT id FROM snapshot WHERE removed IS NULL AND vm_snapshot IS NULL";
    for snapshot in books.rows(copies)? {
        job(crash, &O::DeleteSnapshot.request(crash, "", Some(&snapshot))).await?;
    }
    for volume in books.rows("SELECT id FROM volume WHERE removed IS NULL")? {
        job(crash, &O::DeleteVolume.request(crash, "", Some(&format!("- {volume}")))).await?;
    }
    for host in books.rows("SELECT id FROM host WHERE admin_state <> 'Enabled'")? {
        job(crash, &O::Resume.request(crash, "", Some(&host))).await?;
    }
    let own = crash.cloud.catalogue.template;
    let others = format!("SELECT id FROM template WHERE removed IS NULL AND id <> '{own}'");
    for iso in books.rows(&format!("{others} AND format = 'ISO'"))? {
        job(crash, &Request::new("deleteIso").with("id", iso)).await?;
    }
    for template in books.rows(&others)? {
        job(crash, &O::Delete.request(crash, "", Some(&template))).await?;
    }
    idle(crash).await?;
    // files whose removal was refused are removed by a timer; the next scenario does not wait for that
    rusqlite::Connection::open(crash.database())?.execute("DELETE FROM staged_file", [])?;
    let mut faults = books.audit(&crash.cloud)?;
    faults.extend(crash.cloud.audit().await?);
    ensure!(faults.is_empty(), "the books are wrong: {faults:#?}");
    for (what, sql) in [
        ("VMs", "SELECT id FROM vm WHERE removed IS NULL"),
        ("volumes", "SELECT id FROM volume WHERE removed IS NULL"),
        ("NICs", "SELECT id FROM nic WHERE removed IS NULL"),
        ("addresses", "SELECT ip FROM address WHERE nic IS NOT NULL"),
        ("claims", "SELECT run FROM claim"),
    ] {
        let left = books.rows(sql)?;
        ensure!(left.is_empty(), "{what} are left over: {left:?}");
    }
    for host in &crash.cloud.hosts {
        ensure!(host.storage.seeds().is_empty(), "a seed is left over on {}", host.guid);
    }
    ensure!(crash.cloud.domains().is_empty(), "libvirt domains are left over");
    Ok(())
}

/// A template that a host has a copy of, and no VM uses.
async fn unused_template(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    crash.call(&Operation::Register.request(crash, name, None)).await?;
    let sql = format!(
        "SELECT job.id FROM job JOIN template ON template.id = job.subject WHERE name = '{name}'"
    );
    let fetched = Books::open(&crash.database())?.value(&sql)?.context("its job")?;
    crash.cloud.ended(fetched.parse()?).await?;
    let sql = format!("SELECT id FROM template WHERE name = '{name}'");
    let template = Books::open(&crash.database())?.value(&sql)?.context("it")?;
    // a host has a copy of it from now on
    let vm = deploy(crash, name, Some(&template)).await?;
    expunge(crash, &vm).await?;
    Ok(template)
}

/// A VM that was an alien.
async fn adopted(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let alien = alien(crash, name).await?;
    let request = Operation::Adopt.request(crash, name, Some(&alien));
    let handle = crash.client()?.start_job(&request).await?;
    succeeded(crash, &handle.job).await?;
    handle.id.context("the id of the VM")
}
