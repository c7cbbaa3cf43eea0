//! Directories (LDAP): where passwords of people are checked, and who of them is let in.

use crate::noun::Takes::{Id, IdOr, OneOf, Stdin, Switch, Text};
use crate::noun::{Noun, does, first, flag, lists, must};
use crate::output::column;
use crate::resolve::{DOMAIN, ROLE_ID};

pub(super) static LDAP: Noun = Noun {
    name: "ldap",
    about: "Directories that check passwords, and who of them is let in",
    columns: &[
        column("ID", "id"),
        column("HOST", "hostname"),
        column("PORT", "port"),
        column("DOMAIN", "domainid"),
    ],
    verbs: &[
        does(
            "add",
            "addLdapConfiguration",
            "Add a server, which is asked after those that are there",
            &[
                first("host", "hostname", Text, "Its name or address, perhaps as ldaps://HOST"),
                must("port", "port", Text, "Its port, mostly 389 or 636"),
                flag("domain", "domainid", Id(&DOMAIN), "Only for users of this domain"),
            ],
            "added",
        ),
        lists(
            "list",
            "listLdapConfigurations",
            "List servers in the order in which they are asked",
            &[
                flag("domain", "domainid", Id(&DOMAIN), "Only those that are for this domain"),
                flag("all", "listall", Switch, "Those that are for a domain too"),
            ],
        ),
        does(
            "delete",
            "deleteLdapConfiguration",
            "Remove a server",
            &[
                first("host", "hostname", Text, "Its name or address, as list shows it"),
                flag("port", "port", Text, "Its port, if there are several"),
                flag("domain", "domainid", Id(&DOMAIN), "The domain that it is for"),
            ],
            "removed",
        ),
        does(
            "password",
            "updateConfiguration",
            "Set the password with which directories are searched",
            &[must("password-stdin", "value", Stdin, "Read it from standard input")],
            "set",
        )
        .fixed(&[("name", "ldap.bind.password")])
        .giving(&[column("SETTING", "name"), column("VALUE", "value")]),
        lists(
            "users",
            "listLdapUsers",
            "List who is in a directory",
            &[
                flag("domain", "domainid", Id(&DOMAIN), "As this domain's servers say"),
                flag("keyword", "keyword", Text, "Whose name has this in it"),
                flag(
                    "not-in",
                    "userfilter",
                    OneOf(&[("domain", "LocalDomain"), ("cloud", "AnyDomain")]),
                    "Only who is no user there yet",
                ),
            ],
        )
        .columns(&[
            column("NAME", "username"),
            column("FIRST NAME", "firstname"),
            column("LAST NAME", "lastname"),
            column("EMAIL", "email"),
            column("ENTRY", "principal"),
        ]),
        does(
            "import",
            "ldapCreateAccount",
            "Make a user of somebody in a directory, with an account unless there is one",
            &[
                first("username", "username", Text, "Their name there"),
                flag("account", "account", Text, "The account's name [default: theirs]"),
                flag("domain", "domainid", Id(&DOMAIN), "Its domain [default: your own]"),
                flag(
                    "role",
                    "roleid",
                    IdOr(&ROLE_ID, "accounttype", "0"),
                    "A new account's role [default: that of plain users]",
                ),
            ],
            "imported",
        )
        .giving(&[
            column("ID", "id"),
            column("ACCOUNT", "name"),
            column("DOMAIN", "domain"),
            column("STATE", "state"),
        ]),
        does(
            "link-account",
            "linkAccountToLdap",
            "Let a group or unit into an account: who is in it becomes a user by logging in",
            &[
                first("account", "account", Text, "The account's name; it is made if need be"),
                must("domain", "domainid", Id(&DOMAIN), "Its domain"),
                must("entry", "ldapdomain", Text, "Distinguished name of the group or unit"),
                flag("type", "type", OneOf(KINDS), "What it is [default: group]"),
                flag("admin", "admin", Text, "Somebody of it who becomes a user at once"),
            ],
            "linked",
        )
        .giving(LINK),
        does(
            "link-domain",
            "linkDomainToLdap",
            "Let a group or unit into a domain: who is in it gets an account by logging in",
            &[
                first("domain", "domainid", Id(&DOMAIN), "Name or id"),
                must("entry", "ldapdomain", Text, "Distinguished name of the group or unit"),
                must("type", "type", OneOf(KINDS), "What it is"),
                must(
                    "accounts",
                    "accounttype",
                    OneOf(&[("user", "0"), ("domain-admin", "2")]),
                    "What the accounts may do",
                ),
                flag("admin", "admin", Text, "Somebody of it who administers the domain"),
            ],
            "linked",
        )
        .giving(LINK),
    ],
};

const KINDS: &[(&str, &str)] = &[("group", "GROUP"), ("ou", "OU")];

const LINK: &[crate::output::Column] = &[
    column("ENTRY", "ldapdomain"),
    column("TYPE", "type"),
    column("ACCOUNT", "accountid"),
    column("DOMAIN", "domainid"),
];
