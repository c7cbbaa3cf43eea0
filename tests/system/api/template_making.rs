//! Templates that are made from volumes and snapshots, with simulated hosts and a simulated image worker behind the API.

use std::sync::atomic::Ordering;

use hostler_model::AccountType;
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

const LINUX: &str = "4be007aa-6ec5-5de2-83f2-499fa51a08f9";

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
        let template = cloud.catalogue.template.to_string();
        let (vm, root) = deploy(&cloud, &admin, &template).await;
        Self { cloud, admin, vm, root }
    }

    async fn stop(&self) {
        done(&self.admin, "stopVirtualMachine", &[("id", &self.vm)]).await.unwrap();
    }

    async fn make(&self, api: &Api, from: (&str, &str)) -> Result<Value, String> {
        done(api, "createTemplate", &[("name", "made"), ("ostypeid", LINUX), from]).await
    }

    async fn refused(&self, params: &[(&str, &str)]) -> String {
        let named = [("name", "made"), ("ostypeid", LINUX)];
        self.admin.call("createTemplate", &[&named, params].concat()).await.body
    }

    async fn listed(&self, api: &Api) -> Value {
        let all = api.ok("listTemplates", &[("templatefilter", "self"), ("name", "made")]).await;
        all["template"].as_array().map_or(Value::Null, |rows| rows.last().unwrap().clone())
    }

    fn audit(&self) {
        let books = Books::open(&self.cloud.folder().join("manager/hostler.db")).unwrap();
        assert_eq!(books.audit(&self.cloud).unwrap(), Vec::<String>::new());
    }
}

/// What a job ends with: its object, or why not.
async fn done(api: &Api, command: &str, params: &[(&str, &str)]) -> Result<Value, String> {
    let answer = api.ok(command, params).await;
    let job = api.job(answer["jobid"].as_str().unwrap()).await;
    let result = &job["jobresult"];
    match job["jobstatus"].as_u64() {
        Some(1) => {
            Ok(result.as_object().and_then(|it| it.values().next()).cloned().unwrap_or_default())
        }
        _ => Err(result["errortext"].as_str().unwrap_or_default().to_owned()),
    }
}

/// A VM that runs, and its root volume.
async fn deploy(cloud: &Cloud, api: &Api, template: &str) -> (String, String) {
    let (zone, offering) = (cloud.catalogue.zone.to_string(), cloud.catalogue.offering.to_string());
    let params = [("zoneid", &*zone), ("serviceofferingid", &*offering), ("templateid", template)];
    let vm = done(api, "deployVirtualMachine", &params).await.unwrap();
    let id = vm["id"].as_str().unwrap().to_owned();
    let listed = api.ok("listVolumes", &[("virtualmachineid", &id)]).await;
    (id, listed["volume"][0]["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_a_stopped_vms_volume_is_ready_and_a_vm_can_be_made_from_it() {
    let world = World::new().await;
    world.stop().await;
    let made = world.make(&world.admin, ("volumeid", &world.root)).await.unwrap();
    assert_eq!((&made["isready"], &made["format"]), (&true.into(), &"QCOW2".into()), "{made}");
    assert_eq!((&made["status"], made.get("url")), (&"Download Complete".into(), None), "{made}");
    assert_eq!(made["zoneid"], world.cloud.catalogue.zone.to_string(), "{made}");
    assert!(made["physicalsize"].as_u64().unwrap() > 0, "{made}");
    deploy(&world.cloud, &world.admin, made["id"].as_str().unwrap()).await;
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_a_snapshot_can_be_made_while_the_vm_runs() {
    let world = World::new().await;
    let snapshot =
        done(&world.admin, "createSnapshot", &[("volumeid", &world.root)]).await.unwrap();
    let snapshot = snapshot["id"].as_str().unwrap();
    let made = world.make(&world.admin, ("snapshotid", snapshot)).await.unwrap();
    assert_eq!(made["isready"], true, "{made}");
    // it does not need the snapshot any more
    done(&world.admin, "deleteSnapshot", &[("id", snapshot)]).await.unwrap();
    deploy(&world.cloud, &world.admin, made["id"].as_str().unwrap()).await;
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_volume_of_a_vm_that_runs_and_one_that_is_not_written_are_refused() {
    let world = World::new().await;
    let text = world.refused(&[("volumeid", &world.root)]).await;
    assert!(text.contains("is Running; stop it, or make a template from a snapshot"), "{text}");
    let text = world.refused(&[]).await;
    assert!(text.contains("parameter volumeid is missing"), "{text}");
    let text = world.refused(&[("volumeid", &world.root), ("snapshotid", &world.root)]).await;
    assert!(text.contains("snapshotid"), "{text}");
    let zone = world.cloud.catalogue.zone.to_string();
    let params = [("name", "any"), ("customized", "true")];
    let any = world.admin.ok("createDiskOffering", &params).await["diskoffering"]["id"].clone();
    let params = [("zoneid", &*zone), ("diskofferingid", any.as_str().unwrap()), ("size", "1")];
    let empty = done(&world.admin, "createVolume", &params).await.unwrap();
    let text = world.refused(&[("volumeid", empty["id"].as_str().unwrap())]).await;
    assert!(text.contains("is Allocated"), "{text}");
    assert_eq!(world.listed(&world.admin).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_keep_it_leaves_a_failed_template_that_says_why_and_no_file() {
    let world = World::new().await;
    world.stop().await;
    world.cloud.worker.forgets.store(true, Ordering::Relaxed);
    let why = world.make(&world.admin, ("volumeid", &world.root)).await.unwrap_err();
    assert!(why.contains("told to keep nothing"), "{why}");
    let failed = world.listed(&world.admin).await;
    assert!(failed["status"].as_str().unwrap().contains("told to keep nothing"), "{failed}");
    world.cloud.worker.forgets.store(false, Ordering::Relaxed);
    world.audit();
    // nothing of it is in the way of the next one, nor of the VM
    world.make(&world.admin, ("volumeid", &world.root)).await.unwrap();
    done(&world.admin, "deleteTemplate", &[("id", failed["id"].as_str().unwrap())]).await.unwrap();
    done(&world.admin, "startVirtualMachine", &[("id", &world.vm)]).await.unwrap();
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_belongs_to_whom_the_volume_belongs_and_counts_against_that_accounts_limits() {
    let world = World::new().await;
    let user =
        tenant(world.cloud.store(), world.admin.address, "ROOT/shop", "ann", AccountType::User)
            .await
            .unwrap();
    let template = world.cloud.catalogue.template.to_string();
    let (vm, root) = deploy(&world.cloud, &user, &template).await;
    done(&user, "stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    let made = world.make(&world.admin, ("volumeid", &root)).await.unwrap();
    assert_eq!(made["account"], "ann", "{made}");
    let domain = made["domainid"].as_str().unwrap();
    let limit = [("resourcetype", "4"), ("max", "1"), ("account", "ann"), ("domainid", domain)];
    world.admin.ok("updateResourceLimit", &limit).await;
    let named = [("name", "made"), ("ostypeid", LINUX), ("volumeid", &*root)];
    let reply = user.call("createTemplate", &named).await;
    assert!(
        reply.status == 535 && reply.body.contains("emplate"),
        "{} {}",
        reply.status,
        reply.body
    );
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_larger_than_its_owner_may_have_is_removed_from_the_worker_again() {
    let world = World::new().await;
    world.stop().await;
    let address = world.admin.address;
    let ann = tenant(world.cloud.store(), address, "ROOT/shop", "ann", AccountType::User);
    let ann = ann.await.unwrap();
    let domain = ann.ok("listAccounts", &[]).await["account"][0]["domainid"].clone();
    let hers = [("account", "ann"), ("domainid", domain.as_str().unwrap())];
    // secondary storage, in GiB
    world
        .admin
        .ok("updateResourceLimit", &[&hers[..], &[("resourcetype", "11"), ("max", "0")]].concat())
        .await;
    let params =
        [&hers[..], &[("name", "made"), ("ostypeid", LINUX), ("volumeid", &world.root)]].concat();
    let why = done(&world.admin, "createTemplate", &params).await.unwrap_err();
    assert!(why.contains("secondary_storage"), "{why}");
    world.audit();
}
