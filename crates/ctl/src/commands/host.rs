//! `hostler host`. Adding one takes minutes: the manager logs in over SSH, installs, and waits for the agent.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use hostler_client::Request;
use serde_json::Value;

use crate::context::Context;
use crate::output::{Column, Unit, column};
use crate::resolve::{CLUSTER, HOST, POD, ZONE};
use crate::usage::usage;

#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// Set up a machine over SSH and add it
    Add(HostAdd),
    /// List hosts
    List {
        /// Only in this zone
        #[arg(long)]
        zone: Option<String>,
        /// Only in this cluster
        #[arg(long)]
        cluster: Option<String>,
    },
    /// Show a host
    Show {
        /// Name, address or id
        host: String,
    },
    /// Remove a host; its VMs must be gone unless forced
    Remove(HostRemove),
    /// Put the agent of a host to the manager's version; its VMs do not notice
    Upgrade {
        /// Name, address or id
        host: String,
        /// Who to log in as
        #[arg(long, default_value = "root")]
        user: String,
        #[command(flatten)]
        login: Login,
    },
    /// Take the agent and its settings off a machine that was removed
    Clean {
        /// Who to log in as, and where, as for `add`
        #[arg(value_name = "USER@ADDRESS")]
        destination: String,
        #[command(flatten)]
        login: Login,
        /// Remove the packages too that adding it has installed
        #[arg(long)]
        purge_packages: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct HostRemove {
    /// Name, address or id
    host: String,
    /// Even when the host cannot be reached, or has VMs
    #[arg(long)]
    force: bool,
    /// Then take the agent and its settings off the machine, over SSH
    #[arg(long)]
    clean: bool,
    /// Who to log in as, to clean it
    #[arg(long, default_value = "root", requires = "clean")]
    user: String,
    #[command(flatten)]
    login: Login,
    /// Remove the packages too that adding it has installed
    #[arg(long, requires = "clean")]
    purge_packages: bool,
}

/// How to prove at the machine who we are.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// File with the private key to log in with
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    key: Option<PathBuf>,
    /// Read the password to log in with from standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HostAdd {
    /// Who to log in as, and where: `root@10.0.0.7`, with `:2222` for another port
    #[arg(value_name = "USER@ADDRESS")]
    destination: String,
    /// Its zone [default: that of the cluster]
    #[arg(long)]
    zone: Option<String>,
    /// Its pod [default: that of the cluster]
    #[arg(long)]
    pod: Option<String>,
    /// Its cluster
    #[arg(long)]
    cluster: String,
    #[command(flatten)]
    login: Login,
    /// A tag of the host (again for more)
    #[arg(long = "tag")]
    tags: Vec<String>,
}

/// How long work on a machine may take; a little more than the manager gives it.
pub(crate) const MACHINE_TIMEOUT: Duration = Duration::from_mins(51);

impl HostCommand {
    /// Whether the manager logs in to a machine for it.
    pub(crate) const fn is_on_machine(&self) -> bool {
        !matches!(self, Self::List { .. } | Self::Show { .. })
    }
}

const COLUMNS: &[Column] = &[
    column("ID", "id"),
    column("NAME", "name"),
    column("STATE", "state"),
    column("RESOURCE STATE", "resourcestate"),
    column("ADDRESS", "ipaddress"),
    column("CLUSTER", "clustername"),
    column("CPUS", "cpunumber"),
    column("MHZ", "cpuspeed"),
    Column("MEMORY MIB", "memorytotal", Unit::Mib),
    Column("ALLOCATED MIB", "memoryallocatedbytes", Unit::Mib),
    column("VERSION", "version"),
];

pub(crate) async fn run(context: &Context, command: HostCommand) -> Result<()> {
    match command {
        HostCommand::Add(add) => {
            let request = add_request(context, &add).await?;
            let sentence = format!("host {} added", add.destination);
            context.perform(&request, &sentence, COLUMNS).await
        }
        HostCommand::List { zone, cluster } => {
            let request = Request::new("listHosts")
                .with("type", "Routing")
                .with_some("zoneid", context.optional_id(&ZONE, zone.as_deref()).await?)
                .with_some("clusterid", context.optional_id(&CLUSTER, cluster.as_deref()).await?);
            context.list(&request, COLUMNS).await
        }
        HostCommand::Show { host } => {
            context.output.record(&context.record(&HOST, &host).await?, COLUMNS)
        }
        HostCommand::Remove(remove) => remove.run(context).await,
        HostCommand::Upgrade { host, user, login } => {
            let request = Request::new("upgradeHost")
                .with("id", context.id(&HOST, &host).await?)
                .with("username", user);
            let request = login.add_to(request)?;
            context.perform(&request, &format!("host {host} is Up, upgraded"), COLUMNS).await
        }
        HostCommand::Clean { destination: text, login, purge_packages } => {
            let (user, address) = destination(&text)?;
            let request = login.add_to(clean_request(user, address, purge_packages))?;
            context.perform(&request, &format!("{address} cleaned"), COLUMNS).await
        }
    }
}

async fn add_request(context: &Context, add: &HostAdd) -> Result<Request> {
    let (user, address) = destination(&add.destination)?;
    let place = Place::find(context, add).await?;
    let request = Request::new("addHost")
        .with("zoneid", place.zone)
        .with("podid", place.pod)
        .with("clusterid", place.cluster)
        .with("hypervisor", "KVM")
        .with("url", format!("ssh://{address}"))
        .with("username", user);
    let request = match add.tags.as_slice() {
        [] => request,
        tags => request.with("hosttags", tags.join(",")),
    };
    add.login.add_to(request)
}

impl HostRemove {
    async fn run(&self, context: &Context) -> Result<()> {
        let host = &self.host;
        let record = context.record(&HOST, host).await?;
        let text = |field: &str| record.get(field).and_then(Value::as_str).map(str::to_owned);
        // what cleaning needs is read first: a wrong key file must not show only when the host is gone
        let clean = match (self.clean, text("ipaddress")) {
            (false, _) => None,
            (true, None) => bail!("no address of {host} is known; remove it, then use host clean"),
            (true, Some(address)) => {
                let request = clean_request(&self.user, &address, self.purge_packages);
                Some(self.login.add_to(request)?)
            }
        };
        let Some(id) = text("id") else { bail!("the answer for {host} has no id") };
        let request = Request::new("deleteHost")
            .with("id", id)
            .with_some("forced", self.force.then_some(true));
        context.perform(&request, &format!("host {host} removed"), COLUMNS).await?;
        match clean {
            Some(request) => context.perform(&request, "its machine cleaned", COLUMNS).await,
            None => Ok(()),
        }
    }
}

fn clean_request(user: &str, address: &str, packages: bool) -> Request {
    Request::new("cleanMachine")
        .with("url", format!("ssh://{address}"))
        .with("username", user)
        .with_some("purgepackages", packages.then_some(true))
}

impl Login {
    fn add_to(&self, request: Request) -> Result<Request> {
        if let Some(file) = &self.key {
            let key = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the key {}", file.display()))?;
            if !key.contains("PRIVATE KEY-----") {
                bail!("{} is not a private key in PEM or OpenSSH form", file.display());
            }
            return Ok(request.with("privatekey", key));
        }
        if !self.password_stdin {
            return Err(usage("nothing to log in with; give --key FILE or --password-stdin"));
        }
        let mut password = String::new();
        std::io::stdin().read_to_string(&mut password).context("cannot read the password")?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(usage("--password-stdin, but standard input is empty"));
        }
        Ok(request.with("password", password))
    }
}

/// `user@address` or `user@address:port`, the user being root unless said.
fn destination(text: &str) -> Result<(&str, &str)> {
    let (user, address) = text.rsplit_once('@').unwrap_or(("root", text));
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | '@');
    if user.is_empty() || address.is_empty() || user.contains(odd) || address.contains(odd) {
        return Err(usage(format!("{text} is not USER@ADDRESS")));
    }
    Ok((user, address))
}

/// Ids of where a host goes.
struct Place {
    zone: String,
    pod: String,
    cluster: String,
}

impl Place {
    async fn find(context: &Context, add: &HostAdd) -> Result<Self> {
        let zone = context.optional_id(&ZONE, add.zone.as_deref()).await?;
        let within: Vec<_> = zone.iter().map(|zone| ("zoneid", zone.as_str())).collect();
        let pod = match &add.pod {
            Some(pod) => Some(context.id_within(&POD, pod, &within).await?),
            None => None,
        };
        let cluster = context.id_within(&CLUSTER, &add.cluster, &within).await?;
        if let (Some(zone), Some(pod)) = (&zone, &pod) {
            return Ok(Self { zone: zone.clone(), pod: pod.clone(), cluster });
        }
        let record = context.record(&CLUSTER, &cluster).await?;
        let of_cluster = |field: &str| match record.get(field).and_then(Value::as_str) {
            Some(id) => Ok(id.to_owned()),
            None => bail!("the cluster's answer has no {field}; give --zone and --pod"),
        };
        let zone = zone.map_or_else(|| of_cluster("zoneid"), Ok)?;
        let pod = pod.map_or_else(|| of_cluster("podid"), Ok)?;
        Ok(Self { zone, pod, cluster })
    }
}
