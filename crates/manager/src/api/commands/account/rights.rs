//! What an account may do, as requests say it: by a role's id, or by a type's number.

use hostler_model::{AccountId, AccountType, DomainId, RoleId, Timestamp};
use hostler_store::Tx;
use hostler_store::account::{account_add, account_set_role};

use super::{account_type, free_name};
use crate::api::authority::Authority;
use crate::api::call::Call;
use crate::api::failure::Failure;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::api::commands) struct Rights {
    /// A role.
    pub(in crate::api::commands) role: Option<RoleId>,
    /// A type.
    pub(in crate::api::commands) kind: Option<AccountType>,
}

impl Rights {
    /// Reads `roleid` and `accounttype`.
    pub(in crate::api::commands) fn read(
        call: Call<'_>,
        role: Option<RoleId>,
        number: Option<i32>,
    ) -> Result<Self, Failure> {
        let kind = account_type(call, number)?;
        if kind == Some(AccountType::Project) {
            return Err(Failure::invalid(
                "accounttype: 5 is for accounts of projects; make one with createProject",
            ));
        }
        Ok(Self { role, kind })
    }

    /// Adds an account that has them, of a name that is free in the domain; the caller may give them.
    pub(in crate::api::commands) fn new_account(
        self,
        tx: &Tx<'_>,
        authority: &Authority,
        id: AccountId,
        (domain, name): (DomainId, &str),
        now: Timestamp,
    ) -> Result<(), Failure> {
        let (kind, role) = self.resolve(tx, authority, &format!("account {name}"))?;
        free_name(tx, "account", domain, name)?;
        account_add(tx, id, domain, name, kind, now)?;
        Ok(account_set_role(tx, id, kind, role)?)
    }

    /// Type and, unless it is the type's default one, role; the caller may give them.
    pub(in crate::api::commands) fn resolve(
        self,
        tx: &Tx<'_>,
        authority: &Authority,
        whom: &str,
    ) -> Result<(AccountType, Option<RoleId>), Failure> {
        let (kind, role) = match (self.role, self.kind) {
            (Some(id), kind) => {
                let role = authority.role(tx, "roleid", id)?;
                if kind.is_some_and(|kind| kind != role.kind) {
                    return Err(Failure::invalid(format!(
                        "accounttype: role {} is not of this type; leave accounttype out",
                        role.name
                    )));
                }
                if role.state != "enabled" {
                    return Err(Failure::invalid(format!(
                        "roleid: role {} is {}; enable it first",
                        role.name, role.state
                    )));
                }
                (role.kind, (!role.is_default).then_some(id))
            }
            (None, Some(kind)) => (kind, None),
            (None, None) => {
                return Err(Failure::invalid(
                    "give roleid or accounttype: listRoles names the roles",
                ));
            }
        };
        authority.may_give(tx, kind, role, whom)?;
        Ok((kind, role))
    }
}
