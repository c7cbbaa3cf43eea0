//! What a deployment can be told, and what would come of one.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::tenant;

use super::vms::{Ids, admin_of, deploy};

fn database(cloud: &Cloud) -> rusqlite::Connection {
    rusqlite::Connection::open(cloud.folder().join("manager/hostler.db")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_says_in_which_cluster_or_pod_a_vm_runs_and_nobody_else_does() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let host = admin.ok("listHosts", &[("type", "Routing")]).await["host"][0].clone();
    let [pod, cluster] = ["podid", "clusterid"].map(|name| host[name].as_str().unwrap().to_owned());
    for (name, param, value) in [("one", "podid", &pod), ("two", "clusterid", &cluster)] {
        let (_, job) = deploy(&admin, &ids, &[("name", name), (param, value)]).await;
        assert_eq!(job["jobresult"]["virtualmachine"]["hostid"], host["id"], "{job}");
    }
    let at = [("zoneid", ids.zone.as_str()), ("podid", &pod), ("hypervisor", "KVM")];
    let empty = [&at[..], &[("clustername", "empty"), ("clustertype", "CloudManaged")]].concat();
    let empty = admin.ok("addCluster", &empty).await["cluster"][0]["id"].clone();
    let (_, job) = deploy(&admin, &ids, &[("clusterid", empty.as_str().unwrap())]).await;
    assert_eq!((&job["jobstatus"], &job["jobresultcode"]), (&2.into(), &533.into()), "{job}");
    let text = job["jobresult"]["errortext"].as_str().unwrap();
    assert!(text.contains("is not in the cluster that was asked for"), "{text}");
    let user = tenant(cloud.store(), admin.address, "ROOT", "user", AccountType::User).await;
    let user = user.unwrap();
    for (param, value) in [("podid", &pod), ("clusterid", &cluster)] {
        let params = [&ids.params()[..], &[(param, value.as_str())]].concat();
        assert_eq!(user.refused("deployVirtualMachine", &params).await.0, 531, "{param}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_network_of_a_vm_can_be_given_addresses() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let offerings = admin.ok("listNetworkOfferings", &[]).await;
    let params = [
        ("name", "second"),
        ("zoneid", ids.zone.as_str()),
        ("networkofferingid", offerings["networkoffering"][0]["id"].as_str().unwrap()),
        ("gateway", "10.2.0.1"),
        ("netmask", "255.255.255.0"),
        ("startip", "10.2.0.10"),
        ("endip", "10.2.0.19"),
        ("bridge", "br2"),
    ];
    let second = admin.ok("createNetwork", &params).await["network"]["id"].clone();
    let said = [
        ("iptonetworklist[0].networkid", ids.network.as_str()),
        ("iptonetworklist[0].ip", "10.1.0.66"),
        ("iptonetworklist[0].mac", "06:aa:00:00:00:01"),
        ("iptonetworklist[1].networkid", second.as_str().unwrap()),
        ("iptonetworklist[1].ip", "10.2.0.11"),
        ("startvm", "false"),
    ];
    let (_, job) = deploy(&admin, &ids, &said).await;
    let nics = &job["jobresult"]["virtualmachine"]["nic"];
    assert_eq!(
        (&nics[0]["ipaddress"], &nics[1]["ipaddress"]),
        (&"10.1.0.66".into(), &"10.2.0.11".into())
    );
    assert_eq!(nics[0]["macaddress"], "06:aa:00:00:00:01");
    assert_eq!((&nics[0]["isdefault"], &nics[1]["isdefault"]), (&true.into(), &false.into()));
    let taken = [&ids.params()[..], &[("macaddress", "06:aa:00:00:00:01")]].concat();
    assert_eq!(admin.refused("deployVirtualMachine", &taken).await.0, 536);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vm_cannot_have_is_refused_with_the_reason() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    for (param, value, why) in [
        ("ip6address", "fd00::1", "IPv4"),
        ("extraconfig", "%3Cdevices%2F%3E", "the cloud's alone"),
        ("boottype", "UEFI", "BIOS"),
        ("bootmode", "Secure", "Legacy"),
        ("password", "secret-12", "takes no passwords"),
        ("macaddress", "06:aa", "macaddress"),
    ] {
        let params = [&ids.params()[..], &[(param, value)]].concat();
        let (status, text) = admin.refused("deployVirtualMachine", &params).await;
        assert_eq!((status, text.contains(why)), (431, true), "{param}: {text}");
    }
    let usual = [("boottype", "BIOS"), ("bootmode", "LEGACY"), ("startvm", "false")];
    deploy(&admin, &ids, &usual).await;
    database(&cloud).execute_batch("UPDATE zone SET local_storage = 0").unwrap();
    let (status, text) = admin.refused("deployVirtualMachine", &ids.params()).await;
    assert_eq!((status, text.contains("localstorageenabled")), (431, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_says_what_would_be_done_and_writes_nothing() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let counts = || -> Vec<i64> {
        let tables = ["vm", "volume", "nic", "job", "event", "placement", "vm_run"];
        let count = |table| format!("SELECT count(*) FROM {table}");
        let database = database(&cloud);
        tables
            .map(|table| database.query_row(&count(table), [], |row| row.get(0)).unwrap())
            .to_vec()
    };
    let before = counts();
    let tried = [&ids.params()[..], &[("name", "web"), ("dryrun", "true")]].concat();
    let said = admin.ok("deployVirtualMachine", &tried).await;
    assert!(said["displaytext"].as_str().unwrap().contains("would run on"), "{said}");
    assert_eq!((&said["dryrun"], said["placement"]["hosts"].is_array()), (&true.into(), true));
    let wrong = [&tried[..], &[("ipaddress", "192.168.1.1")]].concat();
    assert_eq!(admin.refused("deployVirtualMachine", &wrong).await.0, 536);
    assert_eq!(counts(), before);

    let (id, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let before = counts();
    let trial = [("id", id.as_str()), ("dryrun", "true")];
    let said = admin.ok("stopVirtualMachine", &trial).await;
    assert!(said["displaytext"].as_str().unwrap().contains("would be stopped"), "{said}");
    let said = admin.ok("destroyVirtualMachine", &trial).await;
    assert!(said["displaytext"].as_str().unwrap().ends_with("then destroyed"), "{said}");
    assert_eq!(admin.refused("startVirtualMachine", &trial).await.0, 431, "it runs");
    assert_eq!(counts(), before);
    let answer = admin.ok("stopVirtualMachine", &[("id", &id)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let said = admin.ok("startVirtualMachine", &trial).await;
    assert!(said["displaytext"].as_str().unwrap().contains("would run on"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_administrator_chooses_the_ids_of_vms_and_volumes() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let chosen = uuid::Uuid::new_v4().to_string();
    let own = ("customid", chosen.as_str());
    let (id, job) = deploy(&admin, &ids, &[("name", "web"), own]).await;
    assert_eq!(
        (&id, &job["jobresult"]["virtualmachine"]["id"]),
        (&chosen, &chosen.as_str().into())
    );
    let size = [("name", "d"), ("displaytext", "d"), ("disksize", "1")];
    let offering = admin.ok("createDiskOffering", &size).await["diskoffering"].clone();
    let offering = ("diskofferingid", offering["id"].as_str().unwrap());
    let volume = [offering, ("zoneid", ids.zone.as_str()), own];
    let made = admin.ok("createVolume", &volume).await;
    assert_eq!(made["id"], chosen.as_str(), "a VM's id is no volume's");
    for (command, params) in
        [("deployVirtualMachine", &ids.params()[..]), ("createVolume", &volume[..2])]
    {
        let (status, text) = admin.refused(command, &[params, &[own]].concat()).await;
        assert_eq!((status, text.contains("choose a new one")), (431, true), "{command}: {text}");
    }
    let user =
        tenant(cloud.store(), admin.address, "ROOT", "user", AccountType::User).await.unwrap();
    let (status, text) = user.refused("createVolume", &volume).await;
    assert_eq!((status, text.contains("customid")), (531, true), "{text}");
}
