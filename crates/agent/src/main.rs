//! `hostler-agent`: the process around the agent. Arguments, logs, signals, exit codes.
//!
//! Exit codes: 0 ended as asked; 1 failed, starting again may help; 2 wrong arguments; 66 the configuration
//! is wrong, starting again without a change does not help.

use std::io::Write;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use clap::Parser;
use hostler_agent::connection::TlsDialer;
use hostler_agent::kvm::LibvirtComputingResource;
use hostler_agent::properties::ResourceKind;
use hostler_agent::resource::Resource;
use hostler_agent::worker_resource::WorkerResource;
use hostler_agent::{AgentError, OnReady, Properties, VERSION, run_over};
use sd_notify::NotifyState;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The configuration is wrong (`EX_NOINPUT` of sysexits): systemd does not start the agent again.
const EXIT_CONFIGURATION: u8 = 66;

/// Runs VMs on this host for a Hostler manager.
#[derive(Debug, Parser)]
#[command(name = "hostler-agent", version = VERSION)]
struct Arguments {
    /// The file with the agent's properties.
    #[arg(long, value_name = "FILE", default_value = "/etc/hostler/agent.properties")]
    config: PathBuf,
    /// Sets a property, whatever the file says. May be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Says whether the properties and TLS files can be used, and ends: 0 yes, 66 no.
    #[arg(long)]
    check_config: bool,
}

/// What runs beside the connection, for instance the image worker's service to hosts.
type Beside = Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;

/// Why the process ends.
enum Failure {
    Configuration(anyhow::Error),
    Other(anyhow::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (code, why) = match begin(&arguments) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Configuration(why)) => (EXIT_CONFIGURATION, why),
        Err(Failure::Other(why)) => (1, why),
    };
    if tracing::dispatcher::has_been_set() {
        error!(exit_code = code, "{why:#}");
    } else {
        let _ = writeln!(std::io::stderr(), "hostler-agent: {why:#}");
    }
    ExitCode::from(code)
}

fn begin(arguments: &Arguments) -> Result<(), Failure> {
    let wrong = |why: anyhow::Error| Failure::Configuration(why);
    let (properties, unknown) =
        Properties::load(&arguments.config, &arguments.set).map_err(|e| wrong(e.into()))?;
    let filter = EnvFilter::try_new(&properties.log)
        .with_context(|| format!("log={} cannot be used", properties.log))
        .map_err(wrong)?;
    if arguments.check_config {
        TlsDialer::new(&properties).map_err(|e| wrong(e.into()))?;
        for key in unknown {
            let _ = writeln!(std::io::stderr(), "warning: {key}: nobody knows this key");
        }
        let _ = writeln!(std::io::stdout(), "{} can be used", arguments.config.display());
        return Ok(());
    }
    log_to(&properties, filter).map_err(wrong)?;
    for key in unknown {
        warn!(%key, "nobody knows this key of agent.properties");
    }
    // A second provider of cryptography in the tree would make the first handshake panic.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = Runtime::new().context("cannot start threads").map_err(Failure::Other)?;
    let ended = serve(&runtime, properties);
    // Commands that still run are in the journal as interrupted.
    runtime.shutdown_background();
    ended
}

fn serve(runtime: &Runtime, properties: Properties) -> Result<(), Failure> {
    info!(version = VERSION, guid = %properties.guid, "the agent begins");
    let dialer = TlsDialer::new(&properties).map_err(|e| Failure::Configuration(e.into()))?;
    let shutdown = CancellationToken::new();
    let mut resources: Vec<Arc<dyn Resource>> = Vec::new();
    let mut beside: Vec<Beside> = Vec::new();
    for kind in &properties.resources {
        match kind {
            ResourceKind::Libvirt => {
                let resource = LibvirtComputingResource::new(&properties, runtime.handle().clone())
                    .map_err(|e| Failure::Other(e.into()))?;
                resources.push(Arc::new(resource));
            }
            ResourceKind::SecondaryStorage => {
                let worker = WorkerResource::new(&properties, runtime.handle().clone())
                    .map_err(|e| Failure::Other(e.into()))?;
                let serving = worker.serve(shutdown.clone());
                beside.push(Box::pin(async move { Ok(serving.await?) }));
                resources.push(Arc::new(worker));
            }
        }
    }
    runtime.block_on(async {
        end_on_signal(&shutdown).map_err(Failure::Other)?;
        notify(&[NotifyState::Ready, NotifyState::Status("looking for a manager")]);
        let on_ready: OnReady = Arc::new(|ready| {
            notify(&[NotifyState::Status(&format!("taken in as host {}", ready.host))]);
        });
        let running = run_over(properties, resources, dialer, on_ready, shutdown.clone());
        let ended = tokio::select! {
            ended = running => ended,
            why = first_failure(beside) => return Err(Failure::Other(why)),
        };
        notify(&[NotifyState::Stopping]);
        match ended {
            Ok(()) => {
                info!("the agent ends; guests go on running");
                Ok(())
            }
            Err(error) => Err(failure(error)),
        }
    })
}

fn failure(error: AgentError) -> Failure {
    if error.is_configuration() {
        Failure::Configuration(error.into())
    } else {
        Failure::Other(error.into())
    }
}

/// Waits until something that runs beside the connection fails; what ends as asked is of no interest.
async fn first_failure(beside: Vec<Beside>) -> anyhow::Error {
    match futures_util::future::try_join_all(beside).await {
        Err(why) => why,
        Ok(_) => std::future::pending().await,
    }
}

fn end_on_signal(shutdown: &CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => info!("SIGTERM"),
            _ = interrupt.recv() => info!("SIGINT"),
        }
        shutdown.cancel();
    });
    Ok(())
}

/// The log goes to stderr, where journald takes it, and to `log.file`.
fn log_to(properties: &Properties, filter: EnvFilter) -> anyhow::Result<()> {
    let file = match &properties.log_file {
        None => None,
        Some(path) => {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
            Some(file.with_context(|| format!("log.file={} cannot be written", path.display()))?)
        }
    };
    let file =
        file.map(|f| tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(f)));
    let stderr = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter).with(stderr).with(file).init();
    Ok(())
}

/// Tells systemd, where there is one.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "cannot tell systemd");
    }
}
