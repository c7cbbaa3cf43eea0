//! Who may use the cloud: users and roles.

use crate::noun::Takes::{Id, Stdin, Switch, Text};
use crate::noun::{Noun, does, first, flag, lists, must, shows};
use crate::output::column;
use crate::resolve::{self, ROLE_ID, USER_ID};

pub(super) static USER: Noun = Noun {
    name: "user",
    about: "People and programs that log in",
    columns: &[
        column("ID", "id"),
        column("NAME", "username"),
        column("ACCOUNT", "account"),
        column("DOMAIN", "domain"),
        column("ROLE", "rolename"),
        column("STATE", "state"),
    ],
    verbs: &[
        does(
            "create",
            "createUser",
            "Add a user to an account",
            &[
                first("username", "username", Text, "Name to log in with"),
                must("account", "account", Text, "Name of the account"),
                flag(
                    "domain",
                    "domainid",
                    Id(&resolve::DOMAIN),
                    "Domain of the account [default: your own]",
                ),
                must("email", "email", Text, "Mail address"),
                must("first-name", "firstname", Text, "First name"),
                must("last-name", "lastname", Text, "Last name"),
                must("password-stdin", "password", Stdin, "Read the password from standard input"),
            ],
            "made",
        ),
        lists(
            "list",
            "listUsers",
            "List users",
            &[
                flag("account", "account", Text, "Only of this account; with --domain"),
                flag("domain", "domainid", Id(&resolve::DOMAIN), "Only of this domain"),
                flag("all", "listall", Switch, "All that you may see"),
            ],
        ),
        shows(&USER_ID, "Show a user", &[first("user", "id", Id(&USER_ID), "Name or id")]),
        does(
            "update",
            "updateUser",
            "Change a user",
            &[
                first("user", "id", Id(&USER_ID), "Name or id"),
                flag("email", "email", Text, "Mail address"),
                flag("first-name", "firstname", Text, "First name"),
                flag("last-name", "lastname", Text, "Last name"),
                flag(
                    "password-stdin",
                    "password",
                    Stdin,
                    "Read a new password from standard input",
                ),
            ],
            "changed",
        ),
        does(
            "enable",
            "enableUser",
            "Let a user in again",
            &[first("user", "id", Id(&USER_ID), "Name or id")],
            "enabled",
        ),
        does(
            "disable",
            "disableUser",
            "Let a user in no more",
            &[first("user", "id", Id(&USER_ID), "Name or id")],
            "disabled",
        ),
        does(
            "delete",
            "deleteUser",
            "Remove a user",
            &[first("user", "id", Id(&USER_ID), "Name or id")],
            "removed",
        ),
        does(
            "keys",
            "getUserKeys",
            "Show a user's API keys",
            &[first("user", "id", Id(&USER_ID), "Name or id")],
            "has no keys",
        ),
        does(
            "new-keys",
            "registerUserKeys",
            "Give a user new API keys; the old ones end",
            &[first("user", "id", Id(&USER_ID), "Name or id")],
            "has new keys",
        ),
    ],
};

pub(super) static ROLE: Noun = Noun {
    name: "role",
    about: "What users may call",
    columns: &[
        column("ID", "id"),
        column("NAME", "name"),
        column("TYPE", "type"),
        column("STATE", "state"),
        column("DESCRIPTION", "description"),
    ],
    verbs: &[
        does(
            "create",
            "createRole",
            "Make a role",
            &[
                first("name", "name", Text, "Its name"),
                flag("type", "type", Text, "Admin, ResourceAdmin, DomainAdmin or User"),
                flag(
                    "from",
                    "roleid",
                    Id(&ROLE_ID),
                    "The role whose rules it begins with; in place of --type",
                ),
                flag("description", "description", Text, "What it is for"),
            ],
            "made",
        ),
        lists("list", "listRoles", "List roles", &[]),
        shows(&ROLE_ID, "Show a role", &[first("role", "id", Id(&ROLE_ID), "Name or id")]),
        does(
            "delete",
            "deleteRole",
            "Remove a role that nobody has",
            &[first("role", "id", Id(&ROLE_ID), "Name or id")],
            "removed",
        ),
        lists(
            "rules",
            "listRolePermissions",
            "List the rules of a role, in the order in which they count",
            &[first("role", "roleid", Id(&ROLE_ID), "Name or id")],
        )
        .columns(&[
            column("ID", "id"),
            column("RULE", "rule"),
            column("PERMISSION", "permission"),
            column("DESCRIPTION", "description"),
        ]),
        does(
            "allow",
            "createRolePermission",
            "Let a role call commands",
            &[
                first("role", "roleid", Id(&ROLE_ID), "Name or id"),
                must("rule", "rule", Text, "A command, or a pattern such as list*"),
            ],
            "has one rule more",
        )
        .fixed(&[("permission", "allow")]),
        does(
            "deny",
            "createRolePermission",
            "Keep a role from commands that a later rule would allow",
            &[
                first("role", "roleid", Id(&ROLE_ID), "Name or id"),
                must("rule", "rule", Text, "A command, or a pattern such as list*"),
            ],
            "has one rule more",
        )
        .fixed(&[("permission", "deny")]),
        does(
            "remove-rule",
            "deleteRolePermission",
            "Take a rule out of its role",
            &[first("rule", "id", Text, "Its id; see role rules")],
            "has lost the rule",
        ),
    ],
};
