//! How lists are read: which rows, whose, which page, and how many there are in all.
//!
//! Not here: what a list is about; each `*_view` says that.

use std::borrow::Cow;

use rusqlite::{Row, ToSql};

use crate::columns::{amount, stored};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// Rows to skip.
    pub offset: u64,
    /// Most rows to give; nothing means all.
    pub limit: Option<u64>,
}

impl Page {
    /// No row at all: for who wants to know only how many there are.
    pub const NONE: Self = Self { offset: 0, limit: Some(0) };

    /// This part of a list that is there as a whole.
    pub fn cut<T>(self, all: Vec<T>) -> Listed<T> {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (total, most) = (all.len(), self.limit.map_or(usize::MAX, count));
        let rows = all.into_iter().skip(count(self.offset)).take(most).collect();
        Listed { total, rows }
    }
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// How many rows match, on this page or not.
    pub total: usize,
    /// The rows of the page.
    pub rows: Vec<T>,
}

/// The tables of a list whose rows are chosen before everything about them is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Narrow {
    /// The table of which the rows are.
    pub(crate) table: &'static str,
    /// Its key, with the table's name: the order of the list.
    pub(crate) key: &'static str,
    /// Its column of the account that owns a row, with the table's name.
    pub(crate) owner: &'static str,
    /// Where its rows are kept counted, if they are.
    pub(crate) tally: Option<Tally>,
    /// Aliases of tables that filters may name, each with its join, which gives at most one row. A join may name those
    /// before it.
    pub(crate) joins: &'static [(&'static str, &'static str)],
}

/// A table that has how many rows of another are alike (docs/decisions/0022-what-lists-count-is-kept-counted.md).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    /// The table. Its column `number` says how many.
    pub(crate) table: &'static str,
    /// The columns that they are alike in, named as those of the other table.
    pub(crate) columns: &'static [&'static str],
    /// The clause that all rows fulfil that are counted.
    pub(crate) of: &'static str,
}

impl Tally {
    /// Whether projects have none of what is counted.
    fn is_outside_projects(&self, tx: &Tx<'_>) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT NOT EXISTS (SELECT 1 FROM project p CROSS JOIN {} t ON t.account = p.account) AS none",
            self.table
        );
        Ok(tx
            .row("look for what projects have", &sql, &[], |row| row.get("none"))?
            .unwrap_or(false))
    }
}

impl Narrow {
    /// How many rows fulfil the clauses, from what is kept counted; nothing: they name something else.
    fn counted(&self, clauses: &[String]) -> Option<String> {
        let tally = self.tally?;
        let (table, is_other) = (self.table, |clause: &&String| *clause != tally.of);
        let left: Vec<&str> = clauses.iter().filter(is_other).map(String::as_str).collect();
        if left.len() == clauses.len() {
            return None; // those that are gone are not counted
        }
        let known = |clause: &&str| {
            self.joins.iter().all(|(alias, _)| !names(clause, alias))
                && columns(clause, table).all(|column| tally.columns.contains(&column))
        };
        let condition = if left.is_empty() { "1".to_owned() } else { left.join(" AND ") };
        left.iter().all(known).then(|| {
            format!(
                "SELECT coalesce(sum({table}.number), 0) AS matching FROM {} {table} WHERE {condition}",
                tally.table
            )
        })
    }

    /// What begins with `first`, and the joins that `condition` cannot do without.
    fn from(&self, first: &str, condition: &str) -> String {
        let (mut needed, mut joins) = (condition.to_owned(), Vec::new());
        for (alias, join) in self.joins.iter().rev() {
            if names(&needed, alias) {
                needed.push_str(join);
                joins.insert(0, *join);
            }
        }
        format!("{first} {}", joins.join(" "))
    }
}

/// A table that leads to the rows of a list in their order, by an index of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Through {
    /// The table. No row of it that fulfils the clause outlives the row of the list that it leads to.
    pub(crate) table: &'static str,
    /// Its column with the list's key, with the table's name.
    pub(crate) key: &'static str,
    /// What its rows have to fulfil, with `?` for a value.
    pub(crate) clause: &'static str,
}

/// A set of keys of rows of a list.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    /// The column with the keys.
    pub(crate) key: &'static str,
    /// The tables, and what their rows have to fulfil, with `?` for a value.
    pub(crate) from: String,
}

/// How the rows of a page are chosen from a list that may be long.
struct Chosen {
    /// The tables.
    from: String,
    /// The key, in the order of the list.
    key: &'static str,
    /// The statement that counts them all.
    count: String,
}

/// Whether `sql` has a column of `alias`.
fn names(sql: &str, alias: &str) -> bool {
    columns(sql, alias).next().is_some()
}

/// The columns of `alias` in `sql`.
fn columns<'a>(sql: &'a str, alias: &str) -> impl Iterator<Item = &'a str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let before = format!("{alias}.");
    let found: Vec<usize> = sql.match_indices(&before).map(|(at, _)| at).collect();
    found.into_iter().filter(move |at| !sql[..*at].ends_with(is_word)).map(move |at| {
        let rest = &sql[at + before.len()..];
        &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
    })
}

/// A query that is put together from the filters that were given.
///
/// Its text depends only on which filters there are, so that it is prepared once.
pub(crate) struct Query {
    columns: Cow<'static, str>,
    from: &'static str,
    order: &'static str,
    narrow: Option<Narrow>,
    through: Option<Through>,
    /// Clauses that choose rows by a set of their keys, each with the statement that counts the set.
    sets: Vec<(String, String)>,
    /// The index that leads to rows in their order.
    index: Option<&'static str>,
    clauses: Vec<String>,
    /// The clause that most rows are expected to fulfil: a page tests rows in their order, a count reads an index.
    wide: Option<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Query {
    /// `SELECT columns FROM from ORDER BY order`. The order has to be total.
    pub(crate) fn new(
        columns: impl Into<Cow<'static, str>>,
        from: &'static str,
        order: &'static str,
    ) -> Self {
        Self {
            columns: columns.into(),
            from,
            order,
            narrow: None,
            through: None,
            sets: Vec::new(),
            index: None,
            clauses: Vec::new(),
            wide: None,
            values: Vec::new(),
        }
    }

    /// Chooses and counts rows over as few tables as the filters need, and joins the others for the rows of the page
    /// only: for lists that may be long.
    pub(crate) fn narrow(self, narrow: Narrow) -> Self {
        Self { narrow: Some(narrow), ..self }
    }

    /// Rows that another table leads to, if a value for its clause is given.
    pub(crate) fn through(mut self, through: &Through, value: Option<String>) -> Self {
        if value.is_none() {
            return self;
        }
        self = self.filter(through.clause, value);
        self.through = Some(*through);
        let from = format!("{} WHERE {}", through.table, self.numbered(through.clause));
        self.counted_by(through.key, &from)
    }

    /// Rows whose key is in a set, if a value for its `?` is given. Nothing in the set outlives its row of the list.
    pub(crate) fn among(mut self, key: &str, set: &Set, value: Option<String>) -> Self {
        if value.is_none() {
            return self;
        }
        let (its, from) = (set.key, &set.from);
        self = self.filter(&format!("{key} IN (SELECT {its} FROM {from})"), value);
        let from = self.numbered(from);
        self.counted_by(its, &from)
    }

    /// Notes that the rows of the newest clause are those of a set, and how the set is counted.
    fn counted_by(mut self, key: &str, from: &str) -> Self {
        let count = format!("SELECT count(DISTINCT {key}) AS matching FROM {from}");
        self.sets.extend(self.clauses.last().cloned().map(|clause| (clause, count)));
        self
    }

    /// `sql` with the newest value in place of its `?`.
    fn numbered(&self, sql: &str) -> String {
        sql.replace('?', &format!("?{}", self.values.len()))
    }

    /// Goes through the rows by an index that has them in their order, and has what most filters name.
    pub(crate) fn by(self, index: &'static str) -> Self {
        Self { index: Some(index), ..self }
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
            let clause = self.numbered(clause);
            self.clauses.push(clause);
        }
        self
    }

    /// Rows whose `column` shows as the value, if one is given.
    pub(crate) fn is<T: ToString>(self, column: &str, value: Option<T>) -> Self {
        self.filter(&format!("{column} = ?"), value.map(|v| v.to_string()))
    }

    /// Rows whose `column` shows as one of the values, if any are given.
    pub(crate) fn any<T: ToString>(self, column: &str, values: &[T]) -> Self {
        if let [one] = values {
            return self.is(column, Some(one.to_string())); // an index gives these in order
        }
        let texts: Vec<String> = values.iter().map(T::to_string).collect();
        let list = (!texts.is_empty()).then(|| serde_json::json!(texts).to_string());
        self.filter(&format!("{column} IN (SELECT value FROM json_each(?))"), list)
    }

    /// Rows of things that have one of the tags, each a key and a value, if any are given.
    pub(crate) fn tagged(self, id_column: &str, tags: &[(String, String)]) -> Self {
        let list = (!tags.is_empty()).then(|| serde_json::json!(tags).to_string());
        self.filter(
            &format!(
                "{id_column} IN (SELECT g.resource FROM json_each(?) w JOIN tag g
                     ON g.name = json_extract(w.value, '$[0]') AND g.value = json_extract(w.value, '$[1]'))"
            ),
            list,
        )
    }

    /// Rows of which one of the columns contains the text, in any case of its letters.
    pub(crate) fn keyword(self, columns: &[&str], text: Option<&str>) -> Self {
        let anywhere: Vec<String> =
            columns.iter().map(|c| format!("instr(lower({c}), lower(?)) > 0")).collect();
        self.filter(&format!("({})", anywhere.join(" OR ")), text.map(str::to_owned))
    }

    /// Rows of accounts in `scope`; the query joins `account a` and `domain d`.
    pub(crate) fn scope(self, scope: &Scope) -> Self {
        if let Some(narrow) = self.narrow {
            return self.owned(scope, narrow.owner);
        }
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

    /// The same for a table that has the owner itself.
    fn owned(self, scope: &Scope, column: &str) -> Self {
        let everybody = Scope::OutsideProjects(Box::new(Scope::All));
        if *scope != everybody {
            return self.within(scope, column);
        }
        let wide = format!("{column} IN (SELECT id FROM account WHERE kind <> 'Project')");
        Self { wide: Some(wide), ..self }
    }

    /// Rows of which the account in `column` is in `scope`.
    pub(crate) fn within(self, scope: &Scope, column: &str) -> Self {
        match scope.condition(column) {
            None => self,
            Some((clause, value)) => self.filter(&clause, Some(value)),
        }
    }

    fn clauses(&self, wide: Option<String>) -> Vec<String> {
        self.clauses.iter().cloned().chain(wide).collect()
    }

    /// What a row has to fulfil.
    fn condition(&self, wide: Option<String>) -> String {
        let clauses = self.clauses(wide);
        if clauses.is_empty() { String::new() } else { format!("WHERE {}", clauses.join(" AND ")) }
    }

    /// How rows are chosen that fulfil `condition`.
    fn choose(&self, narrow: &Narrow, condition: &str) -> Chosen {
        let (table, key) = (narrow.table, narrow.key);
        let (first, by, rows) = if let Some(through) = self.through {
            let (leads, its) = (through.table, through.key);
            let first = format!("{leads} CROSS JOIN {table} ON {key} = {its}");
            (first, its, format!("DISTINCT {its}"))
        } else {
            let index = self.index.map_or_else(String::new, |index| format!(" INDEXED BY {index}"));
            (format!("{table}{index}"), key, "*".to_owned())
        };
        let from = narrow.from(&first, condition);
        // what is kept counted knows nothing of other tables
        let kept = || narrow.counted(&self.clauses(self.wide.clone()));
        let count = self
            .counted_alone(narrow)
            .or_else(|| self.through.is_none().then(kept).flatten())
            .unwrap_or_else(|| format!("SELECT count({rows}) AS matching FROM {from} {condition}"));
        Chosen { from, key: by, count }
    }

    /// How many rows are in the one set that they have to be in, if nothing else is asked of them.
    fn counted_alone(&self, narrow: &Narrow) -> Option<String> {
        let [(set, count)] = self.sets.as_slice() else { return None };
        let is_kept = |clause: &String| narrow.tally.is_some_and(|tally| clause == tally.of);
        let alone = self.clauses.iter().all(|clause| clause == set || is_kept(clause));
        (alone && self.wide.is_none()).then(|| count.clone())
    }

    /// The wanted page. Matches are counted by a second statement only where the page does not tell.
    pub(crate) fn list<T>(
        mut self,
        tx: &Tx<'_>,
        what: &'static str,
        page: Page,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Listed<T>, StoreError> {
        if let (Some(_), Some(tally)) = (&self.wide, self.narrow.and_then(|narrow| narrow.tally)) {
            let counts_these = self.clauses.iter().any(|clause| clause == tally.of);
            if counts_these && tally.is_outside_projects(tx)? {
                self.wide = None;
            }
        }
        let condition = self.condition(self.wide.clone());
        let (columns, from, order) = (&self.columns, self.from, self.order);
        let (limit, offset) = (self.values.len() + 1, self.values.len() + 2);
        let part = format!("LIMIT ?{limit} OFFSET ?{offset}");
        let (sql, count) = match &self.narrow {
            None => (
                format!("SELECT {columns} FROM {from} {condition} ORDER BY {order} {part}"),
                format!("SELECT count(*) AS matching FROM {from} {condition}"),
            ),
            Some(narrow) => {
                let chosen = self.choose(narrow, &condition);
                // the sign keeps SQLite from going by the owner: the order would have to be made
                let in_order =
                    self.condition(self.wide.as_ref().map(|clause| format!("+{clause}")));
                let (key, few, by) = (narrow.key, &chosen.from, chosen.key);
                let once = if self.through.is_some() { "DISTINCT " } else { "" };
                let sql = format!(
                    "SELECT {columns} FROM {from} WHERE {key} IN
                         (SELECT {once}{by} FROM {few} {in_order} ORDER BY {by} {part}) ORDER BY {order}"
                );
                (sql, chosen.count)
            }
        };
        let (limit, offset) = (page.limit.map_or(-1, stored), stored(page.offset));
        let mut values: Vec<&dyn ToSql> = self.values.iter().map(AsRef::as_ref).collect();
        values.extend([&limit as &dyn ToSql, &offset]);
        let rows = tx.rows(what, &sql, &values, read)?;
        let got = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let is_last = page.limit.is_none_or(|limit| got < limit);
        let total = if is_last && (got > 0 || page.offset == 0) {
            page.offset.saturating_add(got)
        } else {
            let filters = &values[..self.values.len()];
            tx.row(what, &count, filters, |row| amount(row, "matching"))?.unwrap_or(0)
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

    #[test]
    fn only_tables_that_filters_need_are_joined() {
        const TABLES: Narrow = Narrow {
            table: "vm",
            key: "vm.number",
            owner: "vm.account",
            tally: None,
            joins: &[("r", "JOIN run r ON r.vm = vm.id"), ("h", "JOIN host h ON h.id = r.host")],
        };
        assert_eq!(TABLES.from("vm", "WHERE vm.state = ?1"), "vm ");
        assert_eq!(TABLES.from("vm", "WHERE r.host = ?1"), "vm JOIN run r ON r.vm = vm.id");
        let both = "vm JOIN run r ON r.vm = vm.id JOIN host h ON h.id = r.host";
        assert_eq!(TABLES.from("vm", "WHERE h.pod = ?1"), both);
    }

    #[test]
    fn what_is_kept_counted_is_added_up_where_filters_name_nothing_else() {
        const TABLES: Narrow = Narrow {
            table: "vm",
            key: "vm.number",
            owner: "vm.account",
            tally: Some(Tally {
                table: "vm_tally",
                columns: &["state", "zone"],
                of: "vm.removed IS NULL",
            }),
            joins: &[("t", "JOIN template t ON t.id = vm.template")],
        };
        let counted = |clauses: &[&str]| {
            TABLES.counted(&clauses.iter().map(|clause| (*clause).to_owned()).collect::<Vec<_>>())
        };
        let sum = "SELECT coalesce(sum(vm.number), 0) AS matching FROM vm_tally vm WHERE ";
        let there = "vm.removed IS NULL";
        assert_eq!(counted(&[there]).unwrap(), format!("{sum}1"));
        let both = counted(&[there, "vm.state = ?1", "vm.zone = ?2"]).unwrap();
        assert_eq!(both, format!("{sum}vm.state = ?1 AND vm.zone = ?2"));
        for other in ["vm.id = ?1", "t.arch = ?1", "(vm.zone, vm.name) IN (SELECT 1, 2)"] {
            assert_eq!(counted(&[there, other]), None, "{other}");
        }
        assert_eq!(counted(&["vm.zone = ?2"]), None, "expunged ones are not counted");
    }

    #[test]
    fn a_table_that_leads_to_rows_counts_them_alone_where_nothing_else_is_asked() {
        const VMS: Narrow = Narrow {
            table: "vm",
            key: "vm.number",
            owner: "vm.account",
            tally: Some(Tally { table: "vm_tally", columns: &[], of: "vm.removed IS NULL" }),
            joins: &[],
        };
        const NICS: Through =
            Through { table: "nic", key: "nic.vm_number", clause: "nic.network = ?" };
        let asked = |zone: Option<&str>| {
            let query = Query::new("*", "vm", "vm.number").narrow(VMS).only("vm.removed IS NULL");
            let query = query.through(&NICS, Some("n".to_owned())).is("vm.zone", zone);
            query.choose(&VMS, &query.condition(None))
        };
        let alone = asked(None);
        assert_eq!(alone.from, "nic CROSS JOIN vm ON vm.number = nic.vm_number ");
        let counted = "SELECT count(DISTINCT nic.vm_number) AS matching FROM";
        assert_eq!(alone.count, format!("{counted} nic WHERE nic.network = ?1"));
        let zoned = asked(Some("z")).count;
        let condition = "WHERE vm.removed IS NULL AND nic.network = ?1 AND vm.zone = ?2";
        assert_eq!(zoned, format!("{counted} {} {condition}", alone.from));
    }

    #[test]
    fn a_set_of_keys_is_counted_alone_where_nothing_else_is_asked() {
        const VMS: Narrow = Narrow {
            table: "vm",
            key: "vm.number",
            owner: "vm.account",
            tally: Some(Tally { table: "vm_tally", columns: &[], of: "vm.removed IS NULL" }),
            joins: &[],
        };
        let runs = Set { key: "run.vm", from: "run WHERE run.host = ?".to_owned() };
        let asked = |zone: Option<&str>| {
            let query = Query::new("*", "vm", "vm.number").narrow(VMS).only("vm.removed IS NULL");
            let query = query.among("vm.number", &runs, Some("h".to_owned())).is("vm.zone", zone);
            query.choose(&VMS, &query.condition(None)).count
        };
        let counted = "SELECT count(DISTINCT run.vm) AS matching FROM run WHERE run.host = ?1";
        assert_eq!(asked(None), counted);
        assert!(asked(Some("z")).starts_with("SELECT count(*) AS matching FROM vm  WHERE"));
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
