//! Copies of disks, and when they are made by themselves.

use crate::noun::Takes::{Id, Switch, Text};
use crate::noun::{Noun, does, first, flag, lists, must, shows};
use crate::output::column;
use crate::resolve::{
    DISK_OFFERING, SNAPSHOT as SNAPSHOT_ID, SNAPSHOT_POLICY as POLICY_ID, VM,
    VM_SNAPSHOT as VM_SNAPSHOT_ID, VOLUME,
};

pub(super) static SNAPSHOT: Noun = Noun {
    name: "snapshot",
    about: "Copies of disks as they were at a moment",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("STATE", "state"),
        column("TYPE", "snapshottype"),
        column("VOLUME", "volumename"),
        column("BYTES", "physicalsize"),
        column("CREATED", "created"),
    ],
    verbs: &[
        does(
            "create",
            "createSnapshot",
            "Copy a disk; its VM may run",
            &[
                first("volume", "volumeid", Id(&VOLUME), "The disk: name or id"),
                flag("name", "name", Text, "The name of the copy"),
            ],
            "made",
        ),
        lists(
            "list",
            "listSnapshots",
            "List copies of disks",
            &[
                flag("volume", "volumeid", Id(&VOLUME), "Only of this disk"),
                flag("type", "snapshottype", Text, "Only MANUAL, HOURLY, DAILY, WEEKLY, MONTHLY"),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        ),
        shows(
            &SNAPSHOT_ID,
            "Show a copy of a disk",
            &[first("snapshot", "id", Id(&SNAPSHOT_ID), "Name or id")],
        ),
        does(
            "restore",
            "createVolume",
            "Make a data disk that begins as a copy",
            &[
                first("snapshot", "snapshotid", Id(&SNAPSHOT_ID), "Name or id"),
                must("name", "name", Text, "The name of the disk"),
                flag("offering", "diskofferingid", Id(&DISK_OFFERING), "Its disk offering"),
                flag("size", "size", Text, "Size in GiB, if the offering leaves it open"),
            ],
            "made",
        ),
        does(
            "revert",
            "revertSnapshot",
            "Write a disk as its copy has it; what was on it is lost",
            &[first("snapshot", "id", Id(&SNAPSHOT_ID), "Name or id")],
            "reverted",
        ),
        does(
            "delete",
            "deleteSnapshot",
            "Remove a copy of a disk",
            &[first("snapshot", "id", Id(&SNAPSHOT_ID), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static VM_SNAPSHOT: Noun = Noun {
    name: "vm-snapshot",
    about: "Copies of all disks of a VM as they were at one moment",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("STATE", "state"),
        column("VM", "virtualmachinename"),
        column("CURRENT", "current"),
        column("CREATED", "created"),
    ],
    verbs: &[
        does(
            "create",
            "createVMSnapshot",
            "Copy all disks of a VM at once; it may run",
            &[
                first("vm", "virtualmachineid", Id(&VM), "Name or id"),
                flag("name", "name", Text, "The name of the VM snapshot"),
                flag("text", "description", Text, "Any text"),
            ],
            "copied",
        ),
        lists(
            "list",
            "listVMSnapshot",
            "List VM snapshots",
            &[
                flag("vm", "virtualmachineid", Id(&VM), "Only of this VM"),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        ),
        lists(
            "show",
            "listVMSnapshot",
            "Show a VM snapshot",
            &[first("snapshot", "vmsnapshotid", Id(&VM_SNAPSHOT_ID), "Name or id")],
        ),
        does(
            "revert",
            "revertToVMSnapshot",
            "Write the disks of a VM that is off as its VM snapshot has them; what was on them is lost",
            &[first("snapshot", "vmsnapshotid", Id(&VM_SNAPSHOT_ID), "Name or id")],
            "reverted",
        ),
        does(
            "delete",
            "deleteVMSnapshot",
            "Remove a VM snapshot",
            &[first("snapshot", "vmsnapshotid", Id(&VM_SNAPSHOT_ID), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static SNAPSHOT_POLICY: Noun = Noun {
    name: "snapshot-policy",
    about: "When disks are copied by themselves",
    columns: &[
        column("ID", "id"),
        column("VOLUME", "volumename"),
        column("KIND", "intervaltype"),
        column("SCHEDULE", "schedule"),
        column("ZONE", "timezone"),
        column("KEPT", "maxsnaps"),
    ],
    verbs: &[
        does(
            "create",
            "createSnapshotPolicy",
            "Have a disk copied by itself",
            &[
                first("volume", "volumeid", Id(&VOLUME), "The disk: name or id"),
                must("every", "intervaltype", Text, "HOURLY, DAILY, WEEKLY or MONTHLY"),
                must("at", "schedule", Text, "MM, MM:HH, or MM:HH:DD"),
                must("timezone", "timezone", Text, "By whose clock, as UTC or Europe/Berlin"),
                must("keep", "maxsnaps", Text, "How many copies are kept"),
            ],
            "made",
        ),
        lists(
            "list",
            "listSnapshotPolicies",
            "List when disks are copied by themselves",
            &[
                flag("volume", "volumeid", Id(&VOLUME), "Only of this disk"),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        ),
        does(
            "delete",
            "deleteSnapshotPolicies",
            "Have a disk copied by itself no more; its copies stay",
            &[first("policy", "id", Id(&POLICY_ID), "Its id")],
            "deleted",
        ),
    ],
};
