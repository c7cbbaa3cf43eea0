//! One thread that writes, a few connections that read.
//!
//! The writer drains its queue into one transaction and tells everybody after the commit, so that many
//! small writes share one sync of the disk. Each caller's part is a savepoint: it is kept whole or not at
//! all, whatever becomes of its neighbours. A simulation has the same work done without threads ([`Threads`]).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hostler_model::{HostId, ZoneId};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row, Statement, StatementStatus, ToSql};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::cause::Cause;
use crate::claim::every_capacity;
use crate::columns::to_json;
use crate::hosts_now::{HostsNow, Keeper, ZoneHosts};
use crate::threads::Threads;
use crate::watch::{Access, Watch, Watched};
use crate::{StoreError, migrate::migrate};

/// How many callers share one commit at most.
const BATCH: usize = 256;
/// Connections for reading.
const READERS: usize = 4;
/// Pages that the writer keeps in memory at most, in KiB: those that many writes in a row touch.
const WRITER_CACHE: u32 = 32 << 10;
/// The same for each connection that reads.
const READER_CACHE: u32 = 16 << 10;
/// How often a host has to be shown wrong before it is.
const LOOKS: u32 = 3;
/// Target of the log's trace of every statement.
pub const STATEMENTS: &str = "hostler_store::statements";
/// Target of the log's note, at level `debug`, of a statement that looked at very many rows because no index led to fewer.
pub const SCANS: &str = "hostler_store::scans";
/// So many.
const MANY: u64 = 1000;
/// What that trace says of a commit.
pub const COMMIT: &str = "commit";

/// The database. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Store {
    writer: mpsc::UnboundedSender<Work>,
    readers: Arc<Readers>,
    counts: Arc<Counts>,
    hosts: HostsNow,
    threads: Threads,
    watch: Arc<OnceLock<Box<dyn Watch>>>,
}

type Work = Box<dyn WriteWork>;

/// What was asked of the database since it was opened: the measure of the statement budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Statements, reading and writing; savepoints of the batching do not count.
    pub statements: u64,
    /// Transactions with at least one write that were committed.
    pub commits: u64,
    /// Rows that were looked at because no index led to fewer (`SQLITE_STMTSTATUS_FULLSCAN_STEP`).
    pub scanned: u64,
}

#[derive(Debug, Default)]
struct Counts {
    statements: AtomicU64,
    commits: AtomicU64,
    scanned: AtomicU64,
}

#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<Connection>>,
    /// One for each connection. Work takes its own along: who asked for it may go away before it ends.
    permits: Arc<Semaphore>,
}

impl Store {
    /// Opens or makes the database at `path` and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Open`] if it cannot be opened, is damaged, or belongs to a newer manager.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, Threads::Own)
    }

    /// The same, with its work done as `threads` says; on the runtime that is entered, if it has none of its own.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    pub fn open_with(path: &Path, threads: Threads) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        let open =
            |why: rusqlite::Error| StoreError::Open { path: shown.clone(), why: why.to_string() };
        let mut writer = Connection::open(path).map_err(open)?;
        configure(&writer, WRITER_CACHE).map_err(open)?;
        migrate(&mut writer, &shown)?;
        let mut idle = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let reader = Connection::open_with_flags(
                path,
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )
            .map_err(open)?;
            configure(&reader, READER_CACHE).map_err(open)?;
            idle.push(reader);
        }
        let counts = Arc::new(Counts::default());
        let (sender, queue) = mpsc::unbounded_channel();
        let counted = Arc::clone(&counts);
        let hosts = HostsNow::default();
        let mut keeper = Keeper::new(&mut writer, &hosts)?;
        keeper.begin(&Tx::new(&writer, &counts))?;
        threads
            .drain("store-writer", queue, BATCH, move |batch| {
                write_and_tell(&writer, &counted, &mut keeper, batch);
            })
            .map_err(|e| StoreError::Open { path: shown.clone(), why: e.to_string() })?;
        let readers = Arc::new(Readers {
            idle: Mutex::new(idle),
            permits: Arc::new(Semaphore::new(READERS)),
        });
        Ok(Self { writer: sender, readers, counts, hosts, threads, watch: Arc::default() })
    }

    /// From now on `watch` is told of every use. Who came first stays.
    pub fn watch(&self, watch: Box<dyn Watch>) {
        let _ = self.watch.set(watch);
    }

    fn watched(&self, access: Access) -> Watched<'_> {
        Watched::begin(self.watch.get().map(AsRef::as_ref), access)
    }

    /// Runs `work` in a transaction and returns its result after the commit.
    ///
    /// # Errors
    /// What `work` returns; then nothing of it is written. [`StoreError`] if the commit fails.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let _watched = self.watched(Access::Write);
        let (answer, result) = oneshot::channel();
        let job = Job { work: Some(work), outcome: None, answer: Some(answer) };
        self.writer.send(Box::new(job)).map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` on a snapshot of the database. It cannot write.
    ///
    /// # Errors
    /// What `work` returns.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let _watched = self.watched(Access::Read);
        let permits = Arc::clone(&self.readers.permits);
        let permit = permits.acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (readers, counts) = (Arc::clone(&self.readers), Arc::clone(&self.counts));
        let read = move || {
            let connection = readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop()
                .ok_or(StoreError::Closed)?;
            let result = snapshot(&connection, &counts, work);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(permit);
            result
        };
        self.threads.run(read).await.map_err(|_| StoreError::Closed)?
    }

    /// A zone's hosts that run VMs, by name, and what they can still give: as the last commit has left them, from memory.
    pub fn hosts(&self, zone: ZoneId) -> ZoneHosts {
        self.hosts.of(zone)
    }

    /// Hosts that [`hosts`](Self::hosts) shows otherwise than the record has them, look after look: there should be none.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub async fn hosts_astray(&self) -> Result<BTreeMap<HostId, String>, StoreError> {
        let mut astray = self.hosts.differing(&self.read(every_capacity).await?);
        for _ in 1..LOOKS {
            if astray.is_empty() {
                break;
            }
            // what was written between the look at the one and at the other is no difference
            let again = self.hosts.differing(&self.read(every_capacity).await?);
            astray.retain(|host, _| again.contains_key(host));
        }
        Ok(astray)
    }

    /// What was asked of the database so far.
    pub fn counters(&self) -> Counters {
        Counters {
            statements: self.counts.statements.load(Ordering::Relaxed),
            commits: self.counts.commits.load(Ordering::Relaxed),
            scanned: self.counts.scanned.load(Ordering::Relaxed),
        }
    }
}

fn snapshot<T, E: From<StoreError>>(
    connection: &Connection,
    counts: &Counts,
    work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    connection.execute_batch("BEGIN").map_err(StoreError::sqlite("begin to read"))?;
    let result = work(&Tx::new(connection, counts));
    connection.execute_batch("ROLLBACK").map_err(StoreError::sqlite("end reading"))?;
    result
}

fn configure(connection: &Connection, cache: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL").or_else(|e| {
        // a read-only connection finds the mode that the writer has set
        if connection.is_readonly(rusqlite::MAIN_DB)? { Ok(()) } else { Err(e) }
    })?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "busy_timeout", 10_000)?;
    connection.pragma_update(None, "cache_size", -i64::from(cache))?;
    // what a savepoint would bring back is in memory: it is as large as a batch, and was written to a file at each of them
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // plans are made from the text alone: else a statement is prepared anew for other values, which was a third of all work
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(512);
    Ok(())
}

/// One caller's part of a batch.
trait WriteWork: Send {
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    fn tell(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Job<T, E, F> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    answer: Option<oneshot::Sender<Result<T, E>>>,
}

impl<T, E, F> WriteWork for Job<T, E, F>
where
    F: FnOnce(&Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let outcome = self.work.take().map(|work| work(tx));
        let keep = matches!(outcome, Some(Ok(_)));
        self.outcome = outcome;
        keep
    }

    fn tell(mut self: Box<Self>, commit: Result<(), StoreError>) {
        let (Some(answer), Some(outcome)) = (self.answer.take(), self.outcome.take()) else {
            return;
        };
        // A caller that has gone away has still had its work done.
        let _ = answer.send(match (outcome, commit) {
            (Ok(_), Err(e)) => Err(E::from(e)),
            (outcome, _) => outcome,
        });
    }
}

fn write_and_tell(
    connection: &Connection,
    counts: &Counts,
    keeper: &mut Keeper,
    batch: &mut Vec<Work>,
) {
    match write_batch(connection, counts, keeper, batch) {
        Ok(()) => batch.drain(..).for_each(|work| work.tell(Ok(()))),
        Err(e) => {
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            tracing::error!(
                error = &e as &dyn std::error::Error,
                "a transaction could not be committed"
            );
            for work in batch.drain(..) {
                work.tell(Err(StoreError::Closed));
            }
        }
    }
}

fn write_batch(
    connection: &Connection,
    counts: &Counts,
    keeper: &mut Keeper,
    batch: &mut [Work],
) -> Result<(), StoreError> {
    let sqlite = || StoreError::sqlite("write a batch");
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite())?;
    let mut kept = false;
    for work in batch.iter_mut() {
        connection.execute_batch("SAVEPOINT caller").map_err(sqlite())?;
        let keep = work.run(&Tx::new(connection, counts));
        kept |= keep;
        connection
            .execute_batch(if keep {
                "RELEASE caller"
            } else {
                "ROLLBACK TO caller; RELEASE caller"
            })
            .map_err(sqlite())?;
    }
    if !kept {
        return connection.execute_batch("ROLLBACK").map_err(sqlite());
    }
    let news = keeper.read(connection, &Tx::new(connection, counts))?;
    connection.execute_batch("COMMIT").map_err(sqlite())?;
    if let Some(news) = news {
        keeper.publish(news);
    }
    counts.commits.fetch_add(1, Ordering::Relaxed);
    tracing::trace!(target: STATEMENTS, what = COMMIT);
    Ok(())
}

/// A caller's transaction, or its snapshot for reading.
#[derive(Debug)]
pub struct Tx<'a> {
    connection: &'a Connection,
    counts: &'a Counts,
    cause: RefCell<Cause>,
}

impl<'a> Tx<'a> {
    fn new(connection: &'a Connection, counts: &'a Counts) -> Self {
        Self { connection, counts, cause: RefCell::default() }
    }
}

impl Tx<'_> {
    /// Says why everything from here on is written; it stands in the reason trail.
    pub fn because(&self, cause: Cause) {
        self.cause.replace(cause);
    }

    /// Why it is written, as was said.
    pub(crate) fn cause(&self) -> Cause {
        self.cause.borrow().clone()
    }

    /// The same for a column.
    pub(crate) fn cause_json(&self) -> String {
        to_json(&*self.cause.borrow())
    }

    /// Counts a statement, and tells whoever listens to this target what it is for.
    fn count(&self, what: &'static str) {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        tracing::trace!(target: STATEMENTS, what);
    }

    /// Counts what a statement that was carried out has looked at.
    fn count_scanned(&self, what: &'static str, statement: &Statement<'_>) {
        let scanned = statement.reset_status(StatementStatus::FullscanStep);
        let scanned = u64::try_from(scanned).unwrap_or(0);
        self.counts.scanned.fetch_add(scanned, Ordering::Relaxed);
        if scanned >= MANY {
            tracing::debug!(target: SCANS, what, rows = scanned);
        }
    }

    /// Changes rows and says how many. `what` completes "the database could not ...".
    pub(crate) fn execute(
        &self,
        what: &'static str,
        sql: &str,
        parameters: &[&dyn ToSql],
    ) -> Result<usize, StoreError> {
        self.count(what);
        let mut statement =
            self.connection.prepare_cached(sql).map_err(StoreError::sqlite(what))?;
        let changed = statement.execute(parameters).map_err(StoreError::sqlite(what));
        self.count_scanned(what, &statement);
        changed
    }

    /// Every row of an answer.
    pub(crate) fn rows<T>(
        &self,
        what: &'static str,
        sql: &str,
        parameters: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.count(what);
        let mut statement =
            self.connection.prepare_cached(sql).map_err(StoreError::sqlite(what))?;
        let rows = statement
            .query_map(parameters, read)
            .and_then(Iterator::collect)
            .map_err(StoreError::sqlite(what));
        self.count_scanned(what, &statement);
        rows
    }

    /// The first row of an answer, if there is one.
    pub(crate) fn row<T>(
        &self,
        what: &'static str,
        sql: &str,
        parameters: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(what, sql, parameters, read)?.into_iter().next())
    }

    /// The number that the last inserted row got.
    pub(crate) fn last_number(&self) -> i64 {
        self.connection.last_insert_rowid()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::sync::mpsc as std_mpsc;
    use std::task::Poll;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_read_that_nobody_waits_for_any_more_keeps_its_connection_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("hostler.db")).unwrap();
        let (end, ended) = std_mpsc::channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        for _ in 0..READERS {
            let (begin, begun) = oneshot::channel();
            let (ended, store) = (Arc::clone(&ended), store.clone());
            let work = move |_: &Tx<'_>| {
                let _ = begin.send(());
                let _ = ended.lock().unwrap().recv();
                Ok::<_, StoreError>(())
            };
            let read = tokio::spawn(async move { store.read(work).await });
            begun.await.unwrap();
            read.abort();
            assert!(read.await.unwrap_err().is_cancelled());
        }
        let mut next = std::pin::pin!(store.read(|_| Ok::<_, StoreError>(())));
        let waits = std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending()));
        assert!(waits.await, "there is no connection for it yet");
        drop(end);
        next.await.unwrap();
    }
}
