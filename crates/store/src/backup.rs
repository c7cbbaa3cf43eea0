//! One file that has the whole record and the files beside it: made while the manager runs, and made a record again.
//!
//! The file is itself a database: a consistent copy of the record with one more table, `backup_file`.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hostler_model::Timestamp;
use rusqlite::{Connection, OpenFlags, params};

use crate::StoreError;
use crate::migrate::migrate;

/// Numbers that were given after the backup are not known to it and must not be given again: names of libvirt domains
/// and MAC addresses come from them. So many are left out.
const LEFT_OUT: i64 = 10_000;

/// What becomes of things that a job was at which has ended with the restore. VMs that start or stop have a run, of
/// which their hosts tell: one that was only claimed may have been started since. A volume is believed on its pool until
/// its host says that it is not there. What depends on the time is [`AT_REST_NOW`].
const AT_REST: &str = "
    UPDATE vm_run SET state = 'Starting', owner = 'agent' WHERE state = 'Claimed';
    UPDATE volume SET state = iif(pool IS NULL, 'Allocated', 'Ready'), version = version + 1
    WHERE (state = 'Creating' OR state = 'Expunging' AND kind = 'ROOT') AND removed IS NULL;
    UPDATE snapshot SET state = 'Error', version = version + 1,
        error = 'the record was restored from a backup that was made while this copy was'
    WHERE state IN ('Allocated', 'Creating') AND removed IS NULL;
    UPDATE snapshot SET state = 'BackedUp', version = version + 1 WHERE state = 'Destroying' AND removed IS NULL;
    UPDATE template SET state = 'Failed', version = version + 1,
        error = 'the record was restored from a backup that was made while this was fetched; register it again'
    WHERE state IN ('Registered', 'Downloading') AND removed IS NULL;
    UPDATE vm_snapshot SET state = 'Error', version = version + 1,
        error = 'the record was restored from a backup that was made while its copies were'
    WHERE state IN ('Allocated', 'Creating') AND removed IS NULL;
    UPDATE vm_snapshot SET state = 'Ready', version = version + 1
    WHERE state IN ('Reverting', 'Expunging') AND removed IS NULL;";
/// The same, where it is recorded when; `?1` is now. VMs and data volumes that were being expunged can be expunged again. A
/// destroyed volume may have been recovered and written to since the backup, so its time begins anew. One of which nothing
/// was fetched yet never was, and a file to which no link leads yet goes.
const AT_REST_NOW: &[&str] = &[
    "UPDATE vm SET state = 'Destroyed', version = version + 1, changed = ?1,
        cause = json_object('text', 'the record was restored from a backup')
     WHERE state = 'Expunging' AND removed IS NULL",
    "UPDATE volume SET state = 'Destroy', version = version + 1, destroyed = ?1,
         destroyer = coalesce(destroyer, (SELECT job.user FROM job WHERE job.id = volume.job))
     WHERE state IN ('Destroy', 'Expunging') AND removed IS NULL",
    "UPDATE volume SET state = 'Expunged', version = version + 1, removed = ?1
     WHERE state = 'Allocated' AND removed IS NULL
         AND id IN (SELECT volume FROM staged_file WHERE purpose = 'Fetched' AND sha256 IS NULL)",
    "UPDATE staged_file SET until = ?1 WHERE purpose = 'Given' AND until IS NULL",
];

/// A file that belongs to the record, relative to its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFile {
    /// Where.
    pub path: PathBuf,
    /// Its permissions.
    pub mode: u32,
    /// What is in it.
    pub content: Vec<u8>,
}

/// Writes the record at `database`, as it is at this moment, and `files` into the new file `to`, which only its owner
/// can read. It is there whole or not at all.
///
/// # Errors
/// [`StoreError::Open`] names the file and says why not.
pub fn backup_write(
    database: &Path,
    files: &[BackupFile],
    to: &Path,
    now: Timestamp,
) -> Result<(), StoreError> {
    let partial = to.with_extension("partial");
    let written = write_partial(database, files, &partial, now).and_then(|()| {
        if to.exists() {
            return Err(problem(to, "it is there already; name another file"));
        }
        std::fs::rename(&partial, to).map_err(|e| problem(to, e))
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&partial); // what is said is why it could not be written
    }
    written
}

fn write_partial(
    database: &Path,
    files: &[BackupFile],
    partial: &Path,
    now: Timestamp,
) -> Result<(), StoreError> {
    record_copy(database, partial)?;
    let failed = |e: rusqlite::Error| problem(partial, e);
    let mut copy = Connection::open(partial).map_err(failed)?;
    let tx = copy.transaction().map_err(failed)?;
    tx.execute_batch(
        "CREATE TABLE backup (made INTEGER NOT NULL) STRICT;
         CREATE TABLE backup_file (path TEXT PRIMARY KEY, mode INTEGER NOT NULL, content BLOB NOT NULL) STRICT;",
    )
    .map_err(failed)?;
    tx.execute("INSERT INTO backup (made) VALUES (?1)", params![now.0]).map_err(failed)?;
    for file in files {
        let path = file.path.display().to_string();
        tx.execute(
            "INSERT INTO backup_file (path, mode, content) VALUES (?1, ?2, ?3)",
            params![path, file.mode, file.content],
        )
        .map_err(failed)?;
    }
    tx.commit().map_err(failed)?;
    drop(copy);
    File::open(partial).and_then(|file| file.sync_all()).map_err(|e| problem(partial, e))
}

/// Copies the record at `database`, as it is at this moment, into the new file `to`, which only its owner can read.
/// The record itself is not written.
///
/// # Errors
/// [`StoreError::Open`] names the file and says why not.
pub fn record_copy(database: &Path, to: &Path) -> Result<(), StoreError> {
    // SQLite takes an empty file as it is, with its permissions.
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    let set = made.and_then(|file| file.set_permissions(Permissions::from_mode(0o600)));
    set.map_err(|e| problem(to, e))?;
    let source = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|e| problem(database, e))?;
    let path = to.display().to_string();
    source.execute("VACUUM INTO ?1", params![path]).map_err(|e| problem(to, e))?;
    Ok(())
}

/// When a backup was made, and the files in it.
///
/// # Errors
/// [`StoreError::Open`] if it is none, or is damaged.
pub fn backup_read(backup: &Path) -> Result<(Timestamp, Vec<BackupFile>), StoreError> {
    let none = |e: rusqlite::Error| problem(backup, format!("it is no backup ({e})"));
    let file =
        Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(none)?;
    let check: String =
        file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(none)?;
    if check != "ok" {
        return Err(problem(backup, format!("it is damaged: {check}")));
    }
    let made = file.query_row("SELECT made FROM backup", [], |row| row.get(0)).map_err(none)?;
    let mut statement =
        file.prepare("SELECT path, mode, content FROM backup_file ORDER BY path").map_err(none)?;
    let files = statement
        .query_map([], |row| {
            let path: String = row.get("path")?;
            Ok(BackupFile {
                path: path.into(),
                mode: row.get("mode")?,
                content: row.get("content")?,
            })
        })
        .and_then(Iterator::collect)
        .map_err(none)?;
    Ok((Timestamp(made), files))
}

/// Makes the record of a backup the one at `database`, which must not be there.
///
/// Jobs that were open end: what they had done by now is found out from the hosts. What they were at is no longer on its
/// way, so that it can be asked for again. Nobody is logged in. Numbers go on well beyond those that the backup knows.
///
/// # Errors
/// [`StoreError::Open`] names the file and says why not; then there is no database.
pub fn backup_restore(backup: &Path, database: &Path, now: Timestamp) -> Result<(), StoreError> {
    if database.exists() {
        let text = "there is a record already; move its directory away, or name another one";
        return Err(problem(database, text));
    }
    let partial = database.with_extension("partial");
    let failed = |e: rusqlite::Error| problem(&partial, e);
    std::fs::copy(backup, &partial).map_err(|e| problem(&partial, e))?;
    std::fs::set_permissions(&partial, Permissions::from_mode(0o600))
        .map_err(|e| problem(&partial, e))?;
    let mut copy = Connection::open(&partial).map_err(failed)?;
    migrate(&mut copy, &partial.display().to_string())?;
    let tx = copy.transaction().map_err(failed)?;
    tx.execute_batch("DROP TABLE backup; DROP TABLE backup_file; DELETE FROM session;")
        .map_err(failed)?;
    tx.execute(
        "UPDATE job SET state = 'Failed', finished = ?1, error_code = 530, waiting_for = NULL, lease = lease + 1,
             error_text = 'the record was restored from a backup; what this job has done is found out from the hosts'
         WHERE finished IS NULL",
        params![now.0],
    )
    .map_err(failed)?;
    tx.execute_batch(AT_REST).map_err(failed)?;
    for sql in AT_REST_NOW {
        tx.execute(sql, params![now.0]).map_err(failed)?;
    }
    tx.execute(
        "UPDATE sqlite_sequence SET seq = seq + ?1 WHERE name IN ('account', 'vm', 'nic', 'volume')",
        params![LEFT_OUT],
    )
    .map_err(failed)?;
    tx.execute("UPDATE installation SET restored = ?1", params![now.0]).map_err(failed)?;
    tx.commit().map_err(failed)?;
    copy.execute_batch("VACUUM").map_err(failed)?; // what was in the files is not kept in free pages
    drop(copy);
    File::open(&partial).and_then(|file| file.sync_all()).map_err(|e| problem(&partial, e))?;
    std::fs::rename(&partial, database).map_err(|e| problem(database, e))
}

#[allow(clippy::needless_pass_by_value)] // errors come by value, and so do texts
fn problem(path: &Path, why: impl ToString) -> StoreError {
    StoreError::Open { path: path.display().to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    fn files() -> Vec<BackupFile> {
        vec![BackupFile { path: "pki/ca.key".into(), mode: 0o600, content: b"key".to_vec() }]
    }

    #[test]
    fn a_backup_is_one_file_for_its_owner_alone_and_comes_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (database, backup) = (dir.path().join("hostler.db"), dir.path().join("b"));
        let open = Store::open(&database).unwrap(); // somebody else has it open
        backup_write(&database, &files(), &backup, Timestamp(5)).unwrap();
        drop(open);
        assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(backup_read(&backup).unwrap(), (Timestamp(5), files()));
        let restored = dir.path().join("again.db");
        backup_restore(&backup, &restored, Timestamp(6)).unwrap();
        Store::open(&restored).unwrap();
        assert!(
            !dir.path().join("again.partial").exists() && !dir.path().join("b.partial").exists()
        );
    }

    #[test]
    fn nothing_that_is_there_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let (database, backup) = (dir.path().join("hostler.db"), dir.path().join("b"));
        Store::open(&database).unwrap();
        backup_write(&database, &[], &backup, Timestamp(5)).unwrap();
        let twice = backup_write(&database, &[], &backup, Timestamp(5)).unwrap_err();
        assert!(twice.to_string().contains("is there already"), "{twice}");
        let over = backup_restore(&backup, &database, Timestamp(6)).unwrap_err();
        assert!(over.to_string().contains("move its directory away"), "{over}");
    }

    /// A restore ends the jobs of the backup; nothing may wait for one of them for ever.
    #[test]
    fn what_was_on_its_way_when_the_backup_was_made_is_at_rest_when_it_is_restored() {
        let dir = tempfile::tempdir().unwrap();
        let (database, backup) = (dir.path().join("hostler.db"), dir.path().join("b"));
        Store::open(&database).unwrap();
        let db = Connection::open(&database).unwrap();
        let volume = |id: &str, state: &str, pool: &str| {
            format!(
                "INSERT INTO volume (id, account, zone, kind, device, name, size, format, state, pool, created)
                 VALUES ('{id}', 'a', 'z', 'DATADISK', 1, '{id}', 1, 'QCOW2', '{state}', {pool}, 0);"
            )
        };
        let snapshot = |id: &str, state: &str| {
            format!(
                "INSERT INTO snapshot (id, account, zone, volume, name, kind, size, state, created)
                 VALUES ('{id}', 'a', 'z', 'v1', '{id}', 'MANUAL', 1, '{state}', 0);"
            )
        };
        let vm = "INSERT INTO vm (id, account, user, zone, host_name, display_name, instance_name, offering, template,
                 state, vnc_password, created, changed)
             VALUES ('vm', 'a', 'u', 'z', 'web', 'web', 'i-2-3-VM', 'o', 't', 'Expunging', '', 0, 0);";
        let template = "INSERT INTO template (id, account, name, display_text, url, format, os, state, created)
             VALUES ('t', 'a', 't', 't', 'u', 'QCOW2', 'Linux', 'Downloading', 0);";
        let vm_snapshot = |id: &str, state: &str| {
            format!(
                "INSERT INTO vm_snapshot (id, vm, account, zone, name, state, created)
                 VALUES ('{id}', 'vm', 'a', 'z', '{id}', '{state}', 0);"
            )
        };
        let staged = |volume: &str, purpose: &str| {
            format!(
                "INSERT INTO staged_file (id, volume, purpose, worker, user, format, created)
                 VALUES ('of {volume}', '{volume}', '{purpose}', 'w', 'u', 'QCOW2', 0);"
            )
        };
        let run = "INSERT INTO vm_run (id, vm, host, generation, owner, state, cpu_ratio, memory_ratio, created, vm_number)
             VALUES ('run', 'vm', 'h', 1, 'manager', 'Claimed', 1, 1, 0, 1);";
        let rows = [
            "PRAGMA foreign_keys = OFF;".to_owned(),
            volume("v1", "Creating", "'p'"),
            volume("v2", "Expunging", "'p'"),
            volume("v3", "Expunging", "NULL"),
            volume("v4", "Ready", "'p'"),
            snapshot("s1", "Creating"),
            snapshot("s2", "Destroying"),
            volume("v5", "Allocated", "NULL"),
            volume("v6", "Destroy", "'p'"),
            "UPDATE volume SET destroyed = 1 WHERE id = 'v6';".to_owned(),
            staged("v4", "Given"),
            staged("v5", "Fetched"),
            vm_snapshot("w1", "Creating"),
            vm_snapshot("w2", "Reverting"),
            run.to_owned(),
            vm.to_owned(),
            template.to_owned(),
        ];
        db.execute_batch(&rows.concat()).unwrap();
        drop(db);
        backup_write(&database, &[], &backup, Timestamp(5)).unwrap();
        let restored = dir.path().join("again.db");
        backup_restore(&backup, &restored, Timestamp(6)).unwrap();
        let db = Connection::open(&restored).unwrap();
        let sql = "SELECT id || ' ' || state FROM (SELECT id, state FROM vm UNION SELECT id, state FROM volume
             UNION SELECT id, state FROM snapshot UNION SELECT id, state FROM template UNION SELECT id, state FROM vm_run
             UNION SELECT id, state FROM vm_snapshot UNION SELECT id, until FROM staged_file WHERE until IS NOT NULL
             UNION SELECT 'gone ' || id, destroyed FROM volume WHERE destroyed IS NOT NULL) ORDER BY id";
        let mut statement = db.prepare(sql).unwrap();
        let states = statement.query_map([], |row| row.get(0)).unwrap();
        let states: Vec<String> = states.collect::<Result<_, _>>().unwrap();
        assert_eq!(
            states,
            [
                "gone v2 6",
                "gone v3 6",
                "gone v6 6",
                "of v4 6",
                "run Starting",
                "s1 Error",
                "s2 BackedUp",
                "t Failed",
                "v1 Ready",
                "v2 Destroy",
                "v3 Destroy",
                "v4 Ready",
                "v5 Expunged",
                "v6 Destroy",
                "vm Destroyed",
                "w1 Error",
                "w2 Ready",
            ]
        );
    }

    #[test]
    fn what_is_no_backup_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("hostler.db");
        Store::open(&database).unwrap();
        assert!(backup_read(&database).unwrap_err().to_string().contains("it is no backup"));
    }
}
