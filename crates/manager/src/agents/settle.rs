//! Orders whose outcome must be known, whatever happens to the link.
//!
//! The agent keeps a journal of orders. When an answer was lost, it is asked what became of the order before
//! the order is sent again; so it is carried out once.

use std::time::Duration;

use hostler_model::{CommandId, HostId};
use hostler_wire::{Answer, Call, Command, CommandFailure, InquireCommand, OrderState};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use super::{Agents, CallError, order};

/// How long an agent may take to say what became of an order; it only looks it up.
const INQUIRY: Duration = Duration::from_secs(30);

impl Agents {
    /// Has an order carried out exactly once and returns its outcome, over as many links as it takes.
    ///
    /// Asks first what became of `id`, so it may be called again after a restart or a [`CallError::Lost`]:
    /// an order that is done is not sent again, one that is being carried out is waited for. While the host
    /// is away, it waits for the host to come back, `wait` in all.
    ///
    /// # Errors
    /// [`CallError::Refused`] is the agent's last word. `NotConnected`: the host did not come back and never had
    /// the order from this call. `Lost`, `TimedOut`: the outcome is not known; call it again.
    pub async fn settle<C: Call>(
        &self,
        host: HostId,
        id: CommandId,
        command: C,
        wait: Duration,
    ) -> Result<C::Answer, CallError> {
        let result = self.settle_command(host, id, command.into(), true, wait).await?;
        Ok(C::Answer::try_from(result.map_err(CallError::Refused)?)?)
    }

    /// As [`settle`](Self::settle), for an order that was certainly never sent: spares the first question.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub async fn deliver<C: Call>(
        &self,
        host: HostId,
        id: CommandId,
        command: C,
        wait: Duration,
    ) -> Result<C::Answer, CallError> {
        let result = self.settle_command(host, id, command.into(), false, wait).await?;
        Ok(C::Answer::try_from(result.map_err(CallError::Refused)?)?)
    }

    async fn settle_command(
        &self,
        host: HostId,
        id: CommandId,
        command: Command,
        ask_first: bool,
        wait: Duration,
    ) -> Result<Result<Answer, CommandFailure>, CallError> {
        let deadline = Instant::now() + wait;
        let (mut ask, mut sent) = (ask_first, false);
        loop {
            if timeout_at(deadline, self.watch(host)).await.is_err() {
                return Err(if sent {
                    CallError::Lost { host }
                } else {
                    CallError::NotConnected { host }
                });
            }
            if ask {
                match self.whereabouts(host, id, deadline).await {
                    Ok(Whereabouts::Done(result)) => return Ok(result),
                    Ok(Whereabouts::ToSend) => {}
                    Err(CallError::Lost { .. } | CallError::NotConnected { .. }) => continue,
                    Err(e) => return Err(e),
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.order(host, order(id, command.clone(), left), left).await {
                Ok(outcome) => return Ok(outcome.result),
                Err(CallError::Lost { .. }) => (ask, sent) = (true, true),
                Err(CallError::NotConnected { .. }) => {}
                Err(CallError::TimedOut { .. }) => {
                    return Err(CallError::TimedOut { host, waited: wait });
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// What became of an order, waiting for its end if it is being carried out.
    async fn whereabouts(
        &self,
        host: HostId,
        id: CommandId,
        deadline: Instant,
    ) -> Result<Whereabouts, CallError> {
        let link = self.shared.registry.up(host).ok_or(CallError::NotConnected { host })?;
        // Before the question, so that an outcome between its answer and the waiting is not missed.
        let outcome = self.shared.registry.await_outcome(host, id);
        let question = InquireCommand { orders: vec![id] };
        let inquiry = CommandId::new(Uuid::now_v7());
        let left = deadline.saturating_duration_since(Instant::now()).min(INQUIRY);
        let answer = self.call(host, inquiry, question, left).await;
        let state = answer.map(|answer| {
            answer.orders.into_iter().find(|(order, _)| *order == id).map(|(_, state)| state)
        });
        let result = match state {
            Ok(Some(OrderState::Done(result))) => {
                Ok(Whereabouts::Done(result.map(|answer| *answer)))
            }
            Ok(Some(OrderState::NeverSeen | OrderState::Interrupted)) => Ok(Whereabouts::ToSend),
            Ok(Some(OrderState::InProgress)) => tokio::select! {
                result = timeout_at(deadline, outcome) => match result {
                    Ok(Ok(result)) => Ok(Whereabouts::Done(result)),
                    Ok(Err(_)) => Err(CallError::Lost { host }),
                    Err(_) => Err(CallError::TimedOut { host, waited: left }),
                },
                () = link.ended() => Err(CallError::Lost { host }),
            },
            Ok(None) => Err(CallError::WrongOrders { host }),
            Err(e) => Err(e),
        };
        self.shared.registry.stop_waiting(host, id);
        result
    }

    /// Whether the link to `host` outlasts `span`; for tests of liveness and for those who must be sure.
    pub async fn answers(&self, host: HostId, span: Duration) -> bool {
        let Some(link) = self.shared.registry.up(host) else { return false };
        timeout(span, link.probe(super::now_ms(), span)).await.unwrap_or(false)
    }
}

enum Whereabouts {
    Done(Result<Answer, CommandFailure>),
    ToSend,
}
