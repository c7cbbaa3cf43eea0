//! One file a noun: its sub-commands, their arguments, and the API calls they make.

pub(crate) mod api;
mod audit;
pub(crate) mod capacity;
pub(crate) mod cluster;
pub(crate) mod drift;
pub(crate) mod event;
pub(crate) mod host;
pub(crate) mod job;
pub(crate) mod keypair;
pub(crate) mod network;
pub(crate) mod offering;
pub(crate) mod plan;
pub(crate) mod pod;
pub(crate) mod settings;
pub(crate) mod template;
pub(crate) mod vm;
pub(crate) mod why;
pub(crate) mod zone;

use std::time::Duration;

use anyhow::Result;

use crate::cli::{Asked, Command, Global};
use crate::context::Context;

/// Does what was asked.
pub(crate) fn run(asked: Asked) -> Result<()> {
    let cli = match asked {
        Asked::Written(cli) => cli,
        Asked::Table { global, said: (noun, verb), matches } => {
            return with_cloud(&global, None, async |context: &Context| {
                verb.run(context, noun, &matches).await
            });
        }
    };
    match cli.command {
        Command::Commands => return settings::commands(&cli.global),
        Command::Env => return settings::show(&cli.global),
        Command::Completion { shell } => return settings::completion(shell),
        _ => {}
    }
    let on_machine = matches!(&cli.command, Command::Host(command) if command.is_on_machine());
    let usual = on_machine.then_some(host::MACHINE_TIMEOUT);
    with_cloud(&cli.global, usual, async |context: &Context| dispatch(context, cli.command).await)
}

/// Does `work` with a session, and says how long its calls took if that was asked for.
fn with_cloud(
    global: &Global,
    usual: Option<Duration>,
    work: impl AsyncFnOnce(&Context) -> Result<()>,
) -> Result<()> {
    let context = Context::new(global, usual)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work(&context));
    if global.timings {
        context.print_timings();
    }
    done
}

async fn dispatch(context: &Context, command: Command) -> Result<()> {
    match command {
        Command::Zone(command) => zone::run(context, command).await,
        Command::Pod(command) => pod::run(context, command).await,
        Command::Cluster(command) => cluster::run(context, command).await,
        Command::Host(command) => host::run(context, command).await,
        Command::Template(command) => template::run(context, command).await,
        Command::Offering(command) => offering::run(context, command).await,
        Command::Network(command) => network::run(context, command).await,
        Command::Keypair(command) => keypair::run(context, command).await,
        Command::Vm(command) => vm::run(context, command).await,
        Command::Job(command) => job::run(context, command).await,
        Command::Event(command) => event::run(context, command).await,
        Command::Why(arguments) => why::ask(context, arguments).await,
        Command::Plan(command) => plan::run(context, command).await,
        Command::Capacity(arguments) => capacity::run(context, arguments).await,
        Command::Audit => audit::run(context).await,
        Command::Drift(arguments) => drift::run(context, arguments).await,
        Command::Api(arguments) => api::run(context, arguments).await,
        Command::Commands | Command::Env | Command::Completion { .. } => Ok(()), // they need no session
    }
}
