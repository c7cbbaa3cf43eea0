//! The manager as a whole: what it listens on, around its parts.
//!
//! Not here: the parts themselves ([`parts`]), the process around it (`main.rs`): arguments, logs, signals.

pub mod parts;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hostler_model::HostGuid;
use hostler_store::setting::setting_all;
use hostler_store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};
use uuid::Uuid;

use self::parts::{Parts, watch};
use crate::agents::ServeError;
use crate::api::bootstrap::write_client_settings;
use crate::api::http::{Door, Server, serve};
use crate::backup::{DATABASE, copy_to_look, forget_copy};
use crate::ca::{Authority, CaError, private_folder, write_file};
use crate::config::Config;
use crate::context::Context;
use crate::settings::{INTEGRATION_ANYWHERE, INTEGRATION_PORT, SettingError, Settings};

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
        file: PathBuf,
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
    state_dir: PathBuf,
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
        let listen = async |what, address| {
            TcpListener::bind(address).await.map_err(|source| StartError::Listen {
                what,
                address,
                source,
            })
        };
        let agent_port = listen("agents", config.agent_listen).await?;
        let api_port = listen("the API", config.api_listen).await?;
        // the ports first: who has them is the only one who uses this directory
        forget_copy(&config.state_dir);
        let database = if config.read_only {
            copy_to_look(&config.state_dir)?
        } else {
            config.state_dir.join(DATABASE)
        };
        let store = Store::open(&database)?;
        let settings = Settings::load(&store.read(setting_all).await?, &config.settings)?;
        let integration_port = match integration_address(&settings) {
            Some(address) => Some(listen("the integration port", address).await?),
            None => None,
        };
        let agents_at = agent_port.local_addr().unwrap_or(config.agent_listen);
        let api = api_port.local_addr().unwrap_or(config.api_listen);
        let parts = Parts::assemble(&config, store, settings, agents_at.port()).await?;
        let client = config.state_dir.join("admin.env");
        write_client_settings(&client, &format!("http://{api}/client/api"), &parts.keys)
            .map_err(|source| StartError::File { file: client.clone(), source })?;
        prepare_image_worker(&config, &parts.authority, agents_at)?;
        let resumed = parts.resume(config.read_only).await?;
        let context = parts.context;
        let agents = context.agents.clone();
        agents.serve(agent_port).await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        watch(&context, &tasks, &stop);
        let (cloud, manager) = (context.cloud, context.manager);
        info!(%cloud, manager, %api, agents = %agents_at, resumed, "the manager is ready");
        let server = Arc::new(Server::new(context.clone(), move || agents.is_serving()));
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
        let state_dir = config.state_dir;
        Ok(Self { context, api, agents: agents_at, state_dir, stop, tasks })
    }

    /// Ends everything. Jobs stop where they are; the next start goes on with them.
    pub async fn stop(self) {
        self.stop.cancel();
        self.context.agents.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
        forget_copy(&self.state_dir);
    }
}

/// Where scripts call without proof, if they may: on this machine alone, unless that is wanted otherwise.
fn integration_address(settings: &Settings) -> Option<SocketAddr> {
    let port = u16::try_from(settings.number(&INTEGRATION_PORT)).unwrap_or(0);
    let anywhere = settings.flag(&INTEGRATION_ANYWHERE);
    let ip = if anywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    (port > 0).then(|| SocketAddr::from((ip, port)))
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
