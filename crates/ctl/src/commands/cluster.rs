//! `hostler cluster`.

use anyhow::Result;
use clap::Subcommand;
use hostler_client::Request;

use crate::context::Context;
use crate::output::{Column, column};
use crate::resolve::{CLUSTER, POD, ZONE};

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Make a cluster
    Create {
        /// Its name
        name: String,
        /// In which zone; needed where there are several
        #[arg(long)]
        zone: Option<String>,
        /// In which pod
        #[arg(long)]
        pod: String,
    },
    /// List clusters
    List {
        /// Only in this zone
        #[arg(long)]
        zone: Option<String>,
    },
    /// Show a cluster
    Show {
        /// Name or id
        cluster: String,
    },
    /// Remove a cluster that has nothing in it
    Remove {
        /// Name or id
        cluster: String,
    },
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("ZONE", "zonename"),
    column("POD", "podname"),
    column("HYPERVISOR", "hypervisortype"),
    column("STATE", "allocationstate"),
];

pub(crate) async fn run(context: &Context, command: ClusterCommand) -> Result<()> {
    match command {
        ClusterCommand::Create { name, zone, pod } => {
            let zone = context.id_or_only(&ZONE, zone.as_deref()).await?;
            let request = Request::new("addCluster")
                .with("clustername", &name)
                .with("clustertype", "CloudManaged")
                .with("hypervisor", "KVM")
                .with("podid", context.id_within(&POD, &pod, &[("zoneid", &zone)]).await?)
                .with("zoneid", zone);
            context.perform(&request, &format!("cluster {name} made"), COLUMNS).await
        }
        ClusterCommand::List { zone } => {
            let zone = context.optional_id(&ZONE, zone.as_deref()).await?;
            context.list(&Request::new("listClusters").with_some("zoneid", zone), COLUMNS).await
        }
        ClusterCommand::Show { cluster } => {
            context.output.record(&context.record(&CLUSTER, &cluster).await?, COLUMNS)
        }
        ClusterCommand::Remove { cluster } => {
            let request =
                Request::new("deleteCluster").with("id", context.id(&CLUSTER, &cluster).await?);
            context.perform(&request, &format!("cluster {cluster} removed"), COLUMNS).await
        }
    }
}
