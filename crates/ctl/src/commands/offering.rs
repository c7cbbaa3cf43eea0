//! `hostler offering`: service offerings.

use anyhow::Result;
use clap::Subcommand;
use hostler_client::Request;

use crate::context::Context;
use crate::output::{Column, column};
use crate::resolve::OFFERING;

#[derive(Debug, Subcommand)]
pub(crate) enum OfferingCommand {
    /// Make an offering
    Create {
        /// Its name
        name: String,
        /// Virtual CPUs
        #[arg(long, value_name = "N")]
        cpu: u32,
        /// MHz of each
        #[arg(long, value_name = "M")]
        mhz: u32,
        /// Memory in MiB
        #[arg(long, value_name = "MIB")]
        memory: u32,
        /// Size of the root disk in GiB [default: that of the template]
        #[arg(long, value_name = "GIB")]
        root_disk: Option<u32>,
        /// Text to show in lists [default: the name]
        #[arg(long, value_name = "TEXT")]
        display_text: Option<String>,
    },
    /// List offerings
    List,
    /// Show an offering
    Show {
        /// Name or id
        offering: String,
    },
    /// Take an offering off sale
    Delete {
        /// Name or id
        offering: String,
    },
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("CPUS", "cpunumber"),
    column("MHZ", "cpuspeed"),
    column("MEMORY MIB", "memory"),
    column("ROOT GIB", "rootdisksize"),
];

/// What is shown of one.
const DETAILS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("TEXT", "displaytext"),
    column("CPUS", "cpunumber"),
    column("MHZ", "cpuspeed"),
    column("MEMORY MIB", "memory"),
    column("ROOT GIB", "rootdisksize"),
    column("HOST TAGS", "hosttags"),
    column("POOL TAGS", "storagetags"),
    column("READ BYTES/S", "diskBytesReadRate"),
    column("WRITE BYTES/S", "diskBytesWriteRate"),
    column("READ IOPS", "diskIopsReadRate"),
    column("WRITE IOPS", "diskIopsWriteRate"),
    column("CACHE", "cacheMode"),
];

pub(crate) async fn run(context: &Context, command: OfferingCommand) -> Result<()> {
    match command {
        OfferingCommand::Create { name, cpu, mhz, memory, root_disk, display_text } => {
            let request = Request::new("createServiceOffering")
                .with("name", &name)
                .with("displaytext", display_text.as_ref().unwrap_or(&name))
                .with("cpunumber", cpu.to_string())
                .with("cpuspeed", mhz.to_string())
                .with("memory", memory.to_string())
                .with_some("rootdisksize", root_disk);
            context.perform(&request, &format!("offering {name} made"), COLUMNS).await
        }
        OfferingCommand::List => context.list(&Request::new("listServiceOfferings"), COLUMNS).await,
        OfferingCommand::Show { offering } => {
            context.output.record(&context.record(&OFFERING, &offering).await?, DETAILS)
        }
        OfferingCommand::Delete { offering } => {
            let request = Request::new("deleteServiceOffering")
                .with("id", context.id(&OFFERING, &offering).await?);
            context.perform(&request, &format!("offering {offering} deleted"), COLUMNS).await
        }
    }
}
