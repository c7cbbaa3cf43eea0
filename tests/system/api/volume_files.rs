//! Volumes that begin as files from outside, and links to what volumes hold, with a simulated image worker behind the API.

use hostler_manager::orchestration::volume::unstage_surplus;
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::Value;

struct World {
    cloud: Cloud,
    admin: Api,
    zone: String,
}

impl World {
    async fn new() -> Self {
        let cloud = Cloud::with_hosts(1).await.unwrap();
        let address = cloud.manager.as_ref().unwrap().api;
        let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
        let zone = cloud.catalogue.zone.to_string();
        Self { cloud, admin, zone }
    }

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

    async fn deployed(&self) -> String {
        let c = self.cloud.catalogue;
        let (offering, template) = (c.offering.to_string(), c.template.to_string());
        let params = [
            ("zoneid", self.zone.as_str()),
            ("serviceofferingid", &offering),
            ("templateid", &template),
        ];
        let answer = self.admin.ok("deployVirtualMachine", &params).await;
        self.admin.job(answer["jobid"].as_str().unwrap()).await;
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn upload(&self, more: &[(&str, &str)]) -> Result<Value, String> {
        let url = "http://images.invalid/disk.raw";
        let params = [("name", "disk"), ("url", url), ("format", "raw"), ("zoneid", &self.zone)];
        self.done("uploadVolume", &[&params[..], more].concat()).await
    }

    async fn root_of(&self, vm: &str) -> String {
        let listed =
            self.admin.ok("listVolumes", &[("virtualmachineid", vm), ("type", "ROOT")]).await;
        listed["volume"][0]["id"].as_str().unwrap().to_owned()
    }

    async fn extract(&self, volume: &str) -> Result<Value, String> {
        let params = [("id", volume), ("zoneid", &self.zone), ("mode", "HTTP_DOWNLOAD")];
        self.done("extractVolume", &params).await
    }

    fn books(&self) -> Books {
        Books::open(&self.cloud.folder().join("manager/hostler.db")).unwrap()
    }

    /// Files that image workers keep for volumes.
    fn files(&self) -> Vec<String> {
        self.books().rows("SELECT purpose FROM staged_file ORDER BY created").unwrap()
    }

    /// What the manager does from time to time, and the ends of the jobs that it has begun.
    async fn look(&self) {
        unstage_surplus(self.cloud.context()).await.unwrap();
        for job in self.books().rows("SELECT id FROM job WHERE finished IS NULL").unwrap() {
            self.cloud.ended(job.parse().unwrap()).await.unwrap();
        }
    }

    fn audit(&self) {
        assert_eq!(self.books().audit(&self.cloud).unwrap(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_volume_is_written_where_it_is_first_attached_and_its_file_goes_then() {
    let world = World::new().await;
    let made = world.upload(&[]).await.unwrap();
    assert_eq!((&made["state"], &made["size"]), (&"Uploaded".into(), &(96u64 << 20).into()));
    world.look().await;
    assert_eq!(world.files(), ["Fetched"]);
    let (vm, volume) = (world.deployed().await, made["id"].as_str().unwrap());
    let both = [("id", volume), ("virtualmachineid", vm.as_str())];
    let attached = world.done("attachVolume", &both).await.unwrap();
    assert_eq!((&attached["state"], &attached["deviceid"]), (&"Ready".into(), &1.into()));
    world.look().await;
    assert!(world.files().is_empty());
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_attached_to_a_stopped_vm_is_written_at_its_start() {
    let world = World::new().await;
    let (made, vm) = (world.upload(&[]).await.unwrap(), world.deployed().await);
    world.done("stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    let both = [("id", made["id"].as_str().unwrap()), ("virtualmachineid", vm.as_str())];
    let attached = world.done("attachVolume", &both).await.unwrap();
    assert_eq!(attached["state"], "Uploaded", "{attached}");
    world.done("startVirtualMachine", &[("id", &vm)]).await.unwrap();
    let listed = world.admin.ok("listVolumes", &[both[0]]).await;
    assert_eq!(listed["volume"][0]["state"], "Ready", "{listed}");
    world.look().await;
    assert!(world.files().is_empty());
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_cannot_be_had_or_is_too_large_for_what_it_is_sold_as_is_not_there() {
    let world = World::new().await;
    let sold = [("name", "one"), ("disksize", "1")];
    let one = world.admin.ok("createDiskOffering", &sold).await["diskoffering"]["id"].clone();
    let as_one = [("diskofferingid", one.as_str().unwrap())];
    let made = world.upload(&as_one).await.unwrap();
    assert_eq!(made["size"], 1u64 << 30, "it is made as large as it is sold");
    world.cloud.worker.refuses.store(true, std::sync::atomic::Ordering::Relaxed);
    let why = world.upload(&[]).await.unwrap_err();
    assert!(why.contains("told to refuse"), "{why}");
    world.cloud.worker.refuses.store(false, std::sync::atomic::Ordering::Relaxed);
    let listed = world.admin.ok("listVolumes", &[]).await;
    assert_eq!(listed["count"], 1, "{listed}");
    world.look().await;
    assert_eq!(world.files(), ["Fetched"], "that of the first");
    let it = ("id", made["id"].as_str().unwrap());
    world.done("destroyVolume", &[it]).await.unwrap();
    world.look().await;
    assert_eq!(world.files(), ["Fetched"], "it may be wanted again");
    let back = world.admin.ok("recoverVolume", &[it]).await;
    assert_eq!(back["volume"]["state"], "Uploaded", "{back}");
    world.done("destroyVolume", &[it, ("expunge", "true")]).await.unwrap();
    world.look().await;
    assert!(world.files().is_empty());
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_fetched_or_is_no_disk_is_refused_at_once() {
    let world = World::new().await;
    let params = [("name", "x"), ("zoneid", world.zone.as_str())];
    for (url, format, wanted) in [
        ("ftp://images.invalid/x", "RAW", "parameter url"),
        ("http://images.invalid/x.iso", "ISO", "known are QCOW2, RAW"),
    ] {
        let more = [("url", url), ("format", format)];
        let reply = world.admin.call("uploadVolume", &[&params[..], &more].concat()).await;
        assert!(reply.status == 431 && reply.body.contains(wanted), "{}", reply.body);
    }
    assert!(world.admin.ok("listVolumes", &[]).await["count"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_volume_leads_to_a_copy_that_goes_when_the_link_has_ended() {
    let world = World::new().await;
    let vm = world.deployed().await;
    let root = world.root_of(&vm).await;
    let of_root = [("id", root.as_str()), ("zoneid", &world.zone), ("mode", "HTTP_DOWNLOAD")];
    let reply = world.admin.call("extractVolume", &of_root).await;
    assert!(reply.status >= 400 && reply.body.contains("is Running; stop it"), "{}", reply.body);
    world.done("stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    let link = world.extract(&root).await.unwrap();
    assert_eq!(
        (&link["id"], &link["state"]),
        (&root.as_str().into(), &"DOWNLOAD_URL_CREATED".into())
    );
    let url = link["url"].as_str().unwrap();
    let rest = url.strip_prefix("http://images.invalid/userdata/").unwrap();
    let (token, name) = rest.split_once('/').unwrap();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    assert_eq!((token.len(), extension), (43, Some("qcow2")), "{url}");
    world.look().await;
    assert_eq!(world.files(), ["Given"], "the link is good for hours");
    let database = world.cloud.folder().join("manager/hostler.db");
    let database = rusqlite::Connection::open(database).unwrap();
    database.execute("UPDATE staged_file SET until = 1000", []).unwrap();
    world.look().await;
    assert!(world.files().is_empty());
    world.done("startVirtualMachine", &[("id", &vm)]).await.unwrap();
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_cannot_be_made_leaves_no_file() {
    let world = World::new().await;
    let vm = world.deployed().await;
    world.done("stopVirtualMachine", &[("id", &vm)]).await.unwrap();
    world.cloud.worker.forgets.store(true, std::sync::atomic::Ordering::Relaxed);
    let why = world.extract(&world.root_of(&vm).await).await.unwrap_err();
    assert!(why.contains("told to keep nothing"), "{why}");
    assert!(world.files().is_empty());
    world.audit();
}
