//! Calls over HTTP: GET for what reads, POST for what changes, signed with an expiry.
//!
//! Not here: repeating, caching, logging of calls (`layers`); log-in sessions (`login`).

use std::time::{Duration, Instant};

use async_trait::async_trait;
use hostler_query_api::{encoding, signature};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use tracing::debug;
use uuid::Uuid;

use crate::config::{Config, ConfigError};
use crate::error::ClientError;
use crate::mask;
use crate::request::{Reply, Request, Service};

/// How long a signature is good for.
const SIGNATURE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer queries go into a body, whatever they do.
const MAX_QUERY: usize = 6000;
/// The header that names a request, in both directions.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// The header in which the manager names parameters that it ignored.
const IGNORED: &str = "x-hostler-ignored-parameters";

/// Sends encoded requests and takes answers apart.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    pub(crate) endpoint: String,
    timeout: Duration,
}

impl Http {
    pub(crate) fn new(config: &Config) -> Result<Self, ClientError> {
        let endpoint = config.endpoint.value.clone();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(config.timeout.value)
            .user_agent(concat!("hostler/", env!("CARGO_PKG_VERSION")))
            .tls_danger_accept_invalid_certs(config.insecure);
        if let Some(file) = &config.ca_file {
            let path = file.value.clone();
            let refuse = |source| ConfigError::Authority { path: path.clone(), source };
            let pem = std::fs::read(&path).map_err(|error| refuse(error.into()))?;
            let authority = reqwest::Certificate::from_pem_bundle(&pem);
            builder = builder.tls_certs_merge(authority.map_err(|error| refuse(error.into()))?);
        }
        let client = builder
            .build()
            .map_err(|source| ClientError::Transport { endpoint: endpoint.clone(), source })?;
        Ok(Self { client, endpoint, timeout: config.timeout.value })
    }

    /// Sends one call whose `encoded` form is complete. Returns the reply and the response's headers.
    pub(crate) async fn send(
        &self,
        request: &Request,
        encoded: String,
        post: bool,
        cookie: Option<&str>,
    ) -> Result<(Reply, HeaderMap), ClientError> {
        let request_id = Uuid::new_v4().to_string();
        let builder = if post || encoded.len() > MAX_QUERY {
            let form = "application/x-www-form-urlencoded; charset=UTF-8";
            self.client.post(&self.endpoint).header(CONTENT_TYPE, form).body(encoded)
        } else {
            self.client.get(format!("{}?{encoded}", self.endpoint))
        };
        let builder = builder.header(REQUEST_ID, &request_id);
        let builder = cookie.into_iter().fold(builder, |b, c| b.header("cookie", c));
        let method = if post { "POST" } else { "GET" };
        debug!(method, url = %self.endpoint, request = ?request, id = %request_id, "request");

        let started = Instant::now();
        let response = builder.send().await.map_err(|error| self.broken(request, error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(|error| self.broken(request, error))?;
        let parsed: Option<Value> = serde_json::from_str(&text).ok();
        let shown = parsed.as_ref().map(|body| mask::answer(body).to_string());
        let seconds = started.elapsed().as_secs_f64();
        debug!(status, seconds, headers = ?shown_headers(&headers), body = %shown.unwrap_or_default(), "answer");

        let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let request_id = said(REQUEST_ID).map_or(request_id, str::to_owned);
        let ignored = said(IGNORED).map_or_else(Vec::new, |names| {
            names.split(',').map(|name| name.trim().to_owned()).filter(|n| !n.is_empty()).collect()
        });
        let body = self.open(request, status, parsed, &request_id)?;
        Ok((Reply { body, request_id, ignored }, headers))
    }

    /// Takes the one key off the answer, and makes errors errors.
    fn open(
        &self,
        request: &Request,
        status: u16,
        parsed: Option<Value>,
        request_id: &str,
    ) -> Result<Value, ClientError> {
        let not_the_api = |what: &str| ClientError::NotTheApi {
            endpoint: self.endpoint.clone(),
            command: request.command.clone(),
            status,
            what: what.to_owned(),
        };
        let Some(Value::Object(envelope)) = parsed else {
            return Err(not_the_api("something that is no JSON object"));
        };
        let mut values = envelope.into_iter().map(|(_, value)| value);
        let (Some(body), None) = (values.next(), values.next()) else {
            return Err(not_the_api("not exactly one key"));
        };
        if status == 200 {
            return Ok(body);
        }
        let Some(text) = body.get("errortext").and_then(Value::as_str) else {
            return Err(not_the_api("an error without a text"));
        };
        let number = |name: &str| body.get(name)?.as_u64().and_then(|n| u16::try_from(n).ok());
        Err(ClientError::Api {
            command: request.command.clone(),
            code: number("errorcode").unwrap_or(status),
            cserrorcode: number("cserrorcode"),
            text: text.to_owned(),
            request_id: request_id.to_owned(),
        })
    }

    fn broken(&self, request: &Request, error: reqwest::Error) -> ClientError {
        let endpoint = self.endpoint.clone();
        if error.is_timeout() && !error.is_connect() {
            let command = request.command.clone();
            return ClientError::TimedOut { endpoint, command, after: self.timeout };
        }
        ClientError::Transport { endpoint, source: error.without_url() }
    }
}

fn shown_headers(headers: &HeaderMap) -> Vec<String> {
    headers
        .iter()
        .map(|(name, value)| match name.as_str() {
            "set-cookie" => format!("{name}: {}", mask::MASK),
            _ => format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())),
        })
        .collect()
}

/// `name=value` pairs of a call, encoded, with what every call carries.
pub(crate) fn encode_plain(request: &Request) -> String {
    let all = [("command", request.command.as_str()), ("response", "json")];
    let params = request.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let pairs: Vec<_> = all
        .into_iter()
        .chain(params)
        .map(|(name, value)| format!("{}={}", encoding::encode(name), encoding::encode(value)))
        .collect();
    pairs.join("&")
}

/// Calls that are signed with an API key.
#[derive(Clone)]
pub(crate) struct SignedHttp {
    http: Http,
    api_key: String,
    secret_key: String,
}

impl std::fmt::Debug for SignedHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignedHttp({})", self.http.endpoint)
    }
}

impl SignedHttp {
    pub(crate) fn new(config: &Config) -> Result<Self, ClientError> {
        let missing = |setting, variable, key| ConfigError::Missing { setting, variable, key };
        let api_key = config.api_key.clone();
        let secret_key = config.secret_key.clone();
        Ok(Self {
            http: Http::new(config)?,
            api_key: api_key.ok_or(missing("API key", "HOSTLER_API_KEY", "api_key"))?.value,
            secret_key: secret_key
                .ok_or(missing("secret key", "HOSTLER_SECRET_KEY", "secret_key"))?
                .value,
        })
    }

    fn encode(&self, request: &Request, now: Timestamp) -> String {
        let expires = (now + SIGNATURE_LIFE).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string();
        let mut pairs = vec![
            ("command", request.command.as_str()),
            ("response", "json"),
            ("apiKey", self.api_key.as_str()),
            ("signatureVersion", "3"),
            ("expires", expires.as_str()),
        ];
        pairs.extend(request.params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        signature::signed_query(&pairs, &self.secret_key)
    }
}

#[async_trait]
impl Service for SignedHttp {
    async fn call(&self, request: &Request) -> Result<Reply, ClientError> {
        let encoded = self.encode(request, Timestamp::now());
        Ok(self.http.send(request, encoded, !request.is_read(), None).await?.0)
    }
}
