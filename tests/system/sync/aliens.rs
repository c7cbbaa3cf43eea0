//! Aliens: listed, left alone, and told of as the policy of their cluster says. Differences, and their repairs.

use hostler_agent::hypervisor::DomainView;
use hostler_manager::orchestration::vm;
use hostler_model::{Mib, PowerReason, PowerState, VmState};
use hostler_store::host::host_get;
use uuid::Uuid;

use crate::{api, cloud, domain_of, host_of, rows, running, until, until_told};

/// Names that libvirt takes and people give, ours among them.
const AWKWARD: [&str; 5] =
    ["i-2-17-VM", "my old mail server", "数据库 服务器", "a'b\"c<d>&", "i-2-1-VM"];

fn alien(number: u128, name: &str) -> DomainView {
    DomainView {
        uuid: Uuid::from_u128(0xa11e_0000 + number),
        name: name.to_owned(),
        mark: None,
        power: PowerState::On,
        reason: PowerReason::Found,
        vcpus: 2,
        memory: Mib(512),
    }
}

const XML: &str = "<domain><disk><source file='/srv/a.img'/><target dev='vda'/></disk>\
                   <interface><mac address='52:54:00:00:00:01'/><source bridge='br0'/></interface></domain>";

/// Y-01, Y-02, Y-03.
#[tokio::test(flavor = "multi_thread")]
async fn aliens_are_listed_with_all_that_is_known_and_nothing_is_ever_done_to_them() {
    let mut cloud = cloud(1).await;
    for (number, name) in (0..).zip(AWKWARD) {
        cloud.hosts[0].hypervisor.insert_with(alien(number, name), XML);
    }
    until("all are listed", || async {
        rows(&cloud, "listAliens", &[], "alien").await.len() == AWKWARD.len()
    })
    .await;
    let before = rows(&cloud, "listAliens", &[], "alien").await;
    let of = |name: &str| before.iter().find(|alien| alien["name"] == name).unwrap();
    let one = of("数据库 服务器");
    assert_eq!(
        (&one["power"], &one["cpunumber"], &one["memory"]),
        (&"on".into(), &2.into(), &512.into())
    );
    assert_eq!(one["disks"][0]["source"], "/srv/a.img");
    assert_eq!(one["nics"][0]["source"], "br0");
    assert!(one["firstseen"].is_string() && one["lastseen"].is_string(), "{one}");

    cloud.hosts[0].end().await;
    cloud.hosts[0].begin();
    cloud.restart_manager().await.unwrap();
    let vm = running(&cloud, "web").await;
    let admin = cloud.admin().await.unwrap();
    let job = vm::destroy(cloud.context(), &admin, vm, true, Vec::new()).await.unwrap();
    cloud.ended(job).await.unwrap();
    let after = rows(&cloud, "listAliens", &[], "alien").await;
    let seen = |aliens: &[serde_json::Value]| -> Vec<_> {
        aliens.iter().map(|a| (a["uuid"].clone(), a["firstseen"].clone())).collect()
    };
    assert_eq!(seen(&after), seen(&before));
    for name in AWKWARD.iter().filter(|name| **name != "i-2-1-VM") {
        let calls = cloud.hosts[0].hypervisor.calls();
        assert!(!calls.iter().any(|call| call.ends_with(name)), "{calls:?}");
    }
    assert_eq!(cloud.hosts[0].hypervisor.domains().len(), AWKWARD.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alien_that_changes_or_goes_is_changed_or_gone_in_the_list() {
    let cloud = cloud(1).await;
    let one = alien(1, "old");
    cloud.hosts[0].hypervisor.insert_with(one.clone(), XML);
    until("it is listed", || async {
        rows(&cloud, "listAliens", &[("power", "on")], "alien").await.len() == 1
    })
    .await;
    cloud.hosts[0].hypervisor.power_lost(one.uuid, PowerReason::Destroyed);
    until("it is off", || async {
        rows(&cloud, "listAliens", &[("power", "off")], "alien").await.len() == 1
    })
    .await;
    cloud.hosts[0].hypervisor.vanish(one.uuid);
    until("it is gone", || async { rows(&cloud, "listAliens", &[], "alien").await.is_empty() })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_wants_alerts_of_aliens_gets_one_for_each_that_appears() {
    let cloud = cloud(1).await;
    let host = cloud.host_id(cloud.hosts[0].guid).await.unwrap();
    let row = cloud.store().read(move |tx| host_get(tx, host)).await.unwrap();
    cloud.hosts[0].hypervisor.insert_with(alien(1, "quiet"), XML);
    until("it is listed", || async { rows(&cloud, "listAliens", &[], "alien").await.len() == 1 })
        .await;
    let cluster = row.cluster.unwrap().to_string();
    let params = [("name", "alien.alert"), ("value", "true"), ("clusterid", cluster.as_str())];
    api(&cloud).ok("updateConfiguration", &params).await;
    cloud.hosts[0].hypervisor.insert_with(alien(2, "loud"), XML);
    until_told(&cloud, host.uuid(), "HOST.ALIEN", "loud").await;
    let alerts = api(&cloud).ok("listAlerts", &[("keyword", "libvirt domain")]).await;
    assert_eq!(alerts["count"], 1, "{alerts}");
    assert!(!alerts.to_string().contains("quiet"), "{alerts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_shows_every_vm_and_fixing_it_ends_what_was_started_by_hand() {
    let cloud = cloud(1).await;
    let (vm, other) = (running(&cloud, "web").await, running(&cloud, "db").await);
    let domain = domain_of(&cloud.hosts[0], vm);
    let admin = cloud.admin().await.unwrap();
    let job = vm::stop(cloud.context(), &admin, vm, true).await.unwrap();
    cloud.ended(job).await.unwrap();
    assert_eq!(rows(&cloud, "listDrift", &[], "drift").await.len(), 2);
    let different = [("different", "true")];
    assert!(rows(&cloud, "listDrift", &different, "drift").await.is_empty());

    cloud.hosts[0].hypervisor.insert(domain);
    until("it is a difference", || async {
        !rows(&cloud, "listDrift", &different, "drift").await.is_empty()
    })
    .await;
    let drift = rows(&cloud, "listDrift", &different, "drift").await.remove(0);
    assert_eq!((&drift["intended"], &drift["seen"]), (&"off".into(), &"on".into()), "{drift}");
    assert!(drift["repair"].as_str().unwrap().contains("is ended"), "{drift}");
    let fixed = rows(&cloud, "fixDrift", &[], "drift").await.remove(0);
    let job = fixed["jobid"].as_str().unwrap().parse().unwrap();
    cloud.ended(job).await.unwrap();
    until("nothing is different", || async {
        rows(&cloud, "listDrift", &different, "drift").await.is_empty()
    })
    .await;
    assert_eq!(cloud.domains().len(), 1);
    assert_eq!(cloud.vm_state(other).await.unwrap(), VmState::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_know_is_shown_and_not_repaired() {
    let mut cloud = cloud(1).await;
    let vm = running(&cloud, "web").await;
    let host = host_of(&cloud, vm).await;
    cloud.hosts[0].end().await;
    let params = [("different", "true")];
    until("its host is away", || async {
        !rows(&cloud, "listDrift", &params, "drift").await.is_empty()
    })
    .await;
    let drift = rows(&cloud, "fixDrift", &[], "drift").await.remove(0);
    assert_eq!((&drift["seen"], &drift["hostid"]), (&"unknown".into(), &host.to_string().into()));
    assert!(drift.get("jobid").is_none_or(serde_json::Value::is_null), "{drift}");
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
}
