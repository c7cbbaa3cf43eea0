//! `hostler pod`.

use anyhow::Result;
use clap::Subcommand;
use hostler_client::Request;

use crate::context::Context;
use crate::output::{Column, column};
use crate::resolve::{POD, ZONE};

#[derive(Debug, Subcommand)]
pub(crate) enum PodCommand {
    /// Make a pod
    Create {
        /// Its name
        name: String,
        /// In which zone; needed where there are several
        #[arg(long)]
        zone: Option<String>,
        /// Gateway of the hosts' network
        #[arg(long, value_name = "ADDRESS")]
        gateway: Option<String>,
        /// Netmask of the hosts' network
        #[arg(long, value_name = "MASK")]
        netmask: Option<String>,
        /// First address that the cloud may use there
        #[arg(long, value_name = "ADDRESS")]
        start: Option<String>,
        /// Last address that the cloud may use there
        #[arg(long, value_name = "ADDRESS")]
        end: Option<String>,
    },
    /// List pods
    List {
        /// Only in this zone
        #[arg(long)]
        zone: Option<String>,
    },
    /// Show a pod
    Show {
        /// Name or id
        pod: String,
    },
    /// Remove a pod that has nothing in it
    Remove {
        /// Name or id
        pod: String,
    },
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("ZONE", "zonename"),
    column("STATE", "allocationstate"),
    column("GATEWAY", "gateway"),
    column("NETMASK", "netmask"),
];

pub(crate) async fn run(context: &Context, command: PodCommand) -> Result<()> {
    match command {
        PodCommand::Create { name, zone, gateway, netmask, start, end } => {
            let request = Request::new("createPod")
                .with("name", &name)
                .with("zoneid", context.id_or_only(&ZONE, zone.as_deref()).await?)
                .with_some("gateway", gateway)
                .with_some("netmask", netmask)
                .with_some("startip", start)
                .with_some("endip", end);
            context.perform(&request, &format!("pod {name} made"), COLUMNS).await
        }
        PodCommand::List { zone } => {
            let zone = context.optional_id(&ZONE, zone.as_deref()).await?;
            context.list(&Request::new("listPods").with_some("zoneid", zone), COLUMNS).await
        }
        PodCommand::Show { pod } => {
            context.output.record(&context.record(&POD, &pod).await?, COLUMNS)
        }
        PodCommand::Remove { pod } => {
            let request = Request::new("deletePod").with("id", context.id(&POD, &pod).await?);
            context.perform(&request, &format!("pod {pod} removed"), COLUMNS).await
        }
    }
}
