//! VMs and templates through the API, with simulated hosts behind it.

use hostler_model::AccountType;
use hostler_tests::cloud::{Cloud, PATIENCE};
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

pub(crate) fn admin_of(cloud: &Cloud) -> Api {
    cloud.admin_api().unwrap()
}

#[derive(Clone)]
pub(crate) struct Ids {
    pub(crate) zone: String,
    pub(crate) offering: String,
    pub(crate) template: String,
    pub(crate) network: String,
}

impl Ids {
    pub(crate) fn of(cloud: &Cloud) -> Self {
        let c = cloud.catalogue;
        Self {
            zone: c.zone.to_string(),
            offering: c.offering.to_string(),
            template: c.template.to_string(),
            network: c.network.to_string(),
        }
    }

    pub(crate) fn params(&self) -> [(&str, &str); 3] {
        [
            ("zoneid", self.zone.as_str()),
            ("serviceofferingid", &self.offering),
            ("templateid", &self.template),
        ]
    }
}

pub(crate) async fn deploy(api: &Api, ids: &Ids, more: &[(&str, &str)]) -> (String, Value) {
    let answer = api.ok("deployVirtualMachine", &[&ids.params()[..], more].concat()).await;
    let job = api.job(answer["jobid"].as_str().unwrap()).await;
    (answer["id"].as_str().unwrap().to_owned(), job)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_deployed_listed_stopped_and_destroyed() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (id, job) = deploy(&admin, &ids, &[("name", "web"), ("displayname", "Web 1")]).await;
    assert_eq!((&job["jobstatus"], &job["jobresultcode"]), (&1.into(), &0.into()), "{job}");
    let vm = &job["jobresult"]["virtualmachine"];
    assert_eq!((&vm["state"], &vm["id"]), (&"Running".into(), &id.as_str().into()));

    let listed = admin.ok("listVirtualMachines", &[("name", "web")]).await;
    let vm = &listed["virtualmachine"][0];
    assert_eq!((&vm["displayname"], &vm["instancename"]), (&"Web 1".into(), &"i-1-1-VM".into()));
    assert_eq!(
        (&vm["hypervisor"], &vm["cpunumber"], &vm["memory"]),
        (&"KVM".into(), &1.into(), &512.into())
    );
    let nic = &vm["nic"][0];
    assert_eq!(
        (&nic["isdefault"], &nic["ipaddress"], &nic["gateway"]),
        (&true.into(), &vm["ipaddress"], &"10.1.0.1".into())
    );
    for name in ["securitygroup", "affinitygroup", "tags"] {
        assert_eq!(vm[name], serde_json::json!([]), "{name}");
    }
    assert!(vm["hostname"].is_string());
    let volumes = admin.ok("listVolumes", &[("virtualmachineid", &id), ("type", "ROOT")]).await;
    assert_eq!((&volumes["count"], &volumes["volume"][0]["state"]), (&1.into(), &"Ready".into()));

    for (command, state) in [
        ("stopVirtualMachine", "Stopped"),
        ("startVirtualMachine", "Running"),
        ("rebootVirtualMachine", "Running"),
        ("destroyVirtualMachine", "Destroyed"),
    ] {
        let answer = admin.ok(command, &[("id", &id)]).await;
        let job = admin.job(answer["jobid"].as_str().unwrap()).await;
        assert_eq!(job["jobresult"]["virtualmachine"]["state"], state, "{command}: {job}");
    }
    let answer = admin.ok("expungeVirtualMachine", &[("id", &id)]).await;
    assert_eq!(admin.job(answer["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    assert_eq!(admin.ok("listVirtualMachines", &[("id", &id)]).await, serde_json::json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_destroys_a_vm_gets_it_to_see_even_if_nothing_of_it_is_kept() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (id, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let answer = admin.ok("destroyVirtualMachine", &[("id", &id), ("expunge", "true")]).await;
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    let vm = &job["jobresult"]["virtualmachine"];
    assert_eq!((&vm["id"], &vm["state"]), (&id.as_str().into(), &"Expunging".into()), "{job}");
    assert_eq!(admin.ok("listVirtualMachines", &[("id", &id)]).await, serde_json::json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_says_about_a_vm_is_shown_again() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E me";
    admin.ok("registerSSHKeyPair", &[("name", "mine"), ("publickey", key)]).await;
    let said = [
        ("name", "web"),
        ("group", "shop"),
        ("keyboard", "de"),
        ("keypair", "mine"),
        ("userdata", "I2Nsb3VkLWNvbmZpZw=="),
        ("networkids", ids.network.as_str()),
        ("ipaddress", "10.1.0.77"),
        ("details[0].note", "A"),
        ("details[1].other", "B"),
        ("startvm", "false"),
    ];
    let (id, job) = deploy(&admin, &ids, &said).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["state"], "Stopped", "{job}");
    let listed = admin.ok("listVirtualMachines", &[("id", &id), ("userdata", "true")]).await;
    let vm = &listed["virtualmachine"][0];
    let shown = [
        ("group", "shop"),
        ("keypairs", "mine"),
        ("userdata", "I2Nsb3VkLWNvbmZpZw=="),
        ("ipaddress", "10.1.0.77"),
    ];
    for (name, value) in shown {
        assert_eq!(vm[name], value, "{name}");
    }
    assert_eq!(
        (&vm["details"]["keyboard"], &vm["details"]["note"], &vm["details"]["other"]),
        (&"de".into(), &"A".into(), &"B".into())
    );
    assert!(vm.get("hostid").is_none());
    assert_eq!(admin.ok("listVirtualMachines", &[("keypair", "mine")]).await["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_refused_leaves_nothing_behind() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let nothing = uuid::Uuid::new_v4().to_string();
    let wrong: [(&str, &str, &str); 18] = [
        ("zoneid", &nothing, "zoneid"),
        ("serviceofferingid", &nothing, "serviceofferingid"),
        ("templateid", &nothing, "templateid"),
        ("networkids", &nothing, "networkids"),
        ("hostid", &nothing, "hostid"),
        ("diskofferingid", &nothing, "diskofferingid"),
        ("clusterid", &nothing, "clusterid"),
        ("podid", &nothing, "podid"),
        ("securitygroupids", &nothing, "securitygroupids"),
        ("affinitygroupnames", "near", "affinitygroupnames"),
        ("name", "1web", "name"),
        ("keyboard", "klingon", "keyboard"),
        ("keypair", "none", "keypair"),
        ("userdata", "!!!", "userdata"),
        ("hypervisor", "Xen", "hypervisor"),
        ("ipaddress", "10.1", "ipaddress"),
        ("rootdisksize", "0", "rootdisksize"),
        ("iptonetworklist[0].networkid", "x", "iptonetworklist"),
    ];
    for (param, value, named) in wrong {
        let mut params: Vec<_> = ids.params().into_iter().filter(|p| p.0 != param).collect();
        params.push((param, value));
        let (status, text) = admin.refused("deployVirtualMachine", &params).await;
        assert_eq!((status, text.contains(named)), (431, true), "{param}: {text}");
    }
    assert_eq!(
        admin.ok("listVirtualMachines", &[("listall", "true")]).await,
        serde_json::json!({})
    );
    let jobs = admin.ok("listAsyncJobs", &[("resourcetype", "VirtualMachine")]).await;
    assert_eq!(jobs, serde_json::json!({}));
    assert_eq!(admin.ok("listVolumes", &[("listall", "true")]).await, serde_json::json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_vm_is_answered_like_one_that_never_was() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let of = async |name| {
        tenant(cloud.store(), admin.address, "ROOT", name, AccountType::User).await.unwrap()
    };
    let (owner, other) = (of("owner").await, of("other").await);
    let (id, job) = deploy(&owner, &ids, &[("startvm", "false")]).await;
    assert_eq!(job["jobstatus"], 1, "{job}");
    let unknown = uuid::Uuid::new_v4().to_string();
    for command in [
        "startVirtualMachine",
        "stopVirtualMachine",
        "rebootVirtualMachine",
        "destroyVirtualMachine",
        "expungeVirtualMachine",
        "listVirtualMachines",
        "getVirtualMachineConsoleLog",
    ] {
        let theirs = other.refused(command, &[("id", &id)]).await;
        let never = other.refused(command, &[("id", &unknown)]).await;
        assert_eq!(
            (theirs.0, theirs.1.replace(&id, "ID")),
            (never.0, never.1.replace(&unknown, "ID")),
            "{command}"
        );
        assert_eq!(theirs.0, 431);
    }
    let job = job["jobid"].as_str().unwrap();
    assert_eq!(other.refused("queryAsyncJobResult", &[("jobid", job)]).await.0, 431);
    assert_eq!(
        other.ok("listVirtualMachines", &[("listall", "true")]).await,
        serde_json::json!({})
    );
    let own = owner.ok("listVirtualMachines", &[]).await;
    let vm = &own["virtualmachine"][0];
    assert!(vm.get("hostname").is_none() && vm.get("instancename").is_none(), "{vm}");
    assert_eq!(admin.ok("listVirtualMachines", &[("listall", "true")]).await["count"], 1);
    assert_eq!(admin.ok("listVirtualMachines", &[]).await, serde_json::json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_can_read_why_a_vm_is_where_it_is_and_what_its_job_did() {
    let cloud = Cloud::with_hosts(2).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let hosts = admin.ok("listHosts", &[("type", "Routing")]).await;
    let host = hosts["host"][1]["id"].as_str().unwrap();
    let (id, job) = deploy(&admin, &ids, &[("hostid", host)]).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["hostid"], host, "{job}");
    let why = admin.ok("explainPlacement", &[("virtualmachineid", &id)]).await;
    let decision = &why["placement"][0];
    assert_eq!(decision["hostid"], host);
    assert_eq!(decision["hosts"].as_array().unwrap().len(), 2, "{decision}");
    let steps = admin.ok("listJobSteps", &[("jobid", job["jobid"].as_str().unwrap())]).await;
    let steps = steps["jobstep"].as_array().unwrap();
    assert!(
        steps.iter().all(|step| step["state"] == "Done" && step["milliseconds"].is_u64()),
        "{steps:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_says_why_to_an_administrator_and_one_honest_sentence_to_a_user() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let user =
        tenant(cloud.store(), admin.address, "ROOT", "user", AccountType::User).await.unwrap();
    let huge = [("name", "huge"), ("cpunumber", "32"), ("cpuspeed", "4000"), ("memory", "40000")];
    let offering = admin.ok("createServiceOffering", &huge).await;
    let huge =
        Ids { offering: offering["serviceoffering"]["id"].as_str().unwrap().to_owned(), ..ids };
    let (_, job) = deploy(&admin, &huge, &[]).await;
    assert_eq!((&job["jobstatus"], &job["jobresultcode"]), (&2.into(), &533.into()), "{job}");
    let keys: Vec<_> = job["jobresult"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["errorcode", "errortext"]);
    let sentence =
        "no host can take this VM just now: none has the template's architecture and enough CPUs";
    let text = job["jobresult"]["errortext"].as_str().unwrap();
    let hosts = admin.ok("listHosts", &[("type", "Routing")]).await;
    let name = hosts["host"][0]["name"].as_str().unwrap();
    assert_eq!(
        text,
        format!(
            "{sentence}; for administrators: no destination: CapabilityFilter 1→0; \
             nearest: {name} lacks 28 CPUs, it has 4 CPUs, the VM wants 32"
        )
    );
    let (_, job) = deploy(&user, &huge, &[]).await;
    assert_eq!(job["jobresult"]["errortext"], sentence, "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_registered_watched_and_deleted() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let admin = admin_of(&cloud);
    let params = [
        ("name", "t"),
        ("url", "http://images.invalid/t.qcow2"),
        ("format", "qcow2"),
        ("hypervisor", "KVM"),
        ("zoneid", "-1"),
    ];
    let made = admin.ok("registerTemplate", &params).await;
    let id = made["template"][0]["id"].as_str().unwrap().to_owned();
    let wanted = [("templatefilter", "self"), ("id", id.as_str())];
    let ready = async {
        while admin.ok("listTemplates", &wanted).await["template"][0]["isready"] != true {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("it becomes ready");
    let listed = admin.ok("listTemplates", &wanted).await;
    assert_eq!(listed["template"][0]["status"], "Download Complete");
    let answer = admin.ok("deleteTemplate", &[("id", &id)]).await;
    assert_eq!(admin.job(answer["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    assert_eq!(admin.ok("listTemplates", &wanted).await, serde_json::json!({}));
    for (param, value) in [
        ("url", "gopher://x"),
        ("format", "VHD"),
        ("hypervisor", "Xen"),
        ("checksum", "12"),
        ("ostypeid", "00000000-0000-0000-0000-000000000001"),
    ] {
        let mut wrong: Vec<_> = params.into_iter().filter(|other| other.0 != param).collect();
        wrong.push((param, value));
        let (status, text) = admin.refused("registerTemplate", &wrong).await;
        assert_eq!((status, text.contains(param)), (431, true), "{param}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deploying_by_the_api_asks_the_database_little() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let before = cloud.store().counters();
    let params = [&ids.params()[..], &[("startvm", "false")]].concat();
    let reply = admin.call("deployVirtualMachine", &params).await;
    let after = cloud.store().counters();
    assert_eq!(reply.status, 200, "{}", reply.body);
    let statements = after.statements - before.statements;
    println!("deployVirtualMachine: {statements} statements until its answer");
    assert!(statements <= 30, "{statements}");
}

#[tokio::test(flavor = "multi_thread")]
async fn force_takes_neither_template_nor_network_from_under_a_vm() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (vm, _) = deploy(&admin, &ids, &[("name", "web"), ("startvm", "false")]).await;
    let used = [("deleteTemplate", &ids.template), ("deleteNetwork", &ids.network)];
    for (command, id) in used {
        let (status, text) = admin.refused(command, &[("id", id), ("forced", "true")]).await;
        assert_eq!(status, 536, "{command}: {text}");
    }
    let answer = admin.ok("expungeVirtualMachine", &[("id", &vm)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    for (command, id) in used {
        let answer = admin.ok(command, &[("id", id), ("forced", "true")]).await;
        let job = admin.job(answer["jobid"].as_str().unwrap()).await;
        assert_eq!(job["jobstatus"], 1, "{command}: {job}");
    }
}
