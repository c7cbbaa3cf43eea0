//! The manager's parts, put together and begun in their order.
//!
//! Whoever has them can be a manager without a port: a simulation hands agents' links over by itself.
//!
//! Not here: ports, the API's and the agents' (`manager`).

use std::sync::Arc;

use hostler_model::Timestamp;
use hostler_store::{Store, StoreError, installation};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use super::StartError;
use crate::agents::{AgentSettings, Agents, AgentsParts};
use crate::api::bootstrap::{Keys, bootstrap};
use crate::ca::Authority;
use crate::config::Config;
use crate::context::Context;
use crate::metrics::Metrics;
use crate::monitors::{HostStatistics, VmSync, VolumeLook, follow_downloads, keep_house};
use crate::onboarding::{KnownHosts, Means, Onboarding, OnboardingSettings};
use crate::settings::{
    AGENT_STARTUP_WAIT, HOST_CONNECT_TIMEOUT, PING_INTERVAL, PING_TIMEOUT, SSH_RETRIES, Settings,
};

/// A manager of which nothing runs yet.
#[derive(Debug)]
pub struct Parts {
    /// Its parts, as they see each other.
    pub context: Context,
    /// Who signs agents' certificates.
    pub authority: Arc<Authority>,
    /// The administrator's keys.
    pub keys: Keys,
}

impl Parts {
    /// Puts the parts together over `store`. The first time it makes certificates and the administrator.
    ///
    /// Hosts that are added are told to connect to `agent_port`.
    ///
    /// # Errors
    /// [`StartError`] says what to do.
    pub async fn assemble(
        config: &Config,
        store: Store,
        settings: Settings,
        agent_port: u16,
    ) -> Result<Self, StartError> {
        let now = Timestamp::from(std::time::SystemTime::now());
        let (cloud, manager) = store
            .write(move |tx| {
                let cloud = installation::cloud_id(tx, now)?;
                Ok::<_, StoreError>((cloud, installation::manager_id(tx, "manager-1")?))
            })
            .await?;
        let authority = Arc::new(Authority::open(&config.state_dir.join("pki"))?);
        let metrics = Metrics::default();
        store.watch(Box::new(metrics.record.clone()));
        let agents = Agents::new(AgentsParts {
            store: store.clone(),
            authority: Arc::clone(&authority),
            manager,
            cloud,
            settings: agent_settings(&settings),
            metrics: metrics.agents.clone(),
        });
        let keys = bootstrap(&store, now).await?;
        let onboarding = Onboarding::new(Means {
            store: store.clone(),
            agents: agents.clone(),
            authority: Arc::clone(&authority),
            agent_binary: config.agent_binary.clone(),
            agent_scripts: config.agent_scripts.clone(),
            agent_addresses: config.agent_addresses.clone(),
            agent_port,
            known_hosts: KnownHosts::new(config.state_dir.join("ssh/known_hosts")),
            settings: onboarding_settings(&settings),
        });
        let context =
            Context::new(store, agents.clone(), onboarding, settings, metrics, cloud, manager);
        agents.add_listener(Arc::new(HostStatistics::new(context.store.clone())));
        agents.add_listener(Arc::new(context.reports.clone()));
        agents.add_listener(Arc::new(VmSync::new(context.clone())));
        agents.add_listener(Arc::new(VolumeLook::new(context.clone())));
        Ok(Self { context, authority, keys })
    }

    /// Goes on with the jobs that are open, and says how many there are; or only looks from now on.
    ///
    /// This comes before anybody can ask for a job and before any agent: while a job is at a VM, no host's news of
    /// that VM is acted on.
    ///
    /// # Errors
    /// [`StoreError`] if the journal cannot be read.
    pub async fn resume(&self, read_only: bool) -> Result<usize, StoreError> {
        if read_only {
            self.context.only_look();
            return Ok(0);
        }
        self.context.jobs.resume(&self.context).await
    }
}

/// Has the monitors run that are not called by agents' news, until `stop`.
pub fn watch(context: &Context, tasks: &TaskTracker, stop: &CancellationToken) {
    if context.is_read_only() {
        info!(
            "this manager only looks (--read-only): no job runs, nothing that hosts say is followed, and the record stays \
             as it is: what is seen is kept in a copy until this manager ends"
        );
    } else {
        tasks.spawn(keep_house(context.clone(), stop.clone()));
    }
    tasks.spawn(follow_downloads(context.clone(), stop.clone()));
}

fn agent_settings(settings: &Settings) -> AgentSettings {
    AgentSettings {
        ping_interval: settings.duration(&PING_INTERVAL),
        startup_wait: settings.duration(&AGENT_STARTUP_WAIT),
        silent_intervals: settings.ratio(&PING_TIMEOUT),
        ..AgentSettings::default()
    }
}

fn onboarding_settings(settings: &Settings) -> OnboardingSettings {
    OnboardingSettings {
        tries: usize::try_from(settings.number(&SSH_RETRIES)).unwrap_or(usize::MAX),
        connect_wait: settings.duration(&HOST_CONNECT_TIMEOUT),
        ..OnboardingSettings::default()
    }
}
