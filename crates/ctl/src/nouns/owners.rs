//! Who owns things, and how much of them: domains, accounts, projects, limits.

use crate::noun::Takes::{Id, IdOr, OneOf, Stdin, Switch, Text};
use crate::noun::{Noun, does, first, flag, lists, must, shows};
use crate::output::column;
use crate::resolve::{self, ACCOUNT_ID, ROLE_ID};

pub(super) static DOMAIN: Noun = Noun {
    name: "domain",
    about: "Parts of an organisation, as a tree",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("PATH", "path"),
        column("STATE", "state"),
        column("NETWORK DOMAIN", "networkdomain"),
    ],
    verbs: &[
        does(
            "create",
            "createDomain",
            "Make a domain",
            &[
                first("name", "name", Text, "Its name"),
                flag(
                    "parent",
                    "parentdomainid",
                    Id(&resolve::DOMAIN),
                    "The domain that it is in [default: your own]",
                ),
                flag("network-domain", "networkdomain", Text, "DNS domain of its networks"),
            ],
            "made",
        ),
        lists(
            "list",
            "listDomains",
            "List domains",
            &[flag("all", "listall", Switch, "All that you may see")],
        )
        .columns(&[
            column("ID", "id"),
            column("NAME", "name"),
            column("PATH", "path"),
            column("STATE", "state"),
        ]),
        shows(
            &resolve::DOMAIN,
            "Show a domain",
            &[first("domain", "id", Id(&resolve::DOMAIN), "Name or id")],
        ),
        does(
            "update",
            "updateDomain",
            "Change a domain",
            &[
                first("domain", "id", Id(&resolve::DOMAIN), "Name or id"),
                flag("name", "name", Text, "Its new name"),
                flag("network-domain", "networkdomain", Text, "DNS domain of its networks"),
            ],
            "changed",
        ),
        does(
            "delete",
            "deleteDomain",
            "Remove a domain",
            &[
                first("domain", "id", Id(&resolve::DOMAIN), "Name or id"),
                flag("cleanup", "cleanup", Switch, "With everything that is in it"),
            ],
            "removed",
        ),
    ],
};

pub(super) static ACCOUNT: Noun = Noun {
    name: "account",
    about: "Who owns things",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("DOMAIN", "domain"),
        column("ROLE", "rolename"),
        column("STATE", "state"),
        column("VMS", "vmtotal"),
        column("NETWORK DOMAIN", "networkdomain"),
    ],
    verbs: &[
        does(
            "create",
            "createAccount",
            "Make an account with its first user",
            &[
                first("username", "username", Text, "Name of its first user, and of the account"),
                must("email", "email", Text, "The user's mail address"),
                must("first-name", "firstname", Text, "The user's first name"),
                must("last-name", "lastname", Text, "The user's last name"),
                must(
                    "password-stdin",
                    "password",
                    Stdin,
                    "Read the user's password from standard input",
                ),
                flag("account", "account", Text, "Another name for the account"),
                flag("domain", "domainid", Id(&resolve::DOMAIN), "Its domain [default: your own]"),
                flag(
                    "role",
                    "roleid",
                    IdOr(&ROLE_ID, "accounttype", "0"),
                    "Its role [default: that of plain users]",
                ),
                flag("network-domain", "networkdomain", Text, "DNS domain of its networks"),
            ],
            "made",
        ),
        lists(
            "list",
            "listAccounts",
            "List accounts",
            &[
                flag("domain", "domainid", Id(&resolve::DOMAIN), "Only of this domain"),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        )
        .columns(&[
            column("ID", "id"),
            column("NAME", "name"),
            column("DOMAIN", "domain"),
            column("ROLE", "rolename"),
            column("STATE", "state"),
            column("VMS", "vmtotal"),
        ]),
        shows(
            &ACCOUNT_ID,
            "Show an account",
            &[first("account", "id", Id(&ACCOUNT_ID), "Name or id")],
        ),
        does(
            "rename",
            "updateAccount",
            "Give an account another name",
            &[
                first("account", "id", Id(&ACCOUNT_ID), "Name or id"),
                must("name", "newname", Text, "Its new name"),
            ],
            "renamed",
        ),
        does(
            "update",
            "updateAccount",
            "Change an account",
            &[
                first("account", "id", Id(&ACCOUNT_ID), "Name or id"),
                flag("network-domain", "networkdomain", Text, "DNS domain of its networks"),
            ],
            "changed",
        ),
        does(
            "enable",
            "enableAccount",
            "Let the users of an account in again",
            &[first("account", "id", Id(&ACCOUNT_ID), "Name or id")],
            "enabled",
        ),
        does(
            "disable",
            "disableAccount",
            "Stop an account: its users are let in no more",
            &[
                first("account", "id", Id(&ACCOUNT_ID), "Name or id"),
                flag("lock", "lock", Switch, "Only keep it from making new things"),
            ],
            "disabled",
        )
        .fixed(&[]),
        does(
            "delete",
            "deleteAccount",
            "Remove an account with everything that it owns",
            &[first("account", "id", Id(&ACCOUNT_ID), "Name or id")],
            "removed",
        ),
    ],
};

pub(super) static PROJECT: Noun = Noun {
    name: "project",
    about: "What several accounts own together",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TEXT", "displaytext"),
        column("DOMAIN", "domain"),
        column("STATE", "state"),
    ],
    verbs: &[
        does(
            "create",
            "createProject",
            "Make a project",
            &[
                first("name", "name", Text, "Its name"),
                flag("text", "displaytext", Text, "What it is for"),
                flag("account", "account", Text, "Whose it is [default: yours]; with --domain"),
                flag("domain", "domainid", Id(&resolve::DOMAIN), "The domain of that account"),
            ],
            "made",
        ),
        lists(
            "list",
            "listProjects",
            "List projects",
            &[flag("all", "listall", Switch, "All that you may see")],
        ),
        shows(
            &resolve::PROJECT,
            "Show a project",
            &[first("project", "id", Id(&resolve::PROJECT), "Name or id")],
        ),
        does(
            "update",
            "updateProject",
            "Change a project",
            &[
                first("project", "id", Id(&resolve::PROJECT), "Name or id"),
                flag("text", "displaytext", Text, "What it is for"),
                flag("owner", "account", Text, "The account that it is to belong to"),
            ],
            "changed",
        ),
        does(
            "activate",
            "activateProject",
            "Let a project make things again",
            &[first("project", "id", Id(&resolve::PROJECT), "Name or id")],
            "activated",
        ),
        does(
            "suspend",
            "suspendProject",
            "Keep a project from making things",
            &[first("project", "id", Id(&resolve::PROJECT), "Name or id")],
            "suspended",
        ),
        does(
            "delete",
            "deleteProject",
            "Remove a project",
            &[
                first("project", "id", Id(&resolve::PROJECT), "Name or id"),
                flag("cleanup", "cleanup", Switch, "With everything that it owns"),
            ],
            "removed",
        ),
        lists(
            "members",
            "listProjectAccounts",
            "List the accounts of a project",
            &[first("project", "projectid", Id(&resolve::PROJECT), "Name or id")],
        )
        .columns(&[
            column("ACCOUNT", "account"),
            column("ROLE", "role"),
            column("DOMAIN", "domain"),
        ]),
        does(
            "add-member",
            "addAccountToProject",
            "Let an account use a project",
            &[
                first("project", "projectid", Id(&resolve::PROJECT), "Name or id"),
                must("account", "account", Text, "Name of the account"),
            ],
            "has one account more",
        ),
        does(
            "remove-member",
            "deleteAccountFromProject",
            "Let an account use a project no more",
            &[
                first("project", "projectid", Id(&resolve::PROJECT), "Name or id"),
                must("account", "account", Text, "Name of the account"),
            ],
            "has one account less",
        ),
    ],
};

/// Kinds of limits, and the numbers that stand for them.
const LIMITS: &[(&str, &str)] = &[
    ("user_vm", "0"),
    ("public_ip", "1"),
    ("volume", "2"),
    ("snapshot", "3"),
    ("template", "4"),
    ("project", "5"),
    ("network", "6"),
    ("vpc", "7"),
    ("cpu", "8"),
    ("memory", "9"),
    ("primary_storage", "10"),
    ("secondary_storage", "11"),
];

pub(super) static LIMIT: Noun = Noun {
    name: "limit",
    about: "How much may be had",
    columns: &[
        column("KIND", "resourcetypename"),
        column("NUMBER", "resourcetype"),
        column("MAX", "max"),
        column("ACCOUNT", "account"),
        column("PROJECT", "project"),
        column("DOMAIN", "domain"),
    ],
    verbs: &[
        lists(
            "list",
            "listResourceLimits",
            "List limits; -1 is none",
            &[
                flag("account", "account", Text, "Of this account; with --domain"),
                flag("domain", "domainid", Id(&resolve::DOMAIN), "Of this domain"),
                flag("project", "projectid", Id(&resolve::PROJECT), "Of this project"),
                flag("kind", "resourcetypename", Text, "Only this one, such as user_vm or memory"),
            ],
        ),
        does(
            "set",
            "updateResourceLimit",
            "Set a limit",
            &[
                first("kind", "resourcetype", OneOf(LIMITS), "Which one, as limit list shows it"),
                must("max", "max", Text, "At most so many; -1 is no limit"),
                flag("account", "account", Text, "Of this account; with --domain"),
                flag("domain", "domainid", Id(&resolve::DOMAIN), "Of this domain"),
                flag("project", "projectid", Id(&resolve::PROJECT), "Of this project"),
            ],
            "set",
        ),
        lists(
            "recount",
            "updateResourceCount",
            "Count anew what a domain or account has",
            &[
                must("domain", "domainid", Id(&resolve::DOMAIN), "The domain"),
                flag("account", "account", Text, "Only this account of it"),
            ],
        )
        .columns(&[
            column("KIND", "resourcetypename"),
            column("COUNT", "resourcecount"),
            column("ACCOUNT", "account"),
            column("DOMAIN", "domain"),
        ]),
    ],
};
