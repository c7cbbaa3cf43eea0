//! [M] Lists of a large cloud: a page of 100 with every filter that a client may send, requests in a second, and what a
//! signature costs. Prints a table; fails only where something does not answer.
//!
//! `tests/bench/lists-of-many` runs it. `BENCH_VMS` says how many VMs the cloud has, `BENCH_ROUNDS` how often each is asked.
//!
//! Not here: that filters read indexes and how many statements a list takes (`tests/system/lists.rs`), which is
//! counted and holds on every machine.

#![allow(clippy::unwrap_used)] // a test says what it expects
#![allow(clippy::print_stdout)] // the table is what it is for

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hostler_query_api::signature::signed_query;
use hostler_tests::http::Api;
use hostler_tests::many::{Many, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::main]
async fn main() {
    let (vms, rounds) = (setting("BENCH_VMS", 100_000), setting("BENCH_ROUNDS", 100));
    let world = World::new().await.unwrap();
    let begun = Instant::now();
    let many = Many::write(&world, vms).unwrap();
    println!("{vms} VMs written in {:.1} s\n", begun.elapsed().as_secs_f64());
    let mut line = Line::open(&world.admin).await;
    println!("a page of 100 of {vms} VMs, {rounds} times  |  p50 ms |  p99 ms |  matches");
    let mut slow = Vec::new();
    for (name, params) in many.filters() {
        let (times, count) = measure(&mut line, &params, rounds).await;
        let (p50, p99) = (at(&times, 50), at(&times, 99));
        println!("{name:42} | {p50:7.2} | {p99:7.2} | {count:8}");
        if p99 >= 20.0 {
            slow.push(name);
        }
    }
    println!(
        "\n20 ms or more at p99: {}",
        if slow.is_empty() { "none".into() } else { slow.join(", ") }
    );
    let one = many.vm.clone();
    for (name, command, params) in [
        ("listVirtualMachines, one by id", "listVirtualMachines", vec![("id", one.as_str())]),
        (
            "listVirtualMachines, a page of 100",
            "listVirtualMachines",
            vec![("page", "1"), ("pagesize", "100")],
        ),
        ("queryAsyncJobResult", "queryAsyncJobResult", vec![("jobid", many.job.as_str())]),
        ("listZones", "listZones", vec![]),
    ] {
        let (begun, mut asked) = (Instant::now(), 0_u32);
        while begun.elapsed() < Duration::from_secs(3) {
            line.call(command, &params).await;
            asked += 1;
        }
        println!(
            "{name:42} | {:8.0} requests/s, one after the other",
            f64::from(asked) / begun.elapsed().as_secs_f64()
        );
    }
    let (begun, signatures) = (Instant::now(), 20_000_u32);
    for _ in 0..signatures {
        let params = [
            ("command", "listVirtualMachines"),
            ("apiKey", world.admin.key.as_str()),
            ("listall", "true"),
        ];
        std::hint::black_box(signed_query(&params, &world.admin.secret));
    }
    println!("a signature: {:.1} µs", begun.elapsed().as_secs_f64() * 1e6 / f64::from(signatures));
    world.manager.stop().await;
}

async fn measure(line: &mut Line, params: &[(String, String)], rounds: usize) -> (Vec<f64>, u64) {
    let params: Vec<(&str, &str)> = params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let (mut times, mut count) = (Vec::new(), 0);
    for round in 0..=rounds {
        let begun = Instant::now();
        let body = line.call("listVirtualMachines", &params).await;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        count = answer["listvirtualmachinesresponse"]["count"].as_u64().unwrap_or(0);
        if round > 0 {
            times.push(took); // the first one fills caches
        }
    }
    times.sort_by(f64::total_cmp);
    (times, count)
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// A connection that is kept, as clients do.
struct Line {
    stream: TcpStream,
    address: SocketAddr,
    api: Api,
}

impl Line {
    async fn open(api: &Api) -> Self {
        let stream = TcpStream::connect(api.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, address: api.address, api: api.clone() }
    }

    /// Calls, and gives the body of an answer that has to be 200.
    async fn call(&mut self, command: &str, params: &[(&str, &str)]) -> String {
        let path = self.api.query(command, params);
        let head = format!("GET /client/api?{path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        loop {
            let mut part = vec![0; 64 << 10];
            let read = self.stream.read(&mut part).await.unwrap();
            assert!(read > 0, "the manager hung up");
            bytes.extend_from_slice(&part[..read]);
            let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let body = end + 4;
            if bytes.len() >= body + length.parse::<usize>().unwrap() {
                let text = String::from_utf8(bytes.split_off(body)).unwrap();
                assert!(head.starts_with("http/1.1 200"), "{command} {params:?}: {text}");
                return text;
            }
        }
    }
}
