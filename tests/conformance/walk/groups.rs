//! Security groups, affinity groups and instance groups, from their making to their end.

use hostler_tests::cloud::Cloud;

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness, cloud: &Cloud) {
    security(w).await;
    affinity(w, cloud).await;
    let group = id(&w.call("createInstanceGroup", &[("name", "ig9")]).await, "instancegroup");
    w.call("updateInstanceGroup", &[("id", &group), ("name", "ig8")]).await;
    w.call("listInstanceGroups", &[("id", &group)]).await;
    w.call("deleteInstanceGroup", &[("id", &group)]).await;
}

async fn security(w: &mut Witness) {
    let params = [("name", "sg9"), ("description", "nine")];
    let group = id(&w.call("createSecurityGroup", &params).await, "securitygroup");
    let mut rules = Vec::new();
    for (way, key) in [("Ingress", "ingressrule"), ("Egress", "egressrule")] {
        let params = [
            ("securitygroupid", group.as_str()),
            ("protocol", "tcp"),
            ("startport", "80"),
            ("endport", "81"),
            ("cidrlist", "0.0.0.0/0"),
            ("usersecuritygrouplist[0].account", "admin"),
            ("usersecuritygrouplist[0].group", "sg9"),
        ];
        let answer = w.call(&format!("authorizeSecurityGroup{way}"), &params).await;
        let job = w.job(&answer).await;
        let made = &job["jobresult"]["securitygroup"];
        assert_eq!(made[key].as_array().unwrap().len(), 2, "{job}");
        w.hold("securitygroup", made);
        rules.push((way, made[key][0]["ruleid"].as_str().unwrap().to_owned()));
    }
    w.call("listSecurityGroups", &[("id", &group)]).await;
    for (way, rule) in rules {
        let answer = w.call(&format!("revokeSecurityGroup{way}"), &[("id", &rule)]).await;
        w.job(&answer).await;
    }
    w.call("updateSecurityGroup", &[("id", &group), ("name", "sg8")]).await;
    w.call("deleteSecurityGroup", &[("id", &group)]).await;
}

async fn affinity(w: &mut Witness, cloud: &Cloud) {
    w.call("listAffinityGroupTypes", &[]).await;
    let params = [("name", "ag9"), ("type", "host anti-affinity")];
    let answer = w.call("createAffinityGroup", &params).await;
    let job = w.job(&answer).await;
    w.hold("affinitygroup", &job["jobresult"]["affinitygroup"]);
    let group = answer["id"].as_str().unwrap().to_owned();
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let params = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
        ("affinitygroupids", &group),
        ("group", "ig7"),
        ("startvm", "false"),
    ];
    let answer = w.call("deployVirtualMachine", &params).await;
    w.job(&answer).await;
    let vm = answer["id"].as_str().unwrap().to_owned();
    w.call("listVirtualMachines", &[("affinitygroupid", &group)]).await;
    w.call("listAffinityGroups", &[("virtualmachineid", &vm)]).await;
    let answer = w.call("updateVMAffinityGroup", &[("id", &vm)]).await;
    w.job(&answer).await;
    let answer = w.call("deleteAffinityGroup", &[("id", &group)]).await;
    w.job(&answer).await;
    let answer = w.call("destroyVirtualMachine", &[("id", &vm), ("expunge", "true")]).await;
    w.job(&answer).await;
}

/// Registered user data, from its registration to its end.
pub(crate) async fn user_data(w: &mut Witness, cloud: &Cloud) {
    let said = [("name", "ud9"), ("userdata", "I2Nsb3VkLWNvbmZpZw==")];
    let answer = w.call("registerUserData", &said).await;
    let data = answer["userdata"]["id"].as_str().unwrap().to_owned();
    w.call("listUserData", &[("name", "ud9")]).await;
    let template = cloud.catalogue.template.to_string();
    let link = [("templateid", template.as_str()), ("userdataid", &data)];
    w.call("linkUserDataToTemplate", &link).await;
    w.call("linkUserDataToTemplate", &link[..1]).await;
    w.call("deleteUserData", &[("id", &data)]).await;
    w.call("createSSHKeyPair", &[("name", "made9")]).await;
    w.call("deleteSSHKeyPair", &[("name", "made9")]).await;
}

/// Places that are kept for somebody and are not any more, and hosts that stand together.
pub(crate) async fn kept(w: &mut Witness) {
    let hosts = w.call("listHosts", &[("type", "Routing")]).await;
    let of = |field: &str| hosts["host"][0][field].as_str().unwrap().to_owned();
    let domains = w.call("listDomains", &[("name", "ROOT"), ("listall", "true")]).await;
    let domain = id(&domains, "domain");
    for (kind, place) in [
        ("Zone", of("zoneid")),
        ("Pod", of("podid")),
        ("Cluster", of("clusterid")),
        ("Host", of("id")),
    ] {
        let (param, object) = (format!("{}id", kind.to_lowercase()), kind.to_lowercase());
        let named = (param.as_str(), place.as_str());
        let answer = w.call(&format!("dedicate{kind}"), &[named, ("domainid", &domain)]).await;
        w.job(&answer).await;
        let listed = w.call(&format!("listDedicated{kind}s"), &[named]).await;
        assert_eq!(listed[format!("dedicated{object}")][0][&param], place.as_str());
        let answer = w.call(&format!("releaseDedicated{kind}"), &[named]).await;
        w.job(&answer).await;
    }
    let params =
        [("zoneid", of("zoneid")), ("name", "g9".into()), ("availabilityzone", "east".into())];
    let params = params.each_ref().map(|(name, value)| (*name, value.as_str()));
    let made = id(&w.call("createHostAggregate", &params).await, "hostaggregate");
    w.call("updateHostAggregate", &[("id", &made), ("hosttags", "ssd,fast")]).await;
    let host = of("id");
    let member = [("id", made.as_str()), ("hostid", host.as_str())];
    w.call("addHostToAggregate", &member).await;
    let listed = w.call("listHostAggregates", &[("hostid", &of("id"))]).await;
    assert_eq!(listed["hostaggregate"][0]["hosttags"], "ssd,fast");
    w.call("removeHostFromAggregate", &member).await;
    w.call("deleteHostAggregate", &[("id", &made)]).await;
}
