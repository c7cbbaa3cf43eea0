//! The network between hosts and the manager: links in memory that take their time, hold back what is said, and break.
//!
//! A direction that is cut keeps what is sent through it, as TCP does, until it is whole again or an end gives up.
//!
//! Not here: TLS. Whose link it is is known.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hostler_agent::connection::{DialError, Dialer, Link};
use hostler_model::HostGuid;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use crate::draw::Draw;
use crate::machine;

/// No link is quicker, in milliseconds: so long every machine can work without looking at the others.
pub(crate) const QUICKEST: u64 = 40;
/// What a direction holds before its writer has to wait, in bytes.
const WINDOW: usize = 256 * 1024;
/// How long somebody who calls waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The manager's end of a new link.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: End,
    pub(crate) peer: SocketAddr,
    pub(crate) guid: HostGuid,
}

/// The network. Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Net(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    draw: Draw,
    /// Where the manager takes links in, while it does.
    port: Option<mpsc::UnboundedSender<Arrival>>,
    cables: Vec<Cable>,
}

/// The two directions between a host and the manager.
#[derive(Debug, Default)]
struct Cable {
    cut: [bool; 2],
    links: Vec<[Weak<Mutex<Pipe>>; 2]>,
}

/// A direction of a cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the host to the manager.
    Up = 0,
    /// From the manager to the host.
    Down = 1,
}

/// A direction of a link.
#[derive(Debug, Default)]
struct Pipe {
    cut: bool,
    /// What is under way and when it arrives; nothing is the end.
    under_way: VecDeque<(u64, Option<Bytes>)>,
    held: usize,
    last: u64,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One end of a link.
#[derive(Debug)]
pub(crate) struct End {
    from: Arc<Mutex<Pipe>>,
    to: Arc<Mutex<Pipe>>,
    net: Net,
    /// Set when its machine is dead: then it says nothing more, not even goodbye.
    mute: Arc<AtomicBool>,
    wait: Option<Pin<Box<Sleep>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Net {
    /// One with so many cables, all whole.
    pub(crate) fn new(draw: Draw, cables: usize) -> Self {
        let cables = (0..cables).map(|_| Cable::default()).collect();
        Self(Arc::new(Mutex::new(State { draw, port: None, cables })))
    }

    /// From now on the manager takes links in here, or does not.
    pub(crate) fn listen(&self, port: Option<mpsc::UnboundedSender<Arrival>>) {
        lock(&self.0).port = port;
    }

    /// Cuts a direction of a host's cable, or makes it whole.
    pub(crate) fn cut(&self, host: usize, way: Way, cut: bool) {
        let mut state = lock(&self.0);
        let cable = &mut state.cables[host];
        cable.cut[way as usize] = cut;
        cable.links.retain(|link| link.iter().all(|pipe| pipe.strong_count() > 0));
        let pipes: Vec<_> =
            cable.links.iter().filter_map(|link| link[way as usize].upgrade()).collect();
        let arrives = machine::now() + state.took();
        for pipe in pipes {
            lock(&pipe).set_cut(cut, arrives);
        }
    }

    fn took(&self) -> u64 {
        lock(&self.0).took()
    }
}

impl State {
    /// How long something is under way.
    fn took(&mut self) -> u64 {
        match self.draw.from(0, 99) {
            0..80 => QUICKEST,
            80..97 => self.draw.from(QUICKEST, 120),
            _ => self.draw.from(120, 800),
        }
    }
}

impl Pipe {
    fn put(&mut self, bytes: Option<Bytes>, took: u64) {
        self.held += bytes.as_ref().map_or(0, Bytes::len);
        self.last = self.last.max(machine::now() + took);
        self.under_way.push_back((self.last, bytes));
        self.wake_reader();
    }

    fn set_cut(&mut self, cut: bool, arrives: u64) {
        self.cut = cut;
        for (at, _) in &mut self.under_way {
            *at = (*at).max(arrives);
        }
        self.last = self.last.max(arrives);
        self.wake_reader();
    }

    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let pipe = Arc::clone(&self.from);
            let mut pipe = lock(&pipe);
            pipe.reader = Some(cx.waker().clone());
            let (now, cut) = (machine::now(), pipe.cut);
            match pipe.under_way.front_mut() {
                Some((at, _)) if !cut && *at > now => {
                    let wait = sleep(Duration::from_millis(*at - now));
                    let wait = self.wait.insert(Box::pin(wait));
                    if wait.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                Some((_, Some(bytes))) if !cut => {
                    let taken = bytes.len().min(buffer.remaining());
                    buffer.put_slice(&bytes[..taken]);
                    bytes.advance(taken);
                    if bytes.is_empty() {
                        pipe.under_way.pop_front();
                    }
                    pipe.held -= taken;
                    if let Some(waker) = pipe.writer.take() {
                        waker.wake();
                    }
                    return Poll::Ready(Ok(()));
                }
                Some((_, None)) if !cut => return Poll::Ready(Ok(())),
                _ => return Poll::Pending,
            }
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.mute.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let took = self.net.took();
        let mut pipe = lock(&self.to);
        if pipe.held >= WINDOW {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        pipe.put(Some(Bytes::copy_from_slice(bytes)), took);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.say_end();
        Poll::Ready(Ok(()))
    }
}

impl End {
    fn say_end(&self) {
        if !self.mute.load(Ordering::Relaxed) {
            let took = self.net.took();
            lock(&self.to).put(None, took);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.say_end();
    }
}

/// A host's way to the manager.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) net: Net,
    pub(crate) host: usize,
    pub(crate) guid: HostGuid,
    /// Set when the machine is dead.
    pub(crate) mute: Arc<AtomicBool>,
    /// The same of the manager's machine.
    pub(crate) manager_mute: Arc<AtomicBool>,
}

impl Caller {
    fn address(&self) -> IpAddr {
        let number = u8::try_from(self.host + 1).unwrap_or(u8::MAX);
        Ipv4Addr::new(10, 9, 0, number).into()
    }

    /// This end, if the call gets through: nothing if nobody answers, an error if nobody listens.
    fn connect(&self) -> Option<Result<End, DialError>> {
        let mut state = lock(&self.net.0);
        let cable = &mut state.cables[self.host];
        if cable.cut.contains(&true) || self.manager_mute.load(Ordering::Relaxed) {
            return None;
        }
        let (up, down) = (Arc::default(), Arc::default());
        cable.links.push([Arc::downgrade(&up), Arc::downgrade(&down)]);
        let Some(port) = state.port.clone() else {
            return Some(Err(DialError::Nobody("connection refused".to_owned())));
        };
        let end = |from: &Arc<Mutex<Pipe>>, to: &Arc<Mutex<Pipe>>, mute: &Arc<AtomicBool>| End {
            from: Arc::clone(from),
            to: Arc::clone(to),
            net: self.net.clone(),
            mute: Arc::clone(mute),
            wait: None,
        };
        let peer = SocketAddr::from((self.address(), 40_000));
        let near = end(&down, &up, &self.mute);
        let far = Arrival { stream: end(&up, &down, &self.manager_mute), peer, guid: self.guid };
        drop(state); // an end that nobody takes says goodbye over this network
        let taken = port.send(far).map(|()| near);
        Some(taken.map_err(|_| DialError::Nobody("connection refused".to_owned())))
    }
}

impl Dialer for Caller {
    type Stream = End;

    async fn dial(&self, _attempt: usize) -> Result<Link<End>, DialError> {
        sleep(Duration::from_millis(self.net.took())).await;
        let connected = self.connect();
        let Some(connected) = connected else {
            sleep(PATIENCE).await;
            return Err(DialError::Nobody("no answer".to_owned()));
        };
        let stream = connected?;
        let local = Some(self.address());
        Ok(Link { stream, peer: "manager".to_owned(), local })
    }
}
