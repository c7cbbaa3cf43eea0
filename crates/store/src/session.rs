//! Table `session`: who is logged in. Of a session's token only a hash is kept.

use hostler_model::{AccountId, Timestamp, UserId};
use rusqlite::params;

use crate::columns::time;
use crate::user::{COLUMNS, Credentials, FROM, read_credentials};
use crate::{StoreError, Tx};

/// A session that is open.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who is logged in.
    pub credentials: Credentials,
    /// The second secret, which every request has to carry beside the cookie.
    pub session_key: String,
    /// When it was used last.
    pub last_used: Timestamp,
}

/// Opens a session.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn session_add(
    tx: &Tx<'_>,
    token_hash: &str,
    user: UserId,
    session_key: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "open a session",
        "INSERT INTO session (token_hash, user, session_key, created, last_used)
         VALUES (?1, ?2, ?3, ?4, ?4)",
        params![token_hash, user.to_string(), session_key, now.0],
    )?;
    Ok(())
}

/// The session of a token, by the token's hash.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn session_get(tx: &Tx<'_>, token_hash: &str) -> Result<Option<Session>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, s.session_key, s.last_used FROM session s JOIN ({FROM}) ON u.id = s.user
         WHERE s.token_hash = ?1 AND u.removed IS NULL AND a.removed IS NULL"
    );
    tx.row("look a session up", &sql, params![token_hash], |row| {
        Ok(Session {
            credentials: read_credentials(row)?,
            session_key: row.get("session_key")?,
            last_used: time(row, "last_used")?,
        })
    })
}

/// Notes that a session was used.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn session_used(tx: &Tx<'_>, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "note a session's use",
        "UPDATE session SET last_used = ?2 WHERE token_hash = ?1",
        params![token_hash, now.0],
    )?;
    Ok(())
}

/// Ends a session and says whether there was one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn session_remove(tx: &Tx<'_>, token_hash: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "end a session",
        "DELETE FROM session WHERE token_hash = ?1",
        params![token_hash],
    )?;
    Ok(removed > 0)
}

/// Ends every session of a user.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn sessions_of_user_remove(tx: &Tx<'_>, user: UserId) -> Result<usize, StoreError> {
    tx.execute(
        "end a user's sessions",
        "DELETE FROM session WHERE user = ?1",
        params![user.to_string()],
    )
}

/// Ends every session of an account's users.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn sessions_of_account_remove(tx: &Tx<'_>, account: AccountId) -> Result<usize, StoreError> {
    tx.execute(
        "end the sessions of an account",
        "DELETE FROM session WHERE user IN (SELECT id FROM user WHERE account = ?1)",
        params![account.to_string()],
    )
}

/// Removes sessions that were not used since `before`, and says how many.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn session_prune(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    tx.execute("remove old sessions", "DELETE FROM session WHERE last_used < ?1", params![before.0])
}
