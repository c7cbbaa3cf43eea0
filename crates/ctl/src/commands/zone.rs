//! `hostler zone`.

use anyhow::Result;
use clap::Subcommand;
use hostler_client::Request;

use crate::context::Context;
use crate::output::{Column, column};
use crate::resolve::ZONE;

#[derive(Debug, Subcommand)]
pub(crate) enum ZoneCommand {
    /// Make a zone
    Create {
        /// Its name
        name: String,
        /// Network model
        #[arg(long, default_value = "Advanced", value_parser = ["Advanced", "Basic"])]
        network_type: String,
        /// DNS server for VMs
        #[arg(long, default_value = "1.1.1.1", value_name = "ADDRESS")]
        dns1: String,
        /// DNS server for hosts [default: that for VMs]
        #[arg(long, value_name = "ADDRESS")]
        internal_dns1: Option<String>,
    },
    /// List zones
    List,
    /// Show a zone
    Show {
        /// Name or id
        zone: String,
    },
    /// Remove a zone that has nothing in it
    Remove {
        /// Name or id
        zone: String,
    },
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("STATE", "allocationstate"),
    column("NETWORK", "networktype"),
    column("DNS", "dns1"),
];

pub(crate) async fn run(context: &Context, command: ZoneCommand) -> Result<()> {
    match command {
        ZoneCommand::Create { name, network_type, dns1, internal_dns1 } => {
            let request = Request::new("createZone")
                .with("name", &name)
                .with("networktype", network_type)
                .with("internaldns1", internal_dns1.unwrap_or_else(|| dns1.clone()))
                .with("dns1", dns1);
            context.perform(&request, &format!("zone {name} made"), COLUMNS).await
        }
        ZoneCommand::List => context.list(&Request::new("listZones"), COLUMNS).await,
        ZoneCommand::Show { zone } => {
            context.output.record(&context.record(&ZONE, &zone).await?, COLUMNS)
        }
        ZoneCommand::Remove { zone } => {
            let request = Request::new("deleteZone").with("id", context.id(&ZONE, &zone).await?);
            context.perform(&request, &format!("zone {zone} removed"), COLUMNS).await
        }
    }
}
