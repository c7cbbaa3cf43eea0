//! Who may do what to whom: which accounts, users and domains a caller may name, and which it may change.
//!
//! What the caller does not see is answered like what never was. Nobody changes an account that may do more
//! than they may, and nobody gives such rights. Everything here is asked inside the transaction that acts.

use hostler_model::{AccountId, AccountType, DomainId, RoleId, UserId};
use hostler_query_api::{ApiError, CommandDecl, RoleType};
use hostler_store::account::{AccountRow, account_by_name, account_get};
use hostler_store::domain::{DomainRow, domain_get};
use hostler_store::role::{RoleRow, Rule, role_get, rules_of};
use hostler_store::user::{Credentials, UserRow, user_credentials};
use hostler_store::{StoreError, Tx};

use super::call::{Call, Identity};
use super::commands::declarations;
use super::failure::Failure;
use super::owner::sees_domain;
use super::permission::is_within;

/// The caller, as transactions ask what it may do.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    identity: Identity,
    command: &'static CommandDecl,
}

/// An account as commands name it: by its id, or by its name and domain.
#[derive(Debug, Clone)]
pub(crate) struct AccountName {
    /// Its id; wins over the name.
    pub(crate) id: Option<AccountId>,
    /// The name of the parameter that gives the id.
    pub(crate) param: &'static str,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Its domain; nothing: the caller's.
    pub(crate) domain: Option<DomainId>,
}

impl Call<'_> {
    /// What the caller may do, for a transaction.
    pub(crate) fn authority(&self) -> Authority {
        Authority { identity: self.identity.clone(), command: self.command }
    }
}

fn some_or_none<T>(found: Result<T, StoreError>) -> Result<Option<T>, Failure> {
    match found {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Authority {
    /// The error for an id that names nothing that the caller may see.
    pub(crate) fn unknown(&self, param: &str, id: impl std::fmt::Display) -> Failure {
        Failure(ApiError::invalid_id(self.command.name, param, &id.to_string()))
    }

    /// A domain that the caller sees.
    pub(crate) fn domain(
        &self,
        tx: &Tx<'_>,
        param: &str,
        id: DomainId,
    ) -> Result<DomainRow, Failure> {
        some_or_none(domain_get(tx, id))?
            .filter(|row| sees_domain(&self.identity, &row.path))
            .ok_or_else(|| self.unknown(param, id))
    }

    /// The domain that is named, or the caller's own.
    pub(crate) fn domain_or_own(
        &self,
        tx: &Tx<'_>,
        param: &str,
        id: Option<DomainId>,
    ) -> Result<DomainRow, Failure> {
        self.domain(tx, param, id.unwrap_or(self.identity.user.domain))
    }

    fn account(&self, tx: &Tx<'_>, param: &str, id: AccountId) -> Result<AccountRow, Failure> {
        let own = self.identity.user.account;
        let is_user = self.identity.role() == RoleType::User;
        some_or_none(account_get(tx, id))?
            .filter(|row| row.kind != AccountType::Project)
            .filter(|row| {
                row.id == own || !is_user && sees_domain(&self.identity, &row.domain_path)
            })
            .ok_or_else(|| self.unknown(param, id))
    }

    /// An account that the caller sees, by id or by name and domain.
    pub(crate) fn account_named(
        &self,
        tx: &Tx<'_>,
        named: &AccountName,
    ) -> Result<AccountRow, Failure> {
        if let Some(id) = named.id {
            return self.account(tx, named.param, id);
        }
        let Some(name) = &named.name else {
            return Err(Failure::invalid(format!(
                "name the account: {}, or account and domainid",
                named.param
            )));
        };
        let domain = self.domain_or_own(tx, "domainid", named.domain)?;
        let unknown = || {
            Failure::invalid(format!(
                "account: there is no account {name} in domain {}; listAccounts names those that exist",
                domain.id
            ))
        };
        let id = account_by_name(tx, domain.id, name)?.ok_or_else(unknown)?;
        self.account(tx, named.param, id).map_err(|_| unknown())
    }

    /// The same, if the caller may change it.
    pub(crate) fn account_to_change(
        &self,
        tx: &Tx<'_>,
        named: &AccountName,
    ) -> Result<AccountRow, Failure> {
        let row = self.account_named(tx, named)?;
        let role = row.role.as_ref().map(|role| role.0);
        self.may_give(tx, row.kind, role, &format!("account {}", row.name))?;
        Ok(row)
    }

    /// A user that the caller sees: a plain user sees only itself.
    pub(crate) fn user(
        &self,
        tx: &Tx<'_>,
        param: &str,
        id: UserId,
    ) -> Result<Credentials, Failure> {
        let own = self.identity.user.id;
        let is_user = self.identity.role() == RoleType::User;
        some_or_none(user_credentials(tx, id))?
            .filter(|found| {
                let path = &found.user.domain_path;
                found.user.id == own || !is_user && sees_domain(&self.identity, path)
            })
            .ok_or_else(|| self.unknown(param, id))
    }

    /// The same, if the caller may change them. Everybody may change themselves.
    pub(crate) fn user_to_change(
        &self,
        tx: &Tx<'_>,
        param: &str,
        id: UserId,
    ) -> Result<Credentials, Failure> {
        let found = self.user(tx, param, id)?;
        if found.user.id != self.identity.user.id {
            let UserRow { account_kind, role, name, .. } = &found.user;
            let role = role.as_ref().map(|role| role.0);
            self.may_give(tx, *account_kind, role, &format!("user {name}"))?;
        }
        Ok(found)
    }

    /// Whether the caller may itself do all that this type and role may.
    ///
    /// # Errors
    /// 531 names `whom`.
    pub(crate) fn may_give(
        &self,
        tx: &Tx<'_>,
        kind: AccountType,
        role: Option<RoleId>,
        whom: &str,
    ) -> Result<(), Failure> {
        let rules = role.map(|role| rules_of(tx, Some(role))).transpose()?;
        let rules: Option<Vec<Rule>> =
            rules.map(|rows| rows.into_iter().map(|row| row.rule).collect());
        let own = (self.identity.user.account_kind, self.identity.rules.as_deref());
        if is_within(&declarations(), (kind, rules.as_deref()), own) {
            return Ok(());
        }
        Err(Failure(ApiError::denied(format!(
            "{whom} may do more than the caller; ask an administrator who may do all of it"
        ))))
    }

    /// A role that the caller sees: administrators of domains see public ones, of no more than their kind.
    pub(crate) fn role(&self, tx: &Tx<'_>, param: &str, id: RoleId) -> Result<RoleRow, Failure> {
        let kinds = self.kinds_in_sight();
        some_or_none(role_get(tx, id))?
            .filter(|row| kinds.is_empty() || row.is_public && kinds.contains(&row.kind))
            .ok_or_else(|| self.unknown(param, id))
    }

    /// Whether the caller's own account is this one.
    pub(crate) fn is_own(&self, account: AccountId) -> bool {
        self.identity.user.account == account
    }

    /// Whether this user calls.
    pub(crate) fn is_self(&self, user: UserId) -> bool {
        self.identity.user.id == user
    }

    /// Whether the caller's own domain is this one, or below it.
    pub(crate) fn is_in(&self, domain: &DomainRow) -> bool {
        let own = &self.identity.user.domain_path;
        *own == domain.path
            || own.strip_prefix(&domain.path).is_some_and(|rest| rest.starts_with('/'))
    }

    /// A role that the caller may change: not one of the product's, and of no more than the caller may.
    pub(crate) fn role_to_change(
        &self,
        tx: &Tx<'_>,
        param: &str,
        id: RoleId,
    ) -> Result<RoleRow, Failure> {
        let row = self.role(tx, param, id)?;
        if row.is_default {
            return Err(Failure::invalid(format!(
                "{param}: role {} came with the product and never changes; make one of your own with createRole",
                row.name
            )));
        }
        self.may_give(tx, row.kind, Some(id), &format!("role {}", row.name))?;
        Ok(row)
    }

    /// The types of role that the caller sees.
    pub(crate) fn kinds_in_sight(&self) -> Vec<AccountType> {
        use AccountType as Kind;
        match self.identity.role() {
            RoleType::Admin => Vec::new(),
            RoleType::ResourceAdmin => vec![Kind::ResourceAdmin, Kind::DomainAdmin, Kind::User],
            RoleType::DomainAdmin => vec![Kind::DomainAdmin, Kind::User],
            RoleType::User => vec![Kind::User],
        }
    }
}
