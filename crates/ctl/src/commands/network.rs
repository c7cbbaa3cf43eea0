//! `hostler network`.

use anyhow::Result;
use clap::{Args, Subcommand};
use hostler_client::Request;
use serde_json::Value;

use crate::context::Context;
use crate::output::{Column, column};
use crate::resolve::{NETWORK, NETWORK_OFFERING, ZONE};

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant)] // there is one, once
pub(crate) enum NetworkCommand {
    /// Make a network
    Create(NetworkCreate),
    /// List networks
    List {
        /// Only in this zone
        #[arg(long)]
        zone: Option<String>,
    },
    /// Show a network
    Show {
        /// Name or id
        network: String,
    },
    /// Have the hosts serve it as it is recorded; guests run on
    Restart {
        /// Name or id
        network: String,
    },
    /// Delete a network that nothing uses
    Delete {
        /// Name or id
        network: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NetworkCreate {
    /// Its name
    name: String,
    /// In which zone; needed where there are several
    #[arg(long)]
    zone: Option<String>,
    /// Gateway that VMs get
    #[arg(long, value_name = "ADDRESS")]
    gateway: String,
    /// Netmask that VMs get
    #[arg(long, value_name = "MASK")]
    netmask: String,
    /// First address for VMs
    #[arg(long, value_name = "ADDRESS")]
    start: String,
    /// Last address for VMs
    #[arg(long, value_name = "ADDRESS")]
    end: String,
    /// Bridge on the hosts [default: each host's guest bridge]
    #[arg(long)]
    bridge: Option<String>,
    /// Network offering [default: the shared one, if there is one]
    #[arg(long)]
    offering: Option<String>,
    /// DNS server that VMs get [default: the zone's]
    #[arg(long, value_name = "ADDRESS")]
    dns1: Option<String>,
    /// Text to show in lists [default: the name]
    #[arg(long, value_name = "TEXT")]
    display_text: Option<String>,
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("STATE", "state"),
    column("TYPE", "type"),
    column("CIDR", "cidr"),
    column("GATEWAY", "gateway"),
    column("ZONE", "zonename"),
];

pub(crate) async fn run(context: &Context, command: NetworkCommand) -> Result<()> {
    match command {
        NetworkCommand::Create(create) => {
            let name = create.name.clone();
            let request = create_request(context, create).await?;
            context.perform(&request, &format!("network {name} made"), COLUMNS).await
        }
        NetworkCommand::List { zone } => {
            let request = Request::new("listNetworks")
                .with("listall", "true")
                .with_some("zoneid", context.optional_id(&ZONE, zone.as_deref()).await?);
            context.list(&request, COLUMNS).await
        }
        NetworkCommand::Show { network } => {
            context.output.record(&context.record(&NETWORK, &network).await?, COLUMNS)
        }
        NetworkCommand::Restart { network } => {
            let request =
                Request::new("restartNetwork").with("id", context.id(&NETWORK, &network).await?);
            context.perform(&request, &format!("network {network} restarted"), COLUMNS).await
        }
        NetworkCommand::Delete { network } => {
            let request =
                Request::new("deleteNetwork").with("id", context.id(&NETWORK, &network).await?);
            context.perform(&request, &format!("network {network} deleted"), COLUMNS).await
        }
    }
}

async fn create_request(context: &Context, create: NetworkCreate) -> Result<Request> {
    let offering = match &create.offering {
        Some(offering) => Some(context.id(&NETWORK_OFFERING, offering).await?),
        None => shared_offering(context).await?,
    };
    Ok(Request::new("createNetwork")
        .with("zoneid", context.id_or_only(&ZONE, create.zone.as_deref()).await?)
        .with("displaytext", create.display_text.as_ref().unwrap_or(&create.name))
        .with("name", create.name)
        .with("gateway", create.gateway)
        .with("netmask", create.netmask)
        .with("startip", create.start)
        .with("endip", create.end)
        .with_some("networkofferingid", offering)
        .with_some("bridge", create.bridge)
        .with_some("dns1", create.dns1))
}

/// The offering of shared networks; none when the manager offers none by that name.
async fn shared_offering(context: &Context) -> Result<Option<String>> {
    let rows = match context.session.list_rows(&Request::new("listNetworkOfferings")).await {
        Err(error) if error.is_unknown_command() => return Ok(None),
        rows => rows?,
    };
    let shared = |row: &&Value| row["guestiptype"] == "Shared";
    let found = rows.iter().find(shared).or_else(|| rows.first());
    Ok(found.and_then(|row| row["id"].as_str()).map(str::to_owned))
}
