//! Takes templates that hosts send: `POST /arriving/<id>` announces one, `PATCH /arriving/<id>` brings a piece of it.
//!
//! Both answer with how much is here. A host is known by its certificate alone, and one that may not send this template
//! is answered like one that asks for nothing that there is.

use axum::body::{Body, Bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use axum::serve::IncomingStream;
use hostler_model::{HostGuid, TemplateId, error_chain};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;

use super::empty;
use super::listener::TlsListener;
use crate::layout::{ArrivalError, Layout, Sending};

/// No piece is larger.
pub(crate) const PIECE: usize = 8 << 20;
/// Size of the whole file, in an announcement.
pub(crate) const LENGTH: &str = "upload-length";
/// SHA-256 of the whole file, in hexadecimal.
pub(crate) const DIGEST: &str = "upload-digest";
/// Where a piece begins; in an answer, how much is here.
pub(crate) const OFFSET: &str = "upload-offset";

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Peer(Option<CertificateDer<'static>>);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        let (_, connection) = stream.io().get_ref();
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        Self(certificate.map(|certificate| certificate.clone().into_owned()))
    }
}

impl Peer {
    /// Whether its certificate says that it is this host. That the cloud's authority signed it is known.
    fn is(&self, guid: HostGuid) -> bool {
        let certificate = self.0.as_ref().and_then(|der| ParsedCertificate::try_from(der).ok());
        let name = ServerName::try_from(guid.to_string());
        certificate
            .zip(name.ok())
            .is_some_and(|(certificate, name)| verify_server_name(&certificate, &name).is_ok())
    }
}

/// The address at which a template arrives, without scheme and host.
pub(crate) fn path_of(template: TemplateId) -> String {
    format!("/arriving/{template}")
}

/// Both requests.
pub(super) fn route() -> MethodRouter<Layout> {
    post(announce).patch(append).layer(DefaultBodyLimit::max(PIECE))
}

async fn announce(
    State(layout): State<Layout>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Ok(template) = id.parse::<TemplateId>() else { return empty(StatusCode::NOT_FOUND) };
    let size = number(&headers, LENGTH);
    let Some((size, sha256)) = size.zip(digest(&headers)) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let sending = Sending { sha256, size: hostler_model::Bytes(size) };
    let work = move || layout.announce(template, |guid| peer.is(guid), sending);
    answer(template, crate::worker::blocking(work).await)
}

async fn append(
    State(layout): State<Layout>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    piece: Bytes,
) -> Response {
    let Ok(template) = id.parse::<TemplateId>() else { return empty(StatusCode::NOT_FOUND) };
    let offset = number(&headers, OFFSET);
    let Some((offset, sha256)) = offset.zip(digest(&headers)) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let work = move || layout.append(template, |guid| peer.is(guid), &sha256, offset, &piece);
    answer(template, crate::worker::blocking(work).await)
}

fn answer(template: TemplateId, done: Result<u64, ArrivalError>) -> Response {
    let (status, arrived) = match done {
        Ok(arrived) => (StatusCode::OK, Some(arrived)),
        Err(error) => {
            tracing::warn!(%template, error = error_chain(&error), "a host's template is not taken");
            match error {
                ArrivalError::NotExpected { .. } => (StatusCode::NOT_FOUND, None),
                ArrivalError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, None),
                ArrivalError::NoRoom { .. } => (StatusCode::INSUFFICIENT_STORAGE, None),
                ArrivalError::OutOfPlace { arrived, .. } => (StatusCode::CONFLICT, Some(arrived)),
                ArrivalError::Storage(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
            }
        }
    };
    let mut builder = Response::builder().status(status);
    if let Some(arrived) = arrived {
        builder = builder.header(OFFSET, arrived);
    }
    builder.body(Body::empty()).unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// A SHA-256 in hexadecimal.
fn digest(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(DIGEST)?.to_str().ok()?;
    let is_one = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_one.then(|| text.to_owned())
}
