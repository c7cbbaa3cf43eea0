//! `hostler-manager`: the process around the manager. Arguments, logs, signals, exit codes.
//!
//! Exit codes: 0 ended as asked; 1 failed; 2 wrong arguments; 66 the configuration cannot be used.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use hostler_manager::backup;
use hostler_manager::ca::install_tls_provider;
use hostler_manager::config::{Config, Flags};
use hostler_manager::identities::issue_agents;
use hostler_manager::manager::Manager;
use hostler_model::Timestamp;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

const EXIT_CONFIGURATION: u8 = 66;

/// Keeps the record of a Hostler cloud and takes its decisions.
#[derive(Debug, Parser)]
#[command(name = "hostler-manager", version)]
struct Arguments {
    /// The configuration file [default: /etc/hostler/manager.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Says whether the configuration can be used, and ends: 0 yes, 66 no.
    #[arg(long)]
    check_config: bool,
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    task: Option<Task>,
}

/// What is done in place of running the manager.
#[derive(Debug, Subcommand)]
enum Task {
    /// Write record, certificates and keys into one new file, while the manager runs or not
    Backup {
        /// The file; only its owner can read it
        file: PathBuf,
    },
    /// Make a backup the state directory, in which there must be no record. Start with --read-only then, and look
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Write keys and certificates for agents that are not added over SSH, simulated ones, into one new file
    IssueAgents {
        /// The file, JSON; only its owner can read it
        file: PathBuf,
        /// How many agents
        #[arg(long, default_value_t = 1)]
        count: usize,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let loaded = Config::load(arguments.config.as_deref(), &arguments.flags)
        .map_err(anyhow::Error::from)
        .and_then(|(config, unknown)| {
            let filter = EnvFilter::try_new(&config.log)
                .with_context(|| format!("log = {:?} cannot be used", config.log))?;
            Ok((config, unknown, filter))
        });
    let (config, unknown, filter) = match loaded {
        Ok(loaded) => loaded,
        Err(why) => return end(EXIT_CONFIGURATION, &why),
    };
    let (log, colours) = (std::io::stderr, std::io::stderr().is_terminal());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(log).with_ansi(colours).init();
    for key in unknown {
        warn!(key, "nobody knows this key of the configuration");
    }
    if arguments.check_config {
        info!("the configuration can be used");
        return ExitCode::SUCCESS;
    }
    if let Some(task) = arguments.task {
        return match carry_out(&task, &config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => end(1, &why),
        };
    }
    install_tls_provider();
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => end(1, &why),
    }
}

fn carry_out(task: &Task, config: &Config) -> anyhow::Result<()> {
    let (now, state) = (Timestamp::from(SystemTime::now()), &config.state_dir);
    match task {
        Task::Backup { file } => {
            let files = backup::backup(state, file, now)?;
            info!(file = %file.display(), files, "backed up; whoever has that file has the cloud");
        }
        Task::Restore { file } => {
            let made = backup::restore(file, state, now)?;
            let minutes = now.0.saturating_sub(made.0) / 60_000;
            info!(state_dir = %state.display(), minutes, "restored; it is so old; start with --read-only and look");
        }
        Task::IssueAgents { file, count } => {
            issue_agents(state, file, *count)?;
            info!(file = %file.display(), count, "issued; whoever has that file can come in as these hosts");
        }
    }
    Ok(())
}

#[tokio::main]
async fn run(config: Config) -> anyhow::Result<()> {
    // Before anybody is told that it runs: who hears that may ask it to end.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let manager = Manager::start(config).await?;
    notify(&[NotifyState::Ready]);
    tokio::select! {
        _ = terminate.recv() => info!("asked to end (SIGTERM)"),
        _ = interrupt.recv() => info!("asked to end (SIGINT)"),
    }
    notify(&[NotifyState::Stopping]);
    manager.stop().await;
    Ok(())
}

/// Tells systemd, where there is one; nobody else listens.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "systemd could not be told");
    }
}

fn end(code: u8, why: &anyhow::Error) -> ExitCode {
    // nothing is left to do when even this cannot be written
    let _ = writeln!(std::io::stderr(), "hostler-manager: {why:#}");
    ExitCode::from(code)
}
