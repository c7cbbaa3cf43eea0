//! One connection of a host: its way out, and the requests that wait for answers on it.
//!
//! Not here: reading (`session`), which link of a host counts (`registry`).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::SinkExt;
use hostler_model::{CommandId, HostEvent, HostGuid, HostId};
use hostler_wire::codec::{CodecError, Frame, FrameCodec, encode_frame};
use hostler_wire::{
    CommandFailure, FailureKind, Flags, Message, Order, Outcome, Ping, ProtocolVersion,
};
use tokio::io::AsyncWrite;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::codec::FramedWrite;
use tokio_util::sync::CancellationToken;

use super::CallError;
use super::session::BUFFER;
use crate::metrics::Counted;

/// Why a link ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EndCause {
    /// The peer closed it without a goodbye.
    Closed,
    /// It broke, or the peer broke the protocol.
    Broken(String),
    /// Nothing came for too long.
    Silent,
    /// The peer does not read.
    SlowReader,
    /// The agent said goodbye.
    Shutdown(String),
    /// A newer connection of the same host has taken over.
    Replaced,
    /// The manager wants it so.
    Manager(String),
}

impl EndCause {
    /// What it means for the host; nothing if another connection speaks for the host.
    pub(super) fn event(&self) -> Option<HostEvent> {
        match self {
            Self::Closed | Self::Broken(_) | Self::SlowReader => Some(HostEvent::LinkLost),
            Self::Silent => Some(HostEvent::PingTimeout),
            Self::Shutdown(_) => Some(HostEvent::ShutdownAnnounced),
            Self::Manager(_) => Some(HostEvent::ManagerLost),
            Self::Replaced => None,
        }
    }

    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Broken(_) => "broken",
            Self::Silent => "silent",
            Self::SlowReader => "slow_reader",
            Self::Shutdown(_) => "shutdown",
            Self::Replaced => "replaced",
            Self::Manager(_) => "manager",
        }
    }
}

impl std::fmt::Display for EndCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("the agent's link was closed without a goodbye"),
            Self::Broken(why) => write!(f, "the agent's link broke: {why}"),
            Self::Silent => f.write_str("the agent was silent for too long"),
            Self::SlowReader => f.write_str("the agent does not read what it is sent"),
            Self::Shutdown(why) => write!(f, "the agent said goodbye: {why}"),
            Self::Replaced => f.write_str("a newer connection of the host has taken over"),
            Self::Manager(why) => write!(f, "the manager closed the link: {why}"),
        }
    }
}

/// What waits to be written.
#[derive(Debug)]
pub(super) enum Item {
    /// A frame.
    Frame(Box<Frame>),
    /// From now on, write this version.
    Version(ProtocolVersion),
    /// Nothing more comes.
    End,
}

/// The way out of a connection. Sequence numbers are given in the order of writing.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: mpsc::Sender<Item>,
    next: Mutex<u64>,
    manager: u64,
}

impl Outbox {
    pub(super) fn new(queue: mpsc::Sender<Item>, manager: u64) -> Self {
        Self { queue, next: Mutex::new(1), manager }
    }

    fn frame(&self, sequence: u64, host: Option<HostId>, flags: Flags, message: Message) -> Frame {
        Frame {
            host,
            manager: self.manager,
            flags: flags.with(Flags::FROM_MANAGER),
            ..Frame::new(sequence, message)
        }
    }

    /// Puts an answer to the frame `sequence` into the queue.
    ///
    /// # Errors
    /// [`EndCause::SlowReader`] if the queue is full.
    pub(super) fn answer(
        &self,
        sequence: u64,
        host: Option<HostId>,
        message: Message,
    ) -> Result<(), EndCause> {
        self.put(Item::Frame(Box::new(self.frame(sequence, host, Flags::default(), message))))
    }

    /// Puts something that is no answer into the queue.
    ///
    /// # Errors
    /// [`EndCause::SlowReader`] if the queue is full.
    pub(super) fn tell(&self, host: HostId, message: Message) -> Result<(), EndCause> {
        let mut next = lock(&self.next);
        let frame = self.frame(*next, Some(host), Flags::default(), message);
        self.put(Item::Frame(Box::new(frame)))?;
        *next += 1;
        Ok(())
    }

    pub(super) fn set_version(&self, version: ProtocolVersion) -> Result<(), EndCause> {
        self.put(Item::Version(version))
    }

    /// What is in the queue is still written, then the connection is closed from this side.
    pub(super) fn finish(&self) -> Result<(), EndCause> {
        self.put(Item::End)
    }

    fn put(&self, item: Item) -> Result<(), EndCause> {
        self.queue.try_send(item).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => EndCause::SlowReader,
            mpsc::error::TrySendError::Closed(_) => EndCause::Closed,
        })
    }
}

/// Writes what comes through `queue` until it is closed or `kill` is set.
///
/// # Errors
/// Why it ended before the queue was closed.
pub(super) async fn write_frames(
    half: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Item>,
    wait: Duration,
    kill: CancellationToken,
) -> Result<(), EndCause> {
    let mut out = FramedWrite::with_capacity(half, FrameCodec::new(), BUFFER);
    let work = async {
        while let Some(item) = queue.recv().await {
            let frame = match item {
                Item::Frame(frame) => *frame,
                Item::Version(version) => {
                    out.encoder_mut().set_version(version);
                    continue;
                }
                Item::End => break,
            };
            match timeout(wait, out.send(frame)).await {
                Err(_) => return Err(EndCause::SlowReader),
                Ok(Err(CodecError::Io(e))) => return Err(EndCause::Broken(e.to_string())),
                Ok(Err(e)) => tracing::error!(error = %e, "a frame could not be written"),
                Ok(Ok(())) => {}
            }
        }
        // The peer may be gone already; then there is nobody to say goodbye to.
        let _ = timeout(wait, <_ as SinkExt<Frame>>::close(&mut out)).await;
        Ok(())
    };
    tokio::select! {
        result = work => result,
        () = kill.cancelled() => Ok(()),
    }
}

/// A connection that has passed Startup.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) host: HostId,
    pub(super) guid: HostGuid,
    pub(super) name: String,
    /// Its number among the host's connections.
    pub(super) connection: u64,
    pub(super) peer: SocketAddr,
    pub(super) version: ProtocolVersion,
    pub(super) outbox: Arc<Outbox>,
    up: AtomicBool,
    counted: Mutex<Option<Counted>>,
    open: Mutex<Open>,
    pong: watch::Sender<u64>,
    cause: Mutex<Option<EndCause>>,
    end: CancellationToken,
    changes: Changes,
}

/// How often it has changed to which hosts orders can be sent. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(Arc<AtomicU64>);

impl Changes {
    /// After each change.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Before a look at who is connected: while it is the same, so is what was seen.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Debug, Default)]
struct Open {
    closed: bool,
    requests: HashMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    orders: Vec<CommandId>,
    /// Dropped before `answer`: who has an answer, or knows that there is none, is not counted any more.
    counted: Counted,
    answer: oneshot::Sender<Vec<Outcome>>,
}

/// A request that was written. Dropping it ends the waiting, not the work on the host.
#[derive(Debug)]
pub(super) struct Asked {
    link: Arc<Link>,
    sequence: u64,
    answer: oneshot::Receiver<Vec<Outcome>>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        lock(&self.link.open).requests.remove(&self.sequence);
    }
}

impl Asked {
    /// The outcomes of the request's orders.
    ///
    /// # Errors
    /// [`CallError::Lost`] if the link ends before.
    pub(super) async fn answer(mut self) -> Result<Vec<Outcome>, CallError> {
        let host = self.link.host;
        (&mut self.answer).await.map_err(|_| CallError::Lost { host })
    }
}

impl Link {
    pub(super) fn new(
        (host, guid, name): (HostId, HostGuid, String),
        connection: u64,
        peer: SocketAddr,
        version: ProtocolVersion,
        outbox: Arc<Outbox>,
        changes: Changes,
    ) -> Self {
        Self {
            host,
            guid,
            name,
            connection,
            peer,
            version,
            outbox,
            up: AtomicBool::new(false),
            counted: Mutex::new(None),
            open: Mutex::default(),
            pong: watch::Sender::new(0),
            cause: Mutex::new(None),
            end: CancellationToken::new(),
            changes,
        }
    }

    /// From now on, orders may be sent, and the link is counted until it ends.
    pub(super) fn set_up(&self, counted: Counted) {
        *lock(&self.counted) = Some(counted);
        self.up.store(true, Ordering::Release);
        self.changes.count();
    }

    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire) && !self.end.is_cancelled()
    }

    /// Ends the link; only the first cause counts. Whoever waits on it learns that it is lost.
    pub(super) fn close(&self, cause: EndCause) {
        lock(&self.cause).get_or_insert(cause);
        self.end.cancel();
        self.changes.count();
        lock(&self.counted).take();
        let mut open = lock(&self.open);
        open.closed = true;
        open.requests.clear();
    }

    /// Resolves when the link has ended.
    pub(super) async fn ended(&self) {
        self.end.cancelled().await;
    }

    /// Why it ended.
    pub(super) fn cause(&self) -> Option<EndCause> {
        lock(&self.cause).clone()
    }

    /// Writes a request.
    ///
    /// # Errors
    /// [`CallError::NotConnected`] if the link is over: nothing was sent. [`CallError::TooLong`].
    pub(super) async fn request(
        self: &Arc<Self>,
        orders: Vec<Order>,
        flags: Flags,
        counted: Counted,
    ) -> Result<Asked, CallError> {
        let host = self.host;
        let ids = orders.iter().map(|order| order.id).collect();
        let flags = flags.with(Flags::REQUEST).with(Flags::IN_SEQUENCE);
        let mut frame = self.outbox.frame(0, Some(host), flags, Message::Request(orders));
        encode_frame(&frame, self.version)
            .map_err(|e| CallError::TooLong { host, text: e.to_string() })?;
        let place = self.outbox.queue.reserve().await;
        let place = place.map_err(|_| CallError::NotConnected { host })?;
        let (answer, answered) = oneshot::channel();
        let mut next = lock(&self.outbox.next);
        let mut open = lock(&self.open);
        if open.closed {
            return Err(CallError::NotConnected { host });
        }
        let sequence = *next;
        *next += 1;
        open.requests.insert(sequence, Waiting { orders: ids, counted, answer });
        frame.sequence = sequence;
        place.send(Item::Frame(Box::new(frame)));
        drop(open);
        drop(next);
        tracing::debug!(host = %host, seq = sequence, "request sent");
        Ok(Asked { link: Arc::clone(self), sequence, answer: answered })
    }

    /// Hands outcomes to the request that waits for them. What nobody on this link waits for comes back.
    pub(super) fn answered(&self, sequence: u64, outcomes: Vec<Outcome>) -> Vec<Outcome> {
        let mut open = lock(&self.open);
        // The number may be that of a request on an earlier link: the orders decide.
        let is_it = open.requests.get(&sequence).is_some_and(|waiting| {
            waiting.orders.len() == outcomes.len()
                && waiting.orders.iter().all(|id| outcomes.iter().any(|o| o.id == *id))
        });
        if !is_it {
            return outcomes;
        }
        match open.requests.remove(&sequence) {
            Some(Waiting { counted, answer, .. }) => {
                drop(counted);
                answer.send(outcomes).err().unwrap_or_default()
            }
            None => outcomes,
        }
    }

    /// The outcomes of a request that the agent could not read: nothing of it was begun.
    pub(super) fn refused(&self, sequence: u64, why: &str) -> Vec<Outcome> {
        let why: String = why.chars().take(500).collect();
        let waiting = |open: &Open| open.requests.get(&sequence).map(|asked| asked.orders.clone());
        let orders = waiting(&lock(&self.open));
        let text = format!(
            "the agent of host {} cannot read this order ({why}); it is older than the manager: upgrade it",
            self.name
        );
        let refused = |id| {
            let failure = CommandFailure { kind: FailureKind::Unsupported, text: text.clone() };
            Outcome { id, result: Err(failure) }
        };
        orders.unwrap_or_default().into_iter().map(refused).collect()
    }

    /// Notes the answer to the ping that carried `ping_clock_ms`.
    pub(super) fn heard_pong(&self, ping_clock_ms: u64) {
        self.pong.send_if_modified(|newest| {
            let newer = ping_clock_ms > *newest;
            *newest = ping_clock_ms.max(*newest);
            newer
        });
    }

    /// Whether the peer answers a ping within `wait`.
    pub(super) async fn probe(&self, clock_ms: u64, wait: Duration) -> bool {
        if !self.is_up() {
            return false;
        }
        let mut pongs = self.pong.subscribe();
        let ping = Message::Ping(Ping { clock_ms, ..Ping::default() });
        if self.outbox.tell(self.host, ping).is_err() {
            return false;
        }
        let answered = async { pongs.wait_for(|newest| *newest >= clock_ms).await.is_ok() };
        tokio::select! {
            answered = answered => answered,
            () = self.ended() => false,
            () = tokio::time::sleep(wait) => false,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
