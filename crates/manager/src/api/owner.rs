//! Whose things a list shows: `account`, `domainid`, `isrecursive`, `listall`; and for whom a thing is made.
//!
//! A user sees what its account owns, whatever it asks for. A domain administrator sees its domain and those
//! below it; the administrators of the cloud see everything. Plain lists show the caller's own.

use hostler_model::{AccountId, DomainId};
use hostler_query_api::{ApiError, RoleType};
use hostler_store::account::account_by_name;
use hostler_store::domain::{DomainRow, domain_get};
use hostler_store::{Scope, StoreError, Tx};

use super::call::{Call, Identity};
use super::failure::Failure;

/// What a request says about whose things it means.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// An account's name.
    pub(crate) account: Option<String>,
    /// A domain; with `account`, the one that the account is in.
    pub(crate) domain: Option<DomainId>,
    /// The domains below it too.
    pub(crate) recursive: bool,
    /// All that the caller may see.
    pub(crate) everything: bool,
    /// One thing is named by its id: it is shown whoever owns it, if the caller may see it.
    pub(crate) by_id: bool,
}

impl Call<'_> {
    /// Whose things to list.
    ///
    /// # Errors
    /// An account or domain that the caller may not see is answered like one that never was.
    pub(crate) async fn scope(&self, wanted: Wanted) -> Result<Scope, Failure> {
        let sight = self.identity.sight();
        if self.identity.role() == RoleType::User {
            return self.own_only(&wanted).map(|()| sight);
        }
        let Wanted { account, domain, recursive, everything, by_id } = wanted;
        if account.is_none() && domain.is_none() {
            let own = Scope::Account(self.identity.user.account);
            return Ok(if everything || by_id { sight } else { own });
        }
        let domain = domain.unwrap_or(self.identity.user.domain);
        let row = self.visible_domain(domain).await?;
        match account {
            Some(name) => Ok(Scope::Account(self.account_in(domain, name).await?)),
            None if recursive || everything => Ok(Scope::Tree(row.path)),
            None => Ok(Scope::Domain(domain)),
        }
    }

    /// The account that a new thing belongs to: the caller's, or the one that an administrator names.
    ///
    /// # Errors
    /// As [`Call::scope`].
    pub(crate) async fn owner(
        &self,
        account: Option<String>,
        domain: Option<DomainId>,
    ) -> Result<AccountId, Failure> {
        let Some(name) = account else { return Ok(self.identity.user.account) };
        let domain = domain.unwrap_or(self.identity.user.domain);
        if self.identity.role() == RoleType::User {
            let wanted = Wanted { account: Some(name), domain: Some(domain), ..Wanted::default() };
            return self.own_only(&wanted).map(|()| self.identity.user.account);
        }
        self.visible_domain(domain).await?;
        self.account_in(domain, name).await
    }

    /// A user may name its own account and domain, and no other.
    fn own_only(&self, wanted: &Wanted) -> Result<(), Failure> {
        let user = &self.identity.user;
        if wanted.domain.is_some_and(|domain| domain != user.domain) {
            return Err(Failure(ApiError::denied(
                "parameter domainid names a domain that is not the caller's; leave it out",
            )));
        }
        if wanted.account.as_ref().is_some_and(|account| *account != user.account_name) {
            return Err(Failure(ApiError::denied(
                "parameter account names an account that is not the caller's; leave it out",
            )));
        }
        Ok(())
    }

    async fn visible_domain(&self, domain: DomainId) -> Result<DomainRow, Failure> {
        let found = self
            .read(move |tx| match domain_get(tx, domain) {
                Err(StoreError::NotFound { .. }) => Ok(None),
                other => Ok(Some(other?)),
            })
            .await?;
        found
            .filter(|row| sees_domain(self.identity, &row.path))
            .ok_or_else(|| self.unknown("domainid", domain))
    }

    async fn account_in(&self, domain: DomainId, name: String) -> Result<AccountId, Failure> {
        let wanted = name.clone();
        let found = self.read(move |tx: &Tx<'_>| Ok(account_by_name(tx, domain, &name)?)).await?;
        found.ok_or_else(|| {
            Failure::invalid(format!(
                "there is no account {wanted} in domain {domain}; listAccounts names those that exist"
            ))
        })
    }
}

/// Whether the caller sees the domain of a path.
pub(super) fn sees_domain(identity: &Identity, path: &str) -> bool {
    match identity.sight() {
        Scope::All => true,
        Scope::Tree(root) => {
            path == root || path.strip_prefix(&root).is_some_and(|rest| rest.starts_with('/'))
        }
        Scope::Account(_) | Scope::Domain(_) => path == identity.user.domain_path,
    }
}
