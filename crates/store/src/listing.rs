//! How lists are read: which rows, whose, which page, and how many there are in all.
//!
//! Not here: what a list is about; each `*_view` says that.

use hostler_model::{AccountId, DomainId};
use rusqlite::{Row, ToSql};

use crate::columns::{amount, stored};
use crate::{StoreError, Tx};

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// Rows to skip.
    pub offset: u64,
    /// Most rows to give; nothing means all.
    pub limit: Option<u64>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// How many rows match, on this page or not.
    pub total: usize,
    /// The rows of the page.
    pub rows: Vec<T>,
}

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
            Self::OutsideProjects(scope) => match scope.condition(column) {
                None => (
                    format!("{column} NOT IN (SELECT id FROM account WHERE kind = ?)"),
                    "Project".to_owned(),
                ),
                Some((inner, value)) => (
                    format!("{inner} AND {column} NOT IN (SELECT account FROM project)"),
                    value,
                ),
            },
        };
        Some(condition)
    }
}

/// A query that is put together from the filters that were given.
///
/// Its text depends only on which filters there are, so that it is prepared once.
pub(crate) struct Query {
    columns: &'static str,
    from: &'static str,
    order: &'static str,
    narrow: Option<(&'static str, &'static str)>,
    clauses: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Query {
    /// `SELECT columns FROM from ORDER BY order`. The order has to be total.
    pub(crate) fn new(columns: &'static str, from: &'static str, order: &'static str) -> Self {
        Self { columns, from, order, narrow: None, clauses: Vec::new(), values: Vec::new() }
    }

    /// Matches are looked for and counted in `from` alone, and only the page's rows are joined with the rest, by
    /// `key`. Every filter and the order have to be about `from`.
    pub(crate) fn narrow(mut self, key: &'static str, from: &'static str) -> Self {
        self.narrow = Some((key, from));
        self
    }

    /// Rows for which `clause` holds.
    pub(crate) fn only(mut self, clause: &str) -> Self {
        self.clauses.push(clause.to_owned());
        self
    }

    /// Rows for which `clause` holds with the value in place of its `?`, if a value is given.
    pub(crate) fn filter<T: ToSql + 'static>(mut self, clause: &str, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.values.push(Box::new(value));
            self.clauses.push(clause.replace('?', &format!("?{}", self.values.len())));
        }
        self
    }

    /// Rows whose `column` shows as the value, if one is given.
    pub(crate) fn is<T: ToString>(self, column: &str, value: Option<T>) -> Self {
        self.filter(&format!("{column} = ?"), value.map(|v| v.to_string()))
    }

    /// Rows whose `column` shows as one of the values, if any are given.
    pub(crate) fn any<T: ToString>(self, column: &str, values: &[T]) -> Self {
        let texts: Vec<String> = values.iter().map(T::to_string).collect();
        if let [one] = texts.as_slice() {
            // an index gives these in order
            return self.is(column, Some(one));
        }
        let list = (!texts.is_empty()).then(|| serde_json::json!(texts).to_string());
        self.filter(&format!("{column} IN (SELECT value FROM json_each(?))"), list)
    }

    /// Rows of which one of the columns contains the text, in any case of its letters.
    pub(crate) fn keyword(self, columns: &[&str], text: Option<&str>) -> Self {
        let anywhere: Vec<String> =
            columns.iter().map(|c| format!("instr(lower({c}), lower(?)) > 0")).collect();
        self.filter(&format!("({})", anywhere.join(" OR ")), text.map(str::to_owned))
    }

    /// Rows of accounts in `scope`; the query joins `account a` and `domain d`.
    pub(crate) fn scope(self, scope: &Scope) -> Self {
        match scope {
            Scope::All => self,
            Scope::Account(id) => self.is("a.id", Some(id)),
            Scope::Domain(id) => self.is("d.id", Some(id)),
            Scope::Tree(path) => self.filter(
                "(d.path = ? OR substr(d.path, 1, length(?) + 1) = ? || '/')",
                Some(path.clone()),
            ),
            Scope::OutsideProjects(scope) => {
                self.scope(scope).only("coalesce(a.kind, '') <> 'Project'")
            }
            Scope::Projects(_) | Scope::Member(_) => self.within(scope, "a.id"),
        }
    }

    /// Rows of which the account in `column` is in `scope`.
    pub(crate) fn within(self, scope: &Scope, column: &str) -> Self {
        match scope.condition(column) {
            None => self,
            Some((clause, value)) => self.filter(&clause, Some(value)),
        }
    }

    /// Rows whose `column` names an account in `scope`.
    pub(crate) fn scope_of(self, column: &str, scope: &Scope) -> Self {
        match scope {
            Scope::All => self,
            Scope::Account(id) => self.is(column, Some(id)),
            Scope::Domain(id) => {
                let clause = format!("{column} IN (SELECT id FROM account WHERE domain = ?)");
                self.filter(&clause, Some(id.to_string()))
            }
            Scope::Tree(path) => {
                let clause = format!(
                    "{column} IN (SELECT a.id FROM account a JOIN domain d ON d.id = a.domain
                     WHERE d.path = ? OR substr(d.path, 1, length(?) + 1) = ? || '/')"
                );
                self.filter(&clause, Some(path.clone()))
            }
            Scope::OutsideProjects(scope) => {
                let none = "SELECT id FROM account WHERE kind = 'Project'";
                self.scope_of(column, scope).only(&format!("{column} NOT IN ({none})"))
            }
            Scope::Projects(_) | Scope::Member(_) => self.within(scope, column),
        }
    }

    /// The wanted page. Matches are counted by a second statement only where the page does not tell.
    pub(crate) fn list<T>(
        self,
        tx: &Tx<'_>,
        what: &'static str,
        page: Page,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Listed<T>, StoreError> {
        let condition = if self.clauses.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.clauses.join(" AND "))
        };
        let (columns, from, order) = (self.columns, self.from, self.order);
        let (limit, offset) = (self.values.len() + 1, self.values.len() + 2);
        let part = format!("{condition} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}");
        let sql = match self.narrow {
            None => format!("SELECT {columns} FROM {from} {part}"),
            Some((key, narrow)) => format!(
                "SELECT {columns} FROM {from} WHERE {key} IN (SELECT {key} FROM {narrow} {part})
                 ORDER BY {order}"
            ),
        };
        let from = self.narrow.map_or(from, |(_, narrow)| narrow);
        let (limit, offset) = (page.limit.map_or(-1, stored), stored(page.offset));
        let mut values: Vec<&dyn ToSql> = self.values.iter().map(AsRef::as_ref).collect();
        values.extend([&limit as &dyn ToSql, &offset]);
        let rows = tx.rows(what, &sql, &values, read)?;
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let is_last = page.limit.is_none_or(|limit| count < limit);
        let total = if is_last && (count > 0 || page.offset == 0) {
            page.offset.saturating_add(count)
        } else {
            let sql = format!("SELECT count(*) AS matching FROM {from} {condition}");
            let filters = &values[..self.values.len()];
            tx.row(what, &sql, filters, |row| amount(row, "matching"))?.unwrap_or(0)
        };
        Ok(Listed { total: usize::try_from(total).unwrap_or(usize::MAX), rows })
    }
}

/// Refuses to remove what still has something in it.
///
/// `counts` gives rows of `kind` and `number` for the id `?1`.
pub(crate) fn still_used(
    tx: &Tx<'_>,
    thing: &str,
    counts: &str,
    id: &str,
) -> Result<(), StoreError> {
    let there = tx.rows("count what is in it", counts, rusqlite::params![id], |row| {
        Ok((row.get::<_, String>("kind")?, row.get::<_, i64>("number")?))
    })?;
    let held: Vec<String> = there
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| format!("{number} {kind}"))
        .collect();
    if held.is_empty() {
        return Ok(());
    }
    Err(StoreError::Taken(format!("{thing} still has {}; remove them first", held.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    fn settings(tx: &Tx<'_>, page: Page) -> Result<(usize, usize), StoreError> {
        let query = Query::new("name", "setting", "name").keyword(&["name"], Some("A%"));
        let listed = query.list(tx, "list", page, |row| row.get::<_, String>("name"))?;
        Ok((listed.total, listed.rows.len()))
    }

    #[tokio::test]
    async fn every_page_knows_how_many_rows_match_in_all() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("hostler.db")).unwrap();
        let add = |tx: &Tx<'_>| {
            let sql =
                "INSERT INTO setting (name, value, changed) VALUES ('a%1','',0), ('a%2','',0),
                ('a%3','',0), ('aa4','',0), ('b5','',0)";
            tx.execute("add settings", sql, &[])
        };
        store.write(add).await.unwrap();
        let page = async |offset, limit| {
            store.read(move |tx| settings(tx, Page { offset, limit })).await.unwrap()
        };
        assert_eq!(page(0, None).await, (3, 3));
        assert_eq!(page(0, Some(2)).await, (3, 2));
        assert_eq!(page(2, Some(2)).await, (3, 1));
        assert_eq!(page(0, Some(3)).await, (3, 3));
        assert_eq!(page(9, Some(2)).await, (3, 0));
    }
}
