//! Commands about limits: how much an account, a domain or a project may have.

use hostler_model::{AccountId, AccountType, DomainId, LimitKind};
use hostler_query_api::RoleType;
use hostler_store::Tx;
use hostler_store::account::{AccountRow, account_get};
use hostler_store::domain::{DomainRow, domain_get};
use hostler_store::limit::{LimitDefaults, Room, rooms_of_accounts, rooms_of_domains};
use uuid::Uuid;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;

mod list_resource_limits;
mod update_resource_count;
mod update_resource_limit;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<list_resource_limits::ListResourceLimits>(),
    known::<update_resource_count::UpdateResourceCount>(),
    known::<update_resource_limit::UpdateResourceLimit>(),
];

/// Whose limits a request means.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Account(AccountId),
    Domain(DomainId),
}

impl Owner {
    /// The account that is named, or the domain alone; the caller's account if nothing is.
    async fn of(
        call: Call<'_>,
        account: Option<String>,
        domain: Option<DomainId>,
    ) -> Result<Self, Failure> {
        let in_project = call.params.get_filled("projectid").is_some();
        match domain {
            Some(domain)
                if account.is_none() && !in_project && call.identity.role() != RoleType::User =>
            {
                call.domain_seen(domain).await.map(|row| Self::Domain(row.id))
            }
            _ => call.owner(account, domain).await.map(Self::Account),
        }
    }

    const fn id(self) -> Uuid {
        match self {
            Self::Account(id) => id.uuid(),
            Self::Domain(id) => id.uuid(),
        }
    }

    fn read(self, tx: &Tx<'_>) -> Result<OwnerRow, Failure> {
        Ok(match self {
            Self::Account(id) => OwnerRow::Account(Box::new(account_get(tx, id)?)),
            Self::Domain(id) => OwnerRow::Domain(domain_get(tx, id)?),
        })
    }

    fn rooms(self, tx: &Tx<'_>, limits: &LimitDefaults) -> Result<Vec<Room>, Failure> {
        Ok(match self {
            Self::Account(id) => rooms_of_accounts(tx, limits, &[id])?,
            Self::Domain(id) => rooms_of_domains(tx, limits, &[id])?,
        })
    }
}

/// Whose limits they are, with the names that answers show.
#[derive(Debug, Clone)]
pub(crate) enum OwnerRow {
    /// An account, also a project's.
    Account(Box<AccountRow>),
    /// A domain, with those below it.
    Domain(DomainRow),
}

impl OwnerRow {
    /// The account's name; a domain has none.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Account(row) => Some(&row.name),
            Self::Domain(_) => None,
        }
    }

    /// Id, name and path of the domain.
    pub(crate) fn domain(&self) -> (DomainId, &str, &str) {
        match self {
            Self::Account(row) => (row.domain, &row.domain_name, &row.domain_path),
            Self::Domain(row) => (row.id, &row.name, &row.path),
        }
    }

    /// Whether limits are not for it: the root domain, and accounts of root administrators.
    fn is_free(&self) -> bool {
        match self {
            Self::Account(row) => row.kind == AccountType::RootAdmin,
            Self::Domain(row) => row.parent.is_none(),
        }
    }
}

/// The kind that `resourcetype` or `resourcetypename` names.
fn kind(
    call: Call<'_>,
    number: Option<i32>,
    name: Option<&str>,
) -> Result<Option<LimitKind>, Failure> {
    if let Some(number) = number {
        return LimitKind::of_number(number).map(Some).ok_or_else(|| {
            call.wrong("resourcetype", &number.to_string(), "a number from 0 to 11")
        });
    }
    let Some(name) = name else { return Ok(None) };
    let found =
        LimitKind::ALL.iter().copied().find(|kind| kind.api_name().eq_ignore_ascii_case(name));
    found.map(Some).ok_or_else(|| {
        let known: Vec<_> = LimitKind::ALL.iter().map(|kind| kind.api_name()).collect();
        call.wrong("resourcetypename", name, &format!("one of {}", known.join(", ")))
    })
}
