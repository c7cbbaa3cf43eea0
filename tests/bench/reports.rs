//! [M] How long a host's full report takes from the listener to the last commit: of 500 VMs, all of which is news, and of which
//! nothing is. Prints a table.
//!
//! `tests/bench/reports` runs it. `BENCH_ROUNDS` says how often each is taken in.

#![allow(clippy::unwrap_used)] // a test says what it expects
#![allow(clippy::print_stdout)] // the table is what it is for

use std::time::Instant;

use hostler_manager::agents::HostListener as _;
use hostler_manager::monitors::VmSync;
use hostler_model::Generation;
use hostler_tests::many::{Many, World};

#[tokio::main]
async fn main() {
    let rounds = std::env::var("BENCH_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: u64 = rounds.unwrap_or(200);
    println!("{:>6} | {:>24} | {:>24}", "VMs", "all is news, ms p50 p99", "nothing is, ms p50 p99");
    for vms in [68, 668, 2668] {
        let world = World::new().await.unwrap();
        Many::write(&world, vms).unwrap();
        let (host, mut report) = Many::on_one_host(&world, 2).unwrap();
        let sync = VmSync::new(world.manager.context.clone());
        let (mut news, mut old) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            for run in &mut report.runs {
                run.generation = Generation(round + 2);
            }
            for times in [&mut news, &mut old] {
                let begun = Instant::now();
                sync.report(host, &report).await;
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
        let at = |times: &mut Vec<f64>, percent: usize| {
            times.sort_by(f64::total_cmp);
            times[(times.len() * percent / 100).min(times.len() - 1)]
        };
        let cells =
            [&mut news, &mut old].map(|times| format!("{:.2} {:.2}", at(times, 50), at(times, 99)));
        println!("{:6} | {:>24} | {:>24}", report.runs.len(), cells[0], cells[1]);
        world.manager.stop().await;
    }
}
