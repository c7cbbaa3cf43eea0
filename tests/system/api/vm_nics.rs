//! NICs of VMs that exist, through the API.

use hostler_agent::hypervisor::{Hypervisor as _, Trouble};
use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

use super::vms::{Ids, admin_of, deploy};

async fn second_network(api: &Api, ids: &Ids) -> String {
    let offerings = api.ok("listNetworkOfferings", &[]).await;
    let offering = offerings["networkoffering"][0]["id"].as_str().unwrap();
    let params = [
        ("name", "second"),
        ("zoneid", ids.zone.as_str()),
        ("networkofferingid", offering),
        ("gateway", "10.2.0.1"),
        ("netmask", "255.255.255.0"),
        ("startip", "10.2.0.10"),
        ("endip", "10.2.0.19"),
        ("bridge", "br2"),
    ];
    api.ok("createNetwork", &params).await["network"]["id"].as_str().unwrap().to_owned()
}

async fn nics(api: &Api, vm: &str) -> Vec<Value> {
    let listed = api.ok("listNics", &[("virtualmachineid", vm)]).await;
    listed["nic"].as_array().unwrap().clone()
}

async fn done(api: &Api, command: &str, params: &[(&str, &str)]) -> Value {
    let answer = api.ok(command, params).await;
    let job = api.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobstatus"], 1, "{command}: {job}");
    job["jobresult"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_vm_gets_and_loses_nics_and_runs_with_those_it_has() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let second = second_network(&admin, &ids).await;
    let (vm, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let place = [("virtualmachineid", vm.as_str()), ("networkid", second.as_str())];
    done(&admin, "stopVirtualMachine", &[("id", &vm)]).await;
    let wanted =
        [&place[..], &[("ipaddress", "10.2.0.15"), ("macaddress", "06:aa:00:00:00:01")]].concat();
    let shown = done(&admin, "addNicToVirtualMachine", &wanted).await;
    assert_eq!(shown["virtualmachine"]["nic"][1]["ipaddress"], "10.2.0.15", "{shown}");
    assert_eq!(shown["virtualmachine"]["nic"][1]["macaddress"], "06:aa:00:00:00:01");
    assert_eq!(admin.refused("addNicToVirtualMachine", &place).await.0, 431, "once a network");
    done(&admin, "startVirtualMachine", &[("id", &vm)]).await;
    assert_eq!(cloud.hosts[0].network.nics().len(), 2);
    done(&admin, "stopVirtualMachine", &[("id", &vm)]).await;

    let there = nics(&admin, &vm).await;
    let [first, added] =
        [&there[0]["id"], &there[1]["id"]].map(|id| id.as_str().unwrap().to_owned());
    let of = |nic| [("virtualmachineid", vm.as_str()), ("nicid", nic)];
    let (status, text) = admin.refused("removeNicFromVirtualMachine", &of(&first)).await;
    assert_eq!((status, text.contains("default NIC")), (431, true), "{text}");
    let shown = done(&admin, "updateDefaultNicForVirtualMachine", &of(&added)).await;
    assert_eq!(shown["virtualmachine"]["ipaddress"], "10.2.0.15", "the default NIC's");
    done(&admin, "removeNicFromVirtualMachine", &of(&first)).await;
    let there = nics(&admin, &vm).await;
    assert_eq!((there.len(), &there[0]["isdefault"]), (1, &true.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_runs_gets_and_loses_a_nic_that_its_host_serves() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let second = second_network(&admin, &ids).await;
    let (vm, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let host = &cloud.hosts[0];
    let domain = vm.parse().unwrap();
    let plugged = || host.hypervisor.devices(domain).unwrap().unwrap().nics;
    let place = [("virtualmachineid", vm.as_str()), ("networkid", second.as_str())];
    let shown = done(&admin, "addNicToVirtualMachine", &place).await;
    let added = &shown["virtualmachine"]["nic"][1];
    assert_eq!(plugged()[1].mac, added["macaddress"].as_str().unwrap());
    assert_eq!((plugged()[1].source.as_str(), host.network.nics().len()), ("br2", 2));
    let nic = added["id"].as_str().unwrap();
    done(&admin, "rebootVirtualMachine", &[("id", &vm)]).await;
    let remove = [("virtualmachineid", vm.as_str()), ("nicid", nic)];
    host.hypervisor.trouble(Trouble { keep_disks: true, ..Trouble::default() });
    let answer = admin.ok("removeNicFromVirtualMachine", &remove).await;
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobstatus"], 2, "a guest may keep it: {job}");
    assert_eq!((plugged().len(), nics(&admin, &vm).await.len()), (2, 2));
    host.hypervisor.trouble(Trouble::default());
    let shown = done(&admin, "removeNicFromVirtualMachine", &remove).await;
    assert_eq!(shown["virtualmachine"]["nic"].as_array().unwrap().len(), 1);
    assert_eq!((plugged().len(), host.network.nics().len()), (1, 1));
    // its address is free again
    let again = [&place[..], &[("ipaddress", added["ipaddress"].as_str().unwrap())]].concat();
    done(&admin, "addNicToVirtualMachine", &again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_of_the_range_and_given_out_once() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (vm, _) = deploy(&admin, &ids, &[("name", "web"), ("startvm", "false")]).await;
    let nic = nics(&admin, &vm).await[0]["id"].as_str().unwrap().to_owned();
    for command in ["updateVmNicIp", "addIpToNic"] {
        let outside = [("nicid", nic.as_str()), ("ipaddress", "192.168.9.9")];
        let (status, text) = admin.refused(command, &outside).await;
        assert_eq!((status, text.contains("range")), (536, true), "{command}: {text}");
    }
    let outside = [&ids.params()[..], &[("ipaddress", "192.168.9.9")]].concat();
    assert_eq!(admin.refused("deployVirtualMachine", &outside).await.0, 536);
    let at = [("nicid", nic.as_str()), ("ipaddress", "10.1.0.77")];
    let shown = done(&admin, "updateVmNicIp", &at).await;
    assert_eq!(shown["virtualmachine"]["ipaddress"], "10.1.0.77");
    let taken = [&ids.params()[..], &[("ipaddress", "10.1.0.77")]].concat();
    assert_eq!(admin.refused("deployVirtualMachine", &taken).await.0, 536);

    let wanted = [("nicid", nic.as_str()), ("ipaddress", "10.1.0.78")];
    let shown = done(&admin, "addIpToNic", &wanted).await;
    let second = shown["nicsecondaryip"]["id"].as_str().unwrap().to_owned();
    assert_eq!(shown["nicsecondaryip"]["ipaddress"], "10.1.0.78");
    assert_eq!(nics(&admin, &vm).await[0]["secondaryip"][0]["id"], second);
    assert_eq!(admin.refused("addIpToNic", &wanted).await.0, 536);
    let user = tenant(cloud.store(), admin.address, "ROOT", "other", AccountType::User).await;
    assert_eq!(user.unwrap().refused("removeIpFromNic", &[("id", &second)]).await.0, 431);
    done(&admin, "removeIpFromNic", &[("id", &second)]).await;
    assert_eq!(nics(&admin, &vm).await[0]["secondaryip"], serde_json::json!([]));
    done(&admin, "addIpToNic", &wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_ask_for_one_address_exactly_one_gets_it() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..6 {
        let (admin, ids, name) = (admin.clone(), ids.clone(), format!("web-{number}"));
        asking.spawn(async move {
            let more = [("name", name.as_str()), ("startvm", "false"), ("ipaddress", "10.1.0.50")];
            admin.call("deployVirtualMachine", &[&ids.params()[..], &more].concat()).await.status
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 536, 536, 536, 536, 536]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_nic_is_answered_like_one_that_never_was() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (vm, _) = deploy(&admin, &ids, &[("startvm", "false")]).await;
    let nic = nics(&admin, &vm).await[0]["id"].as_str().unwrap().to_owned();
    let user = tenant(cloud.store(), admin.address, "ROOT", "other", AccountType::User).await;
    let (user, never) = (user.unwrap(), uuid::Uuid::new_v4().to_string());
    for command in ["updateVmNicIp", "addIpToNic"] {
        let theirs = user.refused(command, &[("nicid", &nic)]).await;
        let unknown = user.refused(command, &[("nicid", &never)]).await;
        assert_eq!(theirs.1.replace(&nic, "ID"), unknown.1.replace(&never, "ID"), "{command}");
    }
    assert_eq!(user.refused("listNics", &[("virtualmachineid", &vm)]).await.0, 431);
}
