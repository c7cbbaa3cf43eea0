//! Zones, pods, clusters, hosts, networks, offerings, keys and settings.

use serde_json::Value;

use super::World;

/// What is changed of a right request, what is left out of it, and what the refusal says.
type Wrong<'a> = (&'a [(&'static str, &'a str)], &'a [&'a str], &'a str);

fn id<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer[key]["id"].as_str().unwrap()
}

async fn place(world: &World) -> [String; 3] {
    let admin = &world.admin;
    let zone = [
        ("name", "z2"),
        ("networktype", "Basic"),
        ("dns1", "10.0.0.1"),
        ("internaldns1", "10.0.0.1"),
    ];
    let zone = id(&admin.ok("createZone", &zone).await, "zone").to_owned();
    let pod = admin.ok("createPod", &[("name", "p2"), ("zoneid", &zone)]).await;
    let pod = id(&pod, "pod").to_owned();
    let params = [("name", "c2"), ("zoneid", zone.as_str()), ("podid", pod.as_str())];
    let cluster = id(&admin.ok("createCluster", &params).await, "cluster").to_owned();
    [zone, pod, cluster]
}

#[tokio::test]
async fn the_hierarchy_is_made_from_the_top_and_removed_from_the_bottom() {
    let world = World::new().await;
    let [zone, pod, cluster] = place(&world).await;
    let admin = &world.admin;
    let (status, text) = admin.refused("deleteZone", &[("id", &zone)]).await;
    assert_eq!((status, text.as_str()), (536, "zone z2 still has 1 pods; remove them first"));
    assert_eq!(admin.refused("deletePod", &[("id", &pod)]).await.0, 536);
    for (command, id) in [("deleteCluster", &cluster), ("deletePod", &pod), ("deleteZone", &zone)] {
        assert_eq!(admin.ok(command, &[("id", id)]).await["success"], true);
    }
    // what was removed gives an empty list, what never was an error
    assert_eq!(admin.ok("listZones", &[("id", &zone)]).await, serde_json::json!({}));
    let never = uuid::Uuid::new_v4().to_string();
    assert_eq!(admin.refused("listZones", &[("id", &never)]).await.0, 431);
}

#[tokio::test]
async fn a_name_is_given_once_in_its_place() {
    let world = World::new().await;
    let [zone, pod, _] = place(&world).await;
    let admin = &world.admin;
    let again = [
        ("name", "z2"),
        ("networktype", "Basic"),
        ("dns1", "10.0.0.1"),
        ("internaldns1", "10.0.0.1"),
    ];
    let (status, text) = admin.refused("createZone", &again).await;
    assert_eq!((status, text.contains("named z2 already")), (431, true), "{text}");
    assert_eq!(admin.refused("createPod", &[("name", "p2"), ("zoneid", &zone)]).await.0, 431);
    let params = [("name", "c2"), ("zoneid", zone.as_str()), ("podid", pod.as_str())];
    assert_eq!(admin.refused("createCluster", &params).await.0, 431);
}

#[tokio::test]
async fn a_host_is_refused_for_what_is_wrong_with_the_request_before_any_machine_is_touched() {
    let world = World::new().await;
    let [zone, pod, cluster] = place(&world).await;
    let other = world.catalogue.zone.to_string();
    let nothing = uuid::Uuid::new_v4().to_string();
    let call = async |changes: &[(&'static str, &str)], without: &[&str]| {
        let mut params = vec![
            ("zoneid", zone.as_str()),
            ("podid", &pod),
            ("clusterid", &cluster),
            ("hypervisor", "KVM"),
            ("url", "http://192.0.2.1"),
            ("password", "x"),
        ];
        params
            .retain(|param| !without.contains(&param.0) && !changes.iter().any(|c| c.0 == param.0));
        params.extend(changes.iter().copied());
        world.admin.refused("addHost", &params).await
    };
    let wrong: [Wrong<'_>; 10] = [
        (&[("zoneid", &nothing)], &[], "Invalid parameter zoneid"),
        (&[("podid", &nothing)], &[], "Invalid parameter podid"),
        (&[("clusterid", &nothing)], &[], "Invalid parameter clusterid"),
        (&[("zoneid", &other)], &[], "podid: pod p2 is not in zone z1"),
        (&[], &["podid"], "missing parameter podid"),
        (&[], &["clusterid"], "clusterid and clustername are both missing"),
        (&[("clustername", "c2")], &[], "clusterid and clustername are both given"),
        (&[("clustername", "c9")], &["clusterid"], "has no cluster named c9"),
        (&[("url", "ftp://x")], &[], "url: \"ftp://x\" names no host"),
        (&[], &["password"], "password and privatekey are both missing"),
    ];
    for (changes, without, expected) in wrong {
        let (status, text) = call(changes, without).await;
        assert_eq!((status, text.contains(expected)), (431, true), "{expected}: {text}");
    }
}

#[tokio::test]
async fn the_first_network_of_a_zone_is_its_default_and_ranges_do_not_overlap() {
    let world = World::new().await;
    let [zone, ..] = place(&world).await;
    let create = async |name: &str, start: &str, end: &str, bridge: &str| {
        let params = [
            ("name", name),
            ("zoneid", &zone),
            ("gateway", "10.9.0.1"),
            ("netmask", "255.255.255.0"),
            ("startip", start),
            ("endip", end),
            ("bridge", bridge),
        ];
        world.admin.call("createNetwork", &params).await
    };
    let first = create("n1", "10.9.0.10", "10.9.0.19", "br0").await.inner();
    assert_eq!(
        (&first["network"]["isdefault"], &first["network"]["type"]),
        (&true.into(), &"Shared".into())
    );
    assert_eq!(first["network"]["networkdomain"], "hostler.internal");
    let second = create("n2", "10.9.0.20", "10.9.0.29", "br0").await.inner();
    assert_eq!(second["network"]["isdefault"], false);
    let overlap = create("n3", "10.9.0.19", "10.9.0.21", "br0").await;
    assert_eq!((overlap.status, overlap.error().contains("overlaps with network n1")), (431, true));
    assert_eq!(create("n3", "10.9.0.19", "10.9.0.21", "br1").await.status, 200);
    for (start, end, name) in [
        ("10.8.0.2", "10.9.0.9", "startip"),
        ("10.9.0.30", "10.9.1.9", "endip"),
        ("10.9.0.1", "10.9.0.9", "gateway"),
        ("10.9.0.40", "10.9.0.30", "endip"),
        ("10.9.0.0", "10.9.0.9", "startip"),
    ] {
        let reply = create("n4", start, end, "br2").await;
        assert_eq!((reply.status, reply.error().contains(name)), (431, true), "{}", reply.body);
    }
    assert_eq!(create("n4", "10.9.0.30", "10.9.0.39", "br 0; x").await.status, 431);
}

#[tokio::test]
async fn a_network_is_deleted_by_a_job_that_is_over_at_once() {
    let world = World::new().await;
    let id = world.catalogue.network.to_string();
    let answer = world.admin.ok("deleteNetwork", &[("id", &id)]).await;
    let job = world.admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!((&job["jobstatus"], &job["jobresult"]["success"]), (&1.into(), &true.into()));
    assert_eq!(world.admin.ok("listNetworks", &[("id", &id)]).await, serde_json::json!({}));
}

#[tokio::test]
async fn an_offering_that_is_taken_off_sale_is_no_longer_listed() {
    let world = World::new().await;
    let params = [
        ("name", "big"),
        ("cpunumber", "4"),
        ("cpuspeed", "2000"),
        ("memory", "8192"),
        ("rootdisksize", "20"),
    ];
    let made = world.admin.ok("createServiceOffering", &params).await;
    assert_eq!(made["serviceoffering"]["rootdisksize"], 20);
    let id = id(&made, "serviceoffering").to_owned();
    assert_eq!(world.admin.ok("listServiceOfferings", &[("id", &id)]).await["count"], 1);
    world.admin.ok("deleteServiceOffering", &[("id", &id)]).await;
    assert_eq!(world.admin.ok("listServiceOfferings", &[("id", &id)]).await, serde_json::json!({}));
    for (param, value) in [
        ("cpunumber", "0"),
        ("cpuspeed", "-1"),
        ("memory", "31"),
        ("rootdisksize", "-5"),
        ("storagetype", "tape"),
    ] {
        let mut wrong: Vec<_> = params.into_iter().filter(|other| other.0 != param).collect();
        wrong.push((param, value));
        let (status, text) = world.admin.refused("createServiceOffering", &wrong).await;
        assert_eq!((status, text.contains(param)), (431, true), "{param}: {text}");
    }
}

#[tokio::test]
async fn a_setting_takes_effect_at_once_and_survives_a_restart() {
    let world = World::new().await;
    let change = [("name", "expunge.delay"), ("value", "60")];
    world.admin.ok("updateConfiguration", &change).await;
    let delay = hostler_manager::settings::EXPUNGE_DELAY;
    let settings = &world.manager.context.settings;
    assert_eq!(settings.duration(&delay), std::time::Duration::from_mins(1));
    let listed = world.admin.ok("listConfigurations", &[("name", "expunge.delay")]).await;
    assert_eq!(listed["configuration"][0]["value"], "60");
    let (status, text) = world
        .admin
        .refused("updateConfiguration", &[("name", "expunge.delay"), ("value", "soon")])
        .await;
    assert_eq!((status, text.contains("a whole number of seconds from 0")), (431, true), "{text}");

    let World { manager, folder, .. } = world;
    manager.stop().await;
    let again =
        hostler_manager::manager::Manager::start(hostler_tests::cloud::config(folder.path()))
            .await
            .unwrap();
    assert_eq!(again.context.settings.duration(&delay), std::time::Duration::from_mins(1));
}

#[tokio::test]
async fn an_overcommit_factor_can_be_set_for_one_cluster() {
    let world = World::new().await;
    let [_, _, cluster] = place(&world).await;
    let params =
        [("name", "cpu.overprovisioning.factor"), ("value", "2.5"), ("clusterid", &cluster)];
    world.admin.ok("updateConfiguration", &params).await;
    let listed = world.admin.ok("listClusters", &[("id", &cluster)]).await;
    assert_eq!(listed["cluster"][0]["cpuovercommitratio"], "2.5");
    let wrong = [("name", "expunge.delay"), ("value", "1"), ("clusterid", cluster.as_str())];
    assert_eq!(world.admin.refused("updateConfiguration", &wrong).await.0, 431);
}

#[tokio::test]
async fn what_was_done_can_be_read_in_the_events_with_who_did_it() {
    let world = World::new().await;
    let [zone, ..] = place(&world).await;
    let events = world.admin.ok("listEvents", &[("resourceid", &zone)]).await;
    let event = &events["event"][0];
    assert_eq!((&event["type"], &event["username"]), (&"ZONE.CREATE".into(), &"admin".into()));
    assert!(event["description"].as_str().unwrap().contains("(request "), "{event}");
}
