//! What hosts have beside the cloud, and what has become of things.

use crate::noun::Takes::{Id, Map, Switch, Text};
use crate::noun::{Noun, does, first, flag, lists};
use crate::output::{Column, column};
use crate::resolve::{CLUSTER, DOMAIN, HOST, NETWORK, OFFERING, VM};

/// What is listed of aliens.
const LISTED: &[Column] = &[
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
];

pub(super) static ALIEN: Noun = Noun {
    name: "alien",
    about: "Libvirt domains that are not this cloud's",
    // of the VM that one has become, and of what it would be
    columns: &[
        column("ID", "id"),
        column("UUID", "uuid"),
        column("IN LIBVIRT", "instancename"),
        column("NAME", "name"),
        column("SHOWN AS", "displayname"),
        column("HOST", "hostname"),
        column("STATE", "state"),
        column("OFFERING", "serviceofferingname"),
        column("CPUS", "cpunumber"),
        column("MIB", "memory"),
        column("MACHINE", "machine"),
        column("VOLUMES", "volume.path"),
        column("NETWORKS", "nic.networkname"),
        column("MACS", "nic.macaddress"),
        column("ADDRESSES", "nic.ipaddress"),
        column("DRIVES", "drive"),
    ],
    verbs: &[
        lists(
            "list",
            "listAliens",
            "List libvirt domains that hosts have and that are not this cloud's",
            &[
                flag("host", "hostid", Id(&HOST), "Only on this host"),
                flag("cluster", "clusterid", Id(&CLUSTER), "Only on hosts of this cluster"),
                flag("power", "power", Text, "Only those that are on, off or unknown"),
            ],
        )
        .columns(LISTED),
        does(
            "adopt",
            "adoptVirtualMachine",
            "Make a VM of a running libvirt domain; its guest is not restarted",
            &[
                first("host", "hostid", Id(&HOST), "Name, address or id of the host that has it"),
                first("libvirt-domain", "alien", Text, "Its name or UUID in libvirt"),
                flag(
                    "offering",
                    "serviceofferingid",
                    Id(&OFFERING),
                    "What it is sold as [default: the only offering of its size]",
                ),
                flag("mhz", "cpuspeed", Text, "Speed of a CPU, where the offering leaves it open"),
                flag(
                    "network",
                    "networkid",
                    Id(&NETWORK),
                    "Its network [default: the only one on its bridge]",
                ),
                flag(
                    "nic-network",
                    "nicnetworks",
                    Map,
                    "MAC=NETWORK-ID: the network of one interface (again for more)",
                ),
                flag(
                    "nic-address",
                    "nicaddresses",
                    Map,
                    "MAC=ADDRESS: the address that the guest has there (again for more)",
                ),
                flag("account", "account", Text, "The account that it is to be of"),
                flag("domain", "domainid", Id(&DOMAIN), "The domain of that account"),
                flag("name", "name", Text, "The guest's host name [default: its name in libvirt]"),
                flag("display-name", "displayname", Text, "The name for people"),
                flag("dry-run", "dryrun", Switch, "Say only what would be recorded"),
            ],
            "adopted",
        ),
    ],
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
