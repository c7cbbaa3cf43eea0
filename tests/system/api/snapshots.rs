//! Copies of volumes, made on request and by policies, with simulated hosts behind the API.

use std::collections::BTreeSet;

use hostler_agent::hypervisor::Trouble;
use hostler_manager::monitors::keep_snapshots;
use hostler_model::AccountType;
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::{Value, json};

struct World {
    cloud: Cloud,
    admin: Api,
    /// A VM that runs.
    vm: String,
    /// Its root volume.
    root: String,
}

impl World {
    async fn new() -> Self {
        let cloud = Cloud::with_hosts(1).await.unwrap();
        let address = cloud.manager.as_ref().unwrap().api;
        let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
        let c = cloud.catalogue;
        let [zone, offering, template] =
            [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
        let params = [
            ("zoneid", zone.as_str()),
            ("serviceofferingid", &offering),
            ("templateid", &template),
        ];
        let answer = admin.ok("deployVirtualMachine", &params).await;
        admin.job(answer["jobid"].as_str().unwrap()).await;
        let vm = answer["id"].as_str().unwrap().to_owned();
        let listed = admin.ok("listVolumes", &[("virtualmachineid", &vm)]).await;
        let root = listed["volume"][0]["id"].as_str().unwrap().to_owned();
        Self { cloud, admin, vm, root }
    }

    /// What a job ends with: its object, or why not.
    async fn done(&self, command: &str, params: &[(&str, &str)]) -> Result<Value, String> {
        let answer = self.admin.ok(command, params).await;
        let job = self.admin.job(answer["jobid"].as_str().unwrap()).await;
        let result = &job["jobresult"];
        match job["jobstatus"].as_u64() {
            Some(1) => {
                let object = result.as_object().and_then(|result| result.values().next());
                Ok(object.cloned().unwrap_or_default())
            }
            _ => Err(result["errortext"].as_str().unwrap_or_default().to_owned()),
        }
    }

    async fn snapshot(&self) -> Value {
        self.done("createSnapshot", &[("volumeid", &self.root)]).await.unwrap()
    }

    async fn stop(&self) {
        self.done("stopVirtualMachine", &[("id", &self.vm)]).await.unwrap();
    }

    async fn listed(&self, params: &[(&str, &str)]) -> Value {
        self.admin.ok("listSnapshots", params).await
    }

    /// A policy of the root volume.
    async fn policy(&self, kind: &str, schedule: &str, most: &str) -> Value {
        let params = [
            ("volumeid", self.root.as_str()),
            ("intervaltype", kind),
            ("schedule", schedule),
            ("timezone", "UTC"),
            ("maxsnaps", most),
        ];
        self.admin.ok("createSnapshotPolicy", &params).await["snapshotpolicy"].clone()
    }

    /// Has every policy be due, as if its time had come some days ago.
    fn make_due(&self) {
        let database = rusqlite::Connection::open(self.database()).unwrap();
        database.execute("UPDATE snapshot_policy SET next_run = 1000", []).unwrap();
    }

    /// What the manager does from time to time, and the ends of the jobs that it has begun.
    async fn look(&self) {
        keep_snapshots(&self.cloud.manager.as_ref().unwrap().context).await.unwrap();
        let books = Books::open(&self.database()).unwrap();
        for job in books.rows("SELECT id FROM job WHERE finished IS NULL").unwrap() {
            self.cloud.ended(job.parse().unwrap()).await.unwrap();
        }
    }

    fn database(&self) -> std::path::PathBuf {
        self.cloud.folder().join("manager/hostler.db")
    }

    fn copies_by_qemu(&self) -> usize {
        let calls = self.cloud.hosts[0].hypervisor.calls();
        calls.iter().filter(|call| call.starts_with("copy_disks")).count()
    }

    fn audit(&self) {
        let books = Books::open(&self.database()).unwrap();
        assert_eq!(books.audit(&self.cloud).unwrap(), Vec::<String>::new());
    }
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_of_a_running_vm_is_copied_by_its_qemu_and_of_a_stopped_one_as_a_file() {
    let world = World::new().await;
    let live = world.snapshot().await;
    assert_eq!((&live["state"], &live["snapshottype"]), (&"BackedUp".into(), &"MANUAL".into()));
    assert_eq!(
        (&live["volumeid"], &live["volumetype"]),
        (&world.root.as_str().into(), &"ROOT".into())
    );
    assert!(
        live["physicalsize"].as_u64().unwrap() < live["virtualsize"].as_u64().unwrap(),
        "{live}"
    );
    assert_eq!(world.copies_by_qemu(), 1);
    world.stop().await;
    let named = [("volumeid", world.root.as_str()), ("name", "before the upgrade")];
    let off = world.done("createSnapshot", &named).await.unwrap();
    assert_eq!((&off["name"], world.copies_by_qemu()), (&"before the upgrade".into(), 1));
    let of_volume = world.listed(&[("volumeid", &world.root)]).await;
    assert_eq!(of_volume["count"], 2, "{of_volume}");
    assert_eq!(world.listed(&[("snapshottype", "RECURRING")]).await, json!({}));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_outlives_its_volume_and_is_gone_when_deleted() {
    let world = World::new().await;
    let snapshot = world.snapshot().await;
    world.done("destroyVirtualMachine", &[("id", &world.vm), ("expunge", "true")]).await.unwrap();
    let listed = world.listed(&[("id", id(&snapshot))]).await;
    let there = &listed["snapshot"][0];
    assert_eq!((&there["state"], &there["revertable"]), (&"BackedUp".into(), &false.into()));
    let (status, text) = world.admin.refused("revertSnapshot", &[("id", id(&snapshot))]).await;
    assert_eq!((status, text.contains("createVolume")), (431, true), "{text}");
    world.audit();
    world.done("deleteSnapshot", &[("id", id(&snapshot))]).await.unwrap();
    assert_eq!(world.listed(&[("id", id(&snapshot))]).await, json!({}));
    assert_eq!(world.admin.refused("deleteSnapshot", &[("id", id(&snapshot))]).await.0, 431);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_begins_as_a_snapshot_and_never_smaller() {
    let world = World::new().await;
    let snapshot = world.snapshot().await;
    let size = snapshot["virtualsize"].as_u64().unwrap();
    let from = ("snapshotid", id(&snapshot));
    let volume = world.done("createVolume", &[("name", "copy"), from]).await.unwrap();
    assert_eq!((&volume["state"], &volume["type"]), (&"Ready".into(), &"DATADISK".into()));
    assert_eq!((&volume["size"], &volume["name"]), (&size.into(), &"copy".into()));
    let made =
        world.admin.ok("createDiskOffering", &[("name", "any"), ("customized", "true")]).await;
    let any = made["diskoffering"]["id"].as_str().unwrap();
    let larger = [from, ("diskofferingid", any), ("size", "5")];
    let volume = world.done("createVolume", &larger).await.unwrap();
    assert_eq!(volume["size"], 5u64 << 30);
    // it lies where the snapshot does, and a VM there can have it at once
    let to_vm = [("id", id(&volume)), ("virtualmachineid", world.vm.as_str())];
    let attached = world.done("attachVolume", &to_vm).await.unwrap();
    assert_eq!(attached["virtualmachineid"], world.vm.as_str());
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_reverted_only_while_its_vm_is_stopped() {
    let world = World::new().await;
    let snapshot = world.snapshot().await;
    let (status, text) = world.admin.refused("revertSnapshot", &[("id", id(&snapshot))]).await;
    assert_eq!((status, text.contains("stop it")), (431, true), "{text}");
    world.stop().await;
    let reverted = world.done("revertSnapshot", &[("id", id(&snapshot))]).await.unwrap();
    assert_eq!(reverted["id"], snapshot["id"]);
    world.done("startVirtualMachine", &[("id", &world.vm)]).await.unwrap();
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_fails_is_in_error_counts_for_nothing_and_can_be_deleted() {
    let world = World::new().await;
    let refuse = BTreeSet::from(["copy_disks"]);
    world.cloud.hosts[0].hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
    let why = world.done("createSnapshot", &[("volumeid", &world.root)]).await.unwrap_err();
    assert!(why.contains("copy_disks"), "{why}");
    let listed = world.listed(&[]).await;
    let failed = &listed["snapshot"][0];
    assert_eq!((&failed["state"], &failed["physicalsize"]), (&"Error".into(), &Value::Null));
    assert!(failed["status"].as_str().unwrap().contains("copy_disks"), "{failed}");
    world.audit();
    world.done("deleteSnapshot", &[("id", id(failed))]).await.unwrap();
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_was_never_written_is_not_copied() {
    let world = World::new().await;
    let made = world.admin.ok("createDiskOffering", &[("name", "d"), ("disksize", "1")]).await;
    let offering = made["diskoffering"]["id"].as_str().unwrap();
    let zone = world.cloud.catalogue.zone.to_string();
    let params = [("name", "d"), ("zoneid", zone.as_str()), ("diskofferingid", offering)];
    let volume = world.done("createVolume", &params).await.unwrap();
    let refused = world.admin.refused("createSnapshot", &[("volumeid", id(&volume))]).await;
    assert_eq!((refused.0, refused.1.contains("Allocated")), (431, true), "{}", refused.1);
    assert_eq!(world.listed(&[]).await, json!({}));
}

/// A tenant with a VM of its own; what it may have is limited by `kind`.
#[tokio::test(flavor = "multi_thread")]
async fn snapshots_count_against_their_owners_limits_until_they_are_deleted() {
    let world = World::new().await;
    let (store, address) = (world.cloud.store(), world.admin.address);
    let owner = tenant(store, address, "ROOT", "owner", AccountType::User).await.unwrap();
    let c = world.cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    world.admin.ok("updateTemplatePermissions", &[("id", &template), ("ispublic", "true")]).await;
    let params =
        [("zoneid", zone.as_str()), ("serviceofferingid", &offering), ("templateid", &template)];
    let answer = owner.ok("deployVirtualMachine", &params).await;
    owner.job(answer["jobid"].as_str().unwrap()).await;
    let listed = owner.ok("listVolumes", &[]).await;
    let volume = [("volumeid", listed["volume"][0]["id"].as_str().unwrap())];
    let domain = world.admin.ok("listDomains", &[]).await;
    let domain = domain["domain"][0]["id"].as_str().unwrap().to_owned();
    let limit = |kind: &'static str, max: &'static str| {
        let params = [("account", "owner"), ("domainid", domain.as_str())];
        let params = [params.as_slice(), &[("resourcetype", kind), ("max", max)]].concat();
        let admin = &world.admin;
        async move { admin.ok("updateResourceLimit", &params).await }
    };
    limit("3", "1").await;
    let answer = owner.ok("createSnapshot", &volume).await;
    owner.job(answer["jobid"].as_str().unwrap()).await;
    let (status, text) = owner.refused("createSnapshot", &volume).await;
    assert_eq!((status, text.contains("snapshot")), (535, true), "{text}");
    let account = world.admin.ok("listAccounts", &[("name", "owner"), ("listall", "true")]).await;
    assert_eq!(account["account"][0]["snapshottotal"], 1, "{account}");
    limit("3", "5").await;
    limit("11", "0").await;
    let (status, text) = owner.refused("createSnapshot", &volume).await;
    assert_eq!((status, text.contains("secondary_storage")), (535, true), "{text}");
    let id = answer["id"].as_str().unwrap();
    // somebody else's is answered like one that never was
    let other = tenant(store, address, "ROOT", "other", AccountType::User).await.unwrap();
    for command in ["deleteSnapshot", "revertSnapshot"] {
        assert_eq!(other.refused(command, &[("id", id)]).await.0, 431, "{command}");
    }
    let gone = owner.ok("deleteSnapshot", &[("id", id)]).await;
    owner.job(gone["jobid"].as_str().unwrap()).await;
    let account = world.admin.ok("listAccounts", &[("name", "owner"), ("listall", "true")]).await;
    assert_eq!(account["account"][0]["snapshottotal"], 0, "{account}");
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_due_makes_one_copy_and_those_that_were_missed_none() {
    let world = World::new().await;
    let policy = world.policy("HOURLY", "7", "5").await;
    assert_eq!((&policy["intervaltype"], &policy["maxsnaps"]), (&0.into(), &5.into()), "{policy}");
    world.look().await;
    assert_eq!(world.listed(&[]).await, json!({}), "nothing is due yet");
    world.make_due();
    world.look().await;
    world.look().await;
    let listed = world.listed(&[]).await;
    let made = &listed["snapshot"][0];
    assert_eq!(
        (&listed["count"], &made["snapshottype"]),
        (&1.into(), &"HOURLY".into()),
        "{listed}"
    );
    assert_eq!(made["state"], "BackedUp");
    assert_eq!(world.listed(&[("snapshottype", "recurring")]).await["count"], 1);
    assert_eq!(world.listed(&[("intervaltype", "DAILY")]).await, json!({}));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_keeps_its_newest_copies_and_touches_no_others() {
    let world = World::new().await;
    let by_hand = world.snapshot().await;
    world.policy("DAILY", "30:2", "2").await;
    let mut made = Vec::new();
    for _ in 0..4 {
        world.make_due();
        world.look().await;
        let listed = world.listed(&[("snapshottype", "DAILY")]).await;
        let newest = listed["snapshot"].as_array().unwrap().last().unwrap().clone();
        made.push(id(&newest).to_owned());
    }
    world.look().await;
    let listed = world.listed(&[("snapshottype", "DAILY")]).await;
    let kept: Vec<&str> = listed["snapshot"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(kept, made[2..]);
    assert_eq!(world.listed(&[("id", id(&by_hand))]).await["count"], 1);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_has_one_policy_of_a_kind_and_loses_them_when_it_is_deleted() {
    let world = World::new().await;
    let first = world.policy("WEEKLY", "0:4:1", "2").await;
    let second = world.policy("weekly", "15:5:7", "3").await;
    assert_eq!((&second["id"], &second["schedule"]), (&first["id"], &"15:5:7".into()));
    world.policy("MONTHLY", "0:4:28", "2").await;
    let of_volume = [("volumeid", world.root.as_str())];
    assert_eq!(world.admin.ok("listSnapshotPolicies", &of_volume).await["count"], 2);
    world.admin.ok("deleteSnapshotPolicies", &[("id", id(&first))]).await;
    assert_eq!(world.admin.ok("listSnapshotPolicies", &of_volume).await["count"], 1);
    world.done("destroyVirtualMachine", &[("id", &world.vm), ("expunge", "true")]).await.unwrap();
    assert_eq!(world.admin.ok("listSnapshotPolicies", &[]).await, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_policy_is_said_by_its_parameter() {
    let world = World::new().await;
    let right = [
        ("volumeid", world.root.as_str()),
        ("intervaltype", "HOURLY"),
        ("schedule", "5"),
        ("timezone", "UTC"),
        ("maxsnaps", "1"),
    ];
    for (param, value) in [
        ("intervaltype", "YEARLY"),
        ("schedule", "60"),
        ("timezone", "Mars/Olympus"),
        ("maxsnaps", "0"),
    ] {
        let params = right.map(|(name, usual)| (name, if name == param { value } else { usual }));
        let (status, text) = world.admin.refused("createSnapshotPolicy", &params).await;
        assert_eq!((status, text.contains(param)), (431, true), "{param}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_a_limit_forbids_is_said_once_and_not_tried_until_its_next_time() {
    let world = World::new().await;
    world.policy("HOURLY", "7", "5").await;
    let database = rusqlite::Connection::open(world.database()).unwrap();
    // the administrator, who has no limits, is a user like any other from now on
    database
        .execute_batch(
            "UPDATE account SET kind = 'User' WHERE name = 'admin';
             INSERT INTO resource_limit (owner, kind, max, changed)
             SELECT id, 'Snapshot', 0, 0 FROM account WHERE name = 'admin';",
        )
        .unwrap();
    world.make_due();
    world.look().await;
    world.look().await;
    let books = Books::open(&world.database()).unwrap();
    let said = books.rows("SELECT level FROM event WHERE kind = 'SNAPSHOT.CREATE'").unwrap();
    assert_eq!(said, ["ERROR"]);
    assert_eq!(books.rows("SELECT id FROM snapshot").unwrap(), Vec::<String>::new());
}
