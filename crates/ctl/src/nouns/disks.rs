//! Data disks and what is put into drives.

use crate::noun::Takes::{Id, OneOf, OnlyId, Switch, Text, TextOr, Words};
use crate::noun::{Noun, does, first, flag, lists, must, shows};
use crate::output::{Column, Unit, column};
use crate::resolve::{
    DISK_OFFERING as OFFERING_ID, ISO as ISO_ID, OS_TYPE, VM, VOLUME as VOLUME_ID, ZONE,
};

/// What hosts may do with what guests write.
const CACHES: &[(&str, &str)] = &[
    ("none", "none"),
    ("writeback", "writeback"),
    ("writethrough", "writethrough"),
    ("hypervisor-default", "hypervisor_default"),
];

pub(super) static DISK_OFFERING: Noun = Noun {
    name: "disk-offering",
    about: "Sizes of data disks",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TEXT", "displaytext"),
        column("GIB", "disksize"),
        column("CUSTOM", "iscustomized"),
        column("TAGS", "tags"),
        column("READ BYTES/S", "diskBytesReadRate"),
        column("WRITE BYTES/S", "diskBytesWriteRate"),
        column("READ IOPS", "diskIopsReadRate"),
        column("WRITE IOPS", "diskIopsWriteRate"),
        column("CACHE", "cacheMode"),
    ],
    verbs: &[
        does(
            "create",
            "createDiskOffering",
            "Make a disk offering",
            &[
                first("name", "name", Text, "Its name"),
                flag(
                    "text",
                    "displaytext",
                    TextOr("name"),
                    "Text to show in lists [default: its name]",
                ),
                flag("size", "disksize", Text, "Size in GiB"),
                flag("custom", "customized", Switch, "Whoever makes a disk says its size"),
                flag(
                    "tag",
                    "tags",
                    Words,
                    "A tag of the pools that its disks go to (again for more)",
                ),
                flag("read-bytes", "bytesreadrate", Text, "Bytes read in a second, at most"),
                flag("write-bytes", "byteswriterate", Text, "Bytes written in a second, at most"),
                flag("read-iops", "iopsreadrate", Text, "Reading operations in a second, at most"),
                flag(
                    "write-iops",
                    "iopswriterate",
                    Text,
                    "Writing operations in a second, at most",
                ),
                flag(
                    "cache",
                    "cachemode",
                    OneOf(CACHES),
                    "What hosts do with what is written [default: none]",
                ),
            ],
            "made",
        ),
        lists("list", "listDiskOfferings", "List disk offerings", &[]).columns(&[
            column("ID", "id"),
            column("NAME", "name"),
            column("TEXT", "displaytext"),
            column("GIB", "disksize"),
            column("CUSTOM", "iscustomized"),
            column("TAGS", "tags"),
        ]),
        shows(
            &OFFERING_ID,
            "Show a disk offering",
            &[first("offering", "id", Id(&OFFERING_ID), "Name or id")],
        ),
        does(
            "update",
            "updateDiskOffering",
            "Change a disk offering",
            &[
                first("offering", "id", Id(&OFFERING_ID), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag("text", "displaytext", Text, "Its new text"),
                flag(
                    "read-bytes",
                    "bytesreadrate",
                    Text,
                    "Bytes read in a second, at most; 0: no limit",
                ),
                flag(
                    "write-bytes",
                    "byteswriterate",
                    Text,
                    "Bytes written in a second, at most; 0: no limit",
                ),
                flag(
                    "read-iops",
                    "iopsreadrate",
                    Text,
                    "Reading operations in a second, at most; 0: no limit",
                ),
                flag(
                    "write-iops",
                    "iopswriterate",
                    Text,
                    "Writing operations in a second, at most; 0: no limit",
                ),
                flag("cache", "cachemode", OneOf(CACHES), "What hosts do with what is written"),
            ],
            "changed",
        ),
        does(
            "delete",
            "deleteDiskOffering",
            "Take a disk offering off sale",
            &[first("offering", "id", Id(&OFFERING_ID), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static VOLUME: Noun = Noun {
    name: "volume",
    about: "Disks of VMs",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TYPE", "type"),
        column("STATE", "state"),
        Column("SIZE", "size", Unit::Bytes),
        column("VM", "vmname"),
        column("DEVICE", "deviceid"),
        column("POOL", "storage"),
    ],
    verbs: &[
        does(
            "create",
            "createVolume",
            "Make a data disk",
            &[
                first("name", "name", Text, "Its name"),
                flag("zone", "zoneid", OnlyId(&ZONE), "Its zone; needed where there are several"),
                must("offering", "diskofferingid", Id(&OFFERING_ID), "Its disk offering"),
                flag("size", "size", Text, "Size in GiB, if the offering leaves it open"),
            ],
            "made",
        ),
        lists(
            "list",
            "listVolumes",
            "List disks",
            &[
                flag("vm", "virtualmachineid", Id(&VM), "Only of this VM"),
                flag("type", "type", Text, "Only ROOT or DATADISK"),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        ),
        shows(&VOLUME_ID, "Show a disk", &[first("volume", "id", Id(&VOLUME_ID), "Name or id")]),
        does(
            "upload",
            "uploadVolume",
            "Make a data disk that begins as a file from outside",
            &[
                first("name", "name", Text, "Its name"),
                must("url", "url", Text, "Where the file is"),
                must("format", "format", Text, "QCOW2 or RAW"),
                flag("zone", "zoneid", OnlyId(&ZONE), "Its zone; needed where there are several"),
                flag("checksum", "checksum", Text, "What the file must hash to"),
                flag("offering", "diskofferingid", Id(&OFFERING_ID), "Its disk offering"),
            ],
            "uploaded",
        ),
        does(
            "extract",
            "extractVolume",
            "Make a link by which anybody who knows it downloads a disk, for a while",
            &[
                first("volume", "id", Id(&VOLUME_ID), "Name or id"),
                flag("zone", "zoneid", OnlyId(&ZONE), "Its zone; needed where there are several"),
            ],
            "extracted",
        )
        .fixed(&[("mode", "HTTP_DOWNLOAD")])
        .giving(&[column("NAME", "name"), column("URL", "url")]),
        does(
            "attach",
            "attachVolume",
            "Put a disk into a VM, running or not",
            &[
                first("volume", "id", Id(&VOLUME_ID), "Name or id"),
                must("vm", "virtualmachineid", Id(&VM), "The VM"),
            ],
            "attached",
        ),
        does(
            "detach",
            "detachVolume",
            "Take a disk out of its VM",
            &[first("volume", "id", Id(&VOLUME_ID), "Name or id")],
            "detached",
        ),
        does(
            "resize",
            "resizeVolume",
            "Make a disk larger",
            &[
                first("volume", "id", Id(&VOLUME_ID), "Name or id"),
                flag("size", "size", Text, "Its new size in GiB"),
                flag("offering", "diskofferingid", Id(&OFFERING_ID), "Its new disk offering"),
            ],
            "resized",
        ),
        does(
            "rename",
            "updateVolume",
            "Give a disk another name",
            &[
                first("volume", "id", Id(&VOLUME_ID), "Name or id"),
                must("name", "name", Text, "Its new name"),
            ],
            "renamed",
        ),
        does(
            "destroy",
            "destroyVolume",
            "Throw a disk away that no VM has; it is kept for a while",
            &[
                first("volume", "id", Id(&VOLUME_ID), "Name or id"),
                flag("expunge", "expunge", Switch, "Delete it at once and for good"),
            ],
            "destroyed",
        ),
        does(
            "recover",
            "recoverVolume",
            "Bring back a disk that was destroyed and not yet deleted",
            &[first("volume", "id", Id(&VOLUME_ID), "Name or id")],
            "recovered",
        ),
        does(
            "delete",
            "deleteVolume",
            "Remove a disk that no VM has, at once and for good",
            &[first("volume", "id", Id(&VOLUME_ID), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static ISO: Noun = Noun {
    name: "iso",
    about: "Images of CDs",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("READY", "isready"),
        column("STATUS", "status"),
        Column("SIZE", "size", Unit::Bytes),
        column("PUBLIC", "ispublic"),
        column("ZONE", "zonename"),
    ],
    verbs: &[
        does(
            "register",
            "registerIso",
            "Have an ISO fetched",
            &[
                first("name", "name", Text, "Its name"),
                must("url", "url", Text, "Where it is to be had"),
                flag("zone", "zoneid", OnlyId(&ZONE), "Its zone; needed where there are several"),
                flag("text", "displaytext", Text, "Text to show in lists"),
                flag("os", "ostypeid", Id(&OS_TYPE), "What it installs"),
                flag("bootable", "bootable", Switch, "A VM can boot from it"),
                flag("public", "ispublic", Switch, "For everybody"),
            ],
            "registered",
        ),
        lists(
            "list",
            "listIsos",
            "List ISOs",
            &[
                flag(
                    "filter",
                    "isofilter",
                    Text,
                    "all, featured, self, executable, community, ...",
                ),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        ),
        shows(&ISO_ID, "Show an ISO", &[first("iso", "id", Id(&ISO_ID), "Name or id")]),
        does(
            "attach",
            "attachIso",
            "Put an ISO into the drive of a VM, running or not",
            &[
                first("iso", "id", Id(&ISO_ID), "Name or id"),
                must("vm", "virtualmachineid", Id(&VM), "The VM"),
                flag("forced", "forced", Switch, "Even if the guest has locked its drive"),
            ],
            "in the drive",
        ),
        does(
            "detach",
            "detachIso",
            "Take the ISO out of the drive of a VM",
            &[
                first("vm", "virtualmachineid", Id(&VM), "The VM: name or id"),
                flag("forced", "forced", Switch, "Even if the guest has locked its drive"),
            ],
            "taken out",
        ),
        does(
            "delete",
            "deleteIso",
            "Remove an ISO",
            &[first("iso", "id", Id(&ISO_ID), "Name or id")],
            "deleted",
        ),
    ],
};
