//! Every scenario: the workflow, the luck that it has, and what must come of it.

use super::Operation as O;
use super::{Luck, Operation, Scenario};

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
