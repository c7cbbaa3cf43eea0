//! Filters of lists: each is kept. What the cloud does not have is in no list that is asked for it.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::{Value, json};
use uuid::Uuid;

use super::World;

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

/// The rows of an answer, whatever their key.
fn rows(answer: &Value) -> Vec<Value> {
    answer.as_object().unwrap().values().find_map(Value::as_array).cloned().unwrap_or_default()
}

/// Names of what a list shows, in its order.
async fn names(api: &Api, command: &str, params: &[(&str, &str)]) -> Vec<String> {
    let shown = rows(&api.ok(command, params).await);
    shown.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// A cloud with a host and a VM that does not run.
async fn cloud_with_a_vm() -> (Cloud, Api, String) {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let vm = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
        ("startvm", "false"),
    ];
    let answer = admin.ok("deployVirtualMachine", &vm).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let vm = id(&answer).to_owned();
    (cloud, admin, vm)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_asked_for_what_is_not_there_is_empty() {
    let (_cloud, admin, vm) = cloud_with_a_vm().await;
    let some = Uuid::new_v4().to_string();
    let size = [("name", "d"), ("displaytext", "d"), ("disksize", "1")];
    admin.ok("createDiskOffering", &size).await;
    admin.ok("createProject", &[("name", "p")]).await;
    admin.ok("createSecurityGroup", &[("name", "g")]).await;
    let templates = ("templatefilter", "all");
    let nics = ("virtualmachineid", vm.as_str());
    let all = ("listall", "true");
    for (command, needed, filters) in [
        (
            "listVirtualMachines",
            all,
            &[
                ("leased", "true"),
                ("gpuenabled", "true"),
                ("isvnf", "true"),
                ("forvirtualnetwork", "true"),
                ("vpcid", some.as_str()),
                ("backupofferingid", &some),
                ("autoscalevmgroupid", &some),
                ("extensionid", &some),
            ][..],
        ),
        ("listVolumes", all, &[("displayvolume", "false")]),
        ("listNics", nics, &[("fordisplay", "false")]),
        ("listNetworks", all, &[("vlan", "7"), ("associatednetworkid", &some)]),
        ("listDiskOfferings", all, &[("encrypt", "true")]),
        (
            "listServiceOfferings",
            all,
            &[
                ("gpuenabled", "true"),
                ("encryptroot", "true"),
                ("systemvmtype", "domainrouter"),
                ("vgpuprofileid", &some),
            ],
        ),
        ("listNetworkOfferings", ("guestiptype", "Shared"), &[("routingmode", "Static")]),
        (
            "listTemplates",
            templates,
            &[
                ("isvnf", "true"),
                ("forcks", "true"),
                ("parenttemplateid", &some),
                ("extensionid", &some),
            ],
        ),
        ("listAccounts", all, &[("apikeyaccess", "Disabled"), ("apikeyaccess", "enabled")]),
        ("listUsers", all, &[("apikeyaccess", "Disabled")]),
        ("listProjects", all, &[("username", "nobody")]),
        ("listZones", ("available", "false"), &[("storageaccessgroup", "a")]),
        ("listPods", ("showcapacities", "false"), &[("storageaccessgroup", "a")]),
        (
            "listClusters",
            ("hypervisor", "KVM"),
            &[
                ("clustertype", "ExternalManaged"),
                ("managedstate", "Unmanaged"),
                ("arch", "aarch64"),
                ("storageaccessgroup", "a"),
            ],
        ),
        (
            "listHosts",
            ("type", "Routing"),
            &[
                ("managementserverid", "77"),
                ("outofbandmanagementenabled", "true"),
                ("outofbandmanagementpowerstate", "On"),
                ("storageaccessgroup", "a"),
            ],
        ),
        ("listImageStores", ("provider", "ImageWorker"), &[("readonly", "true")]),
    ] {
        let there = command == "listImageStores" || admin.ok(command, &[needed]).await != json!({});
        assert!(there, "{command} {needed:?}: nothing is there to be left out");
        for filter in filters {
            let answer = admin.ok(command, &[needed, *filter]).await;
            assert_eq!(answer, json!({}), "{command} {filter:?}");
        }
    }
    let tagged = [all, ("tags[0].key", "a"), ("tags[0].value", "b")];
    for command in ["listProjects", "listSecurityGroups"] {
        assert_eq!(admin.ok(command, &tagged).await, json!({}), "{command}");
    }
    for command in ["listAccounts", "listUsers"] {
        assert_eq!(rows(&admin.ok(command, &[("apikeyaccess", "inherit")]).await).len(), 1);
        let (status, text) = admin.refused(command, &[("apikeyaccess", "maybe")]).await;
        assert_eq!((status, text.contains("Enabled, Disabled, Inherit")), (431, true), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_only_how_many_there_are_if_it_is_asked_for_that() {
    let (_cloud, admin, _) = cloud_with_a_vm().await;
    for command in ["listVirtualMachines", "listVolumes", "listNetworks"] {
        let answer = admin.ok(command, &[("retrieveonlyresourcecount", "true")]).await;
        assert_eq!(answer, json!({"count": 1}), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_found_by_their_manager_and_clusters_by_the_architecture_of_their_hosts() {
    let (_cloud, admin, _) = cloud_with_a_vm().await;
    let host = rows(&admin.ok("listHosts", &[("type", "Routing")]).await)[0].clone();
    let manager = host["managementserverid"].as_str().unwrap();
    let its = [("type", "Routing"), ("managementserverid", manager)];
    assert_eq!(rows(&admin.ok("listHosts", &its).await).len(), 1);
    let arch = host["arch"].as_str().unwrap();
    let kind = [("arch", arch), ("clustertype", "CloudManaged"), ("managedstate", "managed")];
    assert_eq!(rows(&admin.ok("listClusters", &kind).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_offering_is_found_by_the_pool_that_has_its_tags_and_says_which_vm_it_suits() {
    let (_cloud, admin, vm) = cloud_with_a_vm().await;
    let pool = id(&rows(&admin.ok("listStoragePools", &[]).await)[0]).to_owned();
    for (name, tags) in [("any", ""), ("fast", "nvme,fast"), ("odd", "nvme,\"odd\"")] {
        let size = [("name", name), ("displaytext", name), ("disksize", "1"), ("tags", tags)];
        admin.ok("createDiskOffering", &size).await;
    }
    let on_pool = [("storageid", pool.as_str())];
    assert_eq!(names(&admin, "listDiskOfferings", &on_pool).await, ["any"]);
    let suited = async || {
        let listed = admin.ok("listDiskOfferings", &[("virtualmachineid", &vm)]).await;
        let suits = |row: &Value| row["suitableforvirtualmachine"].as_bool().unwrap();
        rows(&listed).iter().map(suits).collect::<Vec<_>>()
    };
    assert_eq!(suited().await, [true, false, false]);
    admin.ok("updateStoragePool", &[("id", &pool), ("tags", "fast, nvme")]).await;
    assert_eq!(names(&admin, "listDiskOfferings", &on_pool).await, ["any", "fast"]);
    assert_eq!(suited().await, [true, true, false]);
    let listed = admin.ok("listDiskOfferings", &[]).await;
    assert_eq!(rows(&listed)[0].get("suitableforvirtualmachine"), None);
}

#[tokio::test]
async fn offerings_are_found_by_who_may_use_them() {
    let world = World::new().await;
    let (store, address) = (&world.manager.context.store, world.admin.address);
    let of =
        async |path, name| tenant(store, address, path, name, AccountType::User).await.unwrap();
    let (head, alice, carol) = (
        of("ROOT/shop", "head").await,
        of("ROOT/shop/lab", "alice").await,
        of("ROOT/bank", "carol").await,
    );
    let domain = async |api: &Api| {
        rows(&api.ok("listAccounts", &[]).await)[0]["domainid"].as_str().unwrap().to_owned()
    };
    let (shop, lab, bank) = (domain(&head).await, domain(&alice).await, domain(&carol).await);
    let project = id(&alice.ok("createProject", &[("name", "web")]).await).to_owned();
    let admin = &world.admin;
    for (name, domain) in [("all", ""), ("shops", &shop), ("labs", &lab), ("banks", &bank)] {
        let limited = [("domainid", domain)];
        let limited = if domain.is_empty() { &[][..] } else { &limited };
        let size = [("name", name), ("displaytext", name), ("disksize", "1")];
        admin.ok("createDiskOffering", &[&size[..], limited].concat()).await;
        let size = [
            ("name", name),
            ("displaytext", name),
            ("cpunumber", "77"),
            ("cpuspeed", "100"),
            ("memory", "128"),
        ];
        admin.ok("createServiceOffering", &[&size[..], limited].concat()).await;
    }
    let of_alice = [("account", "alice"), ("domainid", lab.as_str())];
    let of_web = [("projectid", project.as_str())];
    for (command, only) in
        [("listDiskOfferings", None), ("listServiceOfferings", Some(("cpunumber", "77")))]
    {
        let found = async |params: &[(&str, &str)]| {
            let only: Vec<_> = only.into_iter().collect();
            let mut found = names(admin, command, &[params, &only].concat()).await;
            found.sort();
            found
        };
        assert_eq!(found(&of_alice).await, ["all", "labs", "shops"], "{command}");
        assert_eq!(found(&of_web).await, ["all", "labs", "shops"], "{command}");
        assert_eq!(found(&[("domainid", &shop)]).await, ["shops"], "{command}");
        assert_eq!(found(&[]).await, ["all", "banks", "labs", "shops"], "{command}");
        let (status, _) = carol.refused(command, &of_web).await;
        assert_eq!(status, 431, "{command}");
    }
    let deep = [("domainid", shop.as_str()), ("isrecursive", "true")];
    assert_eq!(names(admin, "listDiskOfferings", &deep).await, ["shops", "labs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_offering_is_found_by_the_template_that_its_root_volume_has_room_for() {
    let (cloud, admin, _) = cloud_with_a_vm().await;
    let template = cloud.catalogue.template.to_string();
    let database = rusqlite::Connection::open(cloud.folder().join("manager/hostler.db")).unwrap();
    database.execute("UPDATE template SET virtual_size = 3 << 30", []).unwrap();
    for (name, size) in [("small", "2"), ("large", "3")] {
        let size = [
            ("name", name),
            ("displaytext", name),
            ("cpunumber", "77"),
            ("cpuspeed", "100"),
            ("memory", "128"),
            ("rootdisksize", size),
        ];
        admin.ok("createServiceOffering", &size).await;
    }
    let fits = [("templateid", template.as_str()), ("cpunumber", "77")];
    assert_eq!(names(&admin, "listServiceOfferings", &fits).await, ["large"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_how_old_they_are_and_by_what_began_with_them() {
    let (_cloud, admin, vm) = cloud_with_a_vm().await;
    let about = ("resourceid", vm.as_str());
    let answer = admin.ok("startVirtualMachine", &[("id", &vm)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let listed = rows(&admin.ok("listEvents", &[about]).await);
    let begun = |event: &&Value| event["state"] == "Scheduled" && event["type"] == "VM.START";
    let first = listed.iter().find(begun).unwrap();
    let again = rows(&admin.ok("listEvents", &[("startid", id(first))]).await);
    assert!(again.contains(first) && again.len() >= 2, "{again:?}");
    assert!(again.iter().all(|event| listed.contains(event)), "{again:?}");
    assert!(again.iter().all(|event| event["jobid"] == answer["jobid"]), "{again:?}");
    let young = [about, ("entrytime", "3600")];
    assert_eq!(rows(&admin.ok("listEvents", &young).await).len(), listed.len());
    // nothing has been under way for so long
    assert_eq!(admin.ok("listEvents", &[about, ("duration", "600")]).await, json!({}));
    for wrong in [&[("entrytime", "60"), ("duration", "60")][..], &[("duration", "-1")]] {
        let (status, text) = admin.refused("listEvents", wrong).await;
        assert_eq!((status, text.contains("duration")), (431, true), "{text}");
    }
    let never = Uuid::new_v4().to_string();
    let (status, text) = admin.refused("listEvents", &[("startid", &never)]).await;
    assert_eq!((status, text.contains("startid")), (431, true), "{text}");
}

#[tokio::test]
async fn events_of_what_is_under_way_for_long_are_found() {
    let world = World::new().await;
    let made = world.admin.ok("createProject", &[("name", "p")]).await;
    let work = "UPDATE job SET created = created - 60000, finished = NULL, state = 'Running'";
    world.database().execute(work, []).unwrap();
    world
        .database()
        .execute(
            "UPDATE event SET job = (SELECT id FROM job), state = 'Scheduled' WHERE subject = ?1",
            [id(&made)],
        )
        .unwrap();
    let long =
        rows(&world.admin.ok("listEvents", &[("duration", "50"), ("entrytime", "90")]).await);
    assert_eq!((long.len(), &long[0]["resourceid"]), (1, &made["id"]));
    assert_eq!(world.admin.ok("listEvents", &[("duration", "70")]).await, json!({}));
}

#[tokio::test]
async fn projects_and_who_is_in_them_are_found_by_user() {
    let world = World::new().await;
    let (store, address) = (&world.manager.context.store, world.admin.address);
    let ann = tenant(store, address, "ROOT", "ann", AccountType::User).await.unwrap();
    let project = id(&ann.ok("createProject", &[("name", "hers")]).await).to_owned();
    world.admin.ok("createProject", &[("name", "admins")]).await;
    let user = rows(&ann.ok("listUsers", &[]).await)[0].clone();
    let of_ann = [("username", user["username"].as_str().unwrap()), ("listall", "true")];
    assert_eq!(names(&world.admin, "listProjects", &of_ann).await, ["hers"]);
    let members = [("projectid", project.as_str()), ("userid", id(&user))];
    let members = rows(&ann.ok("listProjectAccounts", &members).await);
    assert_eq!((members.len(), &members[0]["account"]), (1, &"ann".into()));
    let chief = rows(&world.admin.ok("listUsers", &[]).await)[0].clone();
    let none = [("projectid", project.as_str()), ("userid", id(&chief))];
    assert_eq!(world.admin.ok("listProjectAccounts", &none).await, json!({}));
    let role = Uuid::new_v4().to_string();
    let none = [("projectid", project.as_str()), ("projectroleid", role.as_str())];
    assert_eq!(ann.ok("listProjectAccounts", &none).await, json!({}));
}

#[tokio::test]
async fn networks_are_found_by_their_wire_and_kinds_of_networks_by_what_is_said_of_them() {
    let world = World::new().await;
    let (admin, zone) = (&world.admin, world.catalogue.zone.to_string());
    let wire = async |name: &str| {
        let wire = [("name", name), ("zoneid", zone.as_str())];
        let answer = admin.ok("createPhysicalNetwork", &wire).await;
        admin.job(answer["jobid"].as_str().unwrap()).await;
        id(&answer).to_owned()
    };
    let (front, back) = (wire("front").await, wire("back").await);
    let traffic = [("physicalnetworkid", front.as_str()), ("traffictype", "Guest")];
    let answer = admin.ok("addTrafficType", &traffic).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let on = async |wire: &str| names(admin, "listNetworks", &[("physicalnetworkid", wire)]).await;
    assert_eq!(on(&front).await, ["guests"]);
    assert_eq!(on(&back).await, [""; 0]);
    let kind = [
        ("name", "flat"),
        ("displaytext", "plain"),
        ("guestiptype", "shared"),
        ("traffictype", "GUEST"),
        ("supportedservices", "dhcp"),
        ("tags", "front"),
    ];
    admin.ok("createNetworkOffering", &kind).await;
    for only in [[("displaytext", "plain")], [("istagged", "true")]] {
        assert_eq!(names(admin, "listNetworkOfferings", &only).await, ["flat"], "{only:?}");
    }
    let all = names(admin, "listNetworkOfferings", &[]).await;
    assert_eq!(
        names(admin, "listNetworkOfferings", &[("istagged", "false")]).await.len(),
        all.len() - 1
    );
    for (filter, all_or_none) in [
        (("availability", "optional"), all.len()),
        (("availability", "Required"), 0),
        (("sourcenatsupported", "false"), all.len()),
        (("sourcenatsupported", "true"), 0),
    ] {
        let found = names(admin, "listNetworkOfferings", &[filter]).await;
        assert_eq!(found.len(), all_or_none, "{filter:?}: {found:?}");
    }
}

#[tokio::test]
async fn zones_are_found_by_the_domain_that_they_are_kept_for() {
    let world = World::new().await;
    let (admin, zone) = (&world.admin, world.catalogue.zone.to_string());
    let domain = admin.ok("createDomain", &[("name", "shop")]).await;
    let domain = id(&domain["domain"]);
    assert_eq!(admin.ok("listZones", &[("domainid", domain)]).await, json!({}));
    let whom = [("zoneid", zone.as_str()), ("domainid", domain)];
    let answer = admin.ok("dedicateZone", &whom).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let found = rows(&admin.ok("listZones", &[("domainid", domain)]).await);
    assert_eq!((found.len(), id(&found[0])), (1, zone.as_str()));
}

#[tokio::test]
async fn lists_of_what_is_never_there_take_every_filter_and_check_whom_and_what_it_names() {
    let world = World::new().await;
    let admin = &world.admin;
    let (zone, network) = (world.catalogue.zone.to_string(), world.catalogue.network.to_string());
    let never = Uuid::new_v4().to_string();
    for (command, filters) in [
        (
            "listPublicIpAddresses",
            &[("zoneid", zone.as_str()), ("networkid", &network), ("state", "Free")][..],
        ),
        ("listPortForwardingRules", &[("networkid", network.as_str()), ("fordisplay", "true")]),
        ("listIpForwardingRules", &[("projectid", "-1")]),
        ("listRouters", &[("zoneid", zone.as_str()), ("networkid", &network), ("forvpc", "false")]),
        ("listSystemVms", &[("zoneid", zone.as_str()), ("arch", "x86_64")]),
        ("listLoadBalancerRules", &[("zoneid", zone.as_str()), ("name", "web")]),
        ("listVPCs", &[("state", "Enabled"), ("supportedservices", "Dhcp")]),
        ("listNetworkACLs", &[("protocol", "tcp"), ("traffictype", "Ingress")]),
    ] {
        let reply = admin.call(command, filters).await;
        assert_eq!((reply.status, reply.inner()), (200, json!({})), "{command}");
        assert_eq!(reply.header("X-Hostler-Ignored-Parameters"), None, "{command}");
    }
    for (command, param) in [
        ("listPublicIpAddresses", "zoneid"),
        ("listPublicIpAddresses", "vpcid"),
        ("listPublicIpAddresses", "domainid"),
        ("listPortForwardingRules", "ipaddressid"),
        ("listIpForwardingRules", "virtualmachineid"),
        ("listRouters", "hostid"),
        ("listRouters", "projectid"),
        ("listSystemVms", "podid"),
        ("listSystemVms", "id"),
        ("listLoadBalancerRules", "publicipid"),
        ("listEgressFirewallRules", "ipaddressid"),
        ("listNetworkACLLists", "vpcid"),
        ("listVPCs", "vpcofferingid"),
    ] {
        let (status, text) = admin.refused(command, &[(param, &never)]).await;
        let right = text.contains(&format!("Invalid parameter {param} value={never}"));
        assert_eq!((status, right), (431, true), "{command}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_job_of_a_thing_is_found_by_the_thing_and_jobs_by_their_manager() {
    let (_cloud, admin, vm) = cloud_with_a_vm().await;
    let answer = admin.ok("startVirtualMachine", &[("id", &vm)]).await;
    let job = answer["jobid"].as_str().unwrap();
    let done = admin.job(job).await;
    let of_vm = [("resourceid", vm.as_str()), ("resourcetype", "virtualmachine")];
    assert_eq!(admin.ok("queryAsyncJobResult", &of_vm).await, done);
    let both = [&of_vm[..], &[("jobid", job)]].concat();
    assert_eq!(admin.ok("queryAsyncJobResult", &both).await, done);
    let never = Uuid::new_v4().to_string();
    for (params, says) in [
        (&[("resourceid", vm.as_str()), ("resourcetype", "Volume")][..], "parameter resourceid"),
        (&[("resourceid", never.as_str()), ("resourcetype", "VirtualMachine")], &never),
        (
            &[("resourceid", never.as_str()), ("resourcetype", "VirtualMachine"), ("jobid", job)],
            job,
        ),
        (&[("resourceid", vm.as_str())], "such as VirtualMachine"),
        (&[("resourcetype", "VirtualMachine")], "missing parameter jobid"),
        (&[], "missing parameter jobid"),
    ] {
        let (status, text) = admin.refused("queryAsyncJobResult", params).await;
        assert_eq!((status, text.contains(says)), (431, true), "{params:?}: {text}");
    }
    let manager = done["managementserverid"].as_str().unwrap();
    let its = rows(&admin.ok("listAsyncJobs", &[("managementserverid", manager)]).await);
    assert!(its.iter().any(|shown| shown["jobid"] == job), "{its:?}");
    assert_eq!(admin.ok("listAsyncJobs", &[("managementserverid", "77")]).await, json!({}));
}
