//! `hostler`: the command line of the cloud.
//!
//! It reads arguments, makes documented API calls through `hostler-client`, and prints what came back. It has no rules
//! of its own. Exit codes: 0 done, 1 an error, 2 wrong usage.

mod cli;
mod commands;
mod context;
mod live;
mod noun;
mod nouns;
mod output;
mod plugins;
mod progress;
mod resolve;
mod usage;

use std::ffi::OsString;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Asked;
use crate::usage::Usage;

fn main() -> ExitCode {
    clap_complete::CompleteEnv::with_factory(cli::command).bin("hostler").complete();
    let arguments = cli::with_dashes(std::env::args_os());
    let asked = match Asked::parse(&arguments) {
        Ok(asked) => asked,
        Err(error) => return not_parsed(&error, &arguments),
    };
    if asked.global().debug {
        log_to_stderr();
    } else {
        std::panic::set_hook(Box::new(|_| ())); // `run` says it in one line
    }
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| commands::run(asked)));
    let error = match ended {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => error,
        Err(_) => {
            anyhow::anyhow!("a fault in this program; please report it with the output of --debug")
        }
    };
    if output::is_broken_pipe(&error) {
        return ExitCode::SUCCESS; // the reader has seen enough
    }
    let _ = writeln!(std::io::stderr(), "ERROR: {error:#}");
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
}

/// Help and version, plug-ins, and usage errors.
fn not_parsed(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(plugin) = plugins::find(name, arguments)
    {
        return plugin.run();
    }
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::new("hostler_client=debug");
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
}
