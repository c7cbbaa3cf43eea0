//! `hostler-simulator`: the process around a run. Arguments, log, exit codes.
//!
//! Exit codes: 0 everything that was expected held; 1 something did not, or failed; 2 wrong arguments.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use hostler_simulator::control;
use hostler_simulator::run::{Surroundings, run};
use hostler_simulator::scenario::Scenario;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Runs a cloud of many simulated hosts under a real manager.
#[derive(Debug, Parser)]
#[command(name = "hostler-simulator", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Do what a scenario says, and write what was measured
    Run {
        /// The scenario, TOML
        scenario: PathBuf,
        /// The manager's program [default: hostler-manager beside this one]
        #[arg(long, value_name = "FILE")]
        manager: Option<PathBuf>,
        /// A directory for everything that the run writes; it must not have a cloud yet
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Write the figures there, as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Keep the cloud afterwards until Ctrl-C
        #[arg(long)]
        stay: bool,
    },
    /// Give an order to a cloud that runs, for instance: tell DIR cut 10% for 20s
    #[command(after_help = hostler_simulator::order::HELP)]
    Tell {
        /// Its directory
        dir: PathBuf,
        /// The order
        #[arg(required = true)]
        order: Vec<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("HOSTLER_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match carry_out(Arguments::parse().task).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "hostler-simulator: {why:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(task: Task) -> anyhow::Result<bool> {
    let (scenario, manager, dir, json, stay) = match task {
        Task::Run { scenario, manager, dir, json, stay } => (scenario, manager, dir, json, stay),
        Task::Tell { dir, order } => {
            let answer = control::tell(&dir, &order.join(" ")).await?;
            writeln!(std::io::stdout(), "{answer}")?;
            return Ok(true);
        }
    };
    let scenario = Scenario::load(&scenario)?;
    let manager = match manager {
        Some(manager) => manager,
        None => std::env::current_exe()?.with_file_name("hostler-manager"),
    };
    let around = Surroundings { manager, folder: dir, stay };
    let mut told_to_end = signal(SignalKind::terminate())?;
    let figures = tokio::select! {
        figures = run(scenario, &around) => figures?,
        // the manager ends with what is dropped here
        _ = told_to_end.recv() => bail!("told to end; nothing was measured"),
    };
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&figures)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    writeln!(std::io::stdout(), "{}", figures.table())?;
    Ok(figures.wrong.is_empty())
}
