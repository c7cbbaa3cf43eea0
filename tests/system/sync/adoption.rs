//! Y-11: a libvirt domain that somebody else made becomes a VM like others, without a restart, and is given back.

use hostler_agent::hypervisor::DomainView;
use hostler_model::{JobState, PowerState, VmId};
use hostler_tests::cloud::Cloud;
use hostler_tests::simulated;
use serde_json::Value;
use uuid::Uuid;

use crate::{api, cloud, rows, told, until};

const NAME: &str = "my old mail server";

/// Puts an alien there and waits until the manager knows of it: its UUID and its host's id.
async fn alien(cloud: &Cloud, name: &str, tune: impl FnOnce(String) -> String) -> (Uuid, String) {
    let uuid = Uuid::new_v4();
    let (view, xml) = simulated::alien(uuid, name);
    cloud.hosts[0].hypervisor.insert_with(view, &tune(xml));
    until("it is listed", || async { is_listed(cloud, uuid).await }).await;
    (uuid, cloud.host_id(cloud.hosts[0].guid).await.unwrap().to_string())
}

async fn is_listed(cloud: &Cloud, uuid: Uuid) -> bool {
    let uuid = uuid.to_string();
    !rows(cloud, "listAliens", &[("uuid", uuid.as_str())], "alien").await.is_empty()
}

/// Has a job done; what its request was answered with.
async fn done(cloud: &Cloud, command: &str, params: &[(&str, &str)]) -> Value {
    let answer = api(cloud).ok(command, params).await;
    let job = answer["jobid"].as_str().unwrap().parse().unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()), "{command}");
    answer
}

async fn adopted(cloud: &Cloud, uuid: Uuid, host: &str) -> String {
    let (uuid, offering) = (uuid.to_string(), cloud.catalogue.offering.to_string());
    let params = [("hostid", host), ("alien", &uuid), ("serviceofferingid", &offering)];
    let answer = done(cloud, "adoptVirtualMachine", &params).await;
    answer["id"].as_str().unwrap().to_owned()
}

fn domain(cloud: &Cloud) -> DomainView {
    cloud.hosts[0].hypervisor.domains().remove(0)
}

fn calls(cloud: &Cloud) -> Vec<String> {
    let strip = |call: String| call.split(' ').next().unwrap_or_default().to_owned();
    cloud.hosts[0].hypervisor.calls().into_iter().map(strip).collect()
}

/// Neither the books nor the hosts have anything to say against the record.
async fn all_is_well(cloud: &Cloud) {
    assert_eq!(cloud.audit().await.unwrap(), Vec::<String>::new());
    let different = [("different", "true")];
    assert!(rows(cloud, "listDrift", &different, "drift").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_domain_is_a_vm_like_others_and_was_never_restarted() {
    let cloud = cloud(1).await;
    let (uuid, host) = alien(&cloud, NAME, |xml| xml).await;
    let id = adopted(&cloud, uuid, &host).await;
    assert_eq!(calls(&cloud), ["adopt"], "nothing else was done to it");
    assert!(!is_listed(&cloud, uuid).await);
    let vm = rows(&cloud, "listVirtualMachines", &[("id", &id)], "virtualmachine").await.remove(0);
    assert_eq!((&vm["state"], &vm["instancename"]), (&"Running".into(), &NAME.into()), "{vm}");
    assert_eq!((&vm["hostid"], &vm["displayname"]), (&host.as_str().into(), &NAME.into()), "{vm}");
    assert_eq!((&vm["cpunumber"], &vm["memory"]), (&1.into(), &512.into()), "{vm}");
    assert!(vm["nic"][0]["macaddress"].as_str().unwrap().starts_with("52:54:00"), "{vm}");
    let of_vm = [("virtualmachineid", id.as_str())];
    let volume = rows(&cloud, "listVolumes", &of_vm, "volume").await.remove(0);
    assert_eq!((&volume["state"], &volume["type"]), (&"Ready".into(), &"ROOT".into()), "{volume}");
    all_is_well(&cloud).await;

    done(&cloud, "rebootVirtualMachine", &[("id", &id)]).await;
    done(&cloud, "stopVirtualMachine", &[("id", &id)]).await;
    assert_eq!((domain(&cloud).uuid, domain(&cloud).power), (uuid, PowerState::Off));
    all_is_well(&cloud).await;
    done(&cloud, "startVirtualMachine", &[("id", &id)]).await;
    assert_eq!((domain(&cloud).uuid, domain(&cloud).power), (uuid, PowerState::On));
    assert_eq!(domain(&cloud).name, NAME);
    all_is_well(&cloud).await;
    assert!(calls(&cloud).iter().all(|call| call != "define" && call != "undefine"));
    let history = rows(&cloud, "listHistory", &of_vm, "history").await;
    assert!(history.iter().all(|row| row["cause"] != ""), "{history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_of_an_adopted_vm_that_shuts_itself_down_is_off_and_can_be_started() {
    let cloud = cloud(1).await;
    let (uuid, host) = alien(&cloud, NAME, |xml| xml).await;
    let id = adopted(&cloud, uuid, &host).await;
    cloud.hosts[0].hypervisor.power_lost(uuid, hostler_model::PowerReason::GuestShutdown);
    let vm: VmId = id.parse().unwrap();
    cloud.vm_is(vm, hostler_model::VmState::Stopped).await.unwrap();
    let idle = || async { cloud.audit().await.unwrap().is_empty() };
    until("the books are right", idle).await;
    done(&cloud, "startVirtualMachine", &[("id", &id)]).await;
    assert_eq!(domain(&cloud).power, PowerState::On);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_vm_is_an_alien_that_runs_and_can_be_adopted_again() {
    let mut cloud = cloud(1).await;
    let (uuid, host) = alien(&cloud, NAME, |xml| xml).await;
    let before = domain(&cloud);
    let first = adopted(&cloud, uuid, &host).await;
    done(&cloud, "releaseVirtualMachine", &[("id", &first)]).await;
    assert_eq!(domain(&cloud), before, "mark and all");
    until("it is an alien again", || async { is_listed(&cloud, uuid).await }).await;
    assert!(rows(&cloud, "listVirtualMachines", &[], "virtualmachine").await.is_empty());
    assert!(rows(&cloud, "listVolumes", &[], "volume").await.is_empty());
    all_is_well(&cloud).await;
    let of_vm = [("virtualmachineid", first.as_str())];
    let last = rows(&cloud, "listHistory", &of_vm, "history").await.pop().unwrap();
    assert!(last["cause"].as_str().unwrap().contains("released to its host"), "{last}");
    let events = told(&cloud, first.parse().unwrap(), "VM.RELEASE").await;
    assert!(events.iter().any(|text| text.contains(NAME)), "{events:?}");

    let second = adopted(&cloud, uuid, &host).await;
    assert_ne!(first, second);
    cloud.hosts[0].end().await;
    cloud.hosts[0].begin();
    cloud.restart_manager().await.unwrap();
    cloud.all_up().await.unwrap();
    done(&cloud, "stopVirtualMachine", &[("id", &second)]).await;
    done(&cloud, "releaseVirtualMachine", &[("id", &second)]).await;
    assert_eq!((domain(&cloud).mark, domain(&cloud).power), (None, PowerState::Off));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_what_would_be_recorded_and_records_nothing() {
    let cloud = cloud(1).await;
    let (uuid, host) = alien(&cloud, NAME, |xml| xml).await;
    let offering = cloud.catalogue.offering.to_string();
    let params = [("alien", NAME), ("dryrun", "true"), ("serviceofferingid", &*offering)];
    let asked = [&[("hostid", host.as_str())][..], &params].concat();
    let plan = api(&cloud).ok("adoptVirtualMachine", &asked).await["adoption"].clone();
    assert_eq!(plan["uuid"], uuid.to_string());
    assert_eq!(plan["serviceofferingname"], "tiny");
    assert_eq!(
        (&plan["volume"][0]["name"], &plan["nic"][0]["networkname"]),
        (&"vda".into(), &"guests".into())
    );
    assert!(rows(&cloud, "listVirtualMachines", &[], "virtualmachine").await.is_empty());
    assert!(calls(&cloud).is_empty() && is_listed(&cloud, uuid).await);
    all_is_well(&cloud).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_is_refused_by_name_and_nothing_is_written() {
    let cloud = cloud(1).await;
    let odd = |xml: String| {
        let pci = "<hostdev type='pci'/></devices>";
        xml.replace("/simulated/images", "/elsewhere").replace("</devices>", pci)
    };
    let (uuid, host) = alien(&cloud, "odd", odd).await;
    let refused = |params: Vec<(&'static str, String)>| {
        let api = api(&cloud);
        async move {
            let params: Vec<_> =
                params.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = api.call("adoptVirtualMachine", &params).await;
            answer.body
        }
    };
    let offering = cloud.catalogue.offering.to_string();
    let of = |uuid: Uuid| {
        let named = ("serviceofferingid", offering.clone());
        vec![("hostid", host.clone()), ("alien", uuid.to_string()), named]
    };
    let text = refused(of(uuid)).await;
    for word in ["/elsewhere", "/simulated", "a host's device (pci)"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let (other, _) = alien(&cloud, "other", |xml| xml.replace("br0", "br7")).await;
    let text = refused(of(other)).await;
    assert!(text.contains("br7") && text.contains("networkid"), "{text}");
    let text = refused(vec![("hostid", host.clone()), ("alien", "nobody".to_owned())]).await;
    assert!(text.contains("see listAliens"), "{text}");
    let (plain, _) = alien(&cloud, "plain", |xml| xml).await;
    let text = refused(vec![("hostid", host.clone()), ("alien", plain.to_string())]).await;
    assert!(text.contains("Small Instance, tiny; choose one"), "{text}");
    assert!(calls(&cloud).is_empty());
    assert!(rows(&cloud, "listVolumes", &[], "volume").await.is_empty());
    all_is_well(&cloud).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_change_its_definition_is_refused_for_an_adopted_vm() {
    let cloud = cloud(1).await;
    let (uuid, host) = alien(&cloud, NAME, |xml| xml).await;
    let id = adopted(&cloud, uuid, &host).await;
    done(&cloud, "stopVirtualMachine", &[("id", &id)]).await;
    let (offering, network) =
        (cloud.catalogue.offering.to_string(), cloud.catalogue.network.to_string());
    for (command, params) in [
        ("scaleVirtualMachine", vec![("id", &*id), ("serviceofferingid", &*offering)]),
        ("restoreVirtualMachine", vec![("virtualmachineid", &*id)]),
        ("addNicToVirtualMachine", vec![("virtualmachineid", &*id), ("networkid", &*network)]),
    ] {
        let text = api(&cloud).call(command, &params).await.body;
        assert!(text.contains("keeps the definition"), "{command}: {text}");
    }
    let made = crate::running(&cloud, "made-here").await.to_string();
    let text = api(&cloud).call("releaseVirtualMachine", &[("id", &made)]).await.body;
    assert!(text.contains("was made by this cloud"), "{text}");
}

/// Its disks are on its host, so an offering that keeps it from being started there is refused before it is too late.
#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_not_sold_as_what_its_host_may_not_run() {
    let cloud = cloud(1).await;
    let (uuid, host) = alien(&cloud, NAME, |xml| xml).await;
    let size = [
        ("name", "fast"),
        ("displaytext", "fast"),
        ("cpunumber", "1"),
        ("cpuspeed", "500"),
        ("memory", "512"),
        ("hosttags", "ssd"),
    ];
    let answer = api(&cloud).ok("createServiceOffering", &size).await;
    let offering = answer["serviceoffering"]["id"].as_str().unwrap().to_owned();
    let alien = uuid.to_string();
    let params = [("hostid", &*host), ("alien", &alien), ("serviceofferingid", &offering)];
    let refused = api(&cloud).refused("adoptVirtualMachine", &params).await;
    assert!(refused.1.contains("is for hosts with the tag ssd"), "{refused:?}");
    assert!(is_listed(&cloud, uuid).await);

    api(&cloud).ok("updateHost", &[("id", &host), ("hosttags", "ssd")]).await;
    let answer = done(&cloud, "adoptVirtualMachine", &params).await;
    let id = answer["id"].as_str().unwrap().to_owned();
    done(&cloud, "stopVirtualMachine", &[("id", &id)]).await;
    done(&cloud, "startVirtualMachine", &[("id", &id)]).await;
    all_is_well(&cloud).await;
}
