//! Passwords: hashed with argon2id, and checked away from the threads that serve requests.
//!
//! Checking takes the same work whether there is such a user or not.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;

/// How many passwords are checked at the same time: each takes a core and 19 MiB of memory.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A password's hash as a PHC string.
///
/// # Errors
/// A text for the log; passwords of more than 4 GiB are refused.
pub async fn hash(password: String) -> Result<String, String> {
    blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|e| format!("cannot hash a password: {e}"))
    })
    .await?
}

/// Whether the password is the one of the hash. Without a hash it is not, after the same work.
///
/// # Errors
/// A text for the log.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, String> {
    blocking(move || {
        let known = hash.is_some();
        let text = hash.as_deref().unwrap_or_else(|| nobody());
        let right = PasswordHash::new(text).is_ok_and(|parsed| {
            Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
        });
        known && right
    })
    .await
}

/// The hash of a password that nobody has.
fn nobody() -> &'static str {
    static NOBODY: OnceLock<String> = OnceLock::new();
    NOBODY.get_or_init(|| {
        let password = super::bootstrap::random_text(32);
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .unwrap_or_default()
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let _turn = TURNS.acquire().await.map_err(|e| e.to_string())?;
    tokio::task::spawn_blocking(work).await.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_right() {
        let hash = hash("secret".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify("secret".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!verify("Secret".to_owned(), Some(hash)).await.unwrap());
        assert!(!verify("secret".to_owned(), None).await.unwrap());
    }
}
