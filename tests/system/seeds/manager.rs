//! The simulated manager: all of a real one but its ports, over a database that outlives it.
//!
//! Not here: what it is asked for (`requests`), when it dies (`events`).

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hostler_manager::ca::PeerCertificate;
use hostler_manager::config::Config;
use hostler_manager::context::Context;
use hostler_manager::manager::parts::{Parts, watch};
use hostler_manager::settings::Settings;
use hostler_store::setting::setting_all;
use hostler_store::{Store, Threads};
use hostler_tests::cloud::config;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::draw::Draw;
use crate::net::{Arrival, Net};
use crate::node::{Node, pace};
use crate::requests::{Answer, Request, ask};

/// The manager's machine.
#[derive(Debug)]
pub(crate) struct Manager {
    /// Set when the machine is dead.
    pub(crate) mute: Arc<AtomicBool>,
    /// How many milliseconds its wall clock is ahead.
    pub(crate) ahead: i64,
    config: Config,
    net: Net,
    draw: Draw,
    life: Option<Life>,
}

/// A manager that runs.
#[derive(Debug)]
struct Life {
    node: Node,
    shared: Arc<Mutex<Shared>>,
    stop: CancellationToken,
}

/// What the world sees of a manager that runs.
#[derive(Debug, Default)]
struct Shared {
    context: Option<Context>,
    answers: Vec<Answer>,
    /// Why it has ended.
    ended: Option<String>,
}

impl Manager {
    /// One whose files are in `folder`, switched off.
    pub(crate) fn new(folder: &Path, net: Net, draw: Draw) -> Self {
        let mut config = config(folder);
        for (name, value) in [
            ("ping.interval", "2"),
            ("vm.missing.grace.seconds", "5"),
            ("vm.stop.grace.seconds", "0"),
        ] {
            config.settings.insert(name.to_owned(), value.to_owned());
        }
        Self { mute: Arc::default(), ahead: 0, config, net, draw, life: None }
    }

    /// Whether its process runs.
    pub(crate) fn lives(&self) -> bool {
        self.life.is_some()
    }

    /// Whether it can be asked for something.
    pub(crate) fn context(&self) -> Option<Context> {
        let shared = &self.life.as_ref()?.shared;
        shared.lock().unwrap_or_else(PoisonError::into_inner).context.clone()
    }

    /// Starts it over what the last one has left on the disk.
    pub(crate) fn begin(&mut self, now: u64) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.config.state_dir)?;
        self.mute.store(false, Ordering::Relaxed);
        let (node, stop) = (Node::boot(now), CancellationToken::new());
        let shared = Arc::<Mutex<Shared>>::default();
        let (config, net, own) = (self.config.clone(), self.net.clone(), Arc::clone(&shared));
        let (threads, stopped) = (Threads::Tasks(pace(self.draw.apart())), stop.clone());
        node.spawn(async move {
            if let Err(error) = live(config, threads, net, &own, stopped).await {
                let mut shared = own.lock().unwrap_or_else(PoisonError::into_inner);
                shared.ended = Some(format!("{error:#}"));
            }
        });
        self.life = Some(Life { node, shared, stop });
        Ok(())
    }

    /// Lets it work until this time of the world; says why it has ended, if it has.
    pub(crate) fn work_until(&mut self, until: u64) -> Option<String> {
        let life = self.life.as_ref()?;
        life.node.work_until(until, self.ahead);
        let why = life.shared.lock().unwrap_or_else(PoisonError::into_inner).ended.clone()?;
        self.kill();
        Some(why)
    }

    /// Asks it for something; its answer comes with [`answers`](Self::answers), unless it dies before.
    pub(crate) fn ask(&self, request: Request) {
        let (Some(life), Some(context)) = (&self.life, self.context()) else { return };
        let shared = Arc::clone(&life.shared);
        life.node.spawn(async move {
            let answer = ask(&context, request).await;
            shared.lock().unwrap_or_else(PoisonError::into_inner).answers.push(answer);
        });
    }

    /// The answers since the last look.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        let Some(life) = &self.life else { return Vec::new() };
        std::mem::take(&mut life.shared.lock().unwrap_or_else(PoisonError::into_inner).answers)
    }

    /// Has it end as a shutdown does.
    pub(crate) fn shut_down(&self) {
        if let Some(life) = &self.life {
            life.stop.cancel();
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.net.listen(None);
        self.life = None;
    }

    /// Its machine loses power.
    pub(crate) fn lose_power(&mut self) {
        self.mute.store(true, Ordering::Relaxed);
        self.kill();
    }
}

async fn live(
    config: Config,
    threads: Threads,
    net: Net,
    shared: &Mutex<Shared>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let store = Store::open_with(&config.state_dir.join("hostler.db"), threads)?;
    let settings = Settings::load(&store.read(setting_all).await?, &config.settings)?;
    let parts = Parts::assemble(&config, store, settings, 8250).await?;
    parts.resume(false).await?;
    let (context, tasks) = (parts.context, TaskTracker::new());
    context.agents.open().await?;
    watch(&context, &tasks, &stop);
    let (port, mut arrivals) = mpsc::unbounded_channel();
    net.listen(Some(port));
    shared.lock().unwrap_or_else(PoisonError::into_inner).context = Some(context.clone());
    loop {
        let Arrival { stream, peer, guid } = tokio::select! {
            Some(arrival) = arrivals.recv() => arrival,
            () = stop.cancelled() => break,
        };
        let signed = context.now().0 / 1000;
        context.agents.take_in(stream, peer, PeerCertificate { guid, signed });
    }
    net.listen(None);
    shared.lock().unwrap_or_else(PoisonError::into_inner).context = None;
    context.agents.stop().await;
    tasks.close();
    tasks.wait().await;
    anyhow::bail!("it was told to")
}
