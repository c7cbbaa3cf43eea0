//! One connection from its first frame to its end.
//!
//! Not here: TLS (`listener`), the steps of taking a host in (`connect`).

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};
use hostler_model::error_chain;
use hostler_store::host::{self, HostRow};
use hostler_wire::codec::{CodecError, Frame, FrameCodec};
use hostler_wire::handshake::{LinkState, manager_receives};
use hostler_wire::{
    HostReport, Message, NotUnderstood, Outcome, Ping, Pong, Shutdown, StartupCommand,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;

use super::connect::{NotIn, connect};
use super::link::{EndCause, Link, Outbox, write_frames};
use super::{HostNews, Shared, now, now_ms};
use crate::ca::PeerCertificate;

/// What a connection is made of: TLS over TCP, unless a simulation brings something else.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What the buffers of a connection begin with, bytes: enough for a ping, and there are as many as hosts. They grow.
pub(super) const BUFFER: usize = 1024;

pub(super) type Reader = FramedRead<ReadHalf<Box<dyn Stream>>, FrameCodec>;

/// The first frame of a connection, with whose it is.
#[derive(Debug)]
pub(super) struct Hello {
    pub(super) startup: StartupCommand,
    pub(super) sequence: u64,
    pub(super) certificate: PeerCertificate,
    pub(super) peer: SocketAddr,
}

/// News for the listeners of one host, in the order in which they came.
enum News {
    Ping(Ping),
    Report(HostReport),
}

pub(super) async fn run(
    shared: Arc<Shared>,
    stream: Box<dyn Stream>,
    peer: SocketAddr,
    certificate: PeerCertificate,
) {
    let (read_half, write_half) = tokio::io::split(stream);
    let mut reader = FramedRead::with_capacity(read_half, FrameCodec::new(), BUFFER);
    let Some(hello) = first_frame(&shared, &mut reader, peer, certificate).await else { return };
    let (queue, queued) = mpsc::channel(shared.settings.queue);
    let kill = CancellationToken::new();
    let writer =
        tokio::spawn(write_frames(write_half, queued, shared.settings.write_wait, kill.clone()));
    let outbox = Arc::new(Outbox::new(queue, shared.manager));
    let connected = {
        let _counted = shared.metrics.count_connection("connecting");
        // in a box, as what it needs is not needed for as long as the connection lives
        Box::pin(connect(&shared, &hello, &outbox, &mut reader)).await
    };
    match connected {
        Ok((row, link)) => {
            drop(hello);
            serve(&shared, &row, &link, &mut reader, writer, &kill).await;
        }
        Err(NotIn::Refused(refusal)) => {
            shared.metrics.refused(&format!("{:?}", refusal.reason));
            tracing::warn!(%peer, guid = %hello.startup.guid, reason = ?refusal.reason, text = refusal.text, "refusing an agent");
            let (guid, reason, text) = (hello.startup.guid, refusal.reason, refusal.text.clone());
            // A queue that was never used has room, and a peer that is gone needs no answer.
            let _ = outbox.answer(hello.sequence, None, Message::Refused(refusal));
            let _ = outbox.finish();
            flush(&shared, writer).await;
            let _ = shared.news.send(HostNews::Refused { guid, reason, text });
        }
        Err(NotIn::Ended(cause)) => {
            tracing::info!(%peer, guid = %hello.startup.guid, reason = %cause, "an agent went before it was taken in");
            kill.cancel();
        }
    }
}

/// The Startup, if that is what comes first and comes in time.
async fn first_frame(
    shared: &Shared,
    reader: &mut Reader,
    peer: SocketAddr,
    certificate: PeerCertificate,
) -> Option<Hello> {
    let frame = tokio::select! {
        frame = timeout(shared.settings.startup_wait, reader.next()) => frame,
        () = shared.stop.cancelled() => return None,
    };
    match frame {
        Ok(Some(Ok(Frame { sequence, message: Message::Startup(startup), .. }))) => {
            Some(Hello { startup: *startup, sequence, certificate, peer })
        }
        Ok(Some(Ok(frame))) => {
            shared.metrics.thrown_away.inc();
            tracing::warn!(%peer, guid = %certificate.guid, message = frame.message.name(),
                "throwing away a request because it came through as the first one on a connection, without a Startup");
            None
        }
        Ok(Some(Err(e))) => {
            shared.metrics.handshake_failed("first_frame");
            tracing::warn!(%peer, guid = %certificate.guid, error = %error_chain(&e), "closing a connection: its first frame cannot be read");
            None
        }
        Ok(None) => {
            shared.metrics.handshake_failed("closed");
            tracing::debug!(%peer, guid = %certificate.guid, "a connection was closed before its Startup");
            None
        }
        Err(_) => {
            shared.metrics.handshake_failed("no_startup");
            tracing::warn!(%peer, guid = %certificate.guid, "closing a connection: no Startup came in time");
            None
        }
    }
}

/// A host that is Up, until its link ends.
async fn serve(
    shared: &Arc<Shared>,
    row: &HostRow,
    link: &Arc<Link>,
    reader: &mut Reader,
    writer: JoinHandle<Result<(), EndCause>>,
    kill: &CancellationToken,
) {
    let (news, heard) = mpsc::channel(shared.settings.queue);
    let teller = tokio::spawn(tell_listeners(Arc::clone(shared), row.clone(), heard));
    let mut writer = writer;
    let talk = AssertUnwindSafe(talk(shared, link, reader, &news)).catch_unwind();
    let cause = tokio::select! {
        cause = talk => cause.unwrap_or_else(|_| EndCause::Broken("a bug in the manager".to_owned())),
        ended = &mut writer => match ended {
            Ok(Err(cause)) => cause,
            _ => EndCause::Closed,
        },
        () = link.ended() => link.cause().unwrap_or(EndCause::Closed),
    };
    if let EndCause::Manager(reason) = &cause {
        let goodbye = Shutdown { reason: reason.clone(), reconnect_after_seconds: None };
        let _ = link.outbox.tell(link.host, Message::Shutdown(goodbye));
        let _ = link.outbox.finish();
        flush(shared, writer).await;
    }
    kill.cancel();
    drop(news);
    link.close(cause.clone());
    // Its listeners have a time limit each.
    let _ = teller.await;
    finish(shared, link, &cause).await;
}

/// Gives a writer time to write what is left.
async fn flush(shared: &Shared, writer: JoinHandle<Result<(), EndCause>>) {
    let _ = timeout(shared.settings.write_wait, writer).await;
}

/// Reads until the link ends, and says why it did.
async fn talk(
    shared: &Shared,
    link: &Arc<Link>,
    reader: &mut Reader,
    news: &mpsc::Sender<Box<News>>,
) -> EndCause {
    let silence = shared.settings.silence();
    let mut heard = Instant::now();
    let mut pings = tokio::time::interval(shared.settings.ping_interval);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut state = LinkState::Ready;
    let mut goodbye = None;
    loop {
        tokio::select! {
            biased;
            frame = reader.next() => {
                heard = Instant::now();
                let frame = match frame {
                    Some(Ok(frame)) => frame,
                    Some(Err(CodecError::Io(e))) if is_hang_up(&e) => {
                        return goodbye.unwrap_or(EndCause::Closed);
                    }
                    Some(Err(e)) => return EndCause::Broken(error_chain(&e)),
                    None => return goodbye.unwrap_or(EndCause::Closed),
                };
                state = match manager_receives(state, &frame.message) {
                    Ok(state) => state,
                    Err(e) => return EndCause::Broken(e.to_string()),
                };
                match hear(shared, link, frame, news).await {
                    Ok(None) => {}
                    Ok(Some(cause)) => goodbye = Some(cause),
                    Err(cause) => return cause,
                }
            }
            () = tokio::time::sleep_until(heard + silence) => {
                return goodbye.unwrap_or(EndCause::Silent);
            }
            _ = pings.tick() => {
                let ping = Ping { clock_ms: now_ms(), ..Ping::default() };
                if let Err(cause) = link.outbox.tell(link.host, Message::Ping(ping)) {
                    return cause;
                }
            }
        }
    }
}

/// Takes one frame in. Something comes back when the agent said goodbye.
async fn hear(
    shared: &Shared,
    link: &Arc<Link>,
    frame: Frame,
    news: &mpsc::Sender<Box<News>>,
) -> Result<Option<EndCause>, EndCause> {
    match frame.message {
        Message::Ping(ping) => {
            let pong = Pong { ping_clock_ms: ping.clock_ms, clock_ms: now_ms() };
            link.outbox.answer(frame.sequence, Some(link.host), Message::Pong(pong))?;
            // Listeners that are behind miss a ping; the next one says the same and more.
            let _ = news.try_send(Box::new(News::Ping(ping)));
        }
        Message::Pong(pong) => link.heard_pong(pong.ping_clock_ms),
        Message::Response(outcomes) => answer(shared, link, frame.sequence, outcomes),
        Message::NotUnderstood(NotUnderstood { why }) => {
            tracing::warn!(host = %link.host, name = link.name, seq = frame.sequence, why, "the agent cannot read an order; it has to be upgraded");
            let outcomes = link.refused(frame.sequence, &why);
            answer(shared, link, frame.sequence, outcomes);
        }
        // Nobody may be interested in progress just now.
        Message::Progress(progress) => drop(shared.progress.send((link.host, progress))),
        Message::Report(report) => {
            // A host that reports faster than it is listened to waits; others do not.
            let _ = news.send(Box::new(News::Report(report))).await;
        }
        Message::Shutdown(goodbye) => return Ok(Some(EndCause::Shutdown(goodbye.reason))),
        // `manager_receives` lets nothing else through.
        other => return Err(EndCause::Broken(format!("{} out of turn", other.name()))),
    }
    Ok(None)
}

/// Hands the outcomes of a request to whoever waits for them.
fn answer(shared: &Shared, link: &Link, sequence: u64, outcomes: Vec<Outcome>) {
    tracing::debug!(host = %link.host, seq = sequence, "answer came");
    for outcome in &outcomes {
        shared.registry.outcome(link.host, outcome);
    }
    for late in link.answered(sequence, outcomes) {
        tracing::debug!(host = %link.host, seq = sequence, command = %late.id, "an outcome that no request on this link waits for");
    }
}

async fn tell_listeners(shared: Arc<Shared>, row: HostRow, mut news: mpsc::Receiver<Box<News>>) {
    let limit = shared.settings.listener_wait;
    shared.listeners.ready(&row, limit).await;
    while let Some(news) = news.recv().await {
        match *news {
            News::Ping(ping) => shared.listeners.ping(row.id, &ping, limit).await,
            News::Report(report) => shared.listeners.report(row.id, &report, limit).await,
        }
    }
}

/// Takes a link that was attached out of the registry and records why it ended, unless a newer one has
/// taken over: then its end means nothing.
pub(super) async fn finish(shared: &Shared, link: &Arc<Link>, cause: &EndCause) {
    link.close(cause.clone());
    shared.metrics.link_ended(cause.label());
    let turn = shared.registry.turn(link.host);
    let _turn = turn.lock().await;
    if !shared.registry.detach(link) {
        tracing::debug!(host = %link.host, connection = link.connection, "an old link of a connected host has ended");
        return;
    }
    let reason = cause.to_string();
    tracing::warn!(host = %link.host, name = link.name, peer = %link.peer, reason, "a host's link has ended");
    if let Some(event) = cause.event() {
        let (id, connection, text) = (link.host, link.connection, reason.clone());
        let recorded = shared
            .store
            .write(move |tx| host::host_transition(tx, id, connection, event, &text, now()))
            .await;
        if let Err(e) = recorded {
            tracing::error!(host = %link.host, error = %error_chain(&e), "the end of a host's link could not be recorded");
        }
    }
    shared.listeners.disconnect(link.host, &reason, shared.settings.listener_wait).await;
    let _ = shared.news.send(HostNews::Down { host: link.host, guid: link.guid, reason });
}

/// Peers that die do not say goodbye on the TLS level either.
fn is_hang_up(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}
