//! What hosts have beside the cloud, and what has become of things.

use crate::noun::Takes::{Id, Text};
use crate::noun::{Noun, first, flag, lists};
use crate::output::column;
use crate::resolve::{CLUSTER, HOST, VM};

pub(super) static ALIEN: Noun = Noun {
    name: "alien",
    about: "Libvirt domains that are not this cloud's",
    columns: &[
        column("UUID", "uuid"),
        column("NAME", "name"),
        column("HOST", "hostname"),
        column("POWER", "power"),
        column("CPUS", "cpunumber"),
        column("MIB", "memory"),
        column("DISKS", "disks.source"),
        column("NICS", "nics.source"),
        column("FIRST SEEN", "firstseen"),
        column("LAST SEEN", "lastseen"),
    ],
    verbs: &[lists(
        "list",
        "listAliens",
        "List libvirt domains that hosts have and that are not this cloud's",
        &[
            flag("host", "hostid", Id(&HOST), "Only on this host"),
            flag("cluster", "clusterid", Id(&CLUSTER), "Only on hosts of this cluster"),
            flag("power", "power", Text, "Only those that are on, off or unknown"),
        ],
    )],
};

pub(super) static HISTORY: Noun = Noun {
    name: "history",
    about: "What has become of a thing, and why",
    columns: &[
        column("WHEN", "created"),
        column("OF", "resourcetype"),
        column("WHAT", "what"),
        column("BEFORE", "before"),
        column("AFTER", "after"),
        column("HOST", "hostname"),
        column("BY", "username"),
        column("CAUSE", "cause"),
    ],
    verbs: &[
        lists(
            "vm",
            "listHistory",
            "List each change of state of a VM and its runs, the oldest first",
            &[first("vm", "virtualmachineid", Id(&VM), "Name or id; the id of one that is gone")],
        ),
        lists(
            "host",
            "listHistory",
            "List each change of state of a host, the oldest first",
            &[first(
                "host",
                "hostid",
                Id(&HOST),
                "Name, address or id; the id of one that is gone",
            )],
        ),
    ],
};
