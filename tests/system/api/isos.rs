//! ISOs in drives of VMs, and VMs that begin from one, with simulated hosts behind the API.

use hostler_model::AccountType;
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::{Value, json};

struct World {
    cloud: Cloud,
    admin: Api,
    zone: String,
    /// A disk offering of a size that the caller chooses.
    any: String,
}

impl World {
    async fn new() -> Self {
        let cloud = Cloud::with_hosts(1).await.unwrap();
        let address = cloud.manager.as_ref().unwrap().api;
        let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
        let made = admin.ok("createDiskOffering", &[("name", "any"), ("customized", "true")]).await;
        let any = made["diskoffering"]["id"].as_str().unwrap().to_owned();
        let zone = cloud.catalogue.zone.to_string();
        Self { cloud, admin, zone, any }
    }

    fn books(&self) -> Books {
        Books::open(&self.cloud.folder().join("manager/hostler.db")).unwrap()
    }

    /// An ISO that is Ready.
    async fn iso(&self, api: &Api, name: &str, bootable: bool) -> String {
        let url = format!("http://images.invalid/{name}.iso");
        let bootable = bootable.to_string();
        let params =
            [("name", name), ("url", &url), ("zoneid", &self.zone), ("bootable", &bootable)];
        let made = api.ok("registerIso", &params).await;
        let id = made["iso"][0]["id"].as_str().unwrap().to_owned();
        self.cloud.ended_of(&id).await.unwrap();
        id
    }

    fn place(&self, template: &str) -> Vec<(&'static str, String)> {
        vec![
            ("zoneid", self.zone.clone()),
            ("serviceofferingid", self.cloud.catalogue.offering.to_string()),
            ("templateid", template.to_owned()),
        ]
    }

    async fn vm(&self, template: &str, more: &[(&str, &str)]) -> String {
        let place = self.place(template);
        let params: Vec<_> = place.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.admin.ok("deployVirtualMachine", &[&params[..], more].concat()).await;
        let job = self.admin.job(answer["jobid"].as_str().unwrap()).await;
        assert_eq!(job["jobstatus"], 1, "{job}");
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn usual_vm(&self) -> String {
        self.vm(&self.cloud.catalogue.template.to_string(), &[]).await
    }

    /// What a job ends with: the VM, or why not.
    async fn done(&self, command: &str, params: &[(&str, &str)]) -> Result<Value, String> {
        let answer = self.admin.ok(command, params).await;
        let job = self.admin.job(answer["jobid"].as_str().unwrap()).await;
        let result = &job["jobresult"];
        match job["jobstatus"].as_u64() {
            Some(1) => Ok(result["virtualmachine"].clone()),
            _ => Err(result["errortext"].as_str().unwrap_or_default().to_owned()),
        }
    }

    async fn shown(&self, vm: &str) -> Value {
        let listed = self.admin.ok("listVirtualMachines", &[("id", vm)]).await;
        listed["virtualmachine"][0].clone()
    }

    /// Whether a libvirt domain has it open.
    fn inserted(&self, iso: &str) -> bool {
        let hosts = self.cloud.hosts.iter();
        let mut files = hosts.flat_map(|host| {
            let domains = host.hypervisor.domains().into_iter();
            domains.flat_map(|d| host.hypervisor.files(d.uuid)).collect::<Vec<_>>()
        });
        files.any(|file| file.contains(iso))
    }

    fn audit(&self) {
        assert_eq!(self.books().audit(&self.cloud).unwrap(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_vm_gets_an_iso_at_once_another_in_its_place_and_none() {
    let world = World::new().await;
    let vm = world.usual_vm().await;
    let (first, second) =
        (world.iso(&world.admin, "one", true).await, world.iso(&world.admin, "two", false).await);
    let of_vm = ("virtualmachineid", vm.as_str());
    let shown = world.done("attachIso", &[("id", &first), of_vm]).await.unwrap();
    assert_eq!((&shown["isoid"], &shown["isoname"]), (&first.as_str().into(), &"one".into()));
    assert!(world.inserted(&first));
    let shown = world.done("attachIso", &[("id", &second), of_vm]).await.unwrap();
    assert_eq!(shown["isoname"], "two");
    assert_eq!((world.inserted(&first), world.inserted(&second)), (false, true));
    let listed = world.admin.ok("listVirtualMachines", &[("isoid", &second)]).await;
    assert_eq!(listed["virtualmachine"][0]["id"], vm.as_str());
    assert_eq!(world.admin.ok("listVirtualMachines", &[("isoid", &first)]).await, json!({}));

    let shown = world.done("detachIso", &[of_vm]).await.unwrap();
    assert_eq!((&shown["isoid"], world.inserted(&second)), (&Value::Null, false));
    let (status, text) = world.admin.refused("detachIso", &[of_vm]).await;
    assert_eq!((status, text.contains("no ISO")), (431, true), "{text}");
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_vm_has_its_iso_from_its_next_start_on() {
    let world = World::new().await;
    let (vm, iso) = (world.usual_vm().await, world.iso(&world.admin, "cd", true).await);
    world.done("stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    world.done("attachIso", &[("id", &iso), ("virtualmachineid", &vm)]).await.unwrap();
    assert_eq!(world.shown(&vm).await["isoid"], iso.as_str());
    world.done("startVirtualMachine", &[("id", &vm)]).await.unwrap();
    assert!(world.inserted(&iso));
    world.done("stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    world.done("detachIso", &[("virtualmachineid", &vm)]).await.unwrap();
    world.done("startVirtualMachine", &[("id", &vm)]).await.unwrap();
    assert!(!world.inserted(&iso));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drive_that_the_guest_has_locked_keeps_its_iso_unless_it_is_forced() {
    let world = World::new().await;
    let (vm, iso) = (world.usual_vm().await, world.iso(&world.admin, "cd", true).await);
    let of_vm = ("virtualmachineid", vm.as_str());
    world.done("attachIso", &[("id", &iso), of_vm]).await.unwrap();
    let locked = hostler_agent::hypervisor::Trouble { keep_disks: true, ..Default::default() };
    world.cloud.hosts[0].hypervisor.trouble(locked);
    let why = world.done("detachIso", &[of_vm]).await.unwrap_err();
    assert!(why.contains("locked"), "{why}");
    assert_eq!(world.shown(&vm).await["isoid"], iso.as_str());
    assert!(world.inserted(&iso));
    world.done("detachIso", &[of_vm, ("forced", "true")]).await.unwrap();
    assert!(!world.inserted(&iso));
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_iso_that_is_in_a_drive_is_not_deleted() {
    let world = World::new().await;
    let (vm, iso) = (world.usual_vm().await, world.iso(&world.admin, "cd", true).await);
    world.done("attachIso", &[("id", &iso), ("virtualmachineid", &vm)]).await.unwrap();
    let (_, text) = world.admin.refused("deleteIso", &[("id", &iso)]).await;
    assert!(text.contains("detachIso"), "{text}");
    world.done("detachIso", &[("virtualmachineid", &vm)]).await.unwrap();
    world.done("deleteIso", &[("id", &iso)]).await.unwrap();
    let params = [("id", iso.as_str()), ("virtualmachineid", &vm)];
    assert_eq!(world.admin.refused("attachIso", &params).await.0, 431);
}

/// V-48.
#[tokio::test(flavor = "multi_thread")]
async fn a_vm_from_an_iso_has_an_empty_root_volume_of_its_disk_offering() {
    let world = World::new().await;
    let iso = world.iso(&world.admin, "installer", true).await;
    let place = world.place(&iso);
    let params: Vec<_> = place.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, text) = world.admin.refused("deployVirtualMachine", &params).await;
    assert_eq!((status, text.contains("diskofferingid")), (431, true), "{text}");

    let vm = world.vm(&iso, &[("diskofferingid", &world.any), ("size", "3")]).await;
    let shown = world.shown(&vm).await;
    assert_eq!(
        (&shown["isoid"], &shown["templateid"]),
        (&iso.as_str().into(), &iso.as_str().into())
    );
    assert!(world.inserted(&iso));
    let listed = world.admin.ok("listVolumes", &[("virtualmachineid", &vm)]).await;
    let root = &listed["volume"][0];
    assert_eq!((&listed["count"], &root["type"]), (&1.into(), &"ROOT".into()));
    assert_eq!((&root["size"], &root["templateid"]), (&(3u64 << 30).into(), &Value::Null));
    assert_eq!(root["diskofferingname"], "any");
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_from_an_iso_begins_with_an_empty_root_volume_again_when_it_is_restored() {
    let world = World::new().await;
    let iso = world.iso(&world.admin, "installer", true).await;
    let vm = world.vm(&iso, &[("diskofferingid", &world.any), ("size", "2")]).await;
    let before = world.admin.ok("listVolumes", &[("virtualmachineid", &vm)]).await;
    world.done("restoreVirtualMachine", &[("virtualmachineid", &vm)]).await.unwrap();
    let after = world.admin.ok("listVolumes", &[("virtualmachineid", &vm)]).await;
    assert_eq!(after["count"], 1);
    let (old, new) = (&before["volume"][0], &after["volume"][0]);
    assert_ne!(old["id"], new["id"]);
    for field in ["size", "templateid", "diskofferingid", "state"] {
        assert_eq!(old[field], new[field], "{field}");
    }
    assert_eq!(world.shown(&vm).await["state"], "Running");
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_iso_that_cannot_be_booted_makes_no_vm() {
    let world = World::new().await;
    let drivers = world.iso(&world.admin, "drivers", false).await;
    let place = world.place(&drivers);
    let mut params: Vec<_> = place.iter().map(|(name, value)| (*name, value.as_str())).collect();
    params.extend([("diskofferingid", world.any.as_str()), ("size", "1")]);
    let (status, text) = world.admin.refused("deployVirtualMachine", &params).await;
    assert_eq!((status, text.contains("cannot be booted")), (431, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_iso_is_answered_like_one_that_never_was() {
    let world = World::new().await;
    let (store, address) = (world.cloud.store(), world.admin.address);
    let other = tenant(store, address, "ROOT", "other", AccountType::User).await.unwrap();
    let iso = world.iso(&world.admin, "private", true).await;
    let vm = world.usual_vm().await;
    let there = [("id", iso.as_str()), ("virtualmachineid", vm.as_str())];
    let never = uuid::Uuid::new_v4().to_string();
    let none = [("id", never.as_str()), ("virtualmachineid", vm.as_str())];
    let (theirs, nobodys) =
        (other.refused("attachIso", &there).await, other.refused("attachIso", &none).await);
    assert_eq!(theirs.0, nobodys.0);
    assert_eq!(theirs.1.replace(&iso, "?"), nobodys.1.replace(&never, "?"));
}
