//! Logging in and out: `login` and `logout`, the two commands that anybody may call.
//!
//! Not here: how a session proves who calls (`auth`).

use hostler_model::{AccountType, DomainId, UserSource};
use hostler_query_api::{Answer, ApiCommand, ApiError, Params, RoleType, api_command};
use hostler_store::domain::domain_by_path;
use hostler_store::event::{NewEvent, event_add};
use hostler_store::session::{session_add, session_prune, session_remove, sessions_of_user_remove};
use hostler_store::user::{
    Credentials, UserRow, ldap_user_by_name, user_by_name, user_credentials, user_logged_in,
    user_login_failed,
};
use hostler_wire::Secret;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::bootstrap::{ROOT, random_text};
use super::failure::Failure;
use super::http::Cookies;
use super::objects::session::{LOGIN, LOGOUT};
use super::password;
use super::people::{self, Proof};
use super::timezone::offset_hours;
use crate::context::Context;
use crate::settings::{LOGIN_ATTEMPTS, SESSION_TIMEOUT};

api_command! {
    /// Logs a user in: sets two cookies and gives the session key that every later call has to carry.
    pub(crate) struct Login = "login", synchronous .shape(&LOGIN) .open();

    /// The user's name.
    username: required string,
    /// The user's password, as it is.
    password: required string .max(1024),
    /// Path of the user's domain; without it, the root domain.
    domain: optional string,
    /// Id of the user's domain; wins over the path.
    domain_id "domainid": optional uuid<DomainId> .entity("domain"),
}

api_command! {
    /// Ends the session of the caller.
    pub(crate) struct Logout = "logout", synchronous .shape(&LOGOUT) .open();
}

/// An answer with the cookies that it sets.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The answer.
    pub(crate) answer: Answer,
    /// Values of `Set-Cookie`.
    pub(crate) cookies: Vec<String>,
}

/// What is kept of a session's token.
pub(crate) fn token_hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

/// Carries out `login`.
///
/// # Errors
/// 531, deliberately without saying whether the name or the password is wrong.
pub(crate) async fn login(context: &Context, params: &Params) -> Result<Reply, Failure> {
    let login = Login::parse(params, RoleType::User)?;
    let failed = Failure(ApiError::login_failed(&login.username));
    match prove(context, login).await? {
        Some((credentials, Proof::Right)) if credentials.enabled => {
            open(context, credentials).await
        }
        Some((credentials, Proof::Wrong)) if credentials.enabled => {
            count_failure(context, credentials.user).await?;
            Err(failed)
        }
        _ => Err(failed),
    }
}

/// Whose user it is, and whether the password is theirs; nothing: nobody's.
async fn prove(context: &Context, login: Login) -> Result<Option<(Credentials, Proof)>, Failure> {
    let (name, domain, path) = (login.username.clone(), login.domain_id, login.domain);
    let (domain, found) = context
        .store
        .read(move |tx| {
            let domain = match domain {
                Some(id) => Some(id),
                None => domain_by_path(tx, &full_path(path.as_deref()))?.map(|row| row.id),
            };
            let Some(domain) = domain else { return Ok((None, None)) };
            let found = match user_by_name(tx, domain, &name)? {
                None => ldap_user_by_name(tx, domain, &name)?,
                found => found,
            };
            Ok::<_, Failure>((Some(domain), found))
        })
        .await?;
    if let Some(credentials) = &found
        && credentials.user.source == UserSource::Ldap
    {
        // nobody's password leaves this machine who may not log in anyway
        let proof = if credentials.enabled {
            people::proof(context, credentials, &Secret::new(login.password)).await?
        } else {
            Proof::Unknown
        };
        return Ok(found.map(|credentials| (credentials, proof)));
    }
    if let (Some(domain), None) = (domain, &found) {
        let password = Secret::new(login.password.as_str());
        let came = people::first_login(context, domain, &login.username, &password).await?;
        if came.is_some() {
            return Ok(came);
        }
    }
    let hash = found.as_ref().and_then(|credentials| credentials.password_hash.clone());
    let right = password::verify(login.password, hash)
        .await
        .map_err(|error| Failure(ApiError::internal(error)))?;
    let proof = if right { Proof::Right } else { Proof::Wrong };
    Ok(found.map(|credentials| (credentials, proof)))
}

/// Too many wrong passwords disable a user. Root administrators are spared: anybody could lock the cloud
/// by guessing at their names, and nobody could open it again.
async fn count_failure(context: &Context, user: UserRow) -> Result<(), Failure> {
    let most = context.settings.number(&LOGIN_ATTEMPTS);
    if most == 0 || user.account_kind == AccountType::RootAdmin {
        return Ok(());
    }
    let at = context.now();
    context
        .store
        .write(move |tx| {
            if !user_login_failed(tx, user.id, most)? {
                return Ok(());
            }
            let event = NewEvent {
                at,
                kind: "USER.DISABLE",
                level: "WARN",
                state: "Completed",
                description: format!("user {} was disabled", user.name),
                cause: format!("{most} wrong passwords in a row"),
                account: Some(user.account),
                user: Some(user.id),
                subject: Some(("User", user.id.uuid())),
                job: None,
            };
            sessions_of_user_remove(tx, user.id)?;
            Ok::<_, Failure>(event_add(tx, &event)?)
        })
        .await
}

/// `/shop/test`, `shop/test` and `ROOT/shop/test` are the same domain.
fn full_path(path: Option<&str>) -> String {
    let path = path.unwrap_or_default().trim_matches('/');
    match path.strip_prefix(ROOT).map_or(path, |rest| rest.trim_start_matches('/')) {
        "" => ROOT.to_owned(),
        rest => format!("{ROOT}/{rest}"),
    }
}

async fn open(context: &Context, credentials: Credentials) -> Result<Reply, Failure> {
    let (token, key) = (random_text(32), random_text(20));
    let (hash, session_key, user) = (token_hash(&token), key.clone(), credentials.user.id);
    let name = credentials.user.name.clone();
    let (now, limit) = (context.now(), context.settings.duration(&SESSION_TIMEOUT));
    let oldest = hostler_model::Timestamp(
        now.0.saturating_sub(i64::try_from(limit.as_millis()).unwrap_or(i64::MAX)),
    );
    context
        .store
        .write(move |tx| {
            // the password was checked outside: guesses that were sent at the same time may have disabled them
            if !user_credentials(tx, user)?.enabled {
                return Err(Failure(ApiError::login_failed(&name)));
            }
            user_logged_in(tx, user)?;
            session_prune(tx, oldest)?;
            session_add(tx, &hash, user, &session_key, now)?;
            Ok::<_, Failure>(())
        })
        .await?;
    let user = credentials.user;
    let timezone = user.timezone.as_deref().unwrap_or("UTC");
    let fields = json!({
        "username": user.name,
        "userid": user.id,
        "domainid": user.domain,
        "timeout": limit.as_secs(),
        "account": user.account_name,
        "firstname": user.first_name,
        "lastname": user.last_name,
        "type": user.account_kind.api_number().to_string(),
        "timezone": timezone,
        "timezoneoffset": offset_hours(timezone, now),
        "registered": "false",
        "sessionkey": key,
        "is2faenabled": "false",
        "is2faverified": "true",
        "issuerfor2fa": "Hostler",
    });
    let cookies = vec![
        format!("JSESSIONID={token}; Path=/client; HttpOnly; SameSite=Lax"),
        format!("sessionkey={key}; Path=/client; HttpOnly; SameSite=Lax"),
    ];
    Ok(Reply { answer: Answer::flat(Login::declaration(), fields), cookies })
}

/// Carries out `logout`.
///
/// # Errors
/// 431 without a session.
pub(crate) async fn logout(context: &Context, cookies: &Cookies) -> Result<Reply, Failure> {
    let ended = match cookies.get("JSESSIONID").map(token_hash) {
        Some(hash) => {
            context.store.write(move |tx| Ok::<_, Failure>(session_remove(tx, &hash)?)).await?
        }
        None => false,
    };
    if !ended {
        return Err(Failure::invalid("there is no session to end; log in first"));
    }
    let cookies = ["JSESSIONID", "sessionkey"]
        .map(|name| format!("{name}=; Path=/client; Max-Age=0; HttpOnly; SameSite=Lax"))
        .to_vec();
    let answer = Answer::flat(Logout::declaration(), json!({"description": "success"}));
    Ok(Reply { answer, cookies })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_found_by_its_path_with_and_without_the_root_and_slashes() {
        for path in [None, Some(""), Some("/"), Some("ROOT"), Some("/ROOT/")] {
            assert_eq!(full_path(path), "ROOT", "{path:?}");
        }
        for path in ["shop/test", "/shop/test/", "ROOT/shop/test"] {
            assert_eq!(full_path(Some(path)), "ROOT/shop/test", "{path}");
        }
    }

    #[test]
    fn the_database_never_sees_a_token() {
        let hash = token_hash("token");
        assert_eq!(hash, "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0");
    }
}
