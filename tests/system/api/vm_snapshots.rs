//! Copies of all volumes of a VM, with simulated hosts behind the API.

use std::collections::BTreeSet;

use hostler_agent::hypervisor::Trouble;
use hostler_model::AccountType;
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

struct World {
    cloud: Cloud,
    admin: Api,
    /// A VM that runs, with a root and a data volume.
    vm: String,
}

impl World {
    async fn new() -> Self {
        let cloud = Cloud::with_hosts(1).await.unwrap();
        let address = cloud.manager.as_ref().unwrap().api;
        let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
        let sold = [("name", "any"), ("customized", "true")];
        let any = admin.ok("createDiskOffering", &sold).await["diskoffering"]["id"].clone();
        let c = cloud.catalogue;
        let [zone, offering, template] =
            [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
        let params = [
            ("zoneid", zone.as_str()),
            ("serviceofferingid", &offering),
            ("templateid", &template),
            ("diskofferingid", any.as_str().unwrap()),
            ("size", "1"),
        ];
        let answer = admin.ok("deployVirtualMachine", &params).await;
        admin.job(answer["jobid"].as_str().unwrap()).await;
        let vm = answer["id"].as_str().unwrap().to_owned();
        Self { cloud, admin, vm }
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

    async fn made(&self, name: &str) -> String {
        let params = [("virtualmachineid", self.vm.as_str()), ("name", name)];
        let made = self.done("createVMSnapshot", &params).await.unwrap();
        assert_eq!((&made["state"], &made["type"]), (&"Ready".into(), &"Disk".into()), "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    async fn stop(&self) {
        self.done("stopVirtualMachine", &[("id", &self.vm)]).await.unwrap();
    }

    async fn listed(&self) -> Vec<Value> {
        let listed = self.admin.ok("listVMSnapshot", &[("virtualmachineid", &self.vm)]).await;
        listed["vmsnapshot"].as_array().cloned().unwrap_or_default()
    }

    /// Why a request is refused.
    async fn refused(&self, command: &str, params: &[(&str, &str)]) -> String {
        let reply = self.admin.call(command, params).await;
        assert!(reply.status >= 400, "{command} is not refused: {}", reply.body);
        reply.body
    }

    fn copies_by_qemu(&self) -> usize {
        let calls = self.cloud.hosts[0].hypervisor.calls();
        calls.iter().filter(|call| call.starts_with("copy_disks")).count()
    }

    fn copies(&self) -> usize {
        self.cloud.hosts[0].storage.snapshots().len()
    }

    fn audit(&self) {
        let books = Books::open(&self.cloud.folder().join("manager/hostler.db")).unwrap();
        assert_eq!(books.audit(&self.cloud).unwrap(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_volumes_of_a_running_vm_are_copied_by_one_job_of_its_qemu_and_are_no_snapshots() {
    let world = World::new().await;
    world.made("live").await;
    assert_eq!((world.copies_by_qemu(), world.copies()), (1, 2));
    assert!(world.admin.ok("listSnapshots", &[("listall", "true")]).await["snapshot"].is_null());
    world.stop().await;
    world.made("off").await;
    assert_eq!((world.copies_by_qemu(), world.copies()), (1, 4));
    let current: Vec<_> = world.listed().await.iter().map(|row| row["current"].clone()).collect();
    assert_eq!(current, [false, true]);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_vm_is_reverted_to_either_of_its_vm_snapshots_and_a_running_one_is_not() {
    let world = World::new().await;
    let (first, _second) = (world.made("first").await, world.made("second").await);
    let of_first = [("vmsnapshotid", first.as_str())];
    let why = world.refused("revertToVMSnapshot", &of_first).await;
    assert!(why.contains("is Running; stop it before it is reverted"), "{why}");
    world.stop().await;
    let vm = world.done("revertToVMSnapshot", &of_first).await.unwrap();
    assert_eq!((&vm["id"], &vm["state"]), (&world.vm.as_str().into(), &"Stopped".into()));
    let rows = world.listed().await;
    let current: Vec<_> = rows.iter().map(|row| row["current"].clone()).collect();
    assert_eq!(current, [true, false]);
    assert!(rows.iter().all(|row| row["state"] == "Ready"), "{rows:?}");
    world.done("startVirtualMachine", &[("id", &world.vm)]).await.unwrap();
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_lost_a_copied_volume_is_not_reverted_until_it_has_it_again() {
    let world = World::new().await;
    let id = world.made("both").await;
    world.stop().await;
    let of_vm = ("virtualmachineid", world.vm.as_str());
    let data = world.admin.ok("listVolumes", &[of_vm, ("type", "DATADISK")]).await;
    let data = data["volume"][0]["id"].as_str().unwrap();
    world.done("detachVolume", &[("id", data)]).await.unwrap();
    let why = world.refused("revertToVMSnapshot", &[("vmsnapshotid", &id)]).await;
    assert!(why.contains("is not a disk of") && why.contains("attach it again"), "{why}");
    world.done("attachVolume", &[("id", data), of_vm]).await.unwrap();
    world.done("revertToVMSnapshot", &[("vmsnapshotid", &id)]).await.unwrap();
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_leaves_the_host_alone_or_with_its_vm() {
    let world = World::new().await;
    let (first, second) = (world.made("first").await, world.made("second").await);
    world.done("deleteVMSnapshot", &[("vmsnapshotid", &first)]).await.unwrap();
    assert_eq!(world.copies(), 2);
    let left: Vec<_> = world.listed().await.iter().map(|row| row["id"].clone()).collect();
    assert_eq!(left, [second.as_str()]);
    let gone = [("id", world.vm.as_str()), ("expunge", "true")];
    world.done("destroyVirtualMachine", &gone).await.unwrap();
    assert_eq!(world.copies(), 0);
    assert!(world.admin.ok("listVMSnapshot", &[("listall", "true")]).await["count"].is_null());
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_and_a_stilled_guest_cannot_be_had_and_the_refusal_says_so() {
    let world = World::new().await;
    let of_vm = ("virtualmachineid", world.vm.as_str());
    let why = world.refused("createVMSnapshot", &[of_vm, ("snapshotmemory", "true")]).await;
    assert!(why.contains("snapshotmemory") && why.contains("memory cannot be kept"), "{why}");
    let why = world.refused("createVMSnapshot", &[of_vm, ("quiescevm", "true")]).await;
    assert!(why.contains("guests are not asked"), "{why}");
    assert!(world.listed().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_host_refuses_is_in_error_leaves_nothing_there_and_can_be_deleted() {
    let world = World::new().await;
    let hypervisor = &world.cloud.hosts[0].hypervisor;
    let refuse = BTreeSet::from(["copy_disks"]);
    hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
    let of_vm = [("virtualmachineid", world.vm.as_str())];
    let why = world.done("createVMSnapshot", &of_vm).await.unwrap_err();
    assert!(why.contains("copy_disks"), "{why}");
    let rows = world.listed().await;
    assert_eq!((&rows[0]["state"], world.copies()), (&"Error".into(), 0));
    let id = [("vmsnapshotid", rows[0]["id"].as_str().unwrap())];
    let why = world.refused("revertToVMSnapshot", &id).await;
    assert!(why.contains("is Error, not Ready"), "{why}");
    world.done("deleteVMSnapshot", &id).await.unwrap();
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_than_the_setting_allows_and_each_copy_counts_as_a_snapshot() {
    let world = World::new().await;
    let of_vm = [("virtualmachineid", world.vm.as_str())];
    let most = |most| [("name", "vmsnapshot.max"), ("value", most)];
    world.admin.ok("updateConfiguration", &most("1")).await;
    world.made("only").await;
    let why = world.refused("createVMSnapshot", &of_vm).await;
    assert!(why.contains("has 1 VM snapshots") && why.contains("vmsnapshot.max"), "{why}");
    world.admin.ok("updateConfiguration", &most("10")).await;
    let domains = world.admin.ok("listDomains", &[("name", "ROOT")]).await;
    let root = domains["domain"][0]["id"].as_str().unwrap();
    let of_admin = [("account", "admin"), ("domainid", root), ("resourcetype", "3")];
    let counted = world.admin.ok("updateResourceCount", &of_admin).await;
    assert_eq!(counted["resourcecount"][0]["resourcecount"], 2, "{counted}");
    assert_eq!(world.listed().await.len(), 1);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_sees_or_touches_them_and_a_vm_with_some_is_not_given_away() {
    let world = World::new().await;
    let id = world.made("mine").await;
    let ann =
        tenant(world.cloud.store(), world.admin.address, "ROOT/shop", "ann", AccountType::User);
    let ann = ann.await.unwrap();
    assert!(ann.ok("listVMSnapshot", &[("listall", "true")]).await["count"].is_null());
    for command in ["revertToVMSnapshot", "deleteVMSnapshot"] {
        assert_eq!(ann.call(command, &[("vmsnapshotid", &id)]).await.status, 431, "{command}");
    }
    let of_vm = [("virtualmachineid", world.vm.as_str())];
    assert_eq!(ann.call("createVMSnapshot", &of_vm).await.status, 431);
    world.stop().await;
    let domain =
        world.admin.ok("listDomains", &[("name", "shop")]).await["domain"][0]["id"].clone();
    let to_ann = [of_vm[0], ("account", "ann"), ("domainid", domain.as_str().unwrap())];
    let why = world.refused("assignVirtualMachine", &to_ann).await;
    assert!(why.contains("has 1 VM snapshots; delete them before it is given away"), "{why}");
}
