//! Serves whoever knows a link: `GET` and `HEAD /userdata/<token>/<name>` over plain HTTP, whole or in part.
//!
//! Not here: encryption. A proxy before it does that, as for the manager's API.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{empty, send, until_done};
use crate::layout::Layout;

/// Serves until `shutdown`.
pub(crate) async fn run(listener: TcpListener, layout: Layout, shutdown: CancellationToken) {
    let router = Router::new()
        .route(&format!("{PREFIX}/{{token}}/{{name}}"), get(linked))
        .with_state(layout);
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    until_done(serving, &shutdown).await;
}

/// What links begin with, after scheme and host.
pub(crate) const PREFIX: &str = "/userdata";

async fn linked(
    State(layout): State<Layout>,
    Path((token, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let found = crate::worker::blocking({
        let layout = layout.clone();
        move || layout.linked(&token)
    });
    match found.await {
        Ok(Some((manifest, link))) if link.name == name => {
            let mut response = send(&layout, &manifest, &headers).await.unwrap_or_else(|error| {
                tracing::error!(template = %link.template, %error, "cannot read a template");
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            });
            let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
            if let Ok(disposition) = disposition {
                response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
            }
            response
        }
        Ok(_) => empty(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(%error, "cannot look for a link");
            empty(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hostler_model::Bytes;
    use hostler_wire::DiskFormat;
    use tempfile::TempDir;

    use super::*;
    use crate::layout::Manifest;
    use crate::world::{sha256, template};

    const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz-_0123456789";

    #[tokio::test]
    async fn whoever_knows_a_link_has_the_file_whole_or_in_part_and_nobody_else() {
        let dir = TempDir::new().unwrap();
        let layout = Layout::open(dir.path(), false).unwrap();
        let incoming = layout.begin(template(1)).unwrap();
        std::fs::write(incoming.image(), "abcdef").unwrap();
        let manifest = Manifest {
            template: template(1),
            size: Bytes(6),
            virtual_size: Bytes(1 << 20),
            format: DiskFormat::Qcow2,
            sha256: sha256(b"abcdef"),
            checksum: None,
            url: String::new(),
            packed: None,
        };
        layout.keep(incoming, &manifest).unwrap();
        layout.link(TOKEN, template(1), "a.qcow2", Duration::from_hours(1)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}{PREFIX}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let _serving = shutdown.clone().drop_guard();
        tokio::spawn(run(listener, layout.clone(), shutdown));

        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = async |path: &str, range: &str| {
            let request = client.get(format!("{base}/{path}")).header("Range", range);
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        let right = format!("{TOKEN}/a.qcow2");
        assert_eq!(get(&right, "").await, (200, "abcdef".to_owned()));
        assert_eq!(get(&right, "bytes=2-3").await, (206, "cd".to_owned()));
        for wrong in [format!("{TOKEN}/b.qcow2"), format!("{}/a.qcow2", TOKEN.to_uppercase())] {
            assert_eq!(get(&wrong, "").await, (404, String::new()), "{wrong}");
        }
        let own = format!("/template/{}", template(1));
        let elsewhere = format!("{}{own}", base.trim_end_matches(PREFIX));
        assert_eq!(client.get(elsewhere).send().await.unwrap().status().as_u16(), 404);
        layout.delete(template(1)).unwrap();
        assert_eq!(get(&right, "").await.0, 404);
    }
}
