//! What every part of the manager has at hand. Cloning it is cheap.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hostler_model::{CloudId, CommandId, TemplateId, Timestamp};
use hostler_store::Store;

use crate::agents::{Agents, LackingVolumes, LastReports};
use crate::jobs::Jobs;
use crate::metrics::Metrics;
use crate::onboarding::Onboarding;
use crate::orchestration::views::HostViews;
use crate::settings::Settings;

/// How long agents may take to notice a new manager: twice their longest pause between tries.
const HOSTS_RETURN: Duration = Duration::from_mins(1);

/// The manager, as its parts see it.
#[derive(Debug, Clone)]
pub struct Context(Arc<Inner>);

/// See [`Context`].
#[derive(Debug)]
pub struct Inner {
    /// The record.
    pub store: Store,
    /// The agents that are connected.
    pub agents: Agents,
    /// What each of their hosts said last of its VMs.
    pub reports: LastReports,
    /// Which volumes each of their hosts says that it does not have.
    pub lacking: LackingVolumes,
    /// How machines become hosts.
    pub onboarding: Onboarding,
    /// The jobs of this manager.
    pub jobs: Jobs,
    /// The hosts as placements see them.
    pub views: HostViews,
    /// The settings, in memory.
    pub settings: Settings,
    /// What is counted.
    pub metrics: Metrics,
    /// This cloud.
    pub cloud: CloudId,
    /// This manager's number, in every frame.
    pub manager: u64,
    /// Whether nothing is done: no job is run and no record follows a host.
    read_only: AtomicBool,
    /// When this manager began.
    began: Instant,
    downloads: Mutex<HashMap<CommandId, TemplateId>>,
}

impl Context {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        agents: Agents,
        onboarding: Onboarding,
        settings: Settings,
        metrics: Metrics,
        cloud: CloudId,
        manager: u64,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            agents,
            reports: LastReports::default(),
            lacking: LackingVolumes::default(),
            onboarding,
            jobs: Jobs::default(),
            views: HostViews::default(),
            settings,
            metrics,
            cloud,
            manager,
            read_only: AtomicBool::new(false),
            began: Instant::now(),
            downloads: Mutex::default(),
        }))
    }

    /// The time, by this machine's clock.
    #[allow(clippy::unused_self)] // a test's context may have another clock
    pub fn now(&self) -> Timestamp {
        Timestamp::from(SystemTime::now())
    }

    /// Whether this manager only looks.
    pub fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::Relaxed)
    }

    /// From now on this manager only looks. For its start, before anybody asks for anything.
    pub fn only_look(&self) {
        self.read_only.store(true, Ordering::Relaxed);
    }

    /// How long it can still be that a host that was connected to the last manager has only not come back yet.
    pub fn hosts_return_within(&self) -> Option<Duration> {
        HOSTS_RETURN.checked_sub(self.began.elapsed()).filter(|left| !left.is_zero())
    }

    /// From now on, progress of `order` is progress of `template`.
    pub fn download_begins(&self, order: CommandId, template: TemplateId) {
        self.downloads.lock().unwrap_or_else(PoisonError::into_inner).insert(order, template);
    }

    /// The order has ended.
    pub fn download_ends(&self, order: CommandId) {
        self.downloads.lock().unwrap_or_else(PoisonError::into_inner).remove(&order);
    }

    /// The template that an order downloads, if it does.
    pub fn download_of(&self, order: CommandId) -> Option<TemplateId> {
        self.downloads.lock().unwrap_or_else(PoisonError::into_inner).get(&order).copied()
    }
}

impl Deref for Context {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
