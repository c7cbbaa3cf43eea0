//! The manager under test: the real program, as a process, with a state directory of its own.
//!
//! Not here: what it is asked (`load`), and how much it takes (`process`).

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hostler_client::config::{Config, Overrides, Surroundings};
use hostler_client::{Request, Session};
use tokio::process::{Child, Command};

use crate::identity::Identity;
use crate::pause::pause;

/// How long a manager may take to give a first answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks whether it answers.
const LOOK: Duration = Duration::from_millis(5);

/// A manager, running or not.
#[derive(Debug)]
pub struct Manager {
    program: PathBuf,
    folder: PathBuf,
    /// Where the API is.
    pub api: SocketAddr,
    /// Where agents dial.
    pub agents: SocketAddr,
    child: Option<Child>,
}

impl Manager {
    /// One that is not running yet, with its files in `folder`, which is made.
    ///
    /// # Errors
    /// If the folder has a cloud already, or cannot be used, or no port is free.
    pub fn new(
        program: &Path,
        folder: &Path,
        settings: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let state = folder.join("manager");
        if state.join("hostler.db").exists() {
            bail!("{} has a cloud already; name a new directory", folder.display());
        }
        std::fs::create_dir_all(&state)
            .with_context(|| format!("cannot make {}", state.display()))?;
        let (api, agents) = (free_port()?, free_port()?);
        let mut all = toml::Table::new();
        all.insert("state_dir".into(), state.display().to_string().into());
        all.insert("api_listen".into(), api.to_string().into());
        all.insert("agent_listen".into(), agents.to_string().into());
        all.insert("agent_addresses".into(), vec!["127.0.0.1".to_owned()].into());
        all.insert("log".into(), "info".into());
        let settings = settings.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        all.insert("settings".into(), settings.collect::<toml::Table>().into());
        let path = folder.join("manager.toml");
        std::fs::write(&path, all.to_string())
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { program: program.into(), folder: folder.into(), api, agents, child: None })
    }

    /// Starts it, and says how long its first answer took.
    ///
    /// # Errors
    /// If it ends, or gives no answer.
    pub async fn begin(&mut self) -> anyhow::Result<Duration> {
        let log = self.folder.join("manager.log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let started = Instant::now();
        let child = Command::new(&self.program)
            .arg("--config")
            .arg(self.folder.join("manager.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .env("NO_COLOR", "1")
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        self.child = Some(child);
        while started.elapsed() < PATIENCE {
            if let Ok(session) = self.session()
                && session.call(&Request::new("listCapabilities")).await.is_ok()
            {
                return Ok(started.elapsed());
            }
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                bail!("the manager ended ({status}); see {}", log.display());
            }
            pause(LOOK).await; // another process tells nobody that it is ready
        }
        bail!("the manager gives no answer in {PATIENCE:?}; see {}", log.display())
    }

    /// Kills it at once, as a power failure would.
    ///
    /// # Errors
    /// If the system refuses.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await.context("cannot kill the manager")?;
        }
        Ok(())
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref()?.id()
    }

    /// Where its record is.
    pub fn database(&self) -> PathBuf {
        self.folder.join("manager/hostler.db")
    }

    /// Where its administrator's keys are.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("manager/admin.env")
    }

    /// The API, as its administrator.
    ///
    /// # Errors
    /// If its keys cannot be read: before it has begun.
    pub fn session(&self) -> anyhow::Result<Session> {
        let text = std::fs::read_to_string(self.keys())?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let overrides = Overrides {
            endpoint: Some(format!("http://{}", self.api)),
            timeout: Some(Duration::from_mins(2)),
            ..Overrides::default()
        };
        let config = Config::resolve(overrides, &Surroundings { variables, files: Vec::new() })?;
        Ok(Session::connect(&config)?)
    }

    /// Identities for so many machines.
    ///
    /// # Errors
    /// If it cannot make them.
    pub async fn identities(&self, count: usize) -> anyhow::Result<Vec<Identity>> {
        let file = self.folder.join("agents.json");
        let made = Command::new(&self.program)
            .arg("--config")
            .arg(self.folder.join("manager.toml"))
            .arg("issue-agents")
            .arg(&file)
            .args(["--count", &count.to_string()])
            .output()
            .await
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        if !made.status.success() {
            bail!("no identities: {}", String::from_utf8_lossy(&made.stderr).trim());
        }
        Ok(Identity::load(&file)?)
    }
}

/// A port of this machine that nobody has now.
fn free_port() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr()?)
}
