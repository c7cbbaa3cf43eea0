//! `hostler drift`: where the record and the world differ, and `--fix`, which does what is proposed.

use anyhow::Result;
use clap::Args;
use hostler_client::Request;
use serde_json::Value;

use crate::context::Context;
use crate::output::{Column, column};
use crate::resolve::VM;

#[derive(Debug, Args)]
pub(crate) struct DriftArguments {
    /// Only this VM
    vm: Option<String>,
    /// Also what is as it is meant to be
    #[arg(long, conflicts_with = "fix")]
    all: bool,
    /// Do the repairs that are proposed; what is not proven stays
    #[arg(long)]
    fix: bool,
}

const COLUMNS: &[Column] = &[
    column("VM", "name"),
    column("STATE", "state"),
    column("INTENDED", "intended"),
    column("SEEN", "seen"),
    column("WHEN", "lastseen"),
    column("HOST", "hostname"),
    column("SAID BY", "saidby"),
    column("DIFFERENCE", "difference"),
    column("REPAIR", "repair"),
    column("JOB", "jobid"),
];

pub(crate) async fn run(context: &Context, arguments: DriftArguments) -> Result<()> {
    let vm = context.optional_id(&VM, arguments.vm.as_deref()).await?;
    if arguments.fix {
        let request = Request::new("fixDrift").with_some("virtualmachineid", vm);
        let answer = context.session.call(&request).await?;
        let rows = answer.get("drift").and_then(Value::as_array).cloned().unwrap_or_default();
        return context.output.rows(&rows, COLUMNS);
    }
    let request = Request::new("listDrift")
        .with_some("virtualmachineid", vm)
        .with_some("different", (!arguments.all).then_some(true));
    context.list(&request, COLUMNS).await
}
