//! A VM, from its deployment on.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::tenant;

use crate::answers::{Witness, id};

pub(crate) async fn lives(w: &mut Witness, cloud: &Cloud) -> (String, String) {
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let params = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
        ("details[0].note", "x"),
        ("group", "g"),
    ];
    let answer = w.call("deployVirtualMachine", &params).await;
    let vm = answer["id"].as_str().unwrap().to_owned();
    let job = w.job(&answer).await["jobid"].as_str().unwrap().to_owned();
    for command in ["stopVirtualMachine", "startVirtualMachine", "rebootVirtualMachine"] {
        let answer = w.call(command, &[("id", &vm)]).await;
        w.job(&answer).await;
    }
    changes(w, cloud, &vm).await;
    (vm, job)
}

/// A second network, and what can be done with a NIC on it.
async fn nics(w: &mut Witness, cloud: &Cloud, vm: &str) {
    let offering = id(&w.call("listNetworkOfferings", &[]).await, "networkoffering");
    let zone = cloud.catalogue.zone.to_string();
    let params = [
        ("name", "n8"),
        ("zoneid", zone.as_str()),
        ("networkofferingid", &offering),
        ("gateway", "10.8.0.1"),
        ("netmask", "255.255.255.0"),
        ("startip", "10.8.0.2"),
        ("endip", "10.8.0.9"),
        ("bridge", "br8"),
    ];
    let network = id(&w.call("createNetwork", &params).await, "network");
    let of_vm = [("virtualmachineid", vm)];
    let place = [of_vm[0], ("networkid", network.as_str())];
    let answer = w.call("addNicToVirtualMachine", &place).await;
    w.job(&answer).await;
    let listed = w.call("listNics", &place).await;
    let (first, added) = (id(&w.call("listNics", &of_vm).await, "nic"), id(&listed, "nic"));
    let answer = w.call("addIpToNic", &[("nicid", &added)]).await;
    w.job(&answer).await;
    w.call("listNics", &of_vm).await;
    let second = answer["id"].as_str().unwrap();
    let answer = w.call("removeIpFromNic", &[("id", second)]).await;
    w.job(&answer).await;
    let answer = w.call("updateVmNicIp", &[("nicid", &added), ("ipaddress", "10.8.0.7")]).await;
    w.job(&answer).await;
    for nic in [&added, &first] {
        let default = [of_vm[0], ("nicid", nic.as_str())];
        let answer = w.call("updateDefaultNicForVirtualMachine", &default).await;
        w.job(&answer).await;
    }
    let answer = w.call("removeNicFromVirtualMachine", &[of_vm[0], ("nicid", &added)]).await;
    w.job(&answer).await;
}

/// Another account.
async fn account_add_for(cloud: &Cloud) -> String {
    let address = cloud.manager.as_ref().unwrap().api;
    tenant(cloud.store(), address, "ROOT", "heir", AccountType::User).await.unwrap();
    "heir".to_owned()
}

/// A job that was recorded and that nobody takes is called off.
async fn cancelled(w: &mut Witness, cloud: &Cloud, vm: &str) {
    let id = uuid::Uuid::new_v4().to_string();
    let database = rusqlite::Connection::open(cloud.folder().join("manager/hostler.db")).unwrap();
    database
        .execute_batch(&format!(
            "INSERT INTO job (id, kind, api_command, account, user, subject_kind, subject, state, input, created)
             SELECT '{id}', 'vm.stop', 'stopVirtualMachine', account, user, 'VirtualMachine', id, 'Queued', '{{}}', created
             FROM vm WHERE id = '{vm}'"
        ))
        .unwrap();
    w.call("cancelJob", &[("jobid", &id)]).await;
    assert_eq!(w.call("queryAsyncJobResult", &[("jobid", &id)]).await["jobstatus"], 3);
    // a job of a kind that is not run, so that it stays as it is put
    let set = |columns: &str| {
        let sql = format!("UPDATE job SET kind = 'none', {columns} WHERE id = '{id}'");
        database.execute_batch(&sql).unwrap();
    };
    set("state = 'NeedsHelp', finished = NULL");
    w.call("resumeJob", &[("jobid", &id)]).await;
    set("state = 'Cancelled', finished = created");
}

/// Everything that can be changed of a VM.
async fn changes(w: &mut Witness, cloud: &Cloud, vm: &str) {
    w.call("updateVirtualMachine", &[("id", vm), ("displayname", "x"), ("userdata", "eA==")]).await;
    w.call("getVirtualMachineUserData", &[("virtualmachineid", vm)]).await;
    let answer = w.call("stopVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
    let offering = cloud.catalogue.offering.to_string();
    let size = [("id", vm), ("serviceofferingid", offering.as_str())];
    w.call("changeServiceForVirtualMachine", &size).await;
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";
    w.call("registerSSHKeyPair", &[("name", "k"), ("publickey", key)]).await;
    let answer = w.call("resetSSHKeyForVirtualMachine", &[("id", vm), ("keypair", "k")]).await;
    w.job(&answer).await;
    w.call("resetUserDataForVirtualMachine", &[("id", vm), ("userdata", "eQ==")]).await;
    let answer = w.call("restoreVirtualMachine", &[("virtualmachineid", vm)]).await;
    w.job(&answer).await;
    let database = rusqlite::Connection::open(cloud.folder().join("manager/hostler.db")).unwrap();
    database.execute_batch("UPDATE template SET password_enabled = 1").unwrap();
    let answer = w.call("resetPasswordForVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
    nics(w, cloud, vm).await;
    let system = account_add_for(cloud).await;
    for account in [system.as_str(), "admin"] {
        let to = [("virtualmachineid", vm), ("account", account)];
        w.call("assignVirtualMachine", &to).await;
    }
    let answer = w.call("scaleVirtualMachine", &size).await;
    w.job(&answer).await;
    cancelled(w, cloud, vm).await;
    let answer = w.call("destroyVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
    w.call("recoverVirtualMachine", &[("id", vm)]).await;
    let answer = w.call("startVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
}
