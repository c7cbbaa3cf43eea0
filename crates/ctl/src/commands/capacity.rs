//! `hostler capacity`: what there is, and with options what would be.

use anyhow::Result;
use clap::Args;
use hostler_client::Request;

use super::plan::{moves, sentence, stuck};
use crate::context::Context;
use crate::nouns::settings::CAPACITY;
use crate::output::{Column, Format, column};
use crate::resolve::{HOST, OFFERING, TEMPLATE, ZONE};

#[derive(Debug, Args)]
pub(crate) struct CapacityArguments {
    /// In which zone
    #[arg(long)]
    zone: Option<String>,
    /// As if this host were lost (again for more): where would its VMs go?
    #[arg(long, value_name = "HOST")]
    if_host_lost: Vec<String>,
    /// How many more VMs of this offering fit, and what breaks first?
    #[arg(long, value_name = "OFFERING")]
    fits: Option<String>,
    /// What they would be made from
    #[arg(long, requires = "fits")]
    template: Option<String>,
}

const FITS: &[Column] =
    &[column("HOST", "hostname"), column("MORE", "more"), column("WHY NOT ONE MORE", "limit")];

pub(crate) async fn run(context: &Context, asked: CapacityArguments) -> Result<()> {
    let zone = context.optional_id(&ZONE, asked.zone.as_deref()).await?;
    if asked.if_host_lost.is_empty() && asked.fits.is_none() {
        let request = Request::new("listCapacity");
        let request = match zone {
            Some(zone) => request.with("zoneid", zone),
            None => request,
        };
        return context.list(&request, CAPACITY.columns).await;
    }
    let zone = match zone {
        Some(zone) => zone,
        None => context.id_or_only(&ZONE, None).await?,
    };
    let within = [("zoneid", zone.as_str())];
    let mut request = Request::new("planCapacity").with("zoneid", zone.clone());
    let mut lost = Vec::new();
    for host in &asked.if_host_lost {
        lost.push(context.id_within(&HOST, host, &within).await?);
    }
    if !lost.is_empty() {
        request = request.with("losthostids", lost.join(","));
    }
    if let Some(offering) = &asked.fits {
        request = request.with("serviceofferingid", context.id(&OFFERING, offering).await?);
    }
    if let Some(template) = &asked.template {
        let id = context.id_within(&TEMPLATE, template, &within).await?;
        request = request.with("templateid", id);
    }
    let answer = context.session.call(&request).await?;
    if context.output.format() == Format::Json {
        return context.output.json(&answer);
    }
    let plan = &answer["capacityplan"];
    if !lost.is_empty() {
        moves(context, plan)?;
        stuck(context, plan)?;
    }
    let (Some(hosts), Some(offering)) = (plan["hosts"].as_array(), &asked.fits) else {
        return Ok(());
    };
    context.output.rows(hosts, FITS)?;
    let first = plan["limits"][0]["filter"].as_str();
    let breaks = first.map(|filter| format!("; {filter} stops it first")).unwrap_or_default();
    sentence(context, &format!("{} more of {offering} fit{breaks}", plan["more"]))
}
