//! Serves templates to hosts: `GET` and `HEAD /template/<id>` over mutual TLS, whole or in part; and takes those that
//! hosts send (`arrivals`).
//!
//! No text from outside ever becomes a path: an id is a UUID or nothing.

pub(crate) mod arrivals;
mod listener;
pub(crate) mod public;
mod range;

use std::io::SeekFrom;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, StatusCode, response};
use axum::response::Response;
use axum::routing::get;
use hostler_model::TemplateId;
use rustls::ServerConfig;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::net::TcpListener;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use crate::layout::{Layout, Manifest};
use listener::TlsListener;
use range::{Wanted, wanted};

/// So much is read from the file at once.
const CHUNK: usize = 256 << 10;
/// After the end is asked for, transfers that are nearly done may finish.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `shutdown`.
pub(crate) async fn run(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    layout: Layout,
    shutdown: CancellationToken,
) {
    let router = Router::new()
        .route("/template/{id}", get(template))
        .route("/arriving/{id}", arrivals::route())
        .with_state(layout)
        .into_make_service_with_connect_info::<arrivals::Peer>();
    let listener = TlsListener::new(listener, tls, shutdown.clone());
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    until_done(serving, &shutdown).await;
}

/// Waits for the end of a server, and a moment longer for transfers that are nearly done.
async fn until_done(
    serving: impl IntoFuture<Output = std::io::Result<()>>,
    shutdown: &CancellationToken,
) {
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = serving.into_future() => if let Err(error) = ended {
            tracing::error!(%error, "serving templates has ended");
        },
        () = overdue => tracing::warn!("transfers were broken off; hosts will go on with theirs"),
    }
}

/// The address of a template, without scheme and host.
pub(crate) fn path_of(template: TemplateId) -> String {
    format!("/template/{template}")
}

/// What proves that two answers are of the same bytes.
pub(crate) fn etag(sha256: &str) -> String {
    format!("\"{sha256}\"")
}

async fn template(
    State(layout): State<Layout>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Ok(template) = id.parse::<TemplateId>() else { return empty(StatusCode::NOT_FOUND) };
    let found = super::worker::blocking({
        let layout = layout.clone();
        move || layout.check().and_then(|()| layout.find(template))
    });
    match found.await {
        Ok(Some(manifest)) => send(&layout, &manifest, &headers).await.unwrap_or_else(|error| {
            tracing::error!(%template, %error, "cannot read a template");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }),
        Ok(None) => empty(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(%template, %error, "cannot look for a template");
            empty(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

async fn send(
    layout: &Layout,
    manifest: &Manifest,
    headers: &HeaderMap,
) -> std::io::Result<Response> {
    let (size, etag) = (manifest.size.0, etag(&manifest.sha256));
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // A range of another version of the file is worth nothing.
    let range = header(RANGE).filter(|_| header(IF_RANGE).is_none_or(|known| known == etag));
    let (status, first, length) = match wanted(range, size) {
        Wanted::All => (StatusCode::OK, 0, size),
        Wanted::Part { first, length } => (StatusCode::PARTIAL_CONTENT, first, length),
        Wanted::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut builder = Response::builder()
        .status(status)
        .header(ETAG, etag)
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_LENGTH, length);
    builder = match status {
        StatusCode::PARTIAL_CONTENT => {
            builder.header(CONTENT_RANGE, format!("bytes {first}-{}/{size}", first + length - 1))
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            builder.header(CONTENT_RANGE, format!("bytes */{size}"))
        }
        _ => builder,
    };
    if length == 0 {
        return built(builder, Body::empty());
    }
    let mut file = File::open(layout.image(manifest.template)).await?;
    file.seek(SeekFrom::Start(first)).await?;
    let stream = ReaderStream::with_capacity(file.take(length), CHUNK);
    built(builder, Body::from_stream(stream))
}

fn built(builder: response::Builder, body: Body) -> std::io::Result<Response> {
    builder.body(body).map_err(std::io::Error::other)
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
