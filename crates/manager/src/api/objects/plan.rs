//! Plans in answers: they are shown, and nothing of them is done.

use hostler_model::HostId;
use hostler_scheduler::{DrainPlan, Fits, HostFit, Move, RebalancePlan, Stuck, Verdict};
use serde_json::{Value, json};

use super::api_object;
use crate::orchestration::{CapacityPlan, Names};

fn name(names: &Names, id: HostId) -> Option<&str> {
    names.iter().find(|row| row.0 == id).map(|row| row.1.as_str())
}

api_object! {
    /// A VM that would go from one host to another.
    MOVE = "MoveResponse", one_move(step: &Move, names: &Names) {
        "virtualmachineid" string "the VM" => step.vm,
        "name" string "its instance name" => step.name,
        "fromid" string "the host that it is on" => step.from,
        "from" string "that host's name" => name(names, step.from),
        "toid" string "the host that it would go to" => step.to,
        "to" string "that host's name" => name(names, step.to),
        "disksize" long "size of the volumes that would go with it" => step.disk.0,
    }
}

api_object! {
    /// A VM for which there is no other host.
    STUCK = "StuckResponse", stuck(vm: &Stuck) {
        "virtualmachineid" string "the VM" => vm.vm,
        "name" string "its instance name" => vm.name,
        "reason" string "why no other host would do" => vm.why,
    }
}

fn moves(steps: &[Move], names: &Names) -> Vec<Value> {
    steps.iter().map(|step| one_move(step, names)).collect()
}

api_object! {
    /// Where the VMs of a host would go.
    DRAIN = "DrainPlanResponse", drain(plan: &DrainPlan, names: &Names) {
        "moves" list(MOVE) "where each would go" => moves(&plan.moves, names),
        "stuck" list(STUCK) "those that would have to stay" => plan.stuck.iter().map(stuck).collect::<Vec<_>>(),
    }
}

api_object! {
    /// The few moves that would even out how full hosts are.
    REBALANCE = "RebalancePlanResponse", rebalance(plan: &RebalancePlan, names: &Names) {
        "moves" list(MOVE) "the moves, in their order" => moves(&plan.moves, names),
        "before" double "how uneven hosts are: the standard deviation of the claimed share of CPU or memory, whichever \
            is larger" => plan.before,
        "after" double "the same after the moves" => plan.after,
    }
}

api_object! {
    /// How many more VMs would fit on one host.
    FIT = "FitResponse", fit(host: &HostFit) {
        "hostid" string "the host" => host.host,
        "hostname" string "its name" => host.name,
        "more" long "how many more" => host.more,
        "limit" string "why not one more" => host.limit,
    }
}

api_object! {
    /// What would become of a zone.
    CAPACITY_PLAN = "CapacityPlanResponse", capacity(plan: &CapacityPlan) {
        "moves" list(MOVE) "where the VMs of the lost hosts would go" => moves(&plan.lost.moves, &plan.names),
        "stuck" list(STUCK) "those that would find no host" => plan.lost.stuck.iter().map(stuck).collect::<Vec<_>>(),
        "more" long "how many more VMs of the offering would fit" => plan.fits.as_ref().map(|fits| fits.more),
        "hosts" list(FIT) "how many on each host" => plan.fits.iter().flat_map(|fits| &fits.hosts).map(fit).collect::<Vec<_>>(),
        "limits" list "what breaks first: the filters that allow no more, with the number of hosts" => limits(plan.fits.as_ref()),
    }
}

fn limits(fits: Option<&Fits>) -> Vec<Value> {
    let rows = fits.into_iter().flat_map(|fits| &fits.limits);
    rows.map(|(filter, hosts)| json!({"filter": filter, "hosts": hosts})).collect()
}

api_object! {
    /// Where a VM would go, as things are just now.
    PLACEMENT_PLAN = "PlacementPlanResponse", placement(verdict: &Verdict) {
        "displaytext" string "in one sentence" => in_words(verdict),
        "hostid" string "the host; without it, none would do" => verdict.chosen,
        "hostname" string "that host's name" => chosen(verdict),
        "demand" map "what was wanted" => verdict.demand,
        "filters" list "how many hosts each filter got and let through" => verdict.filters,
        "rule" map "how one of the hosts that were left was chosen" => verdict.rule,
        "hosts" list "what became of each host: its refusal, or its scores; of very many, the best and those that came nearest" => verdict.hosts,
        "hostsleftout" integer "how many hosts more there were" => verdict.left_out,
    }
}

fn chosen(verdict: &Verdict) -> Option<&str> {
    let is_it = |host: &&hostler_scheduler::HostVerdict| Some(host.host) == verdict.chosen;
    verdict.hosts.iter().find(is_it).map(|host| host.name.as_str())
}

fn in_words(verdict: &Verdict) -> String {
    match chosen(verdict) {
        Some(name) => format!("it would run on {name}"),
        None => verdict.for_administrator(),
    }
}
