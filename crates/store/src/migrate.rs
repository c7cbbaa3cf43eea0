//! Numbered migrations: each is a file, is run once, and is never edited after a release.

use rusqlite::Connection;

use crate::StoreError;

/// In their order; the number of a database is how many of these it has seen (`PRAGMA user_version`).
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_identity.sql"),
    include_str!("migrations/0003_limits.sql"),
    include_str!("migrations/0004_groups.sql"),
    include_str!("migrations/0005_vm.sql"),
    include_str!("migrations/0006_volumes.sql"),
    include_str!("migrations/0007_catalogue.sql"),
    include_str!("migrations/0008_images.sql"),
    include_str!("migrations/0009_indexes.sql"),
    include_str!("migrations/0010_iso.sql"),
    include_str!("migrations/0011_snapshots.sql"),
    include_str!("migrations/0012_snapshot_policies.sql"),
    include_str!("migrations/0013_sync.sql"),
    include_str!("migrations/0014_history.sql"),
    include_str!("migrations/0015_restored.sql"),
    include_str!("migrations/0016_lists.sql"),
    include_str!("migrations/0017_kept.sql"),
    include_str!("migrations/0018_owners.sql"),
    include_str!("migrations/0019_adoption.sql"),
    include_str!("migrations/0020_staged.sql"),
    include_str!("migrations/0021_vm_snapshots.sql"),
    include_str!("migrations/0022_large.sql"),
    include_str!("migrations/0023_sums.sql"),
    include_str!("migrations/0024_tally.sql"),
    include_str!("migrations/0025_words.sql"),
    include_str!("migrations/0026_ldap.sql"),
    include_str!("migrations/0027_disk_terms.sql"),
    include_str!("migrations/0028_destroyed.sql"),
    include_str!("migrations/0029_parameters.sql"),
    include_str!("migrations/0030_list_words.sql"),
];

/// Brings the database to the newest schema. Each migration is one transaction.
pub(crate) fn migrate(connection: &mut Connection, path: &str) -> Result<(), StoreError> {
    let open = |why: String| StoreError::Open { path: path.to_owned(), why };
    let seen: usize = connection
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        .map_err(|e| open(format!("it is no SQLite database ({e})")))?
        .try_into()
        .map_err(|_| open("its version is negative".to_owned()))?;
    if seen > MIGRATIONS.len() {
        return Err(open(format!(
            "it has schema {seen}, this manager knows up to {}; start the newer manager",
            MIGRATIONS.len()
        )));
    }
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(seen) {
        let what = StoreError::sqlite("migrate its schema");
        let transaction = connection.transaction().map_err(what)?;
        transaction.execute_batch(sql).map_err(StoreError::sqlite("run a migration"))?;
        transaction
            .pragma_update(None, "user_version", i64::try_from(number + 1).unwrap_or(i64::MAX))
            .map_err(StoreError::sqlite("number a migration"))?;
        transaction.commit().map_err(StoreError::sqlite("commit a migration"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, ":memory:").unwrap();
        migrate(&mut db, ":memory:").unwrap();
        let tables: i64 = db
            .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |r| r.get(0))
            .unwrap();
        assert!(tables > 20);
    }

    #[test]
    fn a_database_of_a_newer_manager_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut db, "hostler.db").unwrap_err();
        assert!(error.to_string().contains("start the newer manager"), "{error}");
    }
}
