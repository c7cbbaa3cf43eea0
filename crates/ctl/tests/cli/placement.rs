//! Where VMs go: why, what-if, and what is kept for whom.

use serde_json::{Value, json};

use crate::manager::{Manager, VM, ZONE, stderr, stdout};

const BIG: &str = "77777777-7777-4777-8777-777777777777";
const HOST: &str = "88888888-8888-4888-8888-888888888888";
const DOMAIN: &str = "99999999-9999-4999-8999-999999999999";

/// A manager that has an offering, a template, a host and a domain too.
async fn manager() -> Manager {
    let manager = Manager::start().await;
    manager.lists("listServiceOfferings", "serviceoffering", &[json!({"id": BIG, "name": "big"})]);
    manager.lists("listTemplates", "template", &[json!({"id": BIG, "name": "deb12"})]);
    manager.lists("listHosts", "host", &[json!({"id": HOST, "name": "kvm-1"})]);
    manager.lists(
        "listDomains",
        "domain",
        &[json!({"id": DOMAIN, "name": "shop", "path": "ROOT/shop"})],
    );
    manager
}

/// Words of each line.
fn words(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

fn decision() -> Value {
    json!({"created": "2026-11-21T09:00:00+0000", "hostname": "kvm-1", "hosts": [
        {"host": HOST, "name": "kvm-1", "total": 1.5,
            "scores": [{"weigher": "RamWeigher", "value": 1.0, "multiplier": 1.5}]},
        {"host": VM, "name": "kvm-2",
            "refused": {"filter": "RamFilter", "why": "has 3 MiB free of the 512 MiB wanted"}},
    ]})
}

#[tokio::test(flavor = "multi_thread")]
async fn why_names_the_host_that_was_chosen_and_what_was_against_every_other() {
    let manager = manager().await;
    manager.answers("explainPlacement", 200, json!({"placement": [decision()]}));
    let out = stdout(&manager.run(&["why", "web"]).success());
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "2026-11-21T09:00:00+0000 kvm-1 was chosen");
    assert!(lines[2].starts_with("kvm-1") && lines[2].contains("1.50"), "{out}");
    assert!(lines[2].ends_with("RamWeigher 1.00 × 1.5"), "{out}");
    assert!(
        lines[3].ends_with("refused by RamFilter: has 3 MiB free of the 512 MiB wanted"),
        "{out}"
    );
    let asked = manager.calls("explainPlacement").await;
    assert_eq!(asked[0].1.get("virtualmachineid"), Some(VM));
}

#[tokio::test(flavor = "multi_thread")]
async fn why_of_a_vm_that_is_not_there_yet_asks_for_a_plan() {
    let manager = manager().await;
    let plan = json!({"displaytext": "no destination: RamFilter 1→0", "hosts": []});
    manager.answers("planPlacement", 200, json!({"placementplan": plan}));
    let line = ["why", "--offering", "big", "--zone", "dc1", "--host", "kvm-1"];
    assert!(stdout(&manager.run(&line).success()).starts_with("no destination: RamFilter 1→0"));
    let asked = manager.calls("planPlacement").await;
    let sent = |name: &str| asked[0].1.get(name);
    assert_eq!((sent("zoneid"), sent("serviceofferingid")), (Some(ZONE), Some(BIG)));
    assert_eq!(sent("hostid"), Some(HOST));
    manager.run(&["why"]).code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_shows_moves_and_those_that_would_have_to_stay() {
    let manager = manager().await;
    let moves = json!([{"name": "i-2-7-VM", "from": "kvm-1", "to": "kvm-2", "disksize": 2_147_483_648_u64}]);
    let stuck = json!([{"name": "i-2-8-VM", "reason": "no destination: RamFilter 1→0"}]);
    let plan = json!({"drainplan": {"moves": moves, "stuck": stuck}});
    manager.answers_in_turn("planDrain", vec![plan, json!({"drainplan": {"moves": []}})]);
    let out = stdout(&manager.run(&["plan", "drain", "kvm-1"]).success());
    let lines = words(&out);
    assert_eq!(lines[1][..3], ["i-2-7-VM", "kvm-1", "kvm-2"]);
    assert!(out.contains("2 GiB") || out.contains("2.0 GiB"), "{out}");
    assert_eq!(lines.last().unwrap().join(" "), "i-2-8-VM no destination: RamFilter 1→0");
    assert_eq!(manager.calls("planDrain").await[0].1.get("hostid"), Some(HOST));
    let out = stdout(&manager.run(&["plan", "drain", "kvm-1"]).success());
    assert_eq!(out, "nothing would be moved\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebalancing_says_how_uneven_hosts_are_before_and_after() {
    let manager = manager().await;
    let plan = json!({"moves": [], "before": 0.25, "after": 0.125});
    manager.answers("planRebalance", 200, json!({"rebalanceplan": plan}));
    let line = ["plan", "rebalance", "--zone", "dc1", "--most", "3"];
    let out = stdout(&manager.run(&line).success());
    assert!(out.ends_with("shares differ by 25.0 % before, 12.5 % after\n"), "{out}");
    assert_eq!(manager.calls("planRebalance").await[0].1.get("moves"), Some("3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_says_how_many_more_fit_without_a_host_and_what_breaks_first() {
    let manager = manager().await;
    let plan = json!({"moves": [], "stuck": [], "more": 12, "limits": [{"filter": "RamFilter", "hosts": 3}],
        "hosts": [{"hostname": "kvm-2", "more": 12, "limit": "has 0 MiB free of the 512 MiB wanted"}]});
    manager.answers("planCapacity", 200, json!({"capacityplan": plan}));
    let line = ["capacity", "--if-host-lost", "kvm-1", "--fits", "big"];
    let out = stdout(&manager.run(&line).success());
    assert!(out.ends_with("12 more of big fit; RamFilter stops it first\n"), "{out}");
    let asked = manager.calls("planCapacity").await;
    assert_eq!((asked[0].1.get("losthostids"), asked[0].1.get("zoneid")), (Some(HOST), Some(ZONE)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_dedicated_shown_and_released() {
    let manager = manager().await;
    for command in ["dedicateHost", "releaseDedicatedHost"] {
        manager.answers(command, 200, json!({"success": true}));
    }
    let line = ["host", "dedicate", "kvm-1", "--domain", "ROOT/shop", "--account", "anna"];
    assert_eq!(stdout(&manager.run(&line).success()), "host kvm-1 dedicated\n");
    let asked = manager.calls("dedicateHost").await;
    let sent = |name: &str| asked[0].1.get(name);
    assert_eq!((sent("hostid"), sent("domainid")), (Some(HOST), Some(DOMAIN)));
    assert_eq!(sent("account"), Some("anna"));
    let kept = json!({"hostname": "kvm-1", "domainpath": "ROOT/shop", "accountname": "anna"});
    manager.lists("listDedicatedHosts", "dedicatedhost", &[kept]);
    let out = stdout(&manager.run(&["dedication", "hosts"]).success());
    assert_eq!(words(&out)[1], ["kvm-1", "ROOT/shop", "anna"]);
    let out = stdout(&manager.run(&["host", "release", "kvm-1"]).success());
    assert_eq!(out, "host kvm-1 dedicated to nobody\n");
    assert!(stderr(&manager.run(&["host", "dedicate", "kvm-1"]).code(2)).contains("--domain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_says_where_by_zone_and_beside_whom_by_names() {
    let manager = manager().await;
    manager.answers(
        "deployVirtualMachine",
        200,
        json!({"virtualmachine": {"id": VM, "name": "db"}}),
    );
    let line = [
        "vm",
        "deploy",
        "db",
        "--template",
        "deb12",
        "--offering",
        "big",
        "--availability-zone",
        "east",
        "--different-host",
        "web",
        "--affinity-group",
        "databases",
    ];
    manager.run(&line).success();
    let asked = manager.calls("deployVirtualMachine").await;
    let sent = |name: &str| asked[0].1.get(name);
    assert_eq!(
        (sent("availabilityzone"), sent("hints[0].different_host")),
        (Some("east"), Some(VM))
    );
    assert_eq!((sent("affinitygroupnames"), sent("hints[0].same_host")), (Some("databases"), None));
}
