//! Who a request comes from: by the signature over it, or by the session of its cookies.
//!
//! Not here: how sessions begin and end (`sessions`).

use hostler_query_api::dates::Timestamp as Moment;
use hostler_query_api::signature::Signed;
use hostler_query_api::{ApiError, Params};
use hostler_store::domain::domain_by_path;
use hostler_store::session::{session_get, session_remove, session_used};
use hostler_store::user::{Credentials, user_by_api_key, user_by_name};
use subtle::ConstantTimeEq;

use super::bootstrap::{ADMIN, ROOT};
use super::call::Identity;
use super::failure::Failure;
use super::http::Cookies;
use super::sessions::token_hash;
use crate::context::Context;
use crate::orchestration::Caller;
use crate::settings::SESSION_TIMEOUT;

/// How often, in milliseconds, the use of a session is recorded at most.
const USE_RECORDED_EVERY: i64 = 60_000;

/// Who sent this request, numbered `request`. One statement.
///
/// # Errors
/// 401, deliberately without saying which of all reasons it is.
pub(crate) async fn authenticate(
    context: &Context,
    params: &Params,
    cookies: &Cookies,
    request: &str,
) -> Result<Identity, Failure> {
    let credentials = if params.has("signature") || params.has("apikey") {
        by_signature(context, params).await?
    } else if let Some(token) = cookies.get("JSESSIONID") {
        by_session(context, params, cookies, token).await?
    } else {
        return Err(Failure(ApiError::unauthorized()));
    };
    Ok(identity(credentials, request))
}

/// The administrator that came with the product, for what comes in by the integration port.
///
/// # Errors
/// 401 while they are disabled.
pub(crate) async fn administrator(context: &Context, request: &str) -> Result<Identity, Failure> {
    let found = context
        .store
        .read(|tx| {
            let root = domain_by_path(tx, ROOT)?.map(|row| row.id);
            let found = root.map(|root| user_by_name(tx, root, ADMIN)).transpose()?;
            Ok::<_, Failure>(found.flatten())
        })
        .await?;
    let credentials = found.filter(|credentials| credentials.enabled);
    let credentials = credentials.ok_or_else(|| Failure(ApiError::unauthorized()))?;
    Ok(identity(credentials, request))
}

/// What commands need to know of a user who proved themselves.
pub(crate) fn identity(credentials: Credentials, request: &str) -> Identity {
    let user = credentials.user;
    let caller = Caller {
        user: user.id,
        account: user.account,
        domain: user.domain,
        role: user.account_kind,
        request: request.to_owned(),
    };
    Identity { caller, user, rules: credentials.rules }
}

async fn by_signature(context: &Context, params: &Params) -> Result<Credentials, Failure> {
    let now = Moment::from_millisecond(context.now().0).unwrap_or_default();
    let signed = Signed::read(params, now)?;
    let key = signed.api_key.to_owned();
    let found = context
        .store
        .read(move |tx| Ok::<_, Failure>(user_by_api_key(tx, &key)?))
        .await?
        .filter(|credentials| credentials.enabled);
    // an unknown key costs the same work as a known one
    let secret = found.as_ref().and_then(|c| c.secret_key.as_deref()).unwrap_or("nobody's");
    let verified = signed.verify(params, secret);
    match found {
        Some(credentials) if credentials.secret_key.is_some() => {
            verified?;
            Ok(credentials)
        }
        _ => Err(Failure(ApiError::unauthorized())),
    }
}

async fn by_session(
    context: &Context,
    params: &Params,
    cookies: &Cookies,
    token: &str,
) -> Result<Credentials, Failure> {
    let refused = || Failure(ApiError::session_invalid());
    let hash = token_hash(token);
    let wanted = hash.clone();
    let session = context
        .store
        .read(move |tx| Ok::<_, Failure>(session_get(tx, &wanted)?))
        .await?
        .ok_or_else(refused)?;
    let now = context.now();
    let idle = session.last_used.until(now);
    let carried = |text: Option<&str>| {
        text.is_some_and(|t| bool::from(t.as_bytes().ct_eq(session.session_key.as_bytes())))
    };
    let right = carried(params.get("sessionkey")) && carried(cookies.get("sessionkey"));
    if !right || !session.credentials.enabled || idle > context.settings.duration(&SESSION_TIMEOUT)
    {
        context.store.write(move |tx| Ok::<_, Failure>(session_remove(tx, &hash)?)).await?;
        return Err(refused());
    }
    if now.0 - session.last_used.0 > USE_RECORDED_EVERY {
        context.store.write(move |tx| Ok::<_, Failure>(session_used(tx, &hash, now)?)).await?;
    }
    Ok(session.credentials)
}
