//! Domains, accounts, users and SSH keys in answers.

use hostler_model::{AccountType, RoleId, UserSource};
use hostler_store::account::AccountRow;
use hostler_store::domain::DomainView;
use hostler_store::ssh_keypair::SshKeyPairView;
use hostler_store::user::UserRow;

use super::limit::{USAGE, USAGE_OF_PROJECTS};
use super::{api_object, date};
use crate::api::bootstrap::{ADMIN, ROOT};
use crate::api::permission::role_type;

api_object! {
    /// A domain.
    DOMAIN = "DomainResponse", domain(view: &DomainView)
        and (USAGE, USAGE_OF_PROJECTS) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "path" string "the names from the root down" => view.row.path,
        "level" integer "how deep it is, from 0" => view.row.path.matches('/').count(),
        "parentdomainid" string "the domain that it is in" => view.row.parent,
        "parentdomainname" string "that domain's name" => parent_name(view),
        "networkdomain" string "DNS domain of the guests on networks that are made for it, if it has one of its own" => view.row.network_domain,
        "haschild" boolean "whether there are domains in it" => view.has_children,
        "state" string "Active" => "Active",
        "created" date "since when there has been one" => date(view.row.created),
    }
}

fn parent_name(view: &DomainView) -> Option<&str> {
    view.row.path.rsplit('/').nth(1)
}

api_object! {
    /// An account.
    ACCOUNT = "AccountResponse", account(row: &AccountRow, users: &[UserRow])
        and (USAGE, USAGE_OF_PROJECTS) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "accounttype" integer "0 user, 1 root admin, 2 domain admin, 3 resource admin" => row.kind.api_number(),
        "roleid" string "the role that says what it may do" => role_id(row.kind, row.role.as_ref()),
        "roletype" string "the most that it may do" => role_type(row.kind).name(),
        "rolename" string "that role's name" => role_name(row.kind, row.role.as_ref()),
        "domainid" string "the domain that it is in" => row.domain,
        "domain" string "that domain's name" => row.domain_name,
        "domainpath" string "that domain's path" => row.domain_path,
        "state" string "enabled, or why it is not" => row.state,
        "networkdomain" string "DNS domain of the guests on networks that are made for it, if it has one of its own" => row.network_domain,
        "accountdetails" map "what other systems keep of it, by name" => Some(&row.details).filter(|all| !all.is_empty()),
        "isdefault" boolean "whether it came with the product" => row.number == 1,
        "iscleanuprequired" boolean "whether a deletion of it is under way or failed" => row.deleting,
        "user" list(USER) "its users" => users.iter().map(user).collect::<Vec<_>>(),
        "vmrunning" integer "how many of its VMs run" => row.vms_running,
        "vmstopped" integer "how many of its VMs do not run" => row.vms.saturating_sub(row.vms_running),
        "created" date "since when there has been one" => date(row.created),
    }
}

/// As clients know it.
pub(crate) fn source(source: UserSource) -> String {
    source.as_str().to_lowercase()
}

fn role_id(kind: AccountType, own: Option<&(RoleId, String)>) -> RoleId {
    own.map_or_else(|| kind.default_role(), |role| role.0)
}

fn role_name(kind: AccountType, own: Option<&(RoleId, String)>) -> &str {
    own.map_or_else(
        || match kind {
            AccountType::RootAdmin => "Root Admin",
            AccountType::ResourceAdmin => "Resource Admin",
            AccountType::DomainAdmin => "Domain Admin",
            AccountType::User | AccountType::Project => "User",
        },
        |role| role.1.as_str(),
    )
}

/// Whether it is the administrator that came with the product.
pub(crate) fn is_first(row: &UserRow) -> bool {
    let names = [&row.name, &row.account_name].map(String::as_str);
    row.account_kind == AccountType::RootAdmin && row.domain_path == ROOT && names == [ADMIN; 2]
}

api_object! {
    /// A user.
    USER = "user", user(row: &UserRow) {
        "id" string "their id" => row.id,
        "username" string "the name for logging in" => row.name,
        "firstname" string "first name" => row.first_name,
        "lastname" string "last name" => row.last_name,
        "email" string "mail address" => row.email,
        "timezone" string "by whose clock they live, if that was said" => row.timezone,
        "account" string "the account that they act for" => row.account_name,
        "accountid" string "that account's id" => row.account,
        "accounttype" integer "that account's type, by number" => row.account_kind.api_number(),
        "roleid" string "the role that says what they may do" => role_id(row.account_kind, row.role.as_ref()),
        "roletype" string "the most that they may do" => role_type(row.account_kind).name(),
        "rolename" string "that role's name" => role_name(row.account_kind, row.role.as_ref()),
        "domainid" string "the account's domain" => row.domain,
        "domain" string "that domain's name" => row.domain_name,
        "apikey" string "the public half of their keys for signing" => row.api_key,
        "state" string "enabled, or why they are not" => row.state,
        "usersource" string "where their password is checked: native, here, or ldap" => source(row.source),
        "iscallerchilddomain" boolean "whether their domain is below the caller's, always false" => false,
        "isdefault" boolean "whether they came with the product" => is_first(row),
        "is2faenabled" boolean "whether they use a second factor, always false" => false,
        "is2famandated" boolean "whether they must, always false" => false,
        "created" date "since when there has been one" => date(row.created),
    }
}

api_object! {
    /// A user's keys for signing.
    KEYS = "RegisterResponse", keys(api_key: &str, secret_key: &str) {
        "apikey" string "the half that requests carry" => api_key,
        "secretkey" string "the half that signs them" => secret_key,
    }
}

api_object! {
    /// A registered SSH key.
    SSH_KEYPAIR = "SSHKeyPairResponse", ssh_keypair(view: &SshKeyPairView) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "fingerprint" string "MD5 of the key, as ssh-keygen -E md5 shows it" => view.row.fingerprint,
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
    }
}

api_object! {
    /// An SSH key that was made just now.
    CREATED_SSH_KEYPAIR = "CreateSSHKeyPairResponse", created_ssh_keypair(view: &SshKeyPairView, private: &str) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "fingerprint" string "MD5 of the key, as ssh-keygen -E md5 shows it" => view.row.fingerprint,
        "privatekey" string "the private half, in OpenSSH's form; it is told this once" => private,
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
    }
}
