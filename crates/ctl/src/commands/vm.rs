//! `hostler vm`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use hostler_client::Request;
use hostler_client::resources::NewVirtualMachine;

use super::why;
use crate::context::Context;
use crate::output::{Column, Format, Output, column};
use crate::resolve::{HOST, NETWORK, OFFERING, TEMPLATE, VM, ZONE};
use crate::usage::usage;

#[derive(Debug, Subcommand)]
pub(crate) enum VmCommand {
    /// Make a VM and start it
    Deploy(Box<VmDeploy>),
    /// List VMs
    List {
        /// Also those of other accounts, as far as you may see them
        #[arg(long)]
        all: bool,
        /// Only in this zone
        #[arg(long)]
        zone: Option<String>,
        /// Only on this host
        #[arg(long)]
        host: Option<String>,
        /// Only in this state
        #[arg(long)]
        state: Option<String>,
    },
    /// Show a VM
    Show {
        /// Name or id
        vm: String,
    },
    /// Start VMs
    Start {
        /// Names or ids
        #[arg(required = true)]
        vms: Vec<String>,
        /// On this host
        #[arg(long)]
        host: Option<String>,
    },
    /// Stop VMs: their guests are asked to shut down
    Stop {
        /// Names or ids
        #[arg(required = true)]
        vms: Vec<String>,
        /// End them at once instead
        #[arg(long)]
        force: bool,
    },
    /// Reboot VMs: their guests are asked to
    Reboot {
        /// Names or ids
        #[arg(required = true)]
        vms: Vec<String>,
        /// Reset them at once instead
        #[arg(long)]
        force: bool,
    },
    /// Destroy VMs
    Destroy {
        /// Names or ids
        #[arg(required = true)]
        vms: Vec<String>,
        /// With their disks, for good
        #[arg(long)]
        expunge: bool,
    },
    /// Print the end of what a VM wrote to its serial console
    ConsoleLog {
        /// Name or id
        vm: String,
        /// How many bytes from the end
        #[arg(long, value_name = "BYTES")]
        tail: Option<u32>,
    },
    /// Explain where a VM was placed, or why nowhere
    Why {
        /// Name or id
        vm: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct VmDeploy {
    /// Its name, which is also its host name
    name: String,
    /// In which zone; needed where there are several
    #[arg(long)]
    zone: Option<String>,
    /// What it is made from
    #[arg(long)]
    template: String,
    /// Its size
    #[arg(long)]
    offering: String,
    /// A network (again for more; the first is the default)
    #[arg(long = "network")]
    networks: Vec<String>,
    /// Its address in the default network
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// On this host (administrators)
    #[arg(long)]
    host: Option<String>,
    /// In this availability zone, always
    #[arg(long, value_name = "NAME")]
    availability_zone: Option<String>,
    /// On the host of this VM (again for more)
    #[arg(long = "same-host", value_name = "VM")]
    same_host: Vec<String>,
    /// Not on the host of this VM (again for more)
    #[arg(long = "different-host", value_name = "VM")]
    different_host: Vec<String>,
    /// In this affinity group (again for more)
    #[arg(long = "affinity-group", value_name = "NAME")]
    affinity_groups: Vec<String>,
    /// An SSH key pair by name (again for more)
    #[arg(long = "keypair")]
    keypairs: Vec<String>,
    /// File with user data for cloud-init
    #[arg(long, value_name = "FILE")]
    user_data: Option<PathBuf>,
    /// Size of the root disk in GiB
    #[arg(long, value_name = "GIB")]
    root_disk: Option<u32>,
    /// Text to show in lists
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Leave it stopped
    #[arg(long)]
    no_start: bool,
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("STATE", "state"),
    column("ADDRESS", "nic.ipaddress"),
    column("HOST", "hostname"),
    column("OFFERING", "serviceofferingname"),
    column("TEMPLATE", "templatename"),
    column("ZONE", "zonename"),
];

const RECORD: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("DISPLAY NAME", "displayname"),
    column("INSTANCE NAME", "instancename"),
    column("STATE", "state"),
    column("ADDRESS", "nic.ipaddress"),
    column("MAC", "nic.macaddress"),
    column("NETWORK", "nic.networkname"),
    column("HOST", "hostname"),
    column("OFFERING", "serviceofferingname"),
    column("CPUS", "cpunumber"),
    column("MEMORY MIB", "memory"),
    column("TEMPLATE", "templatename"),
    column("KEY PAIRS", "keypairs"),
    column("ZONE", "zonename"),
    column("ACCOUNT", "account"),
    column("CREATED", "created"),
];

pub(crate) async fn run(context: &Context, command: VmCommand) -> Result<()> {
    match command {
        VmCommand::Deploy(deploy) => self::deploy(context, *deploy).await,
        VmCommand::List { all, zone, host, state } => {
            let request = Request::new("listVirtualMachines")
                .with_some("listall", all.then_some(true))
                .with_some("zoneid", context.optional_id(&ZONE, zone.as_deref()).await?)
                .with_some("hostid", context.optional_id(&HOST, host.as_deref()).await?)
                .with_some("state", state);
            context.list(&request, COLUMNS).await
        }
        VmCommand::Show { vm } => context.output.record(&context.record(&VM, &vm).await?, RECORD),
        VmCommand::Start { vms, host } => {
            let host = context.optional_id(&HOST, host.as_deref()).await?;
            let request = Request::new("startVirtualMachine").with_some("hostid", host);
            each(context, &request, &vms, "started").await
        }
        VmCommand::Stop { vms, force } => {
            let forced = force.then_some(true);
            let request = Request::new("stopVirtualMachine").with_some("forced", forced);
            each(context, &request, &vms, "stopped").await
        }
        VmCommand::Reboot { vms, force } => {
            let forced = force.then_some(true);
            let request = Request::new("rebootVirtualMachine").with_some("forced", forced);
            each(context, &request, &vms, "rebooted").await
        }
        VmCommand::Destroy { vms, expunge } => {
            let expunge = expunge.then_some(true);
            let request = Request::new("destroyVirtualMachine").with_some("expunge", expunge);
            each(context, &request, &vms, "destroyed").await
        }
        VmCommand::ConsoleLog { vm, tail } => console_log(context, &vm, tail).await,
        VmCommand::Why { vm } => why::run(context, &vm).await,
    }
}

/// The same call for each VM, one after another; the first failure ends it.
async fn each(context: &Context, request: &Request, vms: &[String], done: &str) -> Result<()> {
    for vm in vms {
        let request = request.clone().with("id", context.id(&VM, vm).await?);
        let sentence = format!("vm {vm} {done}");
        context.perform(&request, &sentence, RECORD).await.with_context(|| format!("vm {vm}"))?;
    }
    Ok(())
}

async fn deploy(context: &Context, deploy: VmDeploy) -> Result<()> {
    let zone = context.id_or_only(&ZONE, deploy.zone.as_deref()).await?;
    let within = [("zoneid", zone.as_str())];
    let template = context.id_within(&TEMPLATE, &deploy.template, &within).await?;
    let offering = context.id(&OFFERING, &deploy.offering).await?;
    let mut networks = Vec::new();
    for network in &deploy.networks {
        networks.push(context.id_within(&NETWORK, network, &within).await?);
    }
    let host = context.optional_id(&HOST, deploy.host.as_deref()).await?;
    let same_host = ids(context, &deploy.same_host).await?;
    let different_host = ids(context, &deploy.different_host).await?;
    let several = |items: &[String]| (!items.is_empty()).then(|| items.join(","));
    let request = NewVirtualMachine::new(&zone, &offering, &template)
        .with("name", &deploy.name)
        .with_some("displayname", deploy.display_name)
        .with_some("networkids", several(&networks))
        .with_some("ipaddress", deploy.ip)
        .with_some("hostid", host)
        .with_some("availabilityzone", deploy.availability_zone)
        .with_some("hints[0].same_host", several(&same_host))
        .with_some("hints[0].different_host", several(&different_host))
        .with_some("affinitygroupnames", several(&deploy.affinity_groups))
        .with_some("keypairs", several(&deploy.keypairs))
        .with_some("userdata", user_data(deploy.user_data)?)
        .with_some("rootdisksize", deploy.root_disk)
        .with_some("startvm", deploy.no_start.then_some(false))
        .request();
    context.perform(&request, &format!("vm {} deployed", deploy.name), RECORD).await
}

/// VMs by their names or ids.
async fn ids(context: &Context, vms: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for vm in vms {
        ids.push(context.id(&VM, vm).await?);
    }
    Ok(ids)
}

fn user_data(file: Option<PathBuf>) -> Result<Option<String>> {
    let Some(file) = file else { return Ok(None) };
    let bytes = std::fs::read(&file)
        .with_context(|| format!("cannot read the user data {}", file.display()))?;
    if bytes.is_empty() {
        return Err(usage(format!("the user data {} is empty", file.display())));
    }
    Ok(Some(STANDARD.encode(bytes)))
}

async fn console_log(context: &Context, vm: &str, tail: Option<u32>) -> Result<()> {
    let request = Request::new("getVirtualMachineConsoleLog")
        .with("id", context.id(&VM, vm).await?)
        .with_some("tail", tail);
    let answer = context.session.call(&request).await?;
    if context.output.format() == Format::Json {
        return context.output.json(&answer);
    }
    Output::text(answer["consolelog"]["text"].as_str().unwrap_or_default())
}
