//! Records how far downloads of templates are, as image workers tell.

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use hostler_store::template::template_progress;

use crate::context::Context;

/// Runs until `stop`.
pub async fn follow_downloads(app: Context, stop: CancellationToken) {
    let mut progress = app.agents.progress();
    loop {
        let news = tokio::select! {
            news = progress.recv() => news,
            () = stop.cancelled() => return,
        };
        let (_, progress) = match news {
            Ok(news) => news,
            Err(RecvError::Lagged(_)) => continue, // a later piece of news says more
            Err(RecvError::Closed) => return,
        };
        let Some(template) = app.download_of(progress.command) else { continue };
        let (done, total) = (progress.done, progress.total);
        let told = app.store.write(move |tx| template_progress(tx, template, done, total)).await;
        if let Err(error) = told {
            warn!(%template, %error, "cannot record how far a download is");
        }
    }
}
