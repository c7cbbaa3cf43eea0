//! Calls in a log-in session: user name and password in place of keys.
//!
//! A session that the manager no longer knows is replaced once: log in again, repeat the call once. A second refusal
//! is the caller's error.

use async_trait::async_trait;
use reqwest::header::{HeaderMap, SET_COOKIE};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::config::Config;
use crate::error::ClientError;
use crate::http::{Http, encode_plain};
use crate::request::{Reply, Request, Service};

/// Who logs in.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub username: String,
    /// In plain text; it is sent in a POST body.
    pub password: String,
    /// Path of the user's domain; none is ROOT.
    pub domain: Option<String>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.username)
    }
}

/// What proves that one is logged in.
#[derive(Clone)]
struct Token {
    session_key: String,
    cookie: String,
}

/// A service that logs in when it must.
pub(crate) struct LoginHttp {
    http: Http,
    login: Login,
    token: Mutex<Option<Token>>,
}

impl std::fmt::Debug for LoginHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoginHttp({:?}, {})", self.login, self.http.endpoint)
    }
}

impl LoginHttp {
    pub(crate) fn new(config: &Config, login: Login) -> Result<Self, ClientError> {
        Ok(Self { http: Http::new(config)?, login, token: Mutex::new(None) })
    }

    /// The token in use, made when there is none.
    async fn token(&self) -> Result<Token, ClientError> {
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_ref() {
            return Ok(token.clone());
        }
        let request = Request::new("login")
            .with("username", &self.login.username)
            .with("password", &self.login.password)
            .with_some("domain", self.login.domain.as_ref());
        let (reply, headers) = self.http.send(&request, encode_plain(&request), true, None).await?;
        let session_key = reply.body.get("sessionkey").and_then(Value::as_str).unwrap_or_default();
        let token = Token { session_key: session_key.to_owned(), cookie: cookies(&headers) };
        *held = Some(token.clone());
        Ok(token)
    }

    async fn call_with(&self, token: &Token, request: &Request) -> Result<Reply, ClientError> {
        let sent = request.clone().with("sessionkey", &token.session_key);
        let post = !request.is_read();
        Ok(self.http.send(&sent, encode_plain(&sent), post, Some(&token.cookie)).await?.0)
    }
}

#[async_trait]
impl Service for LoginHttp {
    async fn call(&self, request: &Request) -> Result<Reply, ClientError> {
        let token = self.token().await?;
        match self.call_with(&token, request).await {
            Err(ClientError::Api { code: 401, .. }) => {
                let mut held = self.token.lock().await;
                if held.as_ref().is_some_and(|held| held.session_key == token.session_key) {
                    *held = None; // unless another call has logged in again already
                }
                drop(held);
                let token = self.token().await?;
                self.call_with(&token, request).await
            }
            answer => answer,
        }
    }
}

/// `Set-Cookie` headers as one `Cookie` header.
fn cookies(headers: &HeaderMap) -> String {
    let pairs: Vec<_> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next())
        .collect();
    pairs.join("; ")
}
