//! What is to be said: a bounded queue, and the writer that empties it.
//!
//! Whoever executes never waits here; whoever waits holds nothing. Not here: what is heard.

use std::time::Duration;

use futures_util::SinkExt;
use hostler_model::{CommandId, HostId};
use hostler_wire::codec::{CodecError, Frame, FrameCodec};
use hostler_wire::{CommandFailure, FailureKind, Flags, Message, Outcome, ReadyCommand};
use tokio::io::{AsyncRead, AsyncWrite, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::codec::FramedWrite;
use tracing::{debug, error};

use super::session::LinkError;

/// How many messages may wait for a slow manager.
const QUEUE: usize = 256;

/// A message, and the request that it answers.
#[derive(Debug)]
pub(super) struct Queued {
    answers: Option<u64>,
    message: Message,
}

/// The way to the writer; cheap to clone. It leads nowhere when the link is gone.
#[derive(Debug, Clone)]
pub(super) struct Outgoing(mpsc::Sender<Queued>);

impl Outgoing {
    /// A queue, and its end for the writer.
    pub(super) fn new() -> (Self, mpsc::Receiver<Queued>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// Queues a message; waits while the queue is full.
    pub(super) async fn send(&self, message: Message) {
        let _ = self.0.send(Queued { answers: None, message }).await;
    }

    /// Queues the answer to a request; false: the link is gone.
    pub(super) async fn answer(&self, request: u64, message: Message) -> bool {
        self.0.send(Queued { answers: Some(request), message }).await.is_ok()
    }

    /// Queues a message that may be left out if the queue is full.
    pub(super) fn offer(&self, message: Message) {
        self.try_queue(Queued { answers: None, message });
    }

    /// Queues an answer that may be left out if the queue is full.
    pub(super) fn offer_answer(&self, request: u64, message: Message) {
        self.try_queue(Queued { answers: Some(request), message });
    }

    fn try_queue(&self, queued: Queued) {
        if let Err(mpsc::error::TrySendError::Full(queued)) = self.0.try_send(queued) {
            debug!(message = queued.message.name(), "left out: the manager is slow to read");
        }
    }
}

/// Writes frames and numbers them.
pub(super) struct Writer<S> {
    sink: FramedWrite<WriteHalf<S>, FrameCodec>,
    sequence: u64,
    manager: u64,
    host: Option<HostId>,
}

impl<S: AsyncRead + AsyncWrite> Writer<S> {
    pub(super) fn new(writing: WriteHalf<S>) -> Self {
        let sink = FramedWrite::new(writing, FrameCodec::new());
        Self { sink, sequence: 0, manager: 0, host: None }
    }

    /// From now on speaks the version, and under the id, that the manager gave.
    pub(super) fn greeted(&mut self, ready: &ReadyCommand) {
        self.sink.encoder_mut().set_version(ready.version);
        (self.manager, self.host) = (ready.manager, Some(ready.host));
    }

    /// Writes one message and waits until the transport has it.
    pub(super) async fn send_now(
        &mut self,
        flags: Flags,
        message: Message,
    ) -> Result<(), LinkError> {
        let sequence = self.next_sequence();
        Ok(self.sink.send(self.frame(sequence, flags, message)).await?)
    }

    /// Writes what is queued. Ends after a Shutdown, when the transport has it.
    ///
    /// # Errors
    /// [`LinkError::Stuck`] if a frame takes longer than `silence`, or what the transport says.
    pub(super) async fn run(
        mut self,
        mut frames: mpsc::Receiver<Queued>,
        silence: Duration,
    ) -> Result<(), LinkError> {
        while let Some(queued) = frames.recv().await {
            let is_last = matches!(queued.message, Message::Shutdown(_));
            timeout(silence, self.write(queued)).await.map_err(|_| LinkError::Stuck(silence))??;
            if is_last {
                let _ = timeout(silence, self.sink.close()).await;
                return Ok(());
            }
        }
        Ok(())
    }

    async fn write(&mut self, queued: Queued) -> Result<(), LinkError> {
        let Queued { answers, message } = queued;
        let sequence = answers.unwrap_or_else(|| self.next_sequence());
        let flags = if matches!(message, Message::Ping(_)) { Flags::REQUEST } else { Flags(0) };
        let (name, orders) = (message.name(), orders_of(&message));
        match self.sink.send(self.frame(sequence, flags, message)).await {
            Err(CodecError::TooLong { length, .. }) => {
                error!(message = name, length, "too long for a frame; not sent");
                match orders {
                    Some(orders) => {
                        let excuse = Message::Response(too_long(orders, length));
                        Ok(self.sink.send(self.frame(sequence, flags, excuse)).await?)
                    }
                    None => Ok(()),
                }
            }
            sent => Ok(sent?),
        }
    }

    fn frame(&self, sequence: u64, flags: Flags, message: Message) -> Frame {
        let (manager, host) = (self.manager, self.host);
        Frame { sequence, flags, manager, host, via: None, message }
    }

    const fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

fn orders_of(message: &Message) -> Option<Vec<CommandId>> {
    match message {
        Message::Response(outcomes) => Some(outcomes.iter().map(|o| o.id).collect()),
        _ => None,
    }
}

fn too_long(orders: Vec<CommandId>, length: usize) -> Vec<Outcome> {
    let text = format!("the answer is too long for a frame ({length} bytes); ask for less at once");
    let failure = CommandFailure { kind: FailureKind::Failed, text };
    orders.into_iter().map(|id| Outcome { id, result: Err(failure.clone()) }).collect()
}
