//! From orders to outcomes: every order runs once, in its turn, on one of a bounded number of threads.
//!
//! It outlives connections: an order goes on when the link that brought it is gone, and its outcome is in
//! the journal when the manager asks for it. Not here: links, frames, and what a command does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use hostler_model::CommandId;
use hostler_wire::{
    Answer, Command, CommandFailure, FailureKind, InquireAnswer, InquireCommand, Order, OrderState,
    Outcome, Progress,
};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, info, info_span, warn};

use crate::journal::{Entry, Journal, OrderResult};
use crate::lanes::{Lanes, Turn};
use crate::resource::{ProgressSink, Resource, Task};

/// How many commands that only read run at once, beside those that change something.
const READERS: usize = 4;
/// How many volumes are copied at once, beside all else: a copy may take hours, and starts do not wait for it.
const COPIERS: usize = 2;

/// The outcome of a running order, once there is one.
type Pending = watch::Receiver<Option<OrderResult>>;

/// Where the news of long commands goes while a link is there.
pub(crate) type ProgressListener = Arc<dyn Fn(Progress) + Send + Sync>;

/// Carries out the orders for one resource.
#[derive(Debug)]
pub(crate) struct Executor {
    resource: Arc<dyn Resource>,
    journal: Arc<Journal>,
    lanes: Lanes,
    open: Mutex<HashMap<CommandId, Open>>,
    workers: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    copiers: Arc<Semaphore>,
    tasks: TaskTracker,
    /// Cancelled when nothing new may begin.
    closing: CancellationToken,
    listener: Arc<Listener>,
}

/// An order that was taken in and has no outcome yet.
#[derive(Debug)]
struct Open {
    outcome: Pending,
    cancel: CancellationToken,
}

#[derive(Default)]
struct Listener(Mutex<Option<ProgressListener>>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

/// What stands between an order and its execution.
struct Admission {
    turn: Option<Turn>,
    /// The order before it in its request, if that one's failure stops this one.
    before: Option<Pending>,
    cancel: CancellationToken,
}

impl Executor {
    /// An executor for `resource` that uses at most `workers` threads for commands that change something.
    pub(crate) fn new(
        resource: Arc<dyn Resource>,
        journal: Arc<Journal>,
        workers: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            resource,
            journal,
            lanes: Lanes::default(),
            open: Mutex::default(),
            workers: Arc::new(Semaphore::new(workers)),
            readers: Arc::new(Semaphore::new(READERS)),
            copiers: Arc::new(Semaphore::new(COPIERS)),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            listener: Arc::default(),
        })
    }

    /// Takes the orders of one request in and gives their outcomes when all are known or late.
    ///
    /// The orders have their places in the lanes when this returns; they run whether or not the future is
    /// awaited. `seq` is the request in the logs of both sides.
    pub(crate) fn accept(
        self: &Arc<Self>,
        orders: Vec<Order>,
        stop_on_error: bool,
        seq: &str,
    ) -> impl Future<Output = Vec<Outcome>> + Send + 'static {
        // Whoever stands behind others in a request has their time too.
        let mut deadline = Instant::now();
        let mut before = None;
        let waits: Vec<_> = orders
            .into_iter()
            .map(|order| {
                deadline += allowed(&order);
                let (id, deadline) = (order.id, deadline);
                let outcome = self.accept_one(order, before.take(), seq);
                before = stop_on_error.then(|| outcome.clone());
                async move { Outcome { id, result: wait_for(outcome, deadline).await } }
            })
            .collect();
        join_all(waits)
    }

    /// The outcomes, as they come, of the orders that an inquiry among `outcomes` has found in progress.
    pub(crate) fn follow(
        &self,
        outcomes: &[Outcome],
    ) -> FuturesUnordered<impl Future<Output = Outcome> + Send + 'static> {
        let told = outcomes.iter().filter_map(|outcome| match &outcome.result {
            Ok(Answer::Inquire(answer)) => Some(&answer.orders),
            _ => None,
        });
        let in_progress =
            told.flatten().filter(|(_, state)| *state == OrderState::InProgress).map(|(id, _)| *id);
        in_progress
            .map(|id| {
                let outcome = self.outcome_of(id);
                async move { Outcome { id, result: result_of(outcome).await } }
            })
            .collect()
    }

    /// The outcome of an order that was in progress a moment ago.
    fn outcome_of(&self, id: CommandId) -> Pending {
        if let Some(order) = self.open().get(&id) {
            return order.outcome.clone();
        }
        let result = match self.journal.find(id) {
            Some(Entry::Done(result)) => result,
            _ => Err(failure(FailureKind::Unavailable, "its outcome is not known")),
        };
        watch::channel(Some(result)).1
    }

    /// Calls orders off. One that has begun is told; one that has not ends as `Cancelled`.
    pub(crate) fn cancel(&self, orders: &[CommandId]) {
        let open = self.open();
        for order in orders {
            if let Some(order) = open.get(order) {
                order.cancel.cancel();
            }
        }
    }

    /// Where progress goes from now on; nothing: nowhere.
    pub(crate) fn tell_progress_to(&self, listener: Option<ProgressListener>) {
        *self.listener.0.lock().unwrap_or_else(PoisonError::into_inner) = listener;
    }

    /// Begins nothing more and waits, at most `patience`, for what is running.
    pub(crate) async fn wind_down(&self, patience: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            let orders: Vec<_> = self.open().keys().copied().collect();
            warn!(
                ?orders,
                "commands are still running; the journal says that they were interrupted"
            );
        }
    }

    fn accept_one(self: &Arc<Self>, order: Order, before: Option<Pending>, seq: &str) -> Pending {
        let mut open = self.open();
        if let Some(running) = open.get(&order.id) {
            info!(seq, order = %order.id, "the order is running already");
            return running.outcome.clone();
        }
        if let Some(Entry::Done(result)) = self.journal.find(order.id) {
            info!(seq, order = %order.id, "the order was carried out before");
            return watch::channel(Some(result)).1;
        }
        let (tell, outcome) = watch::channel(None);
        let cancel = CancellationToken::new();
        open.insert(order.id, Open { outcome: outcome.clone(), cancel: cancel.clone() });
        let turn = order.command.vm().map(|vm| self.lanes.queue_up(vm));
        drop(open);
        let span = info_span!(
            "command",
            seq,
            command = order.command.name(),
            order = %order.id,
            vm = order.command.vm().map(tracing::field::display),
        );
        let executor = Arc::clone(self);
        let admission = Admission { turn, before, cancel };
        self.tasks.spawn(
            async move {
                let id = order.id;
                let result = executor.decide(order, &admission).await;
                executor.open().remove(&id);
                tell.send_replace(Some(result));
                if let Some(turn) = admission.turn {
                    turn.come().await; // an order that was called off keeps its place until then
                }
            }
            .instrument(span),
        );
        outcome
    }

    /// Waits until the order may begin, and runs it.
    async fn decide(self: &Arc<Self>, order: Order, admission: &Admission) -> OrderResult {
        let reads = only_reads(&order.command);
        let permits = match &order.command {
            _ if reads => &self.readers,
            Command::CreateSnapshot(_)
            | Command::CopyVolumes(_)
            | Command::RestoreSnapshot(_)
            | Command::SendTemplate(_)
            | Command::ImportVolume(_) => &self.copiers,
            _ => &self.workers,
        };
        let permit = tokio::select! {
            biased;
            () = admission.cancel.cancelled() => {
                return self.called_off(order.id, reads).await;
            }
            () = self.closing.cancelled() => {
                return Err(failure(FailureKind::Cancelled, "the agent is ending"));
            }
            ready = admission.granted(permits) => match ready {
                Ok(permit) => permit,
                Err(not_run) => return Err(not_run),
            },
        };
        if let Command::Inquire(question) = &order.command {
            return Ok(Answer::Inquire(self.inquire(question)));
        }
        let task = self.task(order.id, &admission.cancel);
        let (resource, journal) = (Arc::clone(&self.resource), Arc::clone(&self.journal));
        let span = Span::current();
        let work = move || {
            let _permit = permit;
            span.in_scope(|| {
                if reads {
                    resource.execute(order.command, &task)
                } else {
                    run_journaled(&*resource, &journal, order, &task)
                }
            })
        };
        self.resource.threads().run(work).await.unwrap_or_else(|_| {
            tracing::error!("the command panicked");
            Err(failure(FailureKind::Unavailable, "the agent failed in the middle of the command"))
        })
    }

    async fn called_off(&self, id: CommandId, reads: bool) -> OrderResult {
        let result = Err(failure(FailureKind::Cancelled, "called off before it began"));
        if !reads {
            let (journal, recorded) = (Arc::clone(&self.journal), result.clone());
            let finish = move || journal.finish(id, &recorded);
            let written = self.resource.threads().run(finish).await;
            if let Ok(Err(error)) = written {
                warn!(%error, "cannot write to the command journal that an order was called off");
            }
        }
        info!("called off");
        result
    }

    fn inquire(&self, question: &InquireCommand) -> InquireAnswer {
        let state = |id: &CommandId| {
            // Open first: an order leaves it only when the journal has its outcome.
            if self.open().contains_key(id) {
                return OrderState::InProgress;
            }
            match self.journal.find(*id) {
                None => OrderState::NeverSeen,
                Some(Entry::Begun) => OrderState::Interrupted,
                Some(Entry::Done(result)) => OrderState::Done(result.map(Box::new)),
            }
        };
        InquireAnswer { orders: question.orders.iter().map(|id| (*id, state(id))).collect() }
    }

    fn task(&self, order: CommandId, cancelled: &CancellationToken) -> Task {
        let listener = Arc::clone(&self.listener);
        let progress = ProgressSink::new(move |news| {
            let listener = listener.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(tell) = listener {
                tell(news);
            }
        });
        Task { order, cancelled: cancelled.clone(), progress }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<CommandId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    /// Ends when the order may begin: the one before it in its request went well, it is its VM's turn, and
    /// a thread is free.
    async fn granted(
        &self,
        permits: &Arc<Semaphore>,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, CommandFailure> {
        if let Some(before) = &self.before
            && result_of(before.clone()).await.is_err()
        {
            let text = "not run, because an order before it in the request failed";
            return Err(failure(FailureKind::NotRun, text));
        }
        if let Some(turn) = &self.turn {
            turn.come().await;
        }
        let closed = |_| failure(FailureKind::Cancelled, "the agent is ending");
        Arc::clone(permits).acquire_owned().await.map_err(closed)
    }
}

/// Runs a command between its two lines in the journal. Blocks.
fn run_journaled(
    resource: &dyn Resource,
    journal: &Journal,
    order: Order,
    task: &Task,
) -> OrderResult {
    if let Err(error) = journal.begin(order.id, order.command.name()) {
        let text = format!("cannot write to the command journal: {error}; is the disk full?");
        return Err(failure(FailureKind::Failed, &text));
    }
    info!("begins");
    let began = std::time::Instant::now();
    let result = resource.execute(order.command, task);
    let elapsed_ms = began.elapsed().as_millis();
    match &result {
        Ok(_) => info!(elapsed_ms, "done"),
        Err(failure) => warn!(elapsed_ms, kind = ?failure.kind, why = %failure, "failed"),
    }
    if is_final(&result)
        && let Err(error) = journal.finish(order.id, &result)
    {
        tracing::error!(%error, "cannot write to the command journal what became of a command");
    }
    result
}

/// Whether the outcome is known for good. If not, the journal has the order as interrupted, and the same
/// order sent again is carried out again.
fn is_final(result: &OrderResult) -> bool {
    !matches!(result, Err(f) if matches!(f.kind, FailureKind::Unavailable | FailureKind::TimedOut))
}

/// Whether the command changes nothing, so that nobody need know later whether it ran.
const fn only_reads(command: &Command) -> bool {
    use hostler_wire::WorkerCommand;
    matches!(
        command,
        Command::ConsoleLog(_)
            | Command::Inquire(_)
            | Command::Report(_)
            | Command::Describe(_)
            | Command::FindVolumes(_)
            | Command::Worker(WorkerCommand::List(_))
    )
}

/// How long the manager is kept waiting for an order's outcome.
fn allowed(order: &Order) -> Duration {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    if order.wait_seconds != 0 {
        return Duration::from_secs(order.wait_seconds.into());
    }
    match &order.command {
        Command::Stop(c) => minutes(5) + Duration::from_secs(c.grace_seconds.into()),
        Command::PrepareTemplate(_) | Command::Worker(_) => minutes(6 * 60),
        Command::CreateSnapshot(_)
        | Command::CopyVolumes(_)
        | Command::RestoreSnapshot(_)
        | Command::SendTemplate(_)
        | Command::ImportVolume(_) => minutes(6 * 60),
        Command::CreateVolume(_)
        | Command::DeleteVolume(_)
        | Command::DeleteSnapshot(_)
        | Command::RemoveTemplate(_) => minutes(60),
        Command::DetachVolume(c) => minutes(5) + Duration::from_secs(c.grace_seconds.into()),
        Command::DetachNic(c) => minutes(5) + Duration::from_secs(c.grace_seconds.into()),
        Command::Start(_)
        | Command::AttachVolume(_)
        | Command::AttachNic(_)
        | Command::ResizeVolume(_)
        | Command::ChangeIso(_)
        | Command::Reboot(_)
        | Command::Forget(_)
        | Command::Adopt(_)
        | Command::Release(_)
        | Command::PrepareNic(_)
        | Command::ReleaseNic(_) => minutes(10),
        Command::ConsoleLog(_)
        | Command::Describe(_)
        | Command::FindVolumes(_)
        | Command::Inquire(_)
        | Command::Report(_) => minutes(1),
    }
}

async fn wait_for(outcome: Pending, deadline: Instant) -> OrderResult {
    timeout_at(deadline, result_of(outcome)).await.unwrap_or_else(|_| {
        Err(failure(FailureKind::TimedOut, "it takes longer than it may, and goes on; ask again"))
    })
}

async fn result_of(mut outcome: Pending) -> OrderResult {
    match outcome.wait_for(Option::is_some).await.map(|result| result.clone()) {
        Ok(Some(result)) => result,
        _ => Err(failure(FailureKind::Unavailable, "the agent gave the order up")),
    }
}

fn failure(kind: FailureKind, text: &str) -> CommandFailure {
    CommandFailure { kind, text: text.to_owned() }
}
