//! What decides where VMs go beside sizes: what is kept for whom, and hosts that stand together.

use crate::noun::Takes::{Id, Text};
use crate::noun::{Noun, does, first, flag, lists, must, shows};
use crate::output::{Column, column};
use crate::resolve::{DOMAIN, HOST, HOST_AGGREGATE as HOST_AGGREGATE_ID, ZONE};

const FOR_WHOM: [Column; 2] = [column("DOMAIN", "domainpath"), column("ACCOUNT", "accountname")];

pub(super) static DEDICATION: Noun = Noun {
    name: "dedication",
    about: "What is kept for a domain or an account",
    columns: &FOR_WHOM,
    verbs: &[
        lists(
            "zones",
            "listDedicatedZones",
            "List zones that are kept for somebody",
            &[flag("domain", "domainid", Id(&DOMAIN), "Only for this domain")],
        )
        .columns(&[column("ZONE", "zonename"), FOR_WHOM[0], FOR_WHOM[1]]),
        lists(
            "pods",
            "listDedicatedPods",
            "List pods that are kept for somebody",
            &[flag("domain", "domainid", Id(&DOMAIN), "Only for this domain")],
        )
        .columns(&[column("POD", "podname"), FOR_WHOM[0], FOR_WHOM[1]]),
        lists(
            "clusters",
            "listDedicatedClusters",
            "List clusters that are kept for somebody",
            &[flag("domain", "domainid", Id(&DOMAIN), "Only for this domain")],
        )
        .columns(&[column("CLUSTER", "clustername"), FOR_WHOM[0], FOR_WHOM[1]]),
        lists(
            "hosts",
            "listDedicatedHosts",
            "List hosts that are kept for somebody",
            &[flag("domain", "domainid", Id(&DOMAIN), "Only for this domain")],
        )
        .columns(&[column("HOST", "hostname"), FOR_WHOM[0], FOR_WHOM[1]]),
    ],
};

pub(super) static AGGREGATE: Noun = Noun {
    name: "aggregate",
    about: "Hosts that stand together, and availability zones",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("AVAILABILITY ZONE", "availabilityzone"),
        column("TAGS", "hosttags"),
        column("HOSTS", "hosts.name"),
        column("ZONE", "zonename"),
    ],
    verbs: &[
        does(
            "create",
            "createHostAggregate",
            "Make an aggregate of hosts, without hosts yet",
            &[
                first("name", "name", Text, "Its name"),
                must("zone", "zoneid", Id(&ZONE), "The zone of its hosts"),
                flag("availability-zone", "availabilityzone", Text, "What VMs can ask for"),
                flag("tags", "hosttags", Text, "Tags that its hosts get, separated by commas"),
            ],
            "made",
        ),
        lists(
            "list",
            "listHostAggregates",
            "List aggregates of hosts",
            &[flag("host", "hostid", Id(&HOST), "Only those that this host is in")],
        ),
        shows(
            &HOST_AGGREGATE_ID,
            "Show an aggregate of hosts",
            &[first("aggregate", "id", Id(&HOST_AGGREGATE_ID), "Name or id")],
        ),
        does(
            "update",
            "updateHostAggregate",
            "Change an aggregate of hosts",
            &[
                first("aggregate", "id", Id(&HOST_AGGREGATE_ID), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag(
                    "availability-zone",
                    "availabilityzone",
                    Text,
                    "What VMs can ask for; empty for nothing",
                ),
                flag("tags", "hosttags", Text, "Tags that its hosts get, separated by commas"),
            ],
            "changed",
        ),
        does(
            "add-host",
            "addHostToAggregate",
            "Put a host into an aggregate",
            &[
                first("aggregate", "id", Id(&HOST_AGGREGATE_ID), "Name or id"),
                must("host", "hostid", Id(&HOST), "Name, address or id of the host"),
            ],
            "has one host more",
        ),
        does(
            "remove-host",
            "removeHostFromAggregate",
            "Take a host out of an aggregate",
            &[
                first("aggregate", "id", Id(&HOST_AGGREGATE_ID), "Name or id"),
                must("host", "hostid", Id(&HOST), "Name, address or id of the host"),
            ],
            "has one host less",
        ),
        does(
            "delete",
            "deleteHostAggregate",
            "Remove an aggregate; its hosts stay",
            &[first("aggregate", "id", Id(&HOST_AGGREGATE_ID), "Name or id")],
            "deleted",
        ),
    ],
};
