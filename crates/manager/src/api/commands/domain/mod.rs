//! Commands about domains: the tree of tenancy units.

use hostler_store::Tx;
use hostler_store::domain::domain_by_path;

use super::{Entry, known};
use crate::api::failure::Failure;

mod create_domain;
mod delete_domain;
mod list_domain_children;
mod list_domains;
mod move_domain;
mod update_domain;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_domain::CreateDomain>(),
    known::<delete_domain::DeleteDomain>(),
    known::<list_domain_children::ListDomainChildren>(),
    known::<list_domains::ListDomains>(),
    known::<move_domain::MoveDomain>(),
    known::<update_domain::UpdateDomain>(),
];

/// A name that a domain can have.
fn domain_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() || name.contains(['/', '~']) {
        return Err(Failure::invalid(format!(
            "name: {name:?} cannot be the name of a domain; it needs some characters, none of them / or ~"
        )));
    }
    Ok(name.to_owned())
}

/// Refuses a path that a domain has.
fn must_be_free(tx: &Tx<'_>, path: &str) -> Result<(), Failure> {
    match domain_by_path(tx, path)? {
        None => Ok(()),
        Some(row) => Err(Failure::invalid(format!(
            "name: there is a domain {path}, {}; choose another name",
            row.id
        ))),
    }
}
