//! One connection to a manager, from Startup to its end.
//!
//! Generic over the transport, so that tests need neither sockets nor TLS. Not here: when to connect again
//! ([`super`]), and what orders do (`executor`).

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use hostler_wire::codec::{CodecError, Frame};
use hostler_wire::handshake::{self, LinkState, OutOfTurn};
use hostler_wire::{
    Flags, HostReport, Message, NotUnderstood, Outcome, Ping, Pong, ReadyCommand, Refusal,
    Shutdown, StartupCommand, VersionRange,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::hearing::{Heard, Hearing};
use super::outgoing::{Outgoing, Writer};
use crate::executor::Executor;
use crate::resource::Resource;

/// How long a manager may take to answer Startup.
const GREETING_PATIENCE: Duration = Duration::from_secs(30);
/// How long running commands may take to end when the agent ends.
const WIND_DOWN: Duration = Duration::from_secs(10);
/// How long the last words may take to leave.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a ping waits for statistics.
const STATISTICS_PATIENCE: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The manager does not take the agent in.
    Refused(Refusal),
    /// The manager closed on purpose.
    Dismissed(Shutdown),
    /// The agent is to end.
    AgentEnds,
}

/// A connection that broke.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Bytes that are no frame, or a transport that failed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// A message that may not come now.
    #[error(transparent)]
    OutOfTurn(#[from] OutOfTurn),
    /// The manager closed without a word.
    #[error("the manager closed the connection")]
    Closed,
    /// Nothing came for 2.5 ping intervals.
    #[error("nothing was heard from the manager for {0:?}")]
    Silent(Duration),
    /// Nothing could be written for 2.5 ping intervals.
    #[error("the manager has read nothing for {0:?}")]
    Stuck(Duration),
    /// Neither Ready nor Refused came.
    #[error("the manager did not answer Startup within {0:?}")]
    NoGreeting(Duration),
    /// The manager chose a version that was not offered.
    #[error("the manager wants to speak {0}, this agent knows {ours}", ours = VersionRange::OURS)]
    Version(hostler_wire::ProtocolVersion),
}

/// What a connection works with, and what outlives it.
pub(super) struct Session<'a> {
    pub(super) resource: &'a Arc<dyn Resource>,
    pub(super) executor: &'a Arc<Executor>,
    pub(super) shutdown: &'a CancellationToken,
    /// Called when the manager has taken the agent in.
    pub(super) on_ready: &'a (dyn Fn(&ReadyCommand) + Send + Sync),
}

impl Session<'_> {
    /// Speaks with a manager until either side ends it.
    ///
    /// # Errors
    /// [`LinkError`]: the link is of no use any more.
    pub(super) async fn run<S>(
        &self,
        stream: S,
        startup: StartupCommand,
        changes: &mut mpsc::UnboundedReceiver<HostReport>,
    ) -> Result<Ending, LinkError>
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let (reading, writing) = tokio::io::split(stream);
        let mut reader = FramedRead::new(reading, Hearing::default());
        let mut writer = Writer::new(writing);
        writer.send_now(Flags::REQUEST, Message::Startup(Box::new(startup))).await?;
        let ready = match self.greeting(&mut reader).await? {
            Ok(ready) => ready,
            Err(ending) => return Ok(ending),
        };
        if !(VersionRange::OURS.oldest..=VersionRange::OURS.newest).contains(&ready.version) {
            return Err(LinkError::Version(ready.version));
        }
        writer.greeted(&ready);
        self.resource.ready(&ready);
        writer.send_now(Flags::default(), Message::ReadyAcknowledged).await?;
        info!(host = %ready.host, zone = %ready.zone, version = %ready.version, "taken in");
        (self.on_ready)(&ready);
        self.converse(changes, &ready, reader, writer).await
    }

    async fn greeting<R: AsyncRead + Unpin>(
        &self,
        reader: &mut FramedRead<R, Hearing>,
    ) -> Result<Result<ReadyCommand, Ending>, LinkError> {
        let frame = tokio::select! {
            frame = timeout(GREETING_PATIENCE, reader.next()) => {
                frame.map_err(|_| LinkError::NoGreeting(GREETING_PATIENCE))?
            }
            () = self.shutdown.cancelled() => return Ok(Err(Ending::AgentEnds)),
        };
        let message = match frame.ok_or(LinkError::Closed)?? {
            Heard::Frame(frame) => frame.message,
            Heard::Unreadable { .. } => {
                let state = LinkState::Starting;
                return Err(OutOfTurn { message: "a request", state }.into());
            }
        };
        handshake::agent_receives(LinkState::Starting, &message)?;
        Ok(match message {
            Message::Ready(ready) => Ok(ready),
            Message::Refused(refusal) => Err(Ending::Refused(refusal)),
            Message::Shutdown(shutdown) => Err(Ending::Dismissed(shutdown)),
            other => {
                let (message, state) = (other.name(), LinkState::Starting);
                return Err(OutOfTurn { message, state }.into());
            }
        })
    }

    async fn converse<S>(
        &self,
        changes: &mut mpsc::UnboundedReceiver<HostReport>,
        ready: &ReadyCommand,
        reader: FramedRead<ReadHalf<S>, Hearing>,
        writer: Writer<S>,
    ) -> Result<Ending, LinkError>
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let interval = Duration::from_secs(ready.ping_interval_seconds.max(1).into());
        let silence = interval.mul_f64(2.5);
        let (outgoing, frames) = Outgoing::new();
        let progress = outgoing.clone();
        self.executor.tell_progress_to(Some(Arc::new(move |news| {
            progress.offer(Message::Progress(news));
        })));
        let answers = TaskTracker::new();
        let listener =
            Listener { executor: self.executor, outgoing: &outgoing, ready, answers: &answers };
        let ending = tokio::select! {
            written = writer.run(frames, silence) => written.map(|()| Ending::AgentEnds),
            read = listener.run(reader, silence) => read.map(Ending::Dismissed),
            never = ping(self.resource, &outgoing, interval) => match never {},
            never = report(changes, &outgoing) => match never {},
            () = self.farewell(&outgoing, &answers) => Ok(Ending::AgentEnds),
        };
        self.executor.tell_progress_to(None);
        ending
    }

    /// When the agent ends: lets running commands end, says goodbye, and leaves the writer time to say it.
    async fn farewell(&self, outgoing: &Outgoing, answers: &TaskTracker) {
        self.shutdown.cancelled().await;
        self.executor.wind_down(WIND_DOWN).await;
        answers.close();
        let _ = timeout(FAREWELL, answers.wait()).await;
        let reason = "the agent ends; guests go on running".to_owned();
        let goodbye = Message::Shutdown(Shutdown { reason, reconnect_after_seconds: None });
        let said = async {
            outgoing.send(goodbye).await;
            std::future::pending::<()>().await; // the writer ends the session
        };
        let _ = timeout(FAREWELL, said).await;
    }
}

/// Hears what the manager says.
struct Listener<'a> {
    executor: &'a Arc<Executor>,
    outgoing: &'a Outgoing,
    ready: &'a ReadyCommand,
    /// The answers that are being waited for.
    answers: &'a TaskTracker,
}

impl Listener<'_> {
    async fn run<R: AsyncRead + Unpin>(
        &self,
        mut reader: FramedRead<R, Hearing>,
        silence: Duration,
    ) -> Result<Shutdown, LinkError> {
        let mut state = LinkState::Ready;
        loop {
            let heard = timeout(silence, reader.next())
                .await
                .map_err(|_| LinkError::Silent(silence))?
                .ok_or(LinkError::Closed)??;
            let frame = match heard {
                Heard::Frame(frame) => frame,
                Heard::Unreadable { sequence, why } => {
                    self.cannot_read(sequence, why);
                    continue;
                }
            };
            state = handshake::agent_receives(state, &frame.message)?;
            if let Message::Shutdown(shutdown) = frame.message {
                return Ok(shutdown);
            }
            self.hear(frame);
        }
    }

    /// Says so, instead of leaving the manager waiting, or ending a link that would break at the same order again.
    fn cannot_read(&self, sequence: u64, why: String) {
        warn!(seq = %format!("{}-{sequence}", self.ready.host), why, "orders that this agent cannot read");
        let outgoing = self.outgoing.clone();
        self.answers.spawn(async move {
            let excuse = Message::NotUnderstood(NotUnderstood { why });
            outgoing.answer(sequence, excuse).await;
        });
    }

    fn hear(&self, frame: Frame) {
        match frame.message {
            Message::Ping(ping) => {
                let pong = Pong { ping_clock_ms: ping.clock_ms, clock_ms: clock_ms() };
                self.outgoing.offer_answer(frame.sequence, Message::Pong(pong));
            }
            Message::Pong(pong) => debug!(clock_ms = pong.clock_ms, "pong"),
            Message::Request(orders) => {
                let seq = format!("{}-{}", self.ready.host, frame.sequence);
                debug!(%seq, orders = orders.len(), "request");
                let stop_on_error = frame.flags.contains(Flags::STOP_ON_ERROR);
                let outcomes = self.executor.accept(orders, stop_on_error, &seq);
                let answer =
                    Answering { executor: Arc::clone(self.executor), to: frame.sequence, seq };
                self.answers.spawn(answer.run(outcomes, self.outgoing.clone()));
            }
            Message::Cancel(orders) => {
                let seq = format!("{}-{}", self.ready.host, frame.sequence);
                info!(%seq, ?orders, "the manager calls orders off");
                self.executor.cancel(&orders);
            }
            other => warn!(message = other.name(), "not expected here"),
        }
    }
}

/// Answers one request when its outcomes are there.
struct Answering {
    executor: Arc<Executor>,
    to: u64,
    seq: String,
}

impl Answering {
    async fn run(self, outcomes: impl Future<Output = Vec<Outcome>>, outgoing: Outgoing) {
        let outcomes = outcomes.await;
        let mut followed = self.executor.follow(&outcomes);
        let mut response = outcomes;
        while outgoing.answer(self.to, Message::Response(response)).await {
            let Some(outcome) = followed.next().await else { return };
            response = vec![outcome];
        }
        info!(seq = %self.seq, "the link is gone; the outcome waits in the journal");
    }
}

enum Never {}

/// Sends a sign of life every `interval`, with statistics if the resource has them in time.
async fn ping(resource: &Arc<dyn Resource>, outgoing: &Outgoing, every: Duration) -> Never {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut digest = 0;
    let mut gathering = None;
    loop {
        ticks.tick().await;
        let task = gathering.get_or_insert_with(|| {
            let asked = Arc::clone(resource);
            resource.threads().run(move || asked.ping())
        });
        let mut ping = match timeout(STATISTICS_PATIENCE.min(every / 2), task).await {
            Ok(gathered) => {
                gathering = None;
                gathered.unwrap_or_else(|_| Ping { report_digest: digest, ..Ping::default() })
            }
            // A slow libvirt delays statistics, never the sign of life.
            Err(_) => Ping { report_digest: digest, ..Ping::default() },
        };
        digest = ping.report_digest;
        ping.clock_ms = clock_ms();
        outgoing.offer(Message::Ping(ping));
    }
}

/// Hands on what the resource has seen change.
async fn report(changes: &mut mpsc::UnboundedReceiver<HostReport>, outgoing: &Outgoing) -> Never {
    while let Some(change) = changes.recv().await {
        outgoing.send(Message::Report(change)).await;
    }
    std::future::pending().await
}

/// Milliseconds since 1970.
fn clock_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
