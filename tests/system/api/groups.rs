//! Security groups and instance groups through the API, with simulated hosts behind it.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::{Value, json};

use super::vms::{Ids, admin_of, deploy};

/// Changes the record past the manager, before anything depends on it.
fn record(cloud: &Cloud, sql: &str) {
    let file = cloud.folder().join("manager/hostler.db");
    rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

const BASIC: &str = "UPDATE zone SET network_type = 'Basic'";
const WITH_GROUPS: &str = "UPDATE zone SET security_groups = 1";
const WITH_SERVICE: &str = "UPDATE network_offering SET services = services || ',SecurityGroup'";

async fn of(cloud: &Cloud, name: &str) -> Api {
    let address = admin_of(cloud).address;
    tenant(cloud.store(), address, "ROOT", name, AccountType::User).await.unwrap()
}

fn names(groups: &Value) -> Vec<&str> {
    let groups = groups.as_array().unwrap();
    groups.iter().map(|group| group["name"].as_str().unwrap()).collect()
}

async fn job(api: &Api, command: &str, params: &[(&str, &str)]) -> Value {
    let answer = api.ok(command, params).await;
    let job = api.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobstatus"], 1, "{command}: {job}");
    job["jobresult"].clone()
}

async fn made(api: &Api, name: &str) -> String {
    let group = api.ok("createSecurityGroup", &[("name", name)]).await;
    group["securitygroup"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_first_deploys_at_once_make_exactly_one_default_group() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    record(&cloud, BASIC);
    let (user, ids) = (of(&cloud, "newcomer").await, Ids::of(&cloud));
    let params = [&ids.params()[..], &[("startvm", "false")]].concat();
    let deploys = (0..20).map(|_| user.ok("deployVirtualMachine", &params));
    futures_util::future::join_all(deploys).await;
    let groups = user.ok("listSecurityGroups", &[]).await;
    assert_eq!((&groups["count"], names(&groups["securitygroup"])), (&1.into(), vec!["default"]));
    assert_eq!(groups["securitygroup"][0]["virtualmachinecount"], 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basic_deploy_ends_with_one_nic_on_the_zones_network_and_a_security_group() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    record(&cloud, BASIC);
    let (user, ids) = (of(&cloud, "owner").await, Ids::of(&cloud));
    let (vm, job) = deploy(&user, &ids, &[]).await;
    let shown = &job["jobresult"]["virtualmachine"];
    assert_eq!(
        (&shown["state"], names(&shown["securitygroup"])),
        (&"Running".into(), vec!["default"])
    );
    let nics = shown["nic"].as_array().unwrap();
    assert_eq!((nics.len(), &nics[0]["networkid"]), (1, &ids.network.as_str().into()));
    let group = shown["securitygroup"][0]["id"].as_str().unwrap();
    let listed = user.ok("listVirtualMachines", &[("securitygroupid", group)]).await;
    assert_eq!(listed["virtualmachine"][0]["id"], vm.as_str());
    // the caller's own list is used as it is
    let own = made(&user, "web").await;
    let (_, job) = deploy(&user, &ids, &[("securitygroupids", &own)]).await;
    assert_eq!(names(&job["jobresult"]["virtualmachine"]["securitygroup"]), ["web"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_no_default_group_is_added() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    record(&cloud, BASIC);
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let setting = [("name", "network.securitygroups.defaultadding"), ("value", "false")];
    admin.ok("updateConfiguration", &setting).await;
    let (_, job) = deploy(&admin, &ids, &[("startvm", "false")]).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["securitygroup"], json!([]));
    assert_eq!(admin.ok("listSecurityGroups", &[]).await, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_refused_with_the_reason_where_zone_or_network_has_none() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let own = made(&admin, "web").await;
    let wanted = [&ids.params()[..], &[("securitygroupids", &own), ("startvm", "false")]].concat();
    let why = async || admin.refused("deployVirtualMachine", &wanted).await;
    let (status, text) = why().await;
    assert_eq!((status, text.contains("has no security groups")), (431, true), "{text}");
    record(&cloud, WITH_GROUPS);
    let (status, text) = why().await;
    assert_eq!((status, text.contains("guests does not have the service")), (431, true), "{text}");
    record(&cloud, WITH_SERVICE);
    record(&cloud, "UPDATE network SET traffic_type = 'Storage'");
    let (status, text) = why().await;
    assert_eq!((status, text.contains("carries Storage traffic")), (431, true), "{text}");
    record(&cloud, "UPDATE network SET traffic_type = 'Guest'");
    let (_, job) = deploy(&admin, &ids, &wanted[3..]).await;
    assert_eq!(names(&job["jobresult"]["virtualmachine"]["securitygroup"]), ["web"], "{job}");
    let (_, job) = deploy(&admin, &ids, &[("startvm", "false")]).await;
    assert_eq!(names(&job["jobresult"]["virtualmachine"]["securitygroup"]), ["default"], "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_put_into_other_groups_of_its_account_and_of_no_other() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    record(&cloud, BASIC);
    let (user, other, ids) =
        (of(&cloud, "owner").await, of(&cloud, "other").await, Ids::of(&cloud));
    let (vm, _) = deploy(&user, &ids, &[]).await;
    let (web, theirs) = (made(&user, "web").await, made(&other, "web").await);
    made(&user, "db").await;
    let put = [("id", vm.as_str()), ("securitygroupids", &web), ("securitygroupnames", "db")];
    let answer = user.ok("updateVirtualMachine", &put).await;
    let mut groups = names(&answer["virtualmachine"]["securitygroup"]);
    groups.sort_unstable();
    assert_eq!(groups, ["db", "web"], "the default one is left");
    let theirs = [("id", vm.as_str()), ("name", "x"), ("securitygroupids", &theirs)];
    assert_eq!(user.refused("updateVirtualMachine", &theirs).await.0, 431);
    let vms = user.ok("listVirtualMachines", &[("id", &vm)]).await;
    let vm = &vms["virtualmachine"][0];
    assert_ne!(vm["name"], "x", "what is refused changes nothing");
    assert_eq!(vm["securitygroup"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_group_is_none_for_a_deploy_and_for_every_command() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    record(&cloud, BASIC);
    let (owner, other, ids) =
        (of(&cloud, "owner").await, of(&cloud, "other").await, Ids::of(&cloud));
    let group = made(&owner, "web").await;
    let wanted = [&ids.params()[..], &[("securitygroupids", &group)]].concat();
    assert_eq!(other.refused("deployVirtualMachine", &wanted).await.0, 431);
    let params = [("securitygroupid", group.as_str()), ("cidrlist", "0.0.0.0/0")];
    let rule = job(&owner, "authorizeSecurityGroupIngress", &params).await;
    let rule = rule["securitygroup"]["ingressrule"][0]["ruleid"].as_str().unwrap().to_owned();
    for (command, id) in [
        ("listSecurityGroups", &group),
        ("deleteSecurityGroup", &group),
        ("revokeSecurityGroupIngress", &rule),
    ] {
        let never = uuid::Uuid::new_v4().to_string();
        let theirs = other.refused(command, &[("id", id)]).await;
        let unknown = other.refused(command, &[("id", &never)]).await;
        assert_eq!(
            (theirs.0, theirs.1.replace(id, "ID")),
            (unknown.0, unknown.1.replace(&never, "ID")),
            "{command}"
        );
    }
    assert_eq!(other.refused("authorizeSecurityGroupIngress", &params).await.0, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_added_shown_and_taken_away() {
    let cloud = Cloud::with_hosts(0).await.unwrap();
    let user = of(&cloud, "owner").await;
    let group = made(&user, "web").await;
    let on = ("securitygroupid", group.as_str());
    let params = [
        on,
        ("protocol", "TCP"),
        ("startport", "22"),
        ("cidrlist", "10.0.0.0/8,192.168.0.0/16"),
        ("usersecuritygrouplist[0].account", "owner"),
        ("usersecuritygrouplist[0].group", "web"),
    ];
    let result = job(&user, "authorizeSecurityGroupIngress", &params).await;
    let rules = result["securitygroup"]["ingressrule"].as_array().unwrap().clone();
    assert_eq!(rules.len(), 3, "{result}");
    assert_eq!(
        (&rules[0]["protocol"], &rules[0]["startport"], &rules[0]["endport"], &rules[0]["cidr"]),
        (&"tcp".into(), &22.into(), &22.into(), &"10.0.0.0/8".into())
    );
    assert_eq!(
        (&rules[2]["account"], &rules[2]["securitygroupname"]),
        (&"owner".into(), &"web".into())
    );
    // the same once more is refused, and adds nothing
    let (status, text) = user.refused("authorizeSecurityGroupIngress", &params).await;
    assert_eq!((status, text.contains("10.0.0.0/8 already")), (536, true), "{text}");
    let icmp = [("securitygroupname", "web"), ("protocol", "icmp"), ("cidrlist", "::/0")];
    let result = job(&user, "authorizeSecurityGroupEgress", &icmp).await;
    let rule = &result["securitygroup"]["egressrule"][0];
    assert_eq!((&rule["icmptype"], &rule["icmpcode"]), (&(-1).into(), &(-1).into()), "{result}");
    let id = rules[0]["ruleid"].as_str().unwrap();
    assert_eq!(user.refused("revokeSecurityGroupEgress", &[("id", id)]).await.0, 431);
    job(&user, "revokeSecurityGroupIngress", &[("id", id)]).await;
    let listed = user.ok("listSecurityGroups", &[("id", &group)]).await;
    let shown = &listed["securitygroup"][0];
    assert_eq!(shown["ingressrule"].as_array().unwrap().len(), 2);
    assert_eq!(shown["egressrule"].as_array().unwrap().len(), 1);
    for (wrong, named) in [
        (vec![on, ("protocol", "tcp")], "cidrlist"),
        (vec![on, ("cidrlist", "10.0.0.1")], "cidrlist"),
        (vec![on, ("cidrlist", "::/0"), ("protocol", "ipx")], "protocol"),
        (vec![("cidrlist", "::/0")], "securitygroupid"),
        (vec![("securitygroupname", "none"), ("cidrlist", "::/0")], "securitygroupname"),
        (vec![on, ("usersecuritygrouplist[0].account", "owner")], "usersecuritygrouplist"),
    ] {
        let (status, text) = user.refused("authorizeSecurityGroupIngress", &wrong).await;
        assert_eq!((status, text.contains(named)), (431, true), "{named}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_stays_while_vms_are_in_it_and_the_default_group_always() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    record(&cloud, BASIC);
    let (user, ids) = (of(&cloud, "owner").await, Ids::of(&cloud));
    let group = made(&user, "web").await;
    let said = [("securitygroupnames", "web"), ("startvm", "false")];
    let (vm, _) = deploy(&user, &ids, &said).await;
    let (status, text) = user.refused("deleteSecurityGroup", &[("id", &group)]).await;
    assert_eq!((status, text.contains("1 VMs")), (536, true), "{text}");
    let admin = admin_of(&cloud);
    job(&admin, "destroyVirtualMachine", &[("id", &vm), ("expunge", "true")]).await;
    user.ok("deleteSecurityGroup", &[("name", "web")]).await;
    // asked for before any VM needed it, the default group is there
    let params = [("securitygroupname", "default"), ("cidrlist", "0.0.0.0/0")];
    job(&user, "authorizeSecurityGroupIngress", &params).await;
    let (_, text) = user.refused("deleteSecurityGroup", &[("name", "default")]).await;
    assert!(text.contains("cannot be deleted"), "{text}");
    assert_eq!(user.refused("createSecurityGroup", &[("name", "default")]).await.0, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_group_of_a_deploy_is_an_instance_group_that_can_be_renamed_and_deleted() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (user, ids) = (of(&cloud, "owner").await, Ids::of(&cloud));
    for _ in 0..2 {
        deploy(&user, &ids, &[("group", "shop"), ("startvm", "false")]).await;
    }
    let groups = user.ok("listInstanceGroups", &[]).await;
    assert_eq!(
        (&groups["count"], &groups["instancegroup"][0]["name"]),
        (&1.into(), &"shop".into())
    );
    let id = groups["instancegroup"][0]["id"].as_str().unwrap();
    user.ok("updateInstanceGroup", &[("id", id), ("name", "store")]).await;
    let vms = user.ok("listVirtualMachines", &[("groupid", id)]).await;
    assert_eq!(vms["count"], 2);
    let vm = &vms["virtualmachine"][0];
    assert_eq!((&vm["group"], &vm["groupid"]), (&"store".into(), &id.into()));
    assert_eq!(user.refused("createInstanceGroup", &[("name", "store")]).await.0, 536);
    let other = of(&cloud, "other").await;
    assert_eq!(other.refused("deleteInstanceGroup", &[("id", id)]).await.0, 431);
    let vm = vm["id"].as_str().unwrap();
    let moved = user.ok("updateVirtualMachine", &[("id", vm), ("group", "yard")]).await;
    assert!(moved["virtualmachine"]["groupid"].is_string(), "{moved}");
    user.ok("updateVirtualMachine", &[("id", vm), ("group", "store")]).await;
    user.ok("deleteInstanceGroup", &[("id", id)]).await;
    let vms = user.ok("listVirtualMachines", &[]).await;
    assert!(vms["virtualmachine"][0].get("group").is_none(), "{vms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accounts_groups_end_with_it() {
    let cloud = Cloud::with_hosts(0).await.unwrap();
    let (admin, user, stays) =
        (admin_of(&cloud), of(&cloud, "leaves").await, of(&cloud, "stays").await);
    made(&user, "web").await;
    let left = made(&stays, "web").await;
    let peer = [
        ("securitygroupid", left.as_str()),
        ("usersecuritygrouplist[0].account", "leaves"),
        ("usersecuritygrouplist[0].group", "web"),
    ];
    job(&stays, "authorizeSecurityGroupIngress", &peer).await;
    user.ok("createInstanceGroup", &[("name", "shop")]).await;
    user.ok("registerUserData", &[("name", "x"), ("userdata", "eA==")]).await;
    let accounts = admin.ok("listAccounts", &[("name", "leaves"), ("listall", "true")]).await;
    let id = accounts["account"][0]["id"].as_str().unwrap();
    job(&admin, "deleteAccount", &[("id", id)]).await;
    let groups = admin.ok("listSecurityGroups", &[("listall", "true")]).await;
    assert_eq!((&groups["count"], &groups["securitygroup"][0]["id"]), (&1.into(), &left.into()));
    assert_eq!(groups["securitygroup"][0]["ingressrule"], json!([]));
    for command in ["listInstanceGroups", "listUserData"] {
        assert_eq!(admin.ok(command, &[("listall", "true")]).await, json!({}), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_a_project_is_named_with_the_project() {
    let cloud = Cloud::with_hosts(0).await.unwrap();
    let user = of(&cloud, "owner").await;
    let project = user.ok("createProject", &[("name", "shop")]).await;
    let shop = ("projectid", project["id"].as_str().unwrap());
    user.ok("createSecurityGroup", &[("name", "web"), shop]).await;
    let rule = [("securitygroupname", "web"), ("cidrlist", "10.0.0.0/8"), shop];
    for (command, rules) in [
        ("authorizeSecurityGroupIngress", "ingressrule"),
        ("authorizeSecurityGroupEgress", "egressrule"),
    ] {
        job(&user, command, &rule).await;
        let shown = user.ok("listSecurityGroups", &[shop]).await;
        assert_eq!(shown["securitygroup"][0][rules][0]["cidr"], "10.0.0.0/8", "{shown}");
        assert_eq!(user.refused(command, &rule[..2]).await.0, 431, "its own account has none");
    }
}
