//! The arguments: global options and the table of commands. Names, help and completion all come from here and from
//! the enums of `commands`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands;
use crate::noun::{self, Noun, Verb};
use crate::nouns::NOUNS;
use crate::output::Format;

/// The command line of a Hostler cloud.
#[derive(Debug, Parser)]
#[command(
    name = "hostler",
    version,
    after_help = "Names or ids are accepted everywhere. Settings: HOSTLER_ENDPOINT, HOSTLER_API_KEY, HOSTLER_SECRET_KEY, \
                  or ~/.config/hostler/config.toml; `hostler env` shows them. A program hostler-NAME on the PATH is \
                  the command NAME. Exit codes: 0 done, 1 error, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// How to print
    #[arg(short, long, value_enum, global = true, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// Print only this column or field (again for more)
    #[arg(short, long = "column", global = true, value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Print only ids
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Wait for what takes long (the default for jobs)
    #[arg(long, global = true, overrides_with = "no_wait")]
    pub(crate) wait: bool,
    /// Start jobs, print their ids, and do not wait for them
    #[arg(long, global = true)]
    pub(crate) no_wait: bool,
    /// Seconds to wait for an answer or a job, more than 0 [default: 600 for an answer, endless for a job]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds, allow_hyphen_values = true)]
    pub(crate) timeout: Option<Duration>,
    /// Show each request and answer on stderr, without secrets
    #[arg(long, global = true)]
    pub(crate) debug: bool,
    /// Show how long each call took, on stderr
    #[arg(long, global = true)]
    pub(crate) timings: bool,
    /// URL of the API
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Profile of the configuration file
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// PEM file of the authority that signed the manager's HTTPS certificate
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Accept any HTTPS certificate
    #[arg(long, global = true)]
    pub(crate) insecure: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    hostler_client::config::parse_seconds(text)
        .ok_or_else(|| "expected seconds, more than 0, such as 30 or 0.5".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Data centres
    #[command(subcommand)]
    Zone(commands::zone::ZoneCommand),
    /// Racks
    #[command(subcommand)]
    Pod(commands::pod::PodCommand),
    /// Hosts that can migrate VMs to each other
    #[command(subcommand)]
    Cluster(commands::cluster::ClusterCommand),
    /// Machines that run VMs
    #[command(subcommand)]
    Host(commands::host::HostCommand),
    /// What VMs are made from
    #[command(subcommand)]
    Template(commands::template::TemplateCommand),
    /// Sizes of VMs
    #[command(subcommand)]
    Offering(commands::offering::OfferingCommand),
    /// Networks of VMs
    #[command(subcommand)]
    Network(commands::network::NetworkCommand),
    /// SSH key pairs
    #[command(subcommand)]
    Keypair(commands::keypair::KeypairCommand),
    /// Virtual machines
    #[command(subcommand)]
    Vm(commands::vm::VmCommand),
    /// Asynchronous work
    #[command(subcommand)]
    Job(commands::job::JobCommand),
    /// What happened
    #[command(subcommand)]
    Event(commands::event::EventCommand),
    /// Explain where a VM was placed, or where one of a size would be
    Why(commands::why::WhyArguments),
    /// Plans of moves; nothing is moved
    #[command(subcommand)]
    Plan(commands::plan::PlanCommand),
    /// What there is and is taken, and what would be
    Capacity(commands::capacity::CapacityArguments),
    /// Recompute what is claimed, limited and given out; exit with 1 if anything differs
    Audit,
    /// VMs as they are meant to be and as they were seen, where that differs
    Drift(commands::drift::DriftArguments),
    /// Call any API command
    Api(commands::api::ApiArguments),
    /// List every command and the API call that it makes
    Commands,
    /// Show the settings and where each came from
    Env,
    /// Print a completion script
    Completion {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

/// The whole command line: what is written out here, and the nouns that are tables.
pub(crate) fn command() -> clap::Command {
    noun::with_nouns(Cli::command(), NOUNS)
}

/// What was asked.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Something that is written out.
    Written(Cli),
    /// A verb of a table.
    Table {
        /// The global options.
        global: Global,
        /// The noun and its verb.
        said: (&'static Noun, &'static Verb),
        /// The verb's arguments.
        matches: ArgMatches,
    },
}

impl Asked {
    /// Reads the command line.
    ///
    /// # Errors
    /// Help, version and wrong usage.
    pub(crate) fn parse(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let matches = command().try_get_matches_from(arguments)?;
        match noun::called(NOUNS, &matches) {
            Some((noun, verb, of_verb)) => {
                let global = Global::from_arg_matches(&matches)?;
                Ok(Self::Table { global, said: (noun, verb), matches: of_verb.clone() })
            }
            None => Cli::from_arg_matches(&matches).map(Self::Written),
        }
    }

    /// The global options.
    pub(crate) const fn global(&self) -> &Global {
        match self {
            Self::Written(cli) => &cli.global,
            Self::Table { global, .. } => global,
        }
    }
}

/// Long options may be spelt with `_` for `-`.
pub(crate) fn with_dashes(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut literal = false;
    let respell = |argument: OsString| {
        let Some(text) = argument.to_str() else { return argument };
        literal |= text == "--";
        if literal || !text.starts_with("--") {
            return argument;
        }
        let (name, value) = text.split_at(text.find('=').unwrap_or(text.len()));
        format!("{}{value}", name.replace('_', "-")).into()
    };
    arguments.map(respell).collect()
}
