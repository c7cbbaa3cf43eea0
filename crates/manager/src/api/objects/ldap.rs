//! Directories, and who is in them, in answers.

use hostler_model::AccountId;
use hostler_store::ldap_link::LdapLinkRow;
use hostler_store::ldap_server::LdapServerRow;

use super::api_object;
use crate::ldap::Person;

api_object! {
    /// An LDAP server.
    LDAP_SERVER = "LdapConfigurationResponse", ldap_server(row: &LdapServerRow) {
        "id" string "its id" => row.id,
        "hostname" string "its name or address" => row.host,
        "port" int "its port" => row.port,
        "domainid" string "the domain that it is for; without it, those that have none of their own" => row.domain,
    }
}

api_object! {
    /// What lets people from LDAP in.
    LDAP_LINK = "LinkDomainToLdapResponse", ldap_link(row: &LdapLinkRow, account: Option<AccountId>) {
        "domainid" string "the domain that they come into" => row.domain,
        "ldapdomain" string "the distinguished name of the group or unit" => row.name,
        "name" string "the same" => row.name,
        "type" string "what that names: GROUP or OU" => row.kind.as_str().to_uppercase(),
        "accounttype" int "the type of their account, by number" => row.account_kind.api_number(),
        "accountid" string "the account that they come into, or that was made for the domain's administrator" => account,
    }
}

api_object! {
    /// Somebody in LDAP.
    LDAP_USER = "LdapUserResponse", ldap_user(person: &Person, source: Option<String>) {
        "username" string "the name for logging in" => person.name,
        "firstname" string "first name" => person.first_name,
        "lastname" string "last name" => person.last_name,
        "email" string "mail address" => person.email,
        "principal" string "their distinguished name" => person.dn,
        "conflictingusersource" string "of a user of the domain who has that name: native or ldap" => source,
    }
}
