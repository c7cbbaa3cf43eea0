//! `host.reconnect`: the link to a host is closed, and its agent connects anew.

use async_trait::async_trait;
use hostler_model::{HostId, JobId};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::{Ask, ask, host_of, host_result, name_of};
use crate::agents::HostNews;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::settings::HOST_CONNECT_TIMEOUT;

/// See the file's description.
#[derive(Debug)]
pub struct ReconnectHost;

/// Has a host's agent connect anew.
///
/// # Errors
/// [`ServiceError`] if there is no such host.
pub async fn reconnect(
    app: &Context,
    caller: &Caller,
    host: HostId,
) -> Result<JobId, ServiceError> {
    let what = Ask {
        workflow: &ReconnectHost,
        api_command: "reconnectHost",
        event: "HOST.RECONNECT",
        what: "connect anew",
    };
    ask(app, caller, host, what, move |tx| Ok(name_of(tx, host)?)).await
}

#[async_trait]
impl Workflow for ReconnectHost {
    fn kind(&self) -> &'static str {
        "host.reconnect"
    }

    fn steps(&self) -> &'static [&'static str] {
        &["reconnect"]
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let host = host_of(cx);
        let limit = cx.app.settings.duration(&HOST_CONNECT_TIMEOUT);
        let news = cx.app.agents.subscribe();
        if cx.resumed {
            // it had to connect to this manager anyway
            let back = timeout(limit, cx.app.agents.watch(host)).await;
            back.map_err(|_| away(host))?;
        } else if cx.app.agents.is_connected(host) {
            cx.app.agents.disconnect(host, "an administrator wants it to connect anew");
            timeout(limit, up_again(host, news)).await.map_err(|_| away(host))?;
        } else if let Some(left) = cx.app.hosts_return_within() {
            // the manager began a moment ago: it is on its way, or it is away
            let back = timeout(left.min(limit), cx.app.agents.watch(host)).await;
            back.map_err(|_| away(host))?;
        } else {
            return Err(away(host));
        }
        Ok(Done::writing("it is connected", |_| Ok(())))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        host_result(cx)
    }
}

fn away(host: HostId) -> StepError {
    let text = format!(
        "host {host} is not connected; its agent connects by itself as soon as it runs and reaches the manager"
    );
    StepError::fail(ServiceErrorKind::Unavailable, text)
}

/// Resolves at the next news that orders can be sent to the host.
async fn up_again(host: HostId, mut news: Receiver<HostNews>) {
    loop {
        match news.recv().await {
            Ok(HostNews::Up { host: up, .. }) if up == host => return,
            Err(RecvError::Closed) => return,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
        }
    }
}
