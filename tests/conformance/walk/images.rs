//! Tags, templates, ISOs, kinds of guests, and what networks can and cannot do.

use hostler_tests::cloud::Cloud;

use crate::answers::Witness;

/// Commands on things of which there are none: each is refused, in a test of its own.
pub(crate) const REFUSED: &[&str] = &[
    "associateIpAddress",
    "configureInternalLoadBalancerElement",
    "configureVirtualRouterElement",
    "createEgressFirewallRule",
    "createFirewallRule",
    "createPortForwardingRule",
    "deleteEgressFirewallRule",
    "deleteFirewallRule",
    "deletePortForwardingRule",
    "disableStaticNat",
    "disassociateIpAddress",
    "enableStaticNat",
    "replaceNetworkACLList",
    "updatePortForwardingRule",
];

pub(crate) async fn all(w: &mut Witness, cloud: &Cloud, vm: &str) {
    tags(w, cloud).await;
    templates(w, cloud).await;
    isos(w, cloud, vm).await;
    let network = cloud.catalogue.network.to_string();
    let answer = w.call("updateNetwork", &[("id", &network), ("displaytext", "guests' own")]).await;
    w.job(&answer).await;
    let answer = w.call("restartNetwork", &[("id", &network), ("cleanup", "true")]).await;
    w.job(&answer).await;
    for list in [
        "listEgressFirewallRules",
        "listFirewallRules",
        "listInternalLoadBalancerElements",
        "listLoadBalancerRules",
        "listNetworkACLLists",
        "listNetworkACLs",
        "listVPCs",
        "listVirtualRouterElements",
    ] {
        assert_eq!(w.call(list, &[]).await, serde_json::json!({}), "{list}");
    }
}

async fn tags(w: &mut Witness, cloud: &Cloud) {
    let template = cloud.catalogue.template.to_string();
    let of = [("resourcetype", "Template"), ("resourceids", template.as_str())];
    let tag = [("tags[0].key", "os"), ("tags[0].value", "debian")];
    let answer = w.call("createTags", &[of, tag].concat()).await;
    w.job(&answer).await;
    let listed = w.call("listTags", &[("resourceid", &template)]).await;
    assert_eq!(listed["count"], 1, "{listed}");
    let featured = [[("templatefilter", "all"), tag[0]].as_slice(), &tag[1..]].concat();
    let listed = w.call("listTemplates", &featured).await;
    assert_eq!(listed["template"][0]["tags"][0]["value"], "debian", "{listed}");
    let answer = w.call("deleteTags", &of).await;
    w.job(&answer).await;
}

async fn templates(w: &mut Witness, cloud: &Cloud) {
    let template = cloud.catalogue.template.to_string();
    let id = [("id", template.as_str())];
    let categories = w.call("listOsCategories", &[("name", "Debian")]).await;
    let category = categories["oscategory"][0]["id"].as_str().unwrap().to_owned();
    let kinds = w.call("listOsTypes", &[("oscategoryid", &category)]).await;
    let debian = kinds["ostype"][0]["id"].as_str().unwrap().to_owned();
    let changes = [("displaytext", "small"), ("sortkey", "7"), ("ostypeid", debian.as_str())];
    let changed = w.call("updateTemplate", &[&id[..], &changes].concat()).await;
    assert_eq!(changed["template"]["ostypeid"], debian.as_str(), "{changed}");
    let share = [("op", "add"), ("accounts", "admin"), ("isfeatured", "true")];
    w.call("updateTemplatePermissions", &[&id[..], &share].concat()).await;
    let shared = w.call("listTemplatePermissions", &id).await;
    assert_eq!(shared["templatepermission"]["account"][0], "admin", "{shared}");
    w.call("updateTemplatePermissions", &[id[0], ("op", "reset")]).await;
    let answer = w.call("extractTemplate", &[id[0], ("mode", "HTTP_DOWNLOAD")]).await;
    w.job(&answer).await;
}

async fn isos(w: &mut Witness, cloud: &Cloud, vm: &str) {
    let zone = cloud.catalogue.zone.to_string();
    let params =
        [("name", "cd"), ("url", "http://images.invalid/cd.iso"), ("zoneid", zone.as_str())];
    let made = w.call("registerIso", &params).await;
    let iso = crate::answers::id(&made, "iso");
    let id = [("id", iso.as_str())];
    w.call("listIsos", &[("isofilter", "self")]).await;
    w.call("updateIso", &[id[0], ("name", "dvd")]).await;
    w.call("updateIsoPermissions", &[id[0], ("ispublic", "true")]).await;
    w.call("listIsoPermissions", &id).await;
    cloud.ended_of(&iso).await.unwrap();
    let answer = w.call("extractIso", &[id[0], ("mode", "HTTP_DOWNLOAD")]).await;
    w.job(&answer).await;
    let of_vm = [("virtualmachineid", vm)];
    let answer = w.call("attachIso", &[id[0], of_vm[0]]).await;
    w.job(&answer).await;
    w.call("listVirtualMachines", &[("isoid", &iso)]).await;
    let answer = w.call("detachIso", &of_vm).await;
    w.job(&answer).await;
    let answer = w.call("deleteIso", &id).await;
    w.job(&answer).await;
}
