//! Lists that need nothing but the cloud.

use serde_json::Value;

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness, vm: &str, job: &str) {
    for command in [
        "listAccounts",
        "listApis",
        "listAsyncJobs",
        "listCapabilities",
        "listConfigurations",
        "listDiskOfferings",
        "listDomains",
        "listEvents",
        "listHosts",
        "listIpForwardingRules",
        "listOsTypes",
        "listPortForwardingRules",
        "listPublicIpAddresses",
        "listStoragePools",
        "listUsers",
        "listVirtualMachines",
        "listVolumes",
    ] {
        w.call(command, &[]).await;
    }
    w.call("listTemplates", &[("templatefilter", "all")]).await;
    w.call("listJobSteps", &[("jobid", job)]).await;
    w.call("explainPlacement", &[("virtualmachineid", vm)]).await;
    w.call("auditCloud", &[]).await;
    let (zone, host) = (id(&w.call("listZones", &[]).await, "zone"), id(&hosts(w).await, "host"));
    let offering = id(&w.call("listServiceOfferings", &[]).await, "serviceoffering");
    w.call("planDrain", &[("hostid", &host)]).await;
    w.call("planRebalance", &[("zoneid", &zone)]).await;
    let size = [("zoneid", zone.as_str()), ("serviceofferingid", &offering)];
    w.call("planPlacement", &[&size[..], &[("hostid", &host)]].concat()).await;
    w.call("planCapacity", &[&size[..], &[("losthostids", &host)]].concat()).await;
    w.call("listAliens", &[]).await;
    w.call("listHistory", &[("virtualmachineid", vm)]).await;
    w.call("listDrift", &[]).await;
    w.call("fixDrift", &[]).await;
    w.call("getVirtualMachineConsoleLog", &[("id", vm)]).await;
    let users = w.call("listUsers", &[]).await;
    let user = id(&users, "user");
    let keys = w.call("registerUserKeys", &[("id", &user)]).await;
    let text = |name: &str| keys["userkeys"][name].as_str().unwrap().to_owned();
    (w.api.key, w.api.secret) = (text("apikey"), text("secretkey"));
    w.call("getUserKeys", &[("id", &user)]).await;
}

async fn hosts(w: &mut Witness) -> Value {
    w.call("listHosts", &[("type", "Routing")]).await
}
