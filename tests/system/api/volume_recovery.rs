//! Data volumes that were thrown away: taken back, or deleted by hand and by time, with simulated hosts behind the API.

use hostler_agent::hypervisor::DomainView;
use hostler_agent::storage::Storage as _;
use hostler_manager::monitors::clean_storage;
use hostler_model::{AccountType, Mib, PowerReason, PowerState};
use hostler_tests::books::Books;
use hostler_tests::http::{Api, tenant};
use serde_json::{Value, json};

use super::volumes::World;

/// Seconds for which a destroyed volume is kept when nobody has said otherwise.
const DELAY: i64 = 86400;

impl World {
    /// A volume that a host has written, and that no VM has.
    async fn written(&self, vm: &str) -> String {
        let volume = self.volume("1").await;
        self.attached(&volume, vm).await.unwrap();
        self.done("detachVolume", &[("id", &volume)]).await.unwrap();
        volume
    }

    async fn destroy(&self, volume: &str) -> Value {
        self.done("destroyVolume", &[("id", volume)]).await.unwrap()
    }

    async fn is(&self, volume: &str, state: &str) -> bool {
        self.shown(volume).await["state"] == state
    }

    /// Whether a host has its file.
    fn is_on_disk(&self, volume: &str) -> bool {
        let volume = volume.parse().unwrap();
        self.cloud.hosts.iter().any(|host| host.storage.volume_file(host.pool, volume).is_ok())
    }

    async fn user(&self, path: &str, name: &str) -> Api {
        let address = self.admin.address;
        tenant(self.cloud.store(), address, path, name, AccountType::User).await.unwrap()
    }

    async fn volume_of(&self, user: &Api) -> String {
        let params = [("zoneid", self.zone.as_str()), ("diskofferingid", &self.any), ("size", "2")];
        user.ok("createVolume", &params).await["id"].as_str().unwrap().to_owned()
    }

    /// How many volumes, and GiB of them, somebody has as it is counted.
    async fn counted(&self, user: &Api) -> [i64; 2] {
        let own = user.ok("listAccounts", &[]).await["account"][0].clone();
        [own["volumetotal"].as_i64().unwrap(), own["primarystoragetotal"].as_i64().unwrap()]
    }

    async fn set(&self, name: &str, value: &str) {
        self.admin.ok("updateConfiguration", &[("name", name), ("value", value)]).await;
    }

    /// As if a volume had been destroyed so many seconds ago.
    fn age(&self, volume: &str, seconds: i64) {
        let database = self.cloud.folder().join("manager/hostler.db");
        let sql = "UPDATE volume SET destroyed = destroyed - ?2 * 1000 WHERE id = ?1";
        let changed = rusqlite::Connection::open(database).unwrap().execute(sql, (volume, seconds));
        assert_eq!(changed, Ok(1));
    }

    /// What the manager does from time to time, and the ends of the jobs that it has begun.
    async fn look(&self) {
        clean_storage(self.cloud.context()).await.unwrap();
        let books = Books::open(&self.cloud.folder().join("manager/hostler.db")).unwrap();
        for job in books.rows("SELECT id FROM job WHERE finished IS NULL").unwrap() {
            self.cloud.ended(job.parse().unwrap()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_volume_is_shown_as_that_and_comes_back_as_it_was() {
    let world = World::new(1).await;
    let vm = world.vm(&[]).await;
    let (written, unwritten) = (world.written(&vm).await, world.volume("1").await);
    for (volume, before) in [(&written, "Ready"), (&unwritten, "Allocated")] {
        let shown = world.destroy(volume).await;
        assert_eq!((&shown["state"], &shown["destroyed"]), (&"Destroy".into(), &true.into()));
        let listed = world.admin.ok("listVolumes", &[("state", "Destroy")]).await;
        assert_eq!((&listed["count"], &listed["volume"][0]["id"]), (&1.into(), &shown["id"]));
        world.audit();
        let back = world.admin.ok("recoverVolume", &[("id", volume)]).await["volume"].clone();
        assert_eq!((&back["state"], &back["destroyed"]), (&before.into(), &false.into()));
        assert_eq!(back["id"], volume.as_str());
    }
    assert!(world.is_on_disk(&written));
    let shown = world.attached(&written, &vm).await.unwrap();
    assert_eq!(shown["state"], "Ready");
    assert!(world.plugged(&written));
    for kind in ["VOLUME.DESTROY", "VOLUME.RECOVER"] {
        let events = world.admin.ok("listEvents", &[("type", kind)]).await;
        assert_eq!(events["count"], 2, "{events}");
        assert_eq!(events["event"][0]["state"], "Completed", "{events}");
    }
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_volume_counts_against_no_limit_and_its_pool_keeps_the_room_for_it() {
    let world = World::new(1).await;
    let user = world.user("shop", "alice").await;
    let volume = world.volume_of(&user).await;
    assert_eq!(world.counted(&user).await, [1, 2]);
    let job = user.ok("destroyVolume", &[("id", &volume)]).await;
    assert_eq!(user.job(job["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    assert_eq!(world.counted(&user).await, [0, 0]);
    // whose it is sees it, as with VMs
    let listed = user.ok("listVolumes", &[]).await;
    assert_eq!(listed["volume"][0]["state"], "Destroy", "{listed}");
    world.audit();
    user.ok("recoverVolume", &[("id", &volume)]).await;
    assert_eq!(world.counted(&user).await, [1, 2]);

    let written = world.written(&world.vm(&[]).await).await;
    let given = async || {
        let pools = world.admin.ok("listStoragePools", &[]).await;
        pools["storagepool"][0]["disksizeallocated"].as_u64().unwrap()
    };
    let before = given().await;
    world.destroy(&written).await;
    assert_eq!(given().await, before);
    world.done("destroyVolume", &[("id", &written), ("expunge", "true")]).await.unwrap();
    assert_eq!(given().await, before - (1 << 30));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_a_volume_back_for_which_a_limit_has_no_room() {
    let world = World::new(1).await;
    let user = world.user("shop", "alice").await;
    let domain = user.ok("listAccounts", &[]).await["account"][0]["domainid"].clone();
    let one = [
        ("domainid", domain.as_str().unwrap()),
        ("account", "alice"),
        ("resourcetype", "2"),
        ("max", "1"),
    ];
    world.admin.ok("updateResourceLimit", &one).await;
    let first = world.volume_of(&user).await;
    let job = user.ok("destroyVolume", &[("id", &first)]).await;
    user.job(job["jobid"].as_str().unwrap()).await;
    let second = world.volume_of(&user).await;
    let (status, text) = user.refused("recoverVolume", &[("id", &first)]).await;
    let expected = "account alice may have 1 of volume: it has 1, and 1 more was asked for";
    assert!(status == 535 && text.starts_with(expected), "{text}");
    assert!(world.is(&first, "Destroy").await);
    user.ok("deleteVolume", &[("id", &second)]).await;
    user.ok("recoverVolume", &[("id", &first)]).await;
    assert!(world.is(&first, "Allocated").await);
    let (status, text) = user.refused("recoverVolume", &[("id", &first)]).await;
    let expected = "is Allocated; only a volume in Destroy can be recovered";
    assert!(status == 431 && text.ends_with(expected), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_volume_has_to_be_recovered_before_it_can_be_used() {
    let world = World::new(1).await;
    let vm = world.vm(&[]).await;
    let volume = world.written(&vm).await;
    let copied = world.admin.ok("createSnapshot", &[("volumeid", &volume)]).await;
    world.admin.job(copied["jobid"].as_str().unwrap()).await;
    world.destroy(&volume).await;
    let (it, of_it) = (("id", volume.as_str()), ("volumeid", volume.as_str()));
    let kinds = world.admin.ok("listOsTypes", &[]).await;
    let kind = kinds["ostype"][0]["id"].as_str().unwrap();
    let link = ("mode", "HTTP_DOWNLOAD");
    let daily =
        [("intervaltype", "DAILY"), ("schedule", "30:2"), ("timezone", "UTC"), ("maxsnaps", "3")];
    for (command, params) in [
        ("attachVolume", &[it, ("virtualmachineid", &vm)][..]),
        ("detachVolume", &[it]),
        ("resizeVolume", &[it, ("size", "3")]),
        ("updateVolume", &[it, ("name", "other")]),
        ("extractVolume", &[it, ("zoneid", &world.zone), link]),
        ("createSnapshot", &[of_it]),
        ("createSnapshotPolicy", &[&[of_it][..], &daily].concat()),
        ("revertSnapshot", &[("id", copied["id"].as_str().unwrap())]),
        ("createTemplate", &[of_it, ("name", "t"), ("ostypeid", kind)]),
    ] {
        let (status, text) = world.admin.refused(command, params).await;
        let says = text.ends_with("was destroyed; recover it first (recoverVolume)");
        assert!(status == 431 && says, "{command}: {text}");
    }
    let (status, text) = world.admin.refused("destroyVolume", &[it]).await;
    assert!(status == 431 && text.contains("recoverVolume takes it back"), "{text}");
    world.admin.ok("recoverVolume", &[it]).await;
    assert_eq!(
        world.done("updateVolume", &[it, ("name", "other")]).await.unwrap()["name"],
        "other"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_a_vm_has_or_that_is_its_root_is_not_destroyed() {
    let world = World::new(1).await;
    let (vm, volume) = (world.vm(&[]).await, world.volume("1").await);
    world.attached(&volume, &vm).await.unwrap();
    let roots = world.admin.ok("listVolumes", &[("type", "ROOT")]).await;
    let root = roots["volume"][0]["id"].as_str().unwrap();
    for (volume, expected) in [(volume.as_str(), "detach it first"), (root, "is a root volume")] {
        let (status, text) = world.admin.refused("destroyVolume", &[("id", volume)]).await;
        assert!(status == 431 && text.contains(expected), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_deletes_a_destroyed_volume_and_nothing_before_its_time() {
    let world = World::new(1).await;
    let vm = world.vm(&[]).await;
    let (old, new) = (world.written(&vm).await, world.written(&vm).await);
    let (unwritten, wanted) = (world.volume("1").await, world.written(&vm).await);
    for volume in [&old, &new, &unwritten, &wanted] {
        world.destroy(volume).await;
        world.age(volume, DELAY - 60);
    }
    world.look().await;
    for volume in [&old, &new, &unwritten, &wanted] {
        assert!(world.is(volume, "Destroy").await);
    }
    for volume in [&old, &unwritten, &wanted] {
        world.age(volume, 60);
    }
    world.admin.ok("recoverVolume", &[("id", &wanted)]).await;
    world.look().await;
    for volume in [&old, &unwritten] {
        assert_eq!(world.admin.ok("listVolumes", &[("id", volume)]).await, json!({}));
    }
    let there = [&old, &new, &wanted].map(|volume| world.is_on_disk(volume));
    assert_eq!(there, [false, true, true]);
    assert!(world.is(&new, "Destroy").await && world.is(&wanted, "Ready").await);
    let deleted = world.admin.ok("listEvents", &[("type", "VOLUME.DELETE")]).await;
    assert!(deleted.to_string().contains("is deleted"), "{deleted}");
    // what was recovered begins anew
    world.destroy(&wanted).await;
    world.look().await;
    assert!(world.is(&wanted, "Destroy").await);
    world.set("storage.cleanup.delay", "0").await;
    world.look().await;
    assert!(!world.is_on_disk(&wanted) && !world.is_on_disk(&new));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_cleaning_up_is_disabled_no_time_deletes_a_volume() {
    let world = World::new(1).await;
    let volume = world.volume("1").await;
    world.destroy(&volume).await;
    world.age(&volume, 100 * DELAY);
    world.set("storage.cleanup.enabled", "false").await;
    world.look().await;
    assert!(world.is(&volume, "Destroy").await);
    world.set("storage.cleanup.enabled", "true").await;
    world.look().await;
    assert_eq!(world.admin.ok("listVolumes", &[("id", &volume)]).await, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_expunge_a_volume_is_deleted_at_once_and_cannot_be_had_back() {
    let world = World::new(1).await;
    let vm = world.vm(&[]).await;
    let (wanted, thrown_away) = (world.written(&vm).await, world.written(&vm).await);
    let by_name = world.written(&vm).await;
    world.destroy(&thrown_away).await;
    world.destroy(&by_name).await;
    for volume in [&wanted, &thrown_away] {
        world.done("destroyVolume", &[("id", volume), ("expunge", "true")]).await.unwrap();
    }
    world.admin.ok("deleteVolume", &[("id", &by_name)]).await;
    world.look().await;
    for volume in [&wanted, &thrown_away, &by_name] {
        assert!(!world.is_on_disk(volume));
        let (status, text) = world.admin.refused("recoverVolume", &[("id", volume)]).await;
        assert!(
            status == 431 && text.contains("incorrect long value format, or entity does not exist"),
            "{text}"
        );
    }
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_its_host_does_not_delete_is_destroyed_and_not_lost() {
    let world = World::new(1).await;
    let vm = world.vm(&[]).await;
    let volume = world.written(&vm).await;
    let by_hand = DomainView {
        uuid: uuid::Uuid::from_u128(0xa11e),
        name: "by hand".to_owned(),
        mark: None,
        power: PowerState::On,
        reason: PowerReason::Found,
        vcpus: 1,
        memory: Mib(512),
    };
    let host = &world.cloud.hosts[0];
    let file = host.storage.volume_file(host.pool, volume.parse().unwrap()).unwrap();
    let xml = format!("<domain><disk><source file='{}'/></disk></domain>", file.display());
    host.hypervisor.insert_with(by_hand.clone(), &xml);
    let at_once = [("id", volume.as_str()), ("expunge", "true")];
    let why = world.done("destroyVolume", &at_once).await.unwrap_err();
    assert!(why.contains("in use"), "{why}");
    assert!(world.is(&volume, "Destroy").await && world.is_on_disk(&volume));
    world.admin.ok("recoverVolume", &[at_once[0]]).await;
    world.done("destroyVolume", &at_once).await.unwrap_err();
    host.hypervisor.vanish(by_hand.uuid);
    world.age(&volume, DELAY);
    world.look().await;
    assert!(!world.is_on_disk(&volume));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_volume_is_not_is_answered_as_if_it_never_was() {
    let world = World::new(1).await;
    let (alice, other) = (world.user("shop", "alice").await, world.user("mill", "other").await);
    let volume = world.volume_of(&alice).await;
    let never = uuid::Uuid::new_v4().to_string();
    let alike = async |command: &str| {
        let theirs = other.refused(command, &[("id", &volume)]).await;
        let nobodys = other.refused(command, &[("id", &never)]).await;
        assert_eq!(theirs.1.replace(&volume, "?"), nobodys.1.replace(&never, "?"), "{command}");
    };
    alike("destroyVolume").await;
    let job = alice.ok("destroyVolume", &[("id", &volume)]).await;
    alice.job(job["jobid"].as_str().unwrap()).await;
    alike("recoverVolume").await;
    alike("listVolumes").await;
    assert_eq!(other.ok("listVolumes", &[("state", "Destroy")]).await, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn destroyed_volumes_go_with_their_account() {
    let world = World::new(1).await;
    let user = world.user("shop", "alice").await;
    let volume = world.volume_of(&user).await;
    let job = user.ok("destroyVolume", &[("id", &volume)]).await;
    user.job(job["jobid"].as_str().unwrap()).await;
    let account = user.ok("listAccounts", &[]).await["account"][0]["id"].clone();
    let job = world.admin.ok("deleteAccount", &[("id", account.as_str().unwrap())]).await;
    let ended = world.admin.job(job["jobid"].as_str().unwrap()).await;
    assert_eq!(ended["jobstatus"], 1, "{ended}");
    assert_eq!(world.admin.ok("listVolumes", &[("listall", "true")]).await, json!({}));
    world.audit();
}
