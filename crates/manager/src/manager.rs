//! The manager as a whole: its parts, put together and started in their order.
//!
//! Not here: the process around it (`main.rs`): arguments, logs, signals.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use hostler_model::{HostGuid, Timestamp};
use hostler_store::setting::setting_all;
use hostler_store::{Store, StoreError, installation};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};
use uuid::Uuid;

use crate::agents::{AgentSettings, Agents, AgentsParts, ServeError};
use crate::api::bootstrap::{bootstrap, write_client_settings};
use crate::api::http::{Door, Server, serve};
use crate::backup::DATABASE;
use crate::ca::{Authority, CaError, private_folder, write_file};
use crate::config::Config;
use crate::context::Context;
use crate::metrics::Metrics;
use crate::monitors::{HostStatistics, VmSync, follow_downloads, keep_house};
use crate::onboarding::{KnownHosts, Means, Onboarding, OnboardingSettings};
use crate::settings::{
    AGENT_STARTUP_WAIT, HOST_CONNECT_TIMEOUT, INTEGRATION_ANYWHERE, INTEGRATION_PORT,
    PING_INTERVAL, PING_TIMEOUT, SSH_RETRIES, SettingError, Settings,
};

/// Why a manager did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("cannot use the database")]
    Store(#[from] StoreError),
    /// The certificate authority.
    #[error("cannot use the certificate authority")]
    Authority(#[from] CaError),
    /// A setting in the configuration file.
    #[error("the settings of the configuration file cannot be used")]
    Settings(#[from] SettingError),
    /// A port is taken, or the address is not this machine's.
    #[error("cannot listen on {address} for {what}; is another manager running?")]
    Listen {
        /// What for.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A file of the state directory.
    #[error("cannot write {file}")]
    File {
        /// The file.
        file: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The agents' side.
    #[error("cannot take agents in")]
    Agents(#[from] ServeError),
}

/// A manager that runs.
#[derive(Debug)]
pub struct Manager {
    /// Its parts.
    pub context: Context,
    /// Where its API answers.
    pub api: SocketAddr,
    /// Where agents connect.
    pub agents: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Manager {
    /// Starts everything. A first start makes database, certificates, administrator and image worker.
    ///
    /// # Errors
    /// [`StartError`] says what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        private_folder(&config.state_dir)?;
        let store = Store::open(&config.state_dir.join(DATABASE))?;
        let now = Timestamp::from(std::time::SystemTime::now());
        let (cloud, manager) = store
            .write(move |tx| {
                let cloud = installation::cloud_id(tx, now)?;
                Ok::<_, StoreError>((cloud, installation::manager_id(tx, "manager-1")?))
            })
            .await?;
        let settings = Settings::load(&store.read(setting_all).await?, &config.settings)?;
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
        let listen = async |what, address| {
            TcpListener::bind(address).await.map_err(|source| StartError::Listen {
                what,
                address,
                source,
            })
        };
        let agent_port = listen("agents", config.agent_listen).await?;
        let api_port = listen("the API", config.api_listen).await?;
        let integration_port = match integration_address(&settings) {
            Some(address) => Some(listen("the integration port", address).await?),
            None => None,
        };
        let agents_at = agent_port.local_addr().unwrap_or(config.agent_listen);
        let api = api_port.local_addr().unwrap_or(config.api_listen);
        let keys = bootstrap(&store, now).await?;
        let client = config.state_dir.join("admin.env");
        write_client_settings(&client, &format!("http://{api}/client/api"), &keys)
            .map_err(|source| StartError::File { file: client.clone(), source })?;
        prepare_image_worker(&config, &authority, agents_at)?;
        let onboarding = Onboarding::new(Means {
            store: store.clone(),
            agents: agents.clone(),
            authority,
            agent_binary: config.agent_binary,
            agent_scripts: config.agent_scripts,
            agent_addresses: config.agent_addresses,
            agent_port: agents_at.port(),
            known_hosts: KnownHosts::new(config.state_dir.join("ssh/known_hosts")),
            settings: onboarding_settings(&settings),
        });
        let context =
            Context::new(store, agents.clone(), onboarding, settings, metrics, cloud, manager);
        agents.add_listener(Arc::new(HostStatistics::new(context.store.clone())));
        agents.add_listener(Arc::new(context.reports.clone()));
        agents.add_listener(Arc::new(VmSync::new(context.clone())));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        // Before anybody else can ask for a job: those that are open come first, and while one is at a VM no
        // host's news of that VM is acted on.
        let resumed = if config.read_only {
            context.only_look();
            0
        } else {
            context.jobs.resume(&context).await?
        };
        agents.serve(agent_port).await?;
        if config.read_only {
            info!(
                "this manager only looks (--read-only): no job runs, and nothing that hosts say is followed"
            );
        } else {
            tasks.spawn(keep_house(context.clone(), stop.clone()));
        }
        tasks.spawn(follow_downloads(context.clone(), stop.clone()));
        info!(%cloud, manager, %api, agents = %agents_at, resumed, "the manager is ready");
        let answering = agents.clone();
        let server = Arc::new(Server::new(context.clone(), move || answering.is_serving()));
        let doors = [(Some(api_port), Door::Callers), (integration_port, Door::Integration)];
        for (port, door) in doors {
            let Some(port) = port else { continue };
            let (server, stopped) = (Arc::clone(&server), stop.clone());
            tasks.spawn(async move {
                if let Err(e) = serve(port, server, door, stopped).await {
                    error!(error = %e, ?door, "the API has ended");
                }
            });
        }
        Ok(Self { context, api, agents: agents_at, stop, tasks })
    }

    /// Ends everything. Jobs stop where they are; the next start goes on with them.
    pub async fn stop(self) {
        self.stop.cancel();
        self.context.agents.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Where scripts call without proof, if they may: on this machine alone, unless that is wanted otherwise.
fn integration_address(settings: &Settings) -> Option<SocketAddr> {
    let port = u16::try_from(settings.number(&INTEGRATION_PORT)).unwrap_or(0);
    let anywhere = settings.flag(&INTEGRATION_ANYWHERE);
    let ip = if anywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    (port > 0).then(|| SocketAddr::from((ip, port)))
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

/// Writes the properties of the controller's own image worker, and its certificate at the first start.
fn prepare_image_worker(
    config: &Config,
    authority: &Authority,
    agents_at: SocketAddr,
) -> Result<(), StartError> {
    let folder = config.state_dir.join("image-worker");
    let pki = folder.join("pki");
    private_folder(&folder)?;
    private_folder(&pki)?;
    let file = folder.join("agent.properties");
    let guid = if let Some(guid) = known_guid(&file) {
        guid
    } else {
        let guid = HostGuid::new(Uuid::new_v4());
        let issued = authority.issue_agent(guid)?;
        write_file(&pki.join("agent.crt"), &issued.certificate, 0o644)?;
        write_file(&pki.join("agent.key"), &issued.key, 0o600)?;
        guid
    };
    write_file(&pki.join("ca.crt"), authority.certificate(), 0o644)?;
    let manager = match agents_at.ip() {
        everywhere if everywhere.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        here => here,
    };
    let port = agents_at.port();
    let at = |name: &str| folder.join(name).display().to_string();
    let address = config.agent_addresses.first().cloned().unwrap_or_else(own_address);
    let text = format!(
        "# The image worker of this controller; written anew by the manager at each start.\n\
         # An empty zone is the cloud's oldest one.\n\
         guid={guid}\nhost={manager}\nport={port}\nzone=\nresource=SecondaryStorageResource\n\
         state.dir={}\nsecondary.storage.path={}\nsecondary.storage.listen=0.0.0.0:8251\n\
         secondary.storage.address={address}\n\
         tls.ca={}\ntls.certificate={}\ntls.key={}\n",
        at("state"),
        at("templates"),
        at("pki/ca.crt"),
        at("pki/agent.crt"),
        at("pki/agent.key"),
    );
    write_file(&file, &text, 0o600)?;
    Ok(())
}

/// This machine's address on its way to the world: what hosts can most likely reach.
fn own_address() -> String {
    // Connecting a datagram socket sends nothing; it only asks for the route.
    let route = UdpSocket::bind("0.0.0.0:0")
        .and_then(|socket| socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr()));
    route.map_or_else(|_| "127.0.0.1".to_owned(), |own| own.ip().to_string())
}

/// The guid in properties that an earlier start wrote.
fn known_guid(file: &Path) -> Option<HostGuid> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("guid=")?.trim().parse().ok())
}
