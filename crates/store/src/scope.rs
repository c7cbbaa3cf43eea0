//! Whose things a list may show.

use hostler_model::{AccountId, DomainId};

/// Whose things a list may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// One account's.
    Account(AccountId),
    /// Those of one domain's accounts.
    Domain(DomainId),
    /// Those of a domain, by its path, and of the domains below it.
    Tree(String),
    /// Those of the projects that an account is in.
    Projects(AccountId),
    /// One account's, and those of the projects that it is in.
    Member(AccountId),
    /// The same without what belongs to projects.
    OutsideProjects(Box<Scope>),
}

impl Scope {
    /// The condition that the account in `column` is in it, with `?` for a value; nothing: every account is.
    pub(crate) fn condition(&self, column: &str) -> Option<(String, String)> {
        const MINE: &str =
            "SELECT p.account FROM project p JOIN project_member m ON m.project = p.id
            WHERE m.account = ? AND p.removed IS NULL";
        let condition = match self {
            Self::All => return None,
            Self::Account(id) => (format!("{column} = ?"), id.to_string()),
            Self::Domain(id) => {
                (format!("{column} IN (SELECT id FROM account WHERE domain = ?)"), id.to_string())
            }
            Self::Tree(path) => (
                format!(
                    "{column} IN (SELECT in_tree.id FROM account in_tree JOIN domain tree ON tree.id = in_tree.domain
                     WHERE tree.path = ? OR substr(tree.path, 1, length(?) + 1) = ? || '/')"
                ),
                path.clone(),
            ),
            Self::Projects(id) => (format!("{column} IN ({MINE})"), id.to_string()),
            Self::Member(id) => (format!("({column} = ? OR {column} IN ({MINE}))"), id.to_string()),
            // what is not in a project is named by who may own it, so that an index counts each owner's without a look at them
            Self::OutsideProjects(scope) => match scope.condition("own.id") {
                None => (
                    format!("{column} IN (SELECT id FROM account WHERE kind <> ?)"),
                    "Project".to_owned(),
                ),
                Some((inner, value)) => (
                    format!(
                        "{column} IN (SELECT own.id FROM account own WHERE own.kind <> 'Project' AND {inner})"
                    ),
                    value,
                ),
            },
        };
        Some(condition)
    }

    /// A query of the ids of its accounts, and the value in place of its `?`.
    pub(crate) fn accounts(&self) -> (String, Option<String>) {
        match self.condition("one.id") {
            None => ("SELECT id FROM account WHERE ? IS NOT NULL".to_owned(), Some(String::new())),
            Some((condition, value)) => {
                (format!("SELECT one.id FROM account one WHERE {condition}"), Some(value))
            }
        }
    }
}
