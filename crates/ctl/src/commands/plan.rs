//! `hostler plan`: where VMs would go. Nothing is moved.

use anyhow::Result;
use clap::Subcommand;
use hostler_client::Request;
use serde_json::Value;

use crate::context::Context;
use crate::output::{Column, Format, Output, Unit, column};
use crate::resolve::{HOST, ZONE};

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Where the VMs of a host would go if it were emptied
    Drain {
        /// Name or id
        host: String,
    },
    /// Which few moves would even out how full hosts are
    Rebalance {
        /// In which zone
        #[arg(long)]
        zone: String,
        /// At most so many moves
        #[arg(long, value_name = "NUMBER")]
        most: Option<u32>,
    },
}

const MOVES: &[Column] = &[
    column("VM", "name"),
    column("FROM", "from"),
    column("TO", "to"),
    Column("VOLUMES", "disksize", Unit::Bytes),
];

const STUCK: &[Column] = &[column("VM", "name"), column("WHY IT WOULD STAY", "reason")];

pub(crate) async fn run(context: &Context, command: PlanCommand) -> Result<()> {
    let request = match command {
        PlanCommand::Drain { host } => {
            Request::new("planDrain").with("hostid", context.id(&HOST, &host).await?)
        }
        PlanCommand::Rebalance { zone, most } => {
            let zone = context.id(&ZONE, &zone).await?;
            let request = Request::new("planRebalance").with("zoneid", zone);
            match most {
                Some(most) => request.with("moves", most.to_string()),
                None => request,
            }
        }
    };
    let answer = context.session.call(&request).await?;
    if context.output.format() == Format::Json {
        return context.output.json(&answer);
    }
    let rebalance = &answer["rebalanceplan"];
    if rebalance.is_object() {
        moves(context, rebalance)?;
        let share = |name: &str| rebalance[name].as_f64().unwrap_or_default() * 100.0;
        return sentence(
            context,
            &format!(
                "shares differ by {:.1} % before, {:.1} % after",
                share("before"),
                share("after")
            ),
        );
    }
    moves(context, &answer["drainplan"])?;
    stuck(context, &answer["drainplan"])
}

/// Prints the moves of a plan.
pub(super) fn moves(context: &Context, plan: &Value) -> Result<()> {
    let none = Vec::new();
    let moves = plan["moves"].as_array().unwrap_or(&none);
    if moves.is_empty() {
        return sentence(context, "nothing would be moved");
    }
    context.output.rows(moves, MOVES)
}

/// Prints the VMs that would find no host.
pub(super) fn stuck(context: &Context, plan: &Value) -> Result<()> {
    match plan["stuck"].as_array() {
        Some(stuck) if !stuck.is_empty() => context.output.rows(stuck, STUCK),
        _ => Ok(()),
    }
}

/// Prints a sentence where people read.
pub(super) fn sentence(context: &Context, text: &str) -> Result<()> {
    match context.output.format() {
        Format::Table if !context.output.quiet => Output::text(text),
        _ => Ok(()),
    }
}
