//! A cloud whose manager is a process of its own, so that it can be killed at any point and begun again.
//!
//! Hosts and image worker stay in the test's process; their agents come back by themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use hostler_client::config::{Overrides, Surroundings};
use hostler_client::{Request, Session};
use hostler_manager::config::Config;
use hostler_manager::jobs::CRASH_POINT;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::books::Books;
use crate::cloud::{Cloud, PATIENCE};

/// What the manager says when everything in it runs.
const READY: &str = "the manager is ready";

/// A cloud with a manager that can be killed.
#[derive(Debug)]
pub struct CrashCloud {
    /// Its hosts and what it has; its own manager is stopped.
    pub cloud: Cloud,
    config: Config,
    process: Option<Child>,
    /// Where what the managers say is kept, for people.
    log: PathBuf,
}

impl CrashCloud {
    /// Stops the cloud's own manager. No other one runs yet.
    ///
    /// # Errors
    /// If the program of the manager cannot be built.
    pub async fn over(mut cloud: Cloud) -> anyhow::Result<Self> {
        program().await?;
        let config = cloud.stop_manager().await;
        let log = cloud.folder().join("manager.log");
        Ok(Self { cloud, config, process: None, log })
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.config.state_dir.join("hostler.db")
    }

    /// Begins a manager and waits until it is ready; `crash_at` is where it will end itself.
    ///
    /// # Errors
    /// With what it said, if it does not start.
    pub async fn begin(&mut self, crash_at: Option<&str>) -> anyhow::Result<()> {
        self.kill().await?;
        let mut command = Command::new(program().await?);
        command
            .args(["--config".into(), self.config_file()?])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .env_remove(CRASH_POINT)
            .env("NO_COLOR", "1")
            .kill_on_drop(true);
        if let Some(point) = crash_at {
            command.env(CRASH_POINT, point);
        }
        let mut child = command.spawn().context("begin the manager")?;
        let said = child.stderr.take().context("the manager's log")?;
        self.process = Some(child);
        let mut lines = BufReader::new(said).lines();
        let log = self.log.clone();
        let ready = async {
            let mut heard = String::new();
            while let Some(line) = lines.next_line().await? {
                heard.push_str(&line);
                heard.push('\n');
                if line.contains(READY) {
                    append(&log, &heard)?;
                    return Ok(lines);
                }
            }
            bail!("the manager did not start:\n{heard}")
        };
        let mut lines = tokio::time::timeout(PATIENCE, ready)
            .await
            .map_err(|_| anyhow!("the manager does not get ready"))??;
        let log = self.log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = append(&log, &format!("{line}\n"));
            }
        });
        Ok(())
    }

    /// Waits until every host and the image worker are Up.
    ///
    /// # Errors
    /// If that takes too long.
    pub async fn all_up(&self) -> anyhow::Result<()> {
        let books = Books::open(&self.database())?;
        let count = (self.cloud.hosts.len() + 1).to_string();
        let up = async {
            // another process's news; a test may look again and again
            while books.value("SELECT count(*) FROM host WHERE status = 'Up'")?
                != Some(count.clone())
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, up).await.map_err(|_| anyhow!("the hosts do not come Up"))?
    }

    /// Waits until the manager has ended by itself.
    ///
    /// # Errors
    /// If it goes on.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let child = self.process.as_mut().context("no manager runs")?;
        let status = tokio::time::timeout(PATIENCE, child.wait()).await;
        let status = status.map_err(|_| anyhow!("the manager does not end"))??;
        self.process = None;
        Ok(status)
    }

    /// Kills the manager at once.
    ///
    /// # Errors
    /// If the system refuses.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.process.take() {
            child.kill().await.context("kill the manager")?;
        }
        Ok(())
    }

    /// A client of the API with the administrator's keys.
    ///
    /// # Errors
    /// If the keys cannot be read.
    pub fn client(&self) -> anyhow::Result<Session> {
        let text = std::fs::read_to_string(self.config.state_dir.join("admin.env"))?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let variables: BTreeMap<_, _> =
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let overrides = Overrides {
            endpoint: Some(format!("http://{}", self.config.api_listen)),
            timeout: Some(PATIENCE),
            ..Overrides::default()
        };
        let around = Surroundings { variables, files: Vec::new() };
        let config = hostler_client::Config::resolve(overrides, &around)?;
        Ok(Session::connect(&config)?)
    }

    /// Makes one call of the API.
    ///
    /// # Errors
    /// The API's refusal, or the network's: a manager that is killed meanwhile gives no answer.
    pub async fn call(&self, request: &Request) -> anyhow::Result<serde_json::Value> {
        self.client()?.call(request).await.map_err(anyhow::Error::from)
    }

    /// Waits until a manager has said this.
    ///
    /// # Errors
    /// If none does.
    pub async fn said(&self, words: &str) -> anyhow::Result<()> {
        let heard = async {
            // a file tells nobody that it has grown; a test may look again and again
            while !std::fs::read_to_string(&self.log).unwrap_or_default().contains(words) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        heard.map_err(|_| anyhow!("no manager says {words:?}:\n{}", self.last_words()))
    }

    /// What the managers said last.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    fn config_file(&self) -> anyhow::Result<PathBuf> {
        let path = self.cloud.folder().join("manager.toml");
        let mut text = format!(
            "state_dir = {:?}\napi_listen = \"{}\"\nagent_listen = \"{}\"\n\
             agent_addresses = [\"127.0.0.1\"]\nlog = \"info\"\n[settings]\n",
            self.config.state_dir.display().to_string(),
            self.config.api_listen,
            self.config.agent_listen,
        );
        for (name, value) in &self.config.settings {
            let _ = writeln!(text, "{name:?} = {value:?}"); // a String takes everything
        }
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

fn append(log: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    file.write_all(text.as_bytes())
}

/// The manager's program of the same build, made anew if its sources have changed.
async fn program() -> anyhow::Result<&'static Path> {
    static PROGRAM: OnceCell<PathBuf> = OnceCell::const_new();
    let build = || async {
        // target/<profile>/deps/<test>
        let test = std::env::current_exe()?;
        let folder = test.ancestors().nth(2).context("where tests are built")?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // with the features of this very build: a test among them makes cargo take them
        cargo.args(["build", "--quiet", "--workspace", "--test=wire", "--bin=hostler-manager"]);
        cargo
            .args(["--target-dir".into(), folder.ancestors().nth(1).context("target")?.to_owned()]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().await?;
        anyhow::ensure!(status.success(), "hostler-manager cannot be built");
        Ok(folder.join("hostler-manager"))
    };
    PROGRAM.get_or_try_init(build).await.map(PathBuf::as_path)
}
