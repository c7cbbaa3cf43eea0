//! The HTTP side of the API: `/client/api`, `/healthz`, `/metrics`. The only place that knows axum.
//!
//! A command that was begun is carried out even if its caller hangs up, and one that panics is answered
//! with 530.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use hostler_query_api::{Answer, ApiError, Format, Params, Status};
use hostler_store::census::census;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use super::dispatch::{Incoming, Outgoing, dispatch};
use super::metrics::ApiMetrics;
use crate::context::Context;

/// Largest body of a request.
const MAX_BODY: usize = 1 << 20;
/// Time for the answers of requests that were begun when the manager ends.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// How many ignored parameters are named at most: a header has to stay small.
const MOST_IGNORED_NAMED: usize = 20;
/// Time for a command that says no other.
const USUAL_TIME: Duration = Duration::from_mins(1);
/// Commands that log in to a machine and may install software there.
const ON_MACHINES: &[&str] = &["addHost", "cleanMachine", "upgradeHost"];
/// Time for those: a little more than all that they do there may take.
const MACHINE_TIME: Duration = Duration::from_mins(50);

/// What the server needs.
pub struct Server {
    /// The manager.
    pub context: Context,
    /// The API's own numbers.
    pub api: ApiMetrics,
    /// Whether agents can connect.
    pub agents_ready: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Server {
    /// A server of `context`.
    pub fn new(context: Context, agents_ready: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let api = context.metrics.register(ApiMetrics::register);
        Self { context, api, agents_ready: Box::new(agents_ready) }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

/// The cookies of a request.
#[derive(Debug, Clone, Default)]
pub struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// The first cookie of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.0 == name).map(|cookie| cookie.1.as_str())
    }

    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect())
    }
}

/// Who comes in where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The API's own port: callers prove who they are.
    Callers,
    /// The integration port: whoever reaches it is the administrator.
    Integration,
}

/// Serves until `shutdown`; requests that were begun have some seconds to be answered.
///
/// # Errors
/// That of the listener.
pub async fn serve(
    listener: TcpListener,
    server: Arc<Server>,
    door: Door,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let ending = shutdown.clone().cancelled_owned();
    let serving = axum::serve(listener, router(server, door)).with_graceful_shutdown(ending);
    let mut serving = std::pin::pin!(serving.into_future());
    tokio::select! {
        ended = &mut serving => ended,
        () = shutdown.cancelled() => {
            tokio::time::timeout(LAST_ANSWERS, serving).await.unwrap_or(Ok(()))
        }
    }
}

/// The routes.
pub fn router(server: Arc<Server>, door: Door) -> Router {
    if door == Door::Integration {
        return Router::new().fallback(any(integration)).with_state(server);
    }
    Router::new()
        .route("/client/api", any(api))
        .route("/client/api/", any(api))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(server)
}

async fn api(State(server): State<Arc<Server>>, request: Request) -> Response {
    answered(&server, request, Door::Callers).await
}

/// The integration port, whatever the path. What a page in a browser sends is refused: it could reach this
/// port on behalf of whoever looks at it.
async fn integration(State(server): State<Arc<Server>>, request: Request) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
        return StatusCode::FORBIDDEN.into_response();
    }
    answered(&server, request, Door::Integration).await
}

async fn answered(server: &Server, request: Request, door: Door) -> Response {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let id = request_id(&head.headers);
    let by_post = head.method == Method::POST;
    if !by_post && head.method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let query = head.uri.query().unwrap_or_default();
    let params = match body_text(&head.headers, by_post, body).await {
        Ok(body) => Params::parse(query, &body),
        Err(error) => Err(error),
    };
    let outgoing = match params {
        Ok(params) => {
            let cookies = Cookies::of(&head.headers);
            let incoming = Incoming { params, cookies, by_post, door, request: id.clone() };
            answer_in_time(&server.context, incoming).await
        }
        Err(error) => refusal(Format::of(&Params::parse(query, "").unwrap_or_default()), &error),
    };
    let command = outgoing.command.map_or("unknown", |command| command.name);
    server.api.observe(command, outgoing.answer.status, begun.elapsed());
    response(&outgoing, &id)
}

/// Carries a command out in a task of its own, so that neither a panic nor a caller who hangs up tears it.
async fn answer_in_time(context: &Context, incoming: Incoming) -> Outgoing {
    let format = Format::of(&incoming.params);
    let name = incoming.params.command().unwrap_or_default().to_owned();
    let limit = if ON_MACHINES.contains(&name.as_str()) { MACHINE_TIME } else { USUAL_TIME };
    let span = tracing::info_span!("request", request = %incoming.request);
    let context = context.clone();
    let task = tokio::spawn(async move { dispatch(&context, incoming).await }.instrument(span));
    let error = match tokio::time::timeout(limit, task).await {
        Ok(Ok(outgoing)) => return outgoing,
        Ok(Err(error)) => {
            tracing::error!(command = %name, %error, "a command panicked");
            ApiError::internal(
                "the manager met an error that nobody foresaw; its log has the details",
            )
        }
        Err(_) => ApiError::internal(format!(
            "{name} took longer than {} seconds; it goes on in the background",
            limit.as_secs()
        )),
    };
    refusal(format, &error)
}

fn refusal(format: Format, error: &ApiError) -> Outgoing {
    let answer = Answer::error(None, error);
    Outgoing { answer, format, cookies: Vec::new(), ignored: Vec::new(), command: None }
}

async fn body_text(headers: &HeaderMap, by_post: bool, body: Body) -> Result<String, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let is_form = kind.is_empty() || kind.starts_with("application/x-www-form-urlencoded");
    if !by_post || !is_form {
        return Ok(String::new());
    }
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| {
        ApiError::api(
            Status::BadRequest,
            format!("the body is larger than {MAX_BODY} bytes, or broken off"),
        )
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The caller's own number for the request, if it is a sensible one, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    let sensible = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    given.filter(sensible).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

fn response(outgoing: &Outgoing, request: &str) -> Response {
    let status =
        StatusCode::from_u16(outgoing.answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, outgoing.answer.render(outgoing.format)).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    };
    set(HeaderName::from_static("x-request-id"), request);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONTENT_TYPE, outgoing.format.content_type());
    for cookie in &outgoing.cookies {
        set(header::SET_COOKIE, cookie);
    }
    if !outgoing.ignored.is_empty() {
        let first: Vec<&str> =
            outgoing.ignored.iter().map(String::as_str).take(MOST_IGNORED_NAMED).collect();
        set(HeaderName::from_static("x-hostler-ignored-parameters"), &first.join(","));
    }
    response
}

/// 200 if the database answers and agents can connect, else 503 with what is wrong.
async fn healthz(State(server): State<Arc<Server>>) -> Response {
    let read = server.context.store.read(hostler_store::setting::setting_all);
    let database = match tokio::time::timeout(Duration::from_secs(5), read).await {
        Ok(Ok(_)) => "ok".to_owned(),
        Ok(Err(error)) => hostler_model::error_chain(&error),
        Err(_) => "no answer within 5 seconds".to_owned(),
    };
    let agents = if (server.agents_ready)() { "ok" } else { "not listening" };
    let healthy = database == "ok" && agents == "ok";
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, format!("database: {database}\nagents: {agents}\n")).into_response()
}

async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let metrics = &server.context.metrics;
    // where the record cannot be read, its old counts would be wrong
    let census = server.context.store.read(census).await.unwrap_or_default();
    metrics.record.counted(&census);
    metrics.process.look();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.text()).into_response()
}
