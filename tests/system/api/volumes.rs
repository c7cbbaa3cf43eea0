//! Data volumes and the sizes of them, with simulated hosts behind the API.

use hostler_model::AccountType;
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::{Value, json};

pub(super) struct World {
    pub(super) cloud: Cloud,
    pub(super) admin: Api,
    pub(super) zone: String,
    /// A disk offering of a size that the caller chooses.
    pub(super) any: String,
}

impl World {
    pub(super) async fn new(hosts: usize) -> Self {
        let cloud = Cloud::with_hosts(hosts).await.unwrap();
        let address = cloud.manager.as_ref().unwrap().api;
        let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
        let params = [("name", "any"), ("customized", "true")];
        let made = admin.ok("createDiskOffering", &params).await;
        let any = made["diskoffering"]["id"].as_str().unwrap().to_owned();
        let zone = cloud.catalogue.zone.to_string();
        Self { cloud, admin, zone, any }
    }

    pub(super) async fn vm(&self, more: &[(&str, &str)]) -> String {
        let c = self.cloud.catalogue;
        let (offering, template) = (c.offering.to_string(), c.template.to_string());
        let params = [
            ("zoneid", self.zone.as_str()),
            ("serviceofferingid", &offering),
            ("templateid", &template),
        ];
        let answer = self.admin.ok("deployVirtualMachine", &[&params[..], more].concat()).await;
        let job = self.admin.job(answer["jobid"].as_str().unwrap()).await;
        assert_eq!(job["jobstatus"], 1, "{job}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn volume(&self, gib: &str) -> String {
        let params = [("zoneid", self.zone.as_str()), ("diskofferingid", &self.any), ("size", gib)];
        let answer = self.admin.ok("createVolume", &params).await;
        answer["id"].as_str().unwrap().to_owned()
    }

    /// What a job ends with: the volume, or why not.
    pub(super) async fn done(
        &self,
        command: &str,
        params: &[(&str, &str)],
    ) -> Result<Value, String> {
        let answer = self.admin.ok(command, params).await;
        let job = self.admin.job(answer["jobid"].as_str().unwrap()).await;
        let result = &job["jobresult"];
        match job["jobstatus"].as_u64() {
            Some(1) => Ok(result["volume"].clone()),
            _ => Err(result["errortext"].as_str().unwrap_or_default().to_owned()),
        }
    }

    pub(super) async fn attached(&self, volume: &str, vm: &str) -> Result<Value, String> {
        self.done("attachVolume", &[("id", volume), ("virtualmachineid", vm)]).await
    }

    pub(super) async fn shown(&self, volume: &str) -> Value {
        let listed = self.admin.ok("listVolumes", &[("id", volume)]).await;
        listed["volume"][0].clone()
    }

    pub(super) fn plugged(&self, volume: &str) -> bool {
        let hosts = self.cloud.hosts.iter();
        let files = hosts.flat_map(|host| {
            let domains = host.hypervisor.domains().into_iter();
            domains.flat_map(|d| host.hypervisor.files(d.uuid)).collect::<Vec<_>>()
        });
        files.into_iter().any(|file| file.contains(volume))
    }

    pub(super) fn audit(&self) {
        let books = Books::open(&self.cloud.folder().join("manager/hostler.db")).unwrap();
        assert_eq!(books.audit(&self.cloud).unwrap(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_written_when_a_running_vm_gets_it_and_stays_where_it_is_when_detached() {
    let world = World::new(1).await;
    let (vm, volume) = (world.vm(&[]).await, world.volume("2").await);
    let shown = world.shown(&volume).await;
    assert_eq!((&shown["state"], &shown["size"]), (&"Allocated".into(), &(2u64 << 30).into()));
    assert_eq!((&shown["storageid"], &shown["diskofferingname"]), (&Value::Null, &"any".into()));
    let shown = world.attached(&volume, &vm).await.unwrap();
    assert_eq!((&shown["state"], &shown["deviceid"]), (&"Ready".into(), &1.into()));
    assert_eq!(
        (&shown["virtualmachineid"], &shown["type"]),
        (&vm.as_str().into(), &"DATADISK".into())
    );
    assert!(shown["attached"].is_string() && shown["storageid"].is_string(), "{shown}");
    assert!(world.plugged(&volume));
    let (status, text) =
        world.admin.refused("attachVolume", &[("id", &volume), ("virtualmachineid", &vm)]).await;
    assert_eq!((status, text.contains("detach it first")), (431, true), "{text}");
    let (status, text) = world.admin.refused("deleteVolume", &[("id", &volume)]).await;
    assert_eq!((status, text.contains("detach it first")), (431, true), "{text}");

    let disk = [("virtualmachineid", vm.as_str()), ("deviceid", "1")];
    let shown = world.done("detachVolume", &disk).await.unwrap();
    assert_eq!((&shown["state"], &shown["virtualmachineid"]), (&"Ready".into(), &Value::Null));
    assert!(!world.plugged(&volume));
    world.audit();
    world.done("destroyVolume", &[("id", &volume), ("expunge", "true")]).await.unwrap();
    assert_eq!(world.admin.ok("listVolumes", &[("id", &volume)]).await, json!({}));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_vm_gets_its_volumes_at_its_next_start() {
    let world = World::new(1).await;
    let (vm, volume) = (world.vm(&[]).await, world.volume("1").await);
    world.done("stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    let shown = world.attached(&volume, &vm).await.unwrap();
    assert_eq!((&shown["state"], &shown["deviceid"]), (&"Allocated".into(), &1.into()));
    world.done("startVirtualMachine", &[("id", &vm)]).await.unwrap();
    assert_eq!(world.shown(&volume).await["state"], "Ready");
    assert!(world.plugged(&volume));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_deployed_with_a_data_volume() {
    let world = World::new(1).await;
    let any = world.any.clone();
    let vm = world.vm(&[("diskofferingid", &any), ("size", "3")]).await;
    let wanted = [("virtualmachineid", vm.as_str()), ("type", "DATADISK")];
    let listed = world.admin.ok("listVolumes", &wanted).await;
    let data = &listed["volume"][0];
    assert_eq!((&data["state"], &data["name"]), (&"Ready".into(), &"DATA-1".into()));
    assert!(world.plugged(data["id"].as_str().unwrap()));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expunged_vm_leaves_its_data_volumes_but_those_that_are_named() {
    let world = World::new(1).await;
    let (vm, kept, gone) = (world.vm(&[]).await, world.volume("1").await, world.volume("1").await);
    for volume in [&kept, &gone] {
        world.attached(volume, &vm).await.unwrap();
    }
    let named = [("id", vm.as_str()), ("volumeids", &gone)];
    let (status, text) = world.admin.refused("destroyVirtualMachine", &named).await;
    assert_eq!((status, text.contains("expunge=true")), (431, true), "{text}");
    let named = [&named[..], &[("expunge", "true")]].concat();
    world.done("destroyVirtualMachine", &named).await.unwrap();
    assert_eq!(world.admin.ok("listVolumes", &[("id", &gone)]).await, json!({}));
    let shown = world.shown(&kept).await;
    assert_eq!((&shown["state"], &shown["virtualmachineid"]), (&"Ready".into(), &Value::Null));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_binds_its_vm_to_the_host_that_has_it() {
    let world = World::new(2).await;
    let [here, there] = [world.vm(&[]).await, world.vm(&[]).await];
    let host = async |vm: &str| {
        let listed = world.admin.ok("listVirtualMachines", &[("id", vm)]).await;
        listed["virtualmachine"][0]["hostid"].as_str().unwrap().to_owned()
    };
    let names = [host(&here).await, host(&there).await];
    assert_ne!(names[0], names[1], "the second goes where more is free");
    let volume = world.volume("1").await;
    world.attached(&volume, &here).await.unwrap();
    world.done("detachVolume", &[("id", &volume)]).await.unwrap();
    let params = [("id", volume.as_str()), ("virtualmachineid", &there)];
    let (status, text) = world.admin.refused("attachVolume", &params).await;
    assert_eq!(
        (status, text.contains("the VM on the storage pool of host")),
        (431, true),
        "{text}"
    );
    // one that was never started goes where its volume is, and the explanation says so
    let third = world.vm(&[("startvm", "false")]).await;
    world.attached(&volume, &third).await.unwrap();
    world.done("startVirtualMachine", &[("id", &third)]).await.unwrap();
    assert_eq!(host(&third).await, names[0]);
    let why = world.admin.ok("explainPlacement", &[("virtualmachineid", &third)]).await;
    assert!(why.to_string().contains("on which a volume of the VM lies"), "{why}");
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_grow_and_never_shrink() {
    let world = World::new(1).await;
    let (vm, volume) = (world.vm(&[]).await, world.volume("2").await);
    let size = |gib| [("id", volume.as_str()), ("size", gib)];
    world.done("resizeVolume", &size("3")).await.unwrap(); // only recorded
    world.attached(&volume, &vm).await.unwrap();
    let shown = world.done("resizeVolume", &size("4")).await.unwrap();
    assert_eq!(shown["size"], 4u64 << 30);
    let smaller = [&size("1")[..], &[("shrinkok", "true")]].concat();
    let (status, text) = world.admin.refused("resizeVolume", &smaller).await;
    assert_eq!((status, text.contains("never made smaller")), (431, true), "{text}");
    let (status, text) = world.admin.refused("resizeVolume", &size("1024")).await;
    assert_eq!((status, text.contains("free of the")), (533, true), "{text}");
    let listed =
        world.admin.ok("listVolumes", &[("virtualmachineid", &vm), ("type", "ROOT")]).await;
    let root = listed["volume"][0]["id"].as_str().unwrap();
    world.done("stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    let shown = world.done("resizeVolume", &[("id", root), ("size", "7")]).await.unwrap();
    assert_eq!((&shown["size"], &shown["type"]), (&(7u64 << 30).into(), &"ROOT".into()));
    let params = [("name", "five"), ("disksize", "5")];
    let five = world.admin.ok("createDiskOffering", &params).await;
    let five = five["diskoffering"]["id"].as_str().unwrap();
    let params = [("id", volume.as_str()), ("diskofferingid", five)];
    let shown = world.done("resizeVolume", &params).await.unwrap();
    assert_eq!(
        (&shown["size"], &shown["diskofferingname"]),
        (&(5u64 << 30).into(), &"five".into())
    );
    let (status, text) = world.admin.refused("resizeVolume", &size("6")).await;
    assert_eq!((status, text.contains("has 5.0 GiB")), (431, true), "{text}");
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_attach_one_volume_at_once_one_gets_it() {
    let world = World::new(1).await;
    let vms = [world.vm(&[]).await, world.vm(&[]).await];
    let volume = world.volume("1").await;
    let call = async |vm: &str| {
        let params = [("id", volume.as_str()), ("virtualmachineid", vm)];
        world.admin.call("attachVolume", &params).await
    };
    let calls = tokio::join!(
        call(&vms[0]),
        call(&vms[1]),
        call(&vms[0]),
        call(&vms[1]),
        call(&vms[0]),
        call(&vms[1]),
    );
    let replies = [calls.0, calls.1, calls.2, calls.3, calls.4, calls.5];
    let taken: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(taken.len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert!(matches!(reply.status, 431 | 536), "{}", reply.body);
    }
    let job = taken[0].inner()["jobid"].as_str().unwrap().to_owned();
    assert_eq!(world.admin.job(&job).await["jobstatus"], 1);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_keeps_a_disk_has_it_as_before() {
    let world = World::new(1).await;
    let (vm, volume) = (world.vm(&[]).await, world.volume("1").await);
    world.attached(&volume, &vm).await.unwrap();
    let keeps = hostler_agent::hypervisor::Trouble { keep_disks: true, ..Default::default() };
    world.cloud.hosts[0].hypervisor.trouble(keeps);
    let why = world.done("detachVolume", &[("id", &volume)]).await.unwrap_err();
    assert!(why.contains("did not let go"), "{why}");
    assert_eq!(world.shown(&volume).await["virtualmachineid"], vm);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offering_is_for_sale_in_its_domains_only_and_volumes_are_their_owners() {
    let world = World::new(1).await;
    let address = world.cloud.manager.as_ref().unwrap().api;
    let store = world.cloud.store();
    let user = tenant(store, address, "shop", "user", AccountType::User).await.unwrap();
    let other = tenant(store, address, "mill", "other", AccountType::User).await.unwrap();
    let domains = world.admin.ok("listDomains", &[("name", "shop"), ("listall", "true")]).await;
    let shop = domains["domain"][0]["id"].as_str().unwrap();
    let params = [("name", "shop only"), ("disksize", "1"), ("domainid", shop)];
    let made = world.admin.ok("createDiskOffering", &params).await;
    let offering = made["diskoffering"]["id"].as_str().unwrap();
    assert_eq!(user.ok("listDiskOfferings", &[]).await["count"], 2);
    assert_eq!(other.ok("listDiskOfferings", &[]).await["count"], 1);
    let params = [("zoneid", world.zone.as_str()), ("diskofferingid", offering)];
    let (status, text) = other.refused("createVolume", &params).await;
    assert_eq!((status, text.contains("is for sale")), (431, true), "{text}");
    let answer = user.ok("createVolume", &params).await;
    let volume = answer["id"].as_str().unwrap();
    let never = uuid::Uuid::new_v4().to_string();
    for (command, param) in [
        ("deleteVolume", "id"),
        ("resizeVolume", "id"),
        ("detachVolume", "id"),
        ("listVolumes", "id"),
    ] {
        let theirs = other.refused(command, &[(param, volume)]).await;
        let nobodys = other.refused(command, &[(param, &never)]).await;
        assert_eq!(theirs.1.replace(volume, "?"), nobodys.1.replace(&never, "?"), "{command}");
    }
    // a root administrator may not mix what belongs to different owners either
    let vm = world.vm(&[]).await;
    let params = [("id", volume), ("virtualmachineid", &vm)];
    let (status, text) = world.admin.refused("attachVolume", &params).await;
    assert_eq!((status, text.contains("different owners")), (531, true), "{text}");
    user.ok("deleteVolume", &[("id", volume)]).await;
    assert_eq!(user.ok("listVolumes", &[]).await, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_size_is_said_by_its_parameter() {
    let world = World::new(1).await;
    let fixed = world.admin.ok("createDiskOffering", &[("name", "two"), ("disksize", "2")]).await;
    let fixed = fixed["diskoffering"]["id"].as_str().unwrap();
    for (offering, size, expected) in [
        (world.any.as_str(), None, "size is missing"),
        (&world.any, Some("0"), "size"),
        (&world.any, Some("9999"), "size"),
        (fixed, Some("3"), "leave size out"),
    ] {
        let mut params = vec![("zoneid", world.zone.as_str()), ("diskofferingid", offering)];
        params.extend(size.map(|size| ("size", size)));
        let (status, text) = world.admin.refused("createVolume", &params).await;
        assert_eq!((status, text.contains(expected)), (431, true), "{expected}: {text}");
    }
    for params in [
        vec![("name", "x")],
        vec![("name", "x"), ("disksize", "0")],
        vec![("name", "x"), ("disksize", "1"), ("customized", "true")],
        vec![("name", "x"), ("disksize", "1"), ("storagetype", "shared")],
    ] {
        assert_eq!(world.admin.refused("createDiskOffering", &params).await.0, 431, "{params:?}");
    }
    // no new volumes of an offering that is off sale
    world.admin.ok("updateDiskOffering", &[("id", fixed), ("state", "Inactive")]).await;
    let params = [("zoneid", world.zone.as_str()), ("diskofferingid", fixed)];
    assert_eq!(world.admin.refused("createVolume", &params).await.0, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_of_a_tagged_offering_lie_on_pools_with_the_tag() {
    let world = World::new(1).await;
    let params = [("name", "fast"), ("disksize", "1"), ("tags", "ssd")];
    let fast = world.admin.ok("createDiskOffering", &params).await;
    let fast = fast["diskoffering"]["id"].as_str().unwrap();
    let vm = world.vm(&[]).await;
    let params = [("zoneid", world.zone.as_str()), ("diskofferingid", fast)];
    let made = world.admin.ok("createVolume", &params).await;
    let volume = made["id"].as_str().unwrap();
    let params = [("id", volume), ("virtualmachineid", &vm)];
    let (status, text) = world.admin.refused("attachVolume", &params).await;
    assert_eq!((status, text.contains("lacks tag ssd")), (533, true), "{text}");
}
