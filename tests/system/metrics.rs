//! [F] What `/metrics` says is documented, and dashboard and alerts ask for nothing else.

#![allow(clippy::unwrap_used)] // a test says what it expects

use std::collections::BTreeSet;
use std::path::Path;

use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, request};

async fn scraped(cloud: &Cloud) -> String {
    let address = cloud.manager.as_ref().unwrap().api;
    request(address, "GET", "/metrics", &[], "").await.unwrap().body
}

fn document(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Words that begin with `hostler_`.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("hostler_")).collect()
}

/// The metric of a series: `x_total` is of `x`.
fn metric<'a>(series: &'a str, known: &BTreeSet<&'a str>) -> &'a str {
    let of = |suffix: &str| series.strip_suffix(suffix).filter(|name| known.contains(name));
    ["_total", "_bucket", "_sum", "_count"].iter().find_map(|suffix| of(suffix)).unwrap_or(series)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_documented_and_dashboard_and_alerts_ask_for_those_that_there_are() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let text = scraped(&cloud).await;
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let there: BTreeSet<&str> = kinds.map(|line| line.split(' ').next().unwrap()).collect();
    let page = document("metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `hostler_"));
    let documented: BTreeSet<&str> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    assert_eq!(there.difference(&documented).collect::<Vec<_>>(), [&""; 0], "not documented");
    // what nothing was counted of yet is not shown, so the sources say what else there is
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/manager/src");
    let files = ["metrics.rs", "metrics/record.rs", "metrics/process.rs", "api/metrics.rs"];
    let sources = files.map(|file| std::fs::read_to_string(folder.join(file)).unwrap()).concat();
    for name in &documented {
        let registered = format!("\"{}\"", name.trim_start_matches("hostler_"));
        assert!(sources.contains(&registered), "{name} is documented and nothing measures it");
    }
    for name in ["alerts.yml", "grafana.json"] {
        let document = document(name);
        let asked: BTreeSet<&str> =
            names(&document).into_iter().map(|series| metric(series, &documented)).collect();
        assert_eq!(asked.difference(&documented).collect::<Vec<_>>(), [&""; 0], "{name}");
        assert!(asked.len() > 5, "{name} asks for {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_seen_in_what_is_measured() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let admin =
        Api::admin(cloud.manager.as_ref().unwrap().api, &cloud.folder().join("manager")).unwrap();
    let (_, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();
    admin.ok("listZones", &[]).await;
    let text = scraped(&cloud).await;
    for line in [
        "hostler_hosts{state=\"Up\"} 1",
        "hostler_vms{state=\"Running\"} 1",
        "hostler_placements_total{verdict=\"placed\"} 1",
        "hostler_api_calls_total{command=\"listZones\",status=\"200\"} 1",
        "hostler_store_waiting{access=\"write\"} 0",
    ] {
        assert!(text.lines().any(|there| there == line), "no {line} in\n{text}");
    }
    let value = |name: &str| {
        let found =
            text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        found.unwrap_or_else(|| panic!("no {name} in\n{text}"))
    };
    assert!(value("hostler_store_seconds_count{access=\"write\"}") > 5);
    assert!(value("hostler_process_resident_bytes") > 1 << 20);
    assert!(value("hostler_process_open_files") > 3);
}
