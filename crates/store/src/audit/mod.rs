//! Recomputes what the books say from the rows that they are about, and tells every difference.
//!
//! Books are rows, and nothing is counted up and down but what lists say; so there should never be a difference. This is
//! how to know.
//! Each book has a file, which reads its rows anew and does not use what it checks.
//!
//! Not here: what hosts report (the manager holds the runs against it), repairs.

mod address;
mod claim;
mod limit;
mod run;
mod tally;
mod volume;

pub use run::{RunOnRecord, runs_ended, runs_on_record};

use rusqlite::Row;

use crate::limit::LimitDefaults;
use crate::{StoreError, Tx};

/// Something that the books say and that is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which book: `claim`, `limit`, `address`, `volume`, `run`, `tally`, `report` or `host`.
    pub book: &'static str,
    /// The id of what it is about.
    pub about: String,
    /// What is wrong, for people, with both amounts.
    pub text: String,
}

/// What was recomputed, and every difference that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Claims on hosts.
    pub claims: u64,
    /// Amounts that count against limits.
    pub limits: u64,
    /// Addresses that are given out.
    pub addresses: u64,
    /// Volumes.
    pub volumes: u64,
    /// Runs that may be alive.
    pub runs: u64,
    /// What is wrong. None is the only right answer.
    pub differences: Vec<Difference>,
}

/// Recomputes every book.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn audit_books(tx: &Tx<'_>, limits: &LimitDefaults) -> Result<Audit, StoreError> {
    let mut audit = Audit::default();
    claim::check(tx, &mut audit)?;
    limit::check(tx, limits, &mut audit)?;
    address::check(tx, &mut audit)?;
    volume::check(tx, &mut audit)?;
    run::check(tx, &mut audit)?;
    tally::check(tx, &mut audit)?;
    Ok(audit)
}

impl Audit {
    fn tell(&mut self, book: &'static str, about: impl std::fmt::Display, text: String) {
        self.differences.push(Difference { book, about: about.to_string(), text });
    }

    /// Takes the rows of `sql`, each an `id` and a `text`, as differences.
    fn tell_rows(
        &mut self,
        tx: &Tx<'_>,
        book: &'static str,
        what: &'static str,
        sql: &str,
    ) -> Result<(), StoreError> {
        let read = |row: &Row<'_>| {
            let (about, text) = (row.get("id")?, row.get("text")?);
            Ok(Difference { book, about, text })
        };
        self.differences.extend(tx.rows(what, sql, &[], read)?);
        Ok(())
    }
}

/// The number that a query of one row answers in the column `number`.
fn count(tx: &Tx<'_>, what: &'static str, sql: &str) -> Result<u64, StoreError> {
    let found = tx.row(what, sql, &[], |row| crate::columns::amount(row, "number"))?;
    Ok(found.unwrap_or_default())
}

#[cfg(test)]
mod tests;
