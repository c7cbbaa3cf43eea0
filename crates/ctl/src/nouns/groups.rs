//! What ties VMs together, and what is given to them.

use crate::noun::Takes::{Base64File, Id, Map, Switch, Text, Words};
use crate::noun::{Noun, does, first, flag, lists, must, shows};
use crate::output::column;
use crate::resolve::{self, AFFINITY_GROUP as AFFINITY_ID, SECURITY_GROUP as SECURITY_ID};

const RULE: &[crate::noun::Argument] = &[
    first("group", "securitygroupid", Id(&SECURITY_ID), "Name or id"),
    must("protocol", "protocol", Text, "tcp, udp, icmp, all, or a number"),
    flag("from-port", "startport", Text, "First port"),
    flag("to-port", "endport", Text, "Last port"),
    flag("icmp-type", "icmptype", Text, "Type of ICMP; -1 is all"),
    flag("icmp-code", "icmpcode", Text, "Code of ICMP; -1 is all"),
    flag("cidr", "cidrlist", Words, "Addresses (again for more)"),
];

pub(super) static SECURITY_GROUP: Noun = Noun {
    name: "security-group",
    about: "Which traffic reaches VMs",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("DESCRIPTION", "description"),
        column("ACCOUNT", "account"),
        column("INGRESS", "ingressrule.ruleid"),
        column("EGRESS", "egressrule.ruleid"),
    ],
    verbs: &[
        does(
            "create",
            "createSecurityGroup",
            "Make a security group",
            &[
                first("name", "name", Text, "Its name"),
                flag("description", "description", Text, "What it is for"),
            ],
            "made",
        ),
        lists(
            "list",
            "listSecurityGroups",
            "List security groups",
            &[flag("all", "listall", Switch, "All that you may see")],
        ),
        shows(
            &SECURITY_ID,
            "Show a security group",
            &[first("group", "id", Id(&SECURITY_ID), "Name or id")],
        ),
        does(
            "allow-ingress",
            "authorizeSecurityGroupIngress",
            "Let traffic to its VMs",
            RULE,
            "has one rule more",
        ),
        does(
            "allow-egress",
            "authorizeSecurityGroupEgress",
            "Let traffic from its VMs",
            RULE,
            "has one rule more",
        ),
        does(
            "revoke-ingress",
            "revokeSecurityGroupIngress",
            "Take out a rule for traffic to its VMs",
            &[first("rule", "id", Text, "Id of the rule")],
            "has lost a rule",
        ),
        does(
            "revoke-egress",
            "revokeSecurityGroupEgress",
            "Take out a rule for traffic from its VMs",
            &[first("rule", "id", Text, "Id of the rule")],
            "has lost a rule",
        ),
        does(
            "delete",
            "deleteSecurityGroup",
            "Remove a security group",
            &[first("group", "id", Id(&SECURITY_ID), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static AFFINITY_GROUP: Noun = Noun {
    name: "affinity-group",
    about: "VMs that share a host, or never do",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TYPE", "type"),
        column("ACCOUNT", "account"),
        column("VMS", "virtualmachineIds"),
    ],
    verbs: &[
        does(
            "create",
            "createAffinityGroup",
            "Make an affinity group",
            &[
                first("name", "name", Text, "Its name"),
                must("type", "type", Text, "host affinity, or host anti-affinity"),
                flag("description", "description", Text, "What it is for"),
            ],
            "made",
        ),
        lists(
            "list",
            "listAffinityGroups",
            "List affinity groups",
            &[flag("all", "listall", Switch, "All that you may see")],
        ),
        shows(
            &AFFINITY_ID,
            "Show an affinity group",
            &[first("group", "id", Id(&AFFINITY_ID), "Name or id")],
        ),
        lists("types", "listAffinityGroupTypes", "List the types that there are", &[])
            .columns(&[column("TYPE", "type")]),
        does(
            "delete",
            "deleteAffinityGroup",
            "Remove an affinity group",
            &[first("group", "id", Id(&AFFINITY_ID), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static INSTANCE_GROUP: Noun = Noun {
    name: "instance-group",
    about: "Names to find VMs under",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("ACCOUNT", "account"),
        column("CREATED", "created"),
    ],
    verbs: &[
        does(
            "create",
            "createInstanceGroup",
            "Make an instance group",
            &[first("name", "name", Text, "Its name")],
            "made",
        ),
        lists(
            "list",
            "listInstanceGroups",
            "List instance groups",
            &[flag("all", "listall", Switch, "All that you may see")],
        ),
        does(
            "delete",
            "deleteInstanceGroup",
            "Remove an instance group; its VMs stay",
            &[first("group", "id", Id(&resolve::INSTANCE_GROUP), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static USER_DATA: Noun = Noun {
    name: "user-data",
    about: "What guests do at their first boot",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("ACCOUNT", "account"),
        column("PARAMETERS", "params"),
    ],
    verbs: &[
        does(
            "register",
            "registerUserData",
            "Keep user data under a name",
            &[
                first("name", "name", Text, "Its name"),
                must("file", "userdata", Base64File, "The file, such as a cloud-init script"),
                flag(
                    "parameter",
                    "params",
                    Words,
                    "A variable in it that each deployment sets (again for more)",
                ),
            ],
            "registered",
        ),
        lists(
            "list",
            "listUserData",
            "List user data",
            &[flag("all", "listall", Switch, "All that you may see")],
        ),
        does(
            "delete",
            "deleteUserData",
            "Remove user data",
            &[first("user-data", "id", Id(&resolve::USER_DATA), "Name or id")],
            "deleted",
        ),
    ],
};

pub(super) static TAG: Noun = Noun {
    name: "tag",
    about: "Keys and values on things",
    columns: &[
        column("KEY", "key"),
        column("VALUE", "value"),
        column("ON", "resourcetype"),
        column("ID", "resourceid"),
        column("ACCOUNT", "account"),
    ],
    verbs: &[
        does(
            "add",
            "createTags",
            "Tag things",
            &[
                first("type", "resourcetype", Text, "UserVm, Volume, Template, Network, ..."),
                must("id", "resourceids", Words, "Id of the thing (again for more)"),
                must("tag", "tags", Map, "The tag (again for more)"),
            ],
            "tagged",
        ),
        lists(
            "list",
            "listTags",
            "List tags",
            &[
                flag("type", "resourcetype", Text, "Only on such things"),
                flag("id", "resourceid", Text, "Only on this thing"),
                flag("key", "key", Text, "Only of this key"),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        ),
        does(
            "remove",
            "deleteTags",
            "Take tags off things",
            &[
                first("type", "resourcetype", Text, "UserVm, Volume, Template, Network, ..."),
                must("id", "resourceids", Words, "Id of the thing (again for more)"),
                flag("tag", "tags", Map, "Only this tag (again for more)"),
            ],
            "untagged",
        ),
    ],
};

pub(super) static KEYPAIR: Noun = Noun {
    name: "keypair",
    about: "SSH key pairs",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("FINGERPRINT", "fingerprint"),
        column("PRIVATE KEY", "privatekey"),
    ],
    verbs: &[does(
        "create",
        "createSSHKeyPair",
        "Have a key pair made; its private key is shown once",
        &[first("name", "name", Text, "Its name")],
        "made",
    )],
};
