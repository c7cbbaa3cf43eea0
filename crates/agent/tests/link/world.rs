//! A world for an agent: a resource that does as it is told, and a manager that a test plays by hand.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hostler_agent::connection::{DialError, Dialer, Link};
use hostler_agent::resource::{Resource, Task};
use hostler_agent::{AgentError, Properties, run_over};
use hostler_model::{Bytes, CloudId, CommandId, HostId, InstanceName, Mhz, Mib, VmId, ZoneId};
use hostler_wire::codec::{Frame, FrameCodec};
use hostler_wire::{
    Answer, Command, CommandFailure, Envelope, FailureKind, Flags, ForgetAnswer, ForgetCommand,
    HostReport, InquireAnswer, InquireCommand, Message, Order, OrderState, Outcome, Ping,
    ProtocolVersion, ReadyCommand, ReportAnswer, RoutingResource, StartupCommand, StartupResource,
};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::codec::Framed;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Seconds between pings in every test.
pub(crate) const PING_INTERVAL: u32 = 60;

pub(crate) fn id(n: u128) -> CommandId {
    CommandId::new(Uuid::from_u128(n))
}

/// Order `n` for VM `vm`; what it is does not matter to who carries orders out.
pub(crate) fn order(n: u128, vm: u128) -> Order {
    let name = InstanceName::new(2, 1, "VM");
    let command = ForgetCommand { vm: VmId::new(Uuid::from_u128(vm)), name };
    Order { id: id(n), wait_seconds: 0, command: command.into() }
}

pub(crate) fn inquiry(n: u128, about: u128) -> Order {
    let command = InquireCommand { orders: vec![id(about)] };
    Order { id: id(n), wait_seconds: 0, command: command.into() }
}

pub(crate) fn done(n: u128) -> Outcome {
    Outcome { id: id(n), result: Ok(Answer::Forget(ForgetAnswer {})) }
}

pub(crate) fn state(n: u128, about: u128, state: OrderState) -> Outcome {
    let orders = vec![(id(about), state)];
    Outcome { id: id(n), result: Ok(Answer::Inquire(InquireAnswer { orders })) }
}

pub(crate) fn kind(outcome: &Outcome) -> Option<FailureKind> {
    outcome.result.as_ref().err().map(|f| f.kind)
}

/// A resource that writes down what it does, holds orders back and fails them when told.
#[derive(Debug, Default)]
pub(crate) struct FakeResource {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: HashSet<CommandId>,
    failing: HashMap<CommandId, Option<FailureKind>>,
    begun: Vec<CommandId>,
    running: usize,
    most_running: usize,
    pings_held: bool,
    changes: Option<mpsc::UnboundedSender<HostReport>>,
}

impl FakeResource {
    /// Orders with these ids do not end before they are let go.
    pub(crate) fn hold(&self, orders: &[u128]) {
        self.state.lock().unwrap().held.extend(orders.iter().map(|n| id(*n)));
    }

    pub(crate) fn let_go(&self, n: u128) {
        self.state.lock().unwrap().held.remove(&id(n));
        self.changed.notify_all();
    }

    pub(crate) fn fail(&self, n: u128, kind: FailureKind) {
        self.state.lock().unwrap().failing.insert(id(n), Some(kind));
    }

    pub(crate) fn panic_at(&self, n: u128) {
        self.state.lock().unwrap().failing.insert(id(n), None);
    }

    pub(crate) fn succeed(&self, n: u128) {
        self.state.lock().unwrap().failing.remove(&id(n));
    }

    pub(crate) fn hold_pings(&self, held: bool) {
        self.state.lock().unwrap().pings_held = held;
        self.changed.notify_all();
    }

    pub(crate) fn changes(&self, report: HostReport) {
        self.state.lock().unwrap().changes.as_ref().unwrap().send(report).unwrap();
    }

    /// The orders that were begun, in that order.
    pub(crate) fn begun(&self) -> Vec<CommandId> {
        self.state.lock().unwrap().begun.clone()
    }

    pub(crate) fn most_running(&self) -> usize {
        self.state.lock().unwrap().most_running
    }

    /// Blocks until `count` orders have begun.
    pub(crate) fn wait_begun(&self, count: usize) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |s| s.begun.len() < count).unwrap());
    }
}

impl Resource for FakeResource {
    fn startup(&self) -> Result<StartupResource, String> {
        Ok(StartupResource::Routing(RoutingResource {
            cpus: 4,
            cpu_sockets: 1,
            cpu_speed: Mhz(2400),
            arch: "x86_64".to_owned(),
            memory: Mib(8192),
            reserved_memory: Mib(1024),
            hypervisor: "qemu".to_owned(),
            hypervisor_version: "none".to_owned(),
            capabilities: vec!["hvm".to_owned()],
            guest_bridge: Some("br0".to_owned()),
            local_pool: None,
            report: HostReport { complete: true, ..HostReport::default() },
        }))
    }

    fn ready(&self, _: &ReadyCommand) {}

    fn execute(&self, command: Command, task: &Task) -> Result<Answer, CommandFailure> {
        if let Command::Report(_) = command {
            return Ok(Answer::Report(ReportAnswer { report: self.report() }));
        }
        let mut state = self.state.lock().unwrap();
        state.begun.push(task.order);
        state.running += 1;
        state.most_running = state.most_running.max(state.running);
        task.progress.tell(task.order, Bytes(1), None, Bytes(0));
        self.changed.notify_all();
        let mut state = self
            .changed
            .wait_while(state, |s| s.held.contains(&task.order) && !task.cancelled.is_cancelled())
            .unwrap();
        state.running -= 1;
        let failing = state.failing.get(&task.order).copied();
        drop(state);
        let fail = |kind| Err(CommandFailure { kind, text: "as told".to_owned() });
        match failing {
            _ if task.cancelled.is_cancelled() => fail(FailureKind::Cancelled),
            None => Ok(Answer::Forget(ForgetAnswer {})),
            Some(Some(kind)) => fail(kind),
            Some(None) => panic!("as told"),
        }
    }

    fn report(&self) -> HostReport {
        HostReport::default()
    }

    fn ping(&self) -> Ping {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |s| s.pings_held).unwrap());
        Ping { report_digest: 7, ..Ping::default() }
    }

    fn watch(&self, changes: mpsc::UnboundedSender<HostReport>) {
        self.state.lock().unwrap().changes = Some(changes);
    }
}

/// Opens links within the process. Says when it was asked, and can be told that nobody answers.
#[derive(Debug, Clone)]
pub(crate) struct FakeDialer {
    links: mpsc::UnboundedSender<DuplexStream>,
    dialled: Arc<Mutex<Vec<Instant>>>,
    nobody: bool,
}

impl Dialer for FakeDialer {
    type Stream = DuplexStream;

    async fn dial(&self, _: usize) -> Result<Link<DuplexStream>, DialError> {
        self.dialled.lock().unwrap().push(Instant::now());
        if self.nobody {
            return Err(DialError::Nobody("as told".to_owned()));
        }
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        self.links.send(theirs).map_err(|_| DialError::Nobody("the test is over".to_owned()))?;
        let local = Some(IpAddr::from([10, 77, 0, 11]));
        Ok(Link { stream: ours, peer: "test".to_owned(), local })
    }
}

/// A running agent, and what a test needs of it.
pub(crate) struct World {
    pub(crate) resource: Arc<FakeResource>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) agent: JoinHandle<Result<(), AgentError>>,
    links: mpsc::UnboundedReceiver<DuplexStream>,
    dialled: Arc<Mutex<Vec<Instant>>>,
    _release: Release,
}

/// Lets everything go at the end of a test, also of one that fails: threads that are held would keep it alive.
struct Release(Arc<FakeResource>);

impl Drop for Release {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.held.clear();
        state.pings_held = false;
        self.0.changed.notify_all();
    }
}

impl World {
    pub(crate) fn new(state_dir: &Path) -> Self {
        Self::with(state_dir, "workers=8", false)
    }

    /// A world in which no manager answers.
    pub(crate) fn without_manager(state_dir: &Path) -> Self {
        Self::with(state_dir, "workers=8", true)
    }

    pub(crate) fn with(state_dir: &Path, setting: &str, nobody: bool) -> Self {
        let text = format!(
            "guid=6f0c6f0e-51a5-4b5e-8f1d-0b9f4d8f3c11\nhost=test\nzone=z\npod=p\ncluster=c\n\
             state.dir={}\n{setting}",
            state_dir.display()
        );
        let (properties, _) = Properties::parse("test", &text, &[]).unwrap();
        let (sender, links) = mpsc::unbounded_channel();
        let dialled = Arc::<Mutex<Vec<Instant>>>::default();
        let dialer = FakeDialer { links: sender, dialled: Arc::clone(&dialled), nobody };
        let (resource, shutdown) = (Arc::new(FakeResource::default()), CancellationToken::new());
        let mut resources = vec![Arc::clone(&resource) as Arc<dyn Resource>];
        if properties.resources.len() > 1 {
            resources.push(Arc::new(FakeResource::default()));
        }
        let running = run_over(properties, resources, dialer, Arc::new(|_| {}), shutdown.clone());
        World {
            shutdown,
            agent: tokio::spawn(running),
            links,
            dialled,
            _release: Release(Arc::clone(&resource)),
            resource,
        }
    }

    /// The next connection of the agent; it has said nothing yet.
    pub(crate) async fn connection(&mut self) -> Manager {
        let stream = self.links.recv().await.expect("the agent has ended");
        Manager { frames: Framed::new(stream, FrameCodec::new()), sequence: 100 }
    }

    /// The next connection of the agent, taken in. Its first ping is read.
    pub(crate) async fn taken_in(&mut self) -> Manager {
        let mut manager = self.connection().await;
        manager.startup().await;
        manager.say(Message::Ready(ready())).await;
        assert_eq!(manager.hear().await, Message::ReadyAcknowledged);
        assert!(matches!(manager.hear().await, Message::Ping(_)));
        manager
    }

    /// When the agent dialled, counted from the first time.
    pub(crate) fn dialled(&self) -> Vec<Duration> {
        let dialled = self.dialled.lock().unwrap();
        dialled.iter().map(|at| *at - dialled[0]).collect()
    }

    /// Ends the agent as SIGTERM does.
    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        drop(self.links);
        self.agent.await.unwrap().unwrap();
    }

    /// Lets time pass although an order is held, which would keep the clock from moving by itself.
    pub(crate) async fn pass(&self, time: Duration) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(time).await;
    }

    /// Lets the agent do what it has to do now, on a thread of its own, while the test blocks.
    pub(crate) async fn wait_begun(&self, count: usize) {
        let resource = Arc::clone(&self.resource);
        tokio::task::spawn_blocking(move || resource.wait_begun(count)).await.unwrap();
    }
}

pub(crate) fn ready() -> ReadyCommand {
    ReadyCommand {
        version: ProtocolVersion::CURRENT,
        cloud: CloudId::new(Uuid::from_u128(1)),
        manager: 42,
        host: HostId::new(Uuid::from_u128(2)),
        zone: ZoneId::new(Uuid::from_u128(3)),
        ping_interval_seconds: PING_INTERVAL,
    }
}

/// A manager's end of a connection.
pub(crate) struct Manager {
    frames: Framed<DuplexStream, FrameCodec>,
    sequence: u64,
}

impl Manager {
    pub(crate) async fn startup(&mut self) -> StartupCommand {
        match self.hear().await {
            Message::Startup(startup) => *startup,
            other => panic!("{other:?} came before Startup"),
        }
    }

    pub(crate) async fn say(&mut self, message: Message) {
        self.sequence += 1;
        self.frames.send(Frame::new(self.sequence, message)).await.unwrap();
    }

    /// Sends orders; gives the sequence that their response will have.
    pub(crate) async fn request(&mut self, flags: Flags, orders: Vec<Order>) -> u64 {
        self.sequence += 1;
        let frame = Frame {
            flags: flags.with(Flags::REQUEST).with(Flags::FROM_MANAGER),
            ..Frame::new(self.sequence, Message::Request(orders))
        };
        self.frames.send(frame).await.unwrap();
        self.sequence
    }

    /// Sends orders that only a newer agent knows; gives the sequence of the request.
    pub(crate) async fn request_from_the_future(&mut self) -> u64 {
        self.sequence += 1;
        let one_order = [&[1, 16][..], &[0; 16], &[0, 250]].concat(); // its id, no time limit, command 250
        let request = Envelope {
            kind: 7,
            version: ProtocolVersion::CURRENT.0,
            flags: Flags::REQUEST.with(Flags::FROM_MANAGER),
            sequence: self.sequence,
            manager: 42,
            host: None,
            via: None,
            body: one_order.into(),
        };
        let bytes = request.encode();
        let stream = self.frames.get_mut();
        stream.write_u32(u32::try_from(bytes.len()).unwrap()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        self.sequence
    }

    /// The next frame; nothing: the agent has closed.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        self.frames.next().await.map(|frame| frame.unwrap())
    }

    pub(crate) async fn hear(&mut self) -> Message {
        self.frame().await.expect("the agent closed the link").message
    }

    /// The next response, with its sequence; pings and progress may come before it.
    pub(crate) async fn response(&mut self) -> (u64, Vec<Outcome>) {
        loop {
            let frame = self.frame().await.expect("the agent closed the link");
            match frame.message {
                Message::Response(outcomes) => return (frame.sequence, outcomes),
                Message::Ping(_) | Message::Progress(_) => {}
                other => panic!("{other:?} came instead of a response"),
            }
        }
    }

    /// Sends orders and hears what became of them.
    pub(crate) async fn ask(&mut self, flags: Flags, orders: Vec<Order>) -> Vec<Outcome> {
        let sequence = self.request(flags, orders).await;
        let (answered, outcomes) = self.response().await;
        assert_eq!(answered, sequence);
        outcomes
    }

    /// When, from now, the agent closes the link, whatever it says before.
    pub(crate) async fn closed_after(&mut self) -> Duration {
        let now = Instant::now();
        while self.frames.next().await.is_some_and(|frame| frame.is_ok()) {}
        now.elapsed()
    }
}
