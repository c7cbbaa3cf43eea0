//! Why the database did not do what was asked.

use hostler_model::{InvalidTransition, Version};

/// No error leaves anything written: the whole transaction of the caller is undone.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused or failed; `source` says why.
    #[error("the database could not {what}")]
    Sqlite {
        /// What was tried.
        what: &'static str,
        /// SQLite's own word.
        source: rusqlite::Error,
    },
    /// No such row, or it is removed.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// What it was looked up by.
        id: String,
    },
    /// Someone changed the row since the caller read it. Read and decide again.
    #[error(
        "{what} {id} was changed by someone else: version {seen:?} was seen, {there:?} is there"
    )]
    Stale {
        /// The kind of thing.
        what: &'static str,
        /// Which one.
        id: String,
        /// What the caller saw.
        seen: Version,
        /// What is there.
        there: Version,
    },
    /// A unique name, address or claim is taken.
    #[error("{0}")]
    Taken(String),
    /// What was planned cannot be taken any more: someone else was faster. Plan again.
    #[error("{0}")]
    Raced(String),
    /// There is not enough of something.
    #[error("{0}")]
    Exhausted(String),
    /// An account, a domain or a project has as much as it may have.
    #[error(transparent)]
    Limit(#[from] crate::limit::LimitExceeded),
    /// The life cycle of the thing has no such move.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// A stored value cannot be read; the database was edited by hand or is damaged.
    #[error("the database holds {value:?} where a {what} should be")]
    Corrupt {
        /// What should be there.
        what: &'static str,
        /// What is there.
        value: String,
    },
    /// The file cannot be opened or migrated.
    #[error("cannot open the database {path}: {why}")]
    Open {
        /// The file.
        path: String,
        /// Why not, and what to do.
        why: String,
    },
    /// The database was closed: the manager is ending.
    #[error("the database is closed; the manager is ending")]
    Closed,
}

impl StoreError {
    /// For `map_err`: SQLite's error with what was tried.
    pub(crate) fn sqlite(what: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { what, source }
    }

    /// Whether a unique index over `column` refused a row.
    pub(crate) fn is_unique_violation_of(&self, column: &str) -> bool {
        self.is_unique_violation()
            && matches!(self, Self::Sqlite { source: rusqlite::Error::SqliteFailure(_, Some(text)), .. }
                if text.contains(column))
    }

    /// Whether a unique index refused a row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sqlite { source: rusqlite::Error::SqliteFailure(e, _), .. }
            if e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
                || e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    }
}
