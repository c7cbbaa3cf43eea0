//! More that can be done with places, pools and offerings than `commands` spells out.

use crate::noun::Takes::{Id, Text, Words};
use crate::noun::{Noun, does, first, flag, lists, must, shows};
use crate::output::{Column, Unit, column};
use crate::resolve::{
    CLUSTER as CLUSTER_ID, DOMAIN, HOST as HOST_ID, NETWORK_OFFERING as NETWORK_OFFERING_ID,
    OFFERING as OFFERING_ID, POD as POD_ID, POOL as POOL_ID, ZONE as ZONE_ID,
};

const PLACE: &[Column] =
    &[column("ID", "id"), column("NAME", "name"), column("STATE", "allocationstate")];

pub(super) static ZONE: Noun = Noun {
    name: "zone",
    about: "Data centres",
    columns: PLACE,
    verbs: &[
        does(
            "update",
            "updateZone",
            "Change a zone",
            &[
                first("zone", "id", Id(&ZONE_ID), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag(
                    "state",
                    "allocationstate",
                    Text,
                    "Enabled, or Disabled: only administrators make VMs",
                ),
                flag("dns1", "dns1", Text, "The resolver that guests are given"),
                flag("dns2", "dns2", Text, "The second one"),
                flag("domain", "domain", Text, "DNS domain of its guests"),
            ],
            "changed",
        ),
        does(
            "dedicate",
            "dedicateZone",
            "Keep a zone for a domain or an account: nobody else's VMs go there",
            &[
                first("zone", "zoneid", Id(&ZONE_ID), "Name or id"),
                must("domain", "domainid", Id(&DOMAIN), "The domain, with those below it"),
                flag("account", "account", Text, "Only this account of it"),
            ],
            "dedicated",
        ),
        does(
            "release",
            "releaseDedicatedZone",
            "Keep a zone for nobody any more",
            &[first("zone", "zoneid", Id(&ZONE_ID), "Name or id")],
            "dedicated to nobody",
        ),
    ],
};

pub(super) static POD: Noun = Noun {
    name: "pod",
    about: "Racks",
    columns: PLACE,
    verbs: &[
        does(
            "update",
            "updatePod",
            "Change a pod",
            &[
                first("pod", "id", Id(&POD_ID), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag("state", "allocationstate", Text, "Enabled, or Disabled: it takes no new VMs"),
            ],
            "changed",
        ),
        does(
            "dedicate",
            "dedicatePod",
            "Keep a pod for a domain or an account: nobody else's VMs go there",
            &[
                first("pod", "podid", Id(&POD_ID), "Name or id"),
                must("domain", "domainid", Id(&DOMAIN), "The domain, with those below it"),
                flag("account", "account", Text, "Only this account of it"),
            ],
            "dedicated",
        ),
        does(
            "release",
            "releaseDedicatedPod",
            "Keep a pod for nobody any more",
            &[first("pod", "podid", Id(&POD_ID), "Name or id")],
            "dedicated to nobody",
        ),
    ],
};

pub(super) static CLUSTER: Noun = Noun {
    name: "cluster",
    about: "Hosts that can migrate VMs to each other",
    columns: PLACE,
    verbs: &[
        does(
            "update",
            "updateCluster",
            "Change a cluster",
            &[
                first("cluster", "id", Id(&CLUSTER_ID), "Name or id"),
                flag("name", "clustername", Text, "Its new name"),
                flag("state", "allocationstate", Text, "Enabled, or Disabled: it takes no new VMs"),
            ],
            "changed",
        ),
        does(
            "dedicate",
            "dedicateCluster",
            "Keep a cluster for a domain or an account: nobody else's VMs go there",
            &[
                first("cluster", "clusterid", Id(&CLUSTER_ID), "Name or id"),
                must("domain", "domainid", Id(&DOMAIN), "The domain, with those below it"),
                flag("account", "account", Text, "Only this account of it"),
            ],
            "dedicated",
        ),
        does(
            "release",
            "releaseDedicatedCluster",
            "Keep a cluster for nobody any more",
            &[first("cluster", "clusterid", Id(&CLUSTER_ID), "Name or id")],
            "dedicated to nobody",
        ),
    ],
};

pub(super) static HOST: Noun = Noun {
    name: "host",
    about: "Machines that run VMs",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("STATE", "state"),
        column("RESOURCE STATE", "resourcestate"),
        column("TAGS", "hosttags"),
    ],
    verbs: &[
        does(
            "update",
            "updateHost",
            "Change a host",
            &[
                first("host", "id", Id(&HOST_ID), "Name, address or id"),
                flag("state", "allocationstate", Text, "Enable, or Disable: it takes no new VMs"),
                flag(
                    "tag",
                    "hosttags",
                    Words,
                    "Its tags, in place of those it has (again for more)",
                ),
            ],
            "changed",
        ),
        does(
            "maintain",
            "prepareHostForMaintenance",
            "Keep new VMs off a host, and take it out when none runs",
            &[first("host", "id", Id(&HOST_ID), "Name, address or id")],
            "goes into maintenance",
        ),
        does(
            "unmaintain",
            "cancelHostMaintenance",
            "Let a host take VMs again",
            &[first("host", "id", Id(&HOST_ID), "Name, address or id")],
            "is out of maintenance",
        ),
        does(
            "reconnect",
            "reconnectHost",
            "Have the agent of a host connect anew",
            &[first("host", "id", Id(&HOST_ID), "Name, address or id")],
            "connects anew",
        ),
        does(
            "dedicate",
            "dedicateHost",
            "Keep a host for a domain or an account: nobody else's VMs go there",
            &[
                first("host", "hostid", Id(&HOST_ID), "Name, address or id"),
                must("domain", "domainid", Id(&DOMAIN), "The domain, with those below it"),
                flag("account", "account", Text, "Only this account of it"),
            ],
            "dedicated",
        ),
        does(
            "release",
            "releaseDedicatedHost",
            "Keep a host for nobody any more",
            &[first("host", "hostid", Id(&HOST_ID), "Name, address or id")],
            "dedicated to nobody",
        ),
    ],
};

pub(super) static POOL: Noun = Noun {
    name: "pool",
    about: "Where volumes lie",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TYPE", "type"),
        column("STATE", "state"),
        Column("SIZE", "disksizetotal", Unit::Bytes),
        Column("USED", "disksizeused", Unit::Bytes),
        Column("ALLOCATED", "disksizeallocated", Unit::Bytes),
        column("HOST", "hostname"),
    ],
    verbs: &[
        lists(
            "list",
            "listStoragePools",
            "List storage pools",
            &[flag("zone", "zoneid", Id(&ZONE_ID), "Only in this zone")],
        ),
        shows(&POOL_ID, "Show a storage pool", &[first("pool", "id", Id(&POOL_ID), "Name or id")]),
        does(
            "update",
            "updateStoragePool",
            "Change a storage pool",
            &[
                first("pool", "id", Id(&POOL_ID), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag("tag", "tags", Words, "Its tags, in place of those it has (again for more)"),
                flag("enabled", "enabled", Text, "true or false: whether it takes volumes"),
            ],
            "changed",
        ),
    ],
};

pub(super) static OFFERING: Noun = Noun {
    name: "offering",
    about: "Sizes of VMs",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TEXT", "displaytext"),
        column("TAGS", "hosttags"),
    ],
    verbs: &[
        does(
            "update",
            "updateServiceOffering",
            "Change names and tags of an offering",
            &[
                first("offering", "id", Id(&OFFERING_ID), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag("text", "displaytext", Text, "Its new text"),
                flag("host-tag", "hosttags", Words, "Tags that hosts must have (again for more)"),
            ],
            "changed",
        ),
        does(
            "create-custom",
            "createServiceOffering",
            "Make an offering whose size each VM chooses",
            &[
                first("name", "name", Text, "Its name"),
                flag("text", "displaytext", Text, "Text to show in lists"),
                flag("mhz", "cpuspeed", Text, "MHz of each CPU"),
                flag("min-cpu", "mincpunumber", Text, "Fewest CPUs"),
                flag("max-cpu", "maxcpunumber", Text, "Most CPUs"),
                flag("min-memory", "minmemory", Text, "Least memory in MiB"),
                flag("max-memory", "maxmemory", Text, "Most memory in MiB"),
            ],
            "made",
        )
        .fixed(&[("customized", "true")]),
    ],
};

pub(super) static NETWORK_OFFERING: Noun = Noun {
    name: "network-offering",
    about: "Kinds of networks",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("STATE", "state"),
        column("TYPE", "guestiptype"),
        column("SERVICES", "service.name"),
    ],
    verbs: &[
        lists("list", "listNetworkOfferings", "List network offerings", &[]),
        shows(
            &NETWORK_OFFERING_ID,
            "Show a network offering",
            &[first("offering", "id", Id(&NETWORK_OFFERING_ID), "Name or id")],
        ),
    ],
};
