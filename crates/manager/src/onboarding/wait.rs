//! Waiting for a prepared host to come Up: an event, with a limit.

use hostler_model::{HostGuid, HostId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::Means;
use super::stages::{AddHostError, Failure};
use crate::agents::HostNews;

/// Waits until the machine `guid` is Up.
///
/// # Errors
/// After the limit, with the last that was heard of the machine; at once when its agent is refused for good.
pub(super) async fn wait_connect(
    means: &Means,
    guid: HostGuid,
    mut news: Receiver<HostNews>,
) -> Result<(HostId, String), Failure> {
    let limit = means.settings.connect_wait;
    let mut last = "it has never connected".to_owned();
    let wait = async {
        loop {
            if let Some(host) = means.agents.up_by_guid(guid) {
                return Ok((host, format!("host {host} is Up")));
            }
            match news.recv().await {
                Ok(HostNews::Connecting { guid: g }) if g == guid => {
                    "it is Connecting".clone_into(&mut last);
                }
                Ok(HostNews::Down { guid: g, reason, .. }) if g == guid => last = reason,
                Ok(HostNews::Refused { guid: g, text, .. }) if g == guid => {
                    return Err(Failure::new(format!("the manager refused the agent: {text}")));
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => {
                    return Err(Failure::new("the manager is shutting down"));
                }
            }
        }
    };
    let waited = timeout(limit, wait).await;
    match waited {
        Ok(result) => result,
        Err(_) => Err(Failure::new(format!(
            "host {guid} was not Up after {limit:?}: {last}; its agent's log is in the journal (journalctl -u hostler-agent) \
             or in /var/log/hostler/agent.log on the host"
        ))),
    }
}

/// When preparing a machine failed because its agent was refused, says so.
pub(super) fn add_refusal(error: &mut AddHostError, mut news: Receiver<HostNews>) {
    let Some(guid) = error.stages.iter().find(|s| s.name == "certificates").and_then(|stage| {
        stage.detail.split_whitespace().find_map(|word| word.parse::<HostGuid>().ok())
    }) else {
        return;
    };
    while let Ok(item) = news.try_recv() {
        if let HostNews::Refused { guid: refused, text, .. } = item
            && refused == guid
        {
            error.failure.text =
                format!("the manager refused the agent: {text}; {}", error.failure.text);
            return;
        }
    }
}
