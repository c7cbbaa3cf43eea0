//! More that can be done with VMs, templates and networks than `commands` spells out.

use crate::noun::Takes::{Base64File, Id, Ids, Map, Text, Words};
use crate::noun::{Noun, does, first, flag, lists, must};
use crate::output::column;
use crate::resolve::{
    AFFINITY_GROUP, NETWORK as NETWORK_ID, OFFERING, OS_TYPE, SECURITY_GROUP,
    TEMPLATE as TEMPLATE_ID, USER_DATA, VM as VM_ID,
};

pub(super) static VM: Noun = Noun {
    name: "vm",
    about: "Virtual machines",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("SHOWN AS", "displayname"),
        column("STATE", "state"),
        column("OFFERING", "serviceofferingname"),
        column("ADDRESS", "nic.ipaddress"),
        column("PASSWORD", "password"),
    ],
    verbs: &[
        does(
            "update",
            "updateVirtualMachine",
            "Change names and choices of a VM",
            &[
                first("vm", "id", Id(&VM_ID), "Name or id"),
                flag("display-name", "displayname", Text, "The name for people"),
                flag("name", "name", Text, "The guest's host name, from its next start on"),
                flag("group", "group", Text, "A name to find VMs under"),
                flag("os", "ostypeid", Id(&OS_TYPE), "What the guest is"),
                flag(
                    "security-group",
                    "securitygroupids",
                    Ids(&SECURITY_GROUP),
                    "A security group in place of those that it is in (again for more)",
                ),
                flag("user-data", "userdataid", Id(&USER_DATA), "What its guest is told"),
                flag("detail", "details", Map, "A choice that few need (again for more)"),
            ],
            "changed",
        ),
        does(
            "scale",
            "scaleVirtualMachine",
            "Give a stopped VM another size",
            &[
                first("vm", "id", Id(&VM_ID), "Name or id"),
                must("offering", "serviceofferingid", Id(&OFFERING), "The new offering"),
                flag(
                    "detail",
                    "details",
                    Map,
                    "cpuNumber=, memory= where the offering leaves them open",
                ),
            ],
            "scaled",
        ),
        does(
            "reset-password",
            "resetPasswordForVirtualMachine",
            "Give the guest of a stopped VM a new password",
            &[first("vm", "id", Id(&VM_ID), "Name or id")],
            "has a new password",
        ),
        does(
            "reset-key",
            "resetSSHKeyForVirtualMachine",
            "Let other SSH keys into the guest of a stopped VM",
            &[
                first("vm", "id", Id(&VM_ID), "Name or id"),
                must("keypair", "keypairs", Words, "Name of a key pair (again for more)"),
            ],
            "has other keys",
        ),
        does(
            "reset-user-data",
            "resetUserDataForVirtualMachine",
            "Have the guest of a stopped VM begin anew with other user data",
            &[
                first("vm", "id", Id(&VM_ID), "Name or id"),
                flag("user-data", "userdataid", Id(&USER_DATA), "One that is registered"),
                flag("file", "userdata", Base64File, "A file, such as a cloud-init script"),
            ],
            "is told something else",
        ),
        does(
            "reinstall",
            "restoreVirtualMachine",
            "Make the root disk anew from the template; what is on it is lost",
            &[
                first("vm", "virtualmachineid", Id(&VM_ID), "Name or id"),
                flag("template", "templateid", Id(&TEMPLATE_ID), "From another template"),
            ],
            "reinstalled",
        ),
        does(
            "recover",
            "recoverVirtualMachine",
            "Bring back a VM that was destroyed and not yet expunged",
            &[first("vm", "id", Id(&VM_ID), "Its id")],
            "recovered",
        ),
        does(
            "release",
            "releaseVirtualMachine",
            "Give a VM back to its host that was adopted; it runs on there, and is an alien again",
            &[first("vm", "id", Id(&VM_ID), "Name or id")],
            "released",
        ),
        does(
            "assign",
            "assignVirtualMachine",
            "Give a stopped VM to another account",
            &[
                first("vm", "virtualmachineid", Id(&VM_ID), "Name or id"),
                must("account", "account", Text, "Name of the account"),
                must("domain", "domainid", Id(&crate::resolve::DOMAIN), "Domain of the account"),
            ],
            "assigned",
        ),
        does(
            "affinity",
            "updateVMAffinityGroup",
            "Put a stopped VM into affinity groups; out of all others",
            &[
                first("vm", "id", Id(&VM_ID), "Name or id"),
                must(
                    "group",
                    "affinitygroupids",
                    Ids(&AFFINITY_GROUP),
                    "The group (again for more)",
                ),
            ],
            "has other groups",
        ),
    ],
};

pub(super) static NIC: Noun = Noun {
    name: "nic",
    about: "Network cards of VMs",
    columns: &[
        column("ID", "id"),
        column("NETWORK", "networkname"),
        column("ADDRESS", "ipaddress"),
        column("MAC", "macaddress"),
        column("DEFAULT", "isdefault"),
    ],
    verbs: &[
        lists(
            "list",
            "listNics",
            "List the NICs of a VM",
            &[must("vm", "virtualmachineid", Id(&VM_ID), "The VM")],
        ),
        does(
            "add",
            "addNicToVirtualMachine",
            "Give a VM a NIC more",
            &[
                first("vm", "virtualmachineid", Id(&VM_ID), "Name or id"),
                must("network", "networkid", Id(&NETWORK_ID), "Its network"),
                flag("address", "ipaddress", Text, "Its address [default: a free one]"),
            ],
            "added to it",
        ),
        does(
            "remove",
            "removeNicFromVirtualMachine",
            "Take a NIC out of a VM",
            &[
                first("vm", "virtualmachineid", Id(&VM_ID), "Name or id"),
                must("nic", "nicid", Text, "Id of the NIC"),
            ],
            "removed from it",
        ),
    ],
};

pub(super) static TEMPLATE: Noun = Noun {
    name: "template",
    about: "What VMs are made from",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("PUBLIC", "ispublic"),
        column("FEATURED", "isfeatured"),
        column("ACCOUNTS", "account"),
    ],
    verbs: &[
        does(
            "update",
            "updateTemplate",
            "Change names and choices of a template",
            &[
                first("template", "id", Id(&TEMPLATE_ID), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag("text", "displaytext", Text, "Its new text"),
                flag("os", "ostypeid", Id(&OS_TYPE), "What the guest is"),
                flag("detail", "details", Map, "A choice that few need (again for more)"),
            ],
            "changed",
        ),
        does(
            "share",
            "updateTemplatePermissions",
            "Say who may use a template",
            &[
                first("template", "id", Id(&TEMPLATE_ID), "Name or id"),
                flag("public", "ispublic", Text, "true or false: for everybody"),
                flag("featured", "isfeatured", Text, "true or false: shown first"),
                flag("op", "op", Text, "add, remove, or reset the accounts"),
                flag("account", "accounts", Words, "Name of an account (again for more)"),
            ],
            "shared",
        ),
    ],
};

pub(super) static NETWORK: Noun = Noun {
    name: "network",
    about: "Networks of VMs",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TEXT", "displaytext"),
        column("STATE", "state"),
    ],
    verbs: &[does(
        "update",
        "updateNetwork",
        "Change names of a network",
        &[
            first("network", "id", Id(&NETWORK_ID), "Name or id"),
            flag("name", "name", Text, "Its new name"),
            flag("text", "displaytext", Text, "Its new text"),
            flag("domain", "networkdomain", Text, "DNS domain of its guests"),
        ],
        "changed",
    )],
};
