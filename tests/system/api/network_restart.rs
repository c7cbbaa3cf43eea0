//! Restarting a network: hosts serve its NICs as they are recorded, each VM in its own turn.

use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::Value;

struct World {
    cloud: Cloud,
    admin: Api,
}

impl World {
    async fn new() -> Self {
        let cloud = Cloud::with_hosts(2).await.unwrap();
        let address = cloud.manager.as_ref().unwrap().api;
        let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
        Self { cloud, admin }
    }

    async fn deploy(&self, start: &str) -> String {
        let c = self.cloud.catalogue;
        let [zone, offering, template] =
            [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
        let params = [
            ("zoneid", &*zone),
            ("serviceofferingid", &*offering),
            ("templateid", &*template),
            ("startvm", start),
        ];
        let answer = self.admin.ok("deployVirtualMachine", &params).await;
        self.admin.job(answer["jobid"].as_str().unwrap()).await;
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn restart(&self) -> Value {
        let network = self.cloud.catalogue.network.to_string();
        let answer = self.admin.ok("restartNetwork", &[("id", &network)]).await;
        self.admin.job(answer["jobid"].as_str().unwrap()).await
    }

    fn served(&self) -> usize {
        self.cloud.hosts.iter().map(|host| host.network.nics().len()).sum()
    }

    fn audit(&self) {
        let books = Books::open(&self.cloud.folder().join("manager/hostler.db")).unwrap();
        assert_eq!(books.audit(&self.cloud).unwrap(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hosts_have_lost_of_a_network_is_served_again_and_only_to_vms_that_run() {
    let world = World::new().await;
    for start in ["true", "true", "false"] {
        world.deploy(start).await;
    }
    for host in &world.cloud.hosts {
        host.network.forget();
    }
    assert_eq!(world.served(), 0);
    let job = world.restart().await;
    assert_eq!(
        (&job["jobstatus"], &job["jobresult"]["success"]),
        (&1.into(), &true.into()),
        "{job}"
    );
    assert_eq!(world.served(), 2);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vms_whose_host_does_not_serve_them_are_named_with_its_reason() {
    let world = World::new().await;
    let vm = world.deploy("true").await;
    for host in &world.cloud.hosts {
        host.network.refuse(true);
    }
    let job = world.restart().await;
    let text = job["jobresult"]["errortext"].as_str().unwrap();
    let listed = world.admin.ok("listVirtualMachines", &[("id", &vm)]).await;
    let name = listed["virtualmachine"][0]["instancename"].as_str().unwrap();
    assert!(text.contains("1 of 1 VMs are not served anew") && text.contains(name), "{text}");
    assert!(text.contains("bridge"), "{text}");
    for host in &world.cloud.hosts {
        host.network.refuse(false);
    }
    assert_eq!(world.restart().await["jobstatus"], 1);
    world.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_that_there_is_not_is_not_made_redundant() {
    let world = World::new().await;
    let network = world.cloud.catalogue.network.to_string();
    let params = [("id", &*network), ("makeredundant", "true")];
    let reply = world.admin.call("restartNetwork", &params).await;
    assert!(reply.status == 431 && reply.body.contains("without a router"), "{}", reply.body);
}
