//! Registered user data and SSH keys that the manager makes, through the API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

use super::vms::{Ids, admin_of, deploy};

const CONFIG: &str = "I2Nsb3VkLWNvbmZpZw=="; // #cloud-config
const SCRIPT: &str = "IyEvYmluL3NoCnRydWUK"; // #!/bin/sh, true

async fn registered(api: &Api, name: &str, userdata: &str) -> String {
    let said = [("name", name), ("userdata", userdata), ("params", "colour")];
    let answer = api.ok("registerUserData", &said).await;
    let row = &answer["userdata"];
    assert_eq!((&row["userdata"], &row["params"]), (&userdata.into(), &"colour".into()));
    let listed = api.ok("listUserData", &[("name", name)]).await;
    assert_eq!(&listed["userdata"][0], row);
    row["id"].as_str().unwrap().to_owned()
}

async fn deployed(api: &Api, ids: &Ids, more: &[(&str, &str)]) -> Value {
    let (id, job) = deploy(api, ids, &[more, &[("startvm", "false")]].concat()).await;
    assert_eq!(job["jobstatus"], 1, "{job}");
    let vms = api.ok("listVirtualMachines", &[("id", &id), ("userdata", "true")]).await;
    vms["virtualmachine"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_given_registered_user_data_with_values_and_keeps_it() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let data = registered(&admin, "web", CONFIG).await;
    let said = [("userdataid", data.as_str()), ("userdatadetails[0].colour", "red")];
    let vm = deployed(&admin, &ids, &said).await;
    assert_eq!(
        (&vm["userdata"], &vm["userdataid"], &vm["userdataname"], &vm["userdatadetails"]),
        (&CONFIG.into(), &data.as_str().into(), &"web".into(), &"{\"colour\":\"red\"}".into())
    );
    assert_eq!(admin.ok("listVirtualMachines", &[("userdataid", &data)]).await["count"], 1);
    admin.ok("deleteUserData", &[("id", &data)]).await;
    let id = vm["id"].as_str().unwrap();
    let vms = admin.ok("listVirtualMachines", &[("id", id), ("userdata", "true")]).await;
    assert_eq!(vms["virtualmachine"][0]["userdata"], CONFIG);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_templates_user_data_comes_along_as_its_policy_says() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let data = registered(&admin, "base", CONFIG).await;
    let link = async |policy: &str| {
        let said = [
            ("templateid", ids.template.as_str()),
            ("userdataid", &data),
            ("userdatapolicy", policy),
        ];
        let linked = admin.ok("linkUserDataToTemplate", &said).await;
        assert_eq!(linked["template"]["userdatapolicy"], policy, "{linked}");
    };
    let own = [("userdata", SCRIPT)];
    link("ALLOWOVERRIDE").await;
    assert_eq!(deployed(&admin, &ids, &[]).await["userdata"], CONFIG);
    assert_eq!(deployed(&admin, &ids, &own).await["userdata"], SCRIPT);
    link("APPEND").await;
    let both = deployed(&admin, &ids, &own).await["userdata"].as_str().unwrap().to_owned();
    let text = String::from_utf8(STANDARD.decode(both).unwrap()).unwrap();
    assert!(text.starts_with("Content-Type: multipart/mixed"), "{text}");
    assert!(text.contains(CONFIG) && text.contains(SCRIPT), "{text}");
    link("DENYOVERRIDE").await;
    assert_eq!(deployed(&admin, &ids, &[]).await["userdata"], CONFIG);
    let wanted = [&ids.params()[..], &own].concat();
    assert_eq!(admin.refused("deployVirtualMachine", &wanted).await.0, 431);
    let (status, text) = admin.refused("deleteUserData", &[("id", &data)]).await;
    assert_eq!((status, text.contains("1 templates")), (536, true), "{text}");
    admin.ok("linkUserDataToTemplate", &[("templateid", &ids.template)]).await;
    assert!(deployed(&admin, &ids, &[]).await.get("userdata").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_exists_is_given_other_user_data_as_its_template_allows() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (own, brought) =
        (registered(&admin, "own", SCRIPT).await, registered(&admin, "brought", CONFIG).await);
    let vm = deployed(&admin, &ids, &[("userdata", CONFIG)]).await;
    let id = vm["id"].as_str().unwrap();
    let told = async || {
        let vms = admin.ok("listVirtualMachines", &[("id", id), ("userdata", "true")]).await;
        let vm = &vms["virtualmachine"][0];
        (vm.get("userdataid").cloned(), vm.get("userdata").cloned())
    };
    let named = [("id", id), ("userdataid", &own), ("userdatadetails[0].colour", "red")];
    admin.ok("updateVirtualMachine", &named).await;
    assert_eq!(told().await, (Some(own.as_str().into()), Some(SCRIPT.into())));
    admin.ok("updateVirtualMachine", &[("id", id), ("userdata", CONFIG)]).await;
    assert_eq!(told().await, (None, Some(CONFIG.into())), "its own text is none of the registered");
    let linked = [("templateid", ids.template.as_str()), ("userdataid", &brought)];
    let denied = [&linked[..], &[("userdatapolicy", "DENYOVERRIDE")]].concat();
    admin.ok("linkUserDataToTemplate", &denied).await;
    for command in ["updateVirtualMachine", "resetUserDataForVirtualMachine"] {
        let (status, text) = admin.refused(command, &[("id", id), ("userdata", SCRIPT)]).await;
        assert_eq!((status, text.contains("allows no other")), (431, true), "{command}: {text}");
    }
    // without its own it has its template's
    admin.ok("resetUserDataForVirtualMachine", &[("id", id), ("userdata", "")]).await;
    assert_eq!(told().await, (Some(brought.as_str().into()), Some(CONFIG.into())));
    let vm = id.parse().unwrap();
    let read = move |tx: &hostler_store::Tx<'_>| hostler_store::vm::vm_get(tx, vm);
    let row = cloud.store().read(read).await.unwrap();
    assert_eq!(row.user_data_details["colour"], "red");
    assert_eq!(row.seed_number, 1, "a reset alone has the guest begin anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn user_data_that_cannot_be_is_refused() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let data = registered(&admin, "web", CONFIG).await;
    let again = [("name", "web"), ("userdata", CONFIG)];
    assert_eq!(admin.refused("registerUserData", &again).await.0, 536);
    assert_eq!(
        admin.refused("registerUserData", &[("name", "x"), ("userdata", "!!!")]).await.0,
        431
    );
    let both = [&ids.params()[..], &[("userdataid", &data), ("userdata", SCRIPT)]].concat();
    assert_eq!(admin.refused("deployVirtualMachine", &both).await.0, 431);
    let address = admin.address;
    let other = tenant(cloud.store(), address, "ROOT", "other", AccountType::User).await.unwrap();
    let theirs = [&ids.params()[..], &[("userdataid", data.as_str())]].concat();
    assert_eq!(other.refused("deployVirtualMachine", &theirs).await.0, 431);
    assert_eq!(other.refused("deleteUserData", &[("id", &data)]).await.0, 431);
    // a public template may be used by everybody, and changed by its owner
    let (status, _) =
        other.refused("linkUserDataToTemplate", &[("templateid", &ids.template)]).await;
    assert_eq!(status, 531);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_manager_made_is_told_once_and_kept_nowhere() {
    let cloud = Cloud::with_hosts(0).await.unwrap();
    let admin = admin_of(&cloud);
    let made = admin.ok("createSSHKeyPair", &[("name", "mine")]).await;
    let private = made["keypair"]["privatekey"].as_str().unwrap();
    assert!(private.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    let listed = admin.ok("listSSHKeyPairs", &[("name", "mine")]).await;
    assert_eq!(listed["sshkeypair"][0]["fingerprint"], made["keypair"]["fingerprint"]);
    assert_eq!(admin.refused("createSSHKeyPair", &[("name", "mine")]).await.0, 431);
    let secret = private.lines().nth(2).unwrap().as_bytes();
    for file in ["hostler.db", "hostler.db-wal"] {
        let bytes = std::fs::read(cloud.folder().join("manager").join(file)).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{file}");
    }
}
