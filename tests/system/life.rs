//! [F] The life of a VM, over a real manager and real agents with in-memory hypervisors.

use hostler_agent::hypervisor::{DomainView, Trouble};
use hostler_manager::orchestration::vm::{self, Placing};
use hostler_model::{JobState, Mib, PowerReason, PowerState, VmState};
use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_deployed_vm_runs_on_exactly_one_host() {
    let cloud = Cloud::with_hosts(2).await.unwrap();
    let (vm, job) = cloud.deploy("web").await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!(cloud.domains().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_stopped_started_rebooted_and_expunged_and_leaves_nothing() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (app, admin) = (cloud.context(), cloud.admin().await.unwrap());
    let (id, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();

    let job = vm::stop(app, &admin, id, false).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    assert_eq!(cloud.vm_state(id).await.unwrap(), VmState::Stopped);
    assert_eq!(cloud.domains(), Vec::<String>::new());

    let job = vm::start(app, &admin, id, Placing::default()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    let job = vm::reboot(app, &admin, id, false).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    assert_eq!(cloud.domains().len(), 1);

    let job = vm::destroy(app, &admin, id, true, Vec::new()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    assert_eq!(cloud.vm_state(id).await.unwrap(), VmState::Expunged);
    assert_eq!(cloud.domains(), Vec::<String>::new());
    assert_eq!(cloud.hosts[0].network.nics(), []);
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_shuts_itself_down_is_found_off_and_cleaned_up() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (id, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();
    let domain = cloud.hosts[0].hypervisor.domains()[0].uuid;
    cloud.hosts[0].hypervisor.power_lost(domain, PowerReason::GuestShutdown);
    cloud.vm_is(id, VmState::Stopped).await.unwrap();
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_goes_off_after_a_stop_of_it_has_failed_is_found_off() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (id, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();
    let hypervisor = &cloud.hosts[0].hypervisor;
    let refuse = ["destroy"].into();
    hypervisor.trouble(Trouble { refuse, ..Trouble::default() });
    let (app, root) = (cloud.context(), cloud.admin().await.unwrap());
    let job = vm::stop(app, &root, id, true).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Failed);
    assert_eq!(cloud.vm_state(id).await.unwrap(), VmState::Running);
    hypervisor.trouble(Trouble::default());
    hypervisor.power_lost(hypervisor.domains()[0].uuid, PowerReason::Crashed);
    cloud.vm_is(id, VmState::Stopped).await.unwrap();
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_fits_nowhere_is_in_error_and_says_why() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    for n in 0..14 {
        // 7 GiB are for VMs of 512 MiB
        let (_, job) = cloud.deploy(&format!("web-{n}")).await.unwrap();
        assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Succeeded);
    }
    let (vm, job) = cloud.deploy("one-too-many").await.unwrap();
    let (state, why) = cloud.ended(job).await.unwrap();
    assert_eq!(state, JobState::Failed);
    assert!(why.contains("RamFilter 1→0") && why.contains("0 MiB free of the 512 MiB"), "{why}");
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Error);
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_waited_behind_the_removal_of_its_vm_fails_and_says_so() {
    let mut cloud = Cloud::with_hosts(1).await.unwrap();
    let (id, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();
    cloud.hosts[0].end().await;
    let (app, admin) = (cloud.context(), cloud.admin().await.unwrap());
    let removed = vm::destroy(app, &admin, id, true, Vec::new()).await.unwrap();
    cloud.vm_is(id, VmState::Stopping).await.unwrap();
    let started = vm::start(app, &admin, id, Placing::default()).await.unwrap();
    cloud.hosts[0].begin();
    assert_eq!(cloud.ended(removed).await.unwrap(), (JobState::Succeeded, String::new()));
    let (state, why) = cloud.ended(started).await.unwrap();
    assert!(state == JobState::Failed && why.contains("there is no virtual machine"), "{why}");
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn restarting_manager_and_agent_leaves_vms_running() {
    let mut cloud = Cloud::with_hosts(1).await.unwrap();
    let (vm, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();
    cloud.restart_manager().await.unwrap();
    cloud.hosts[0].end().await;
    cloud.hosts[0].begin();
    cloud.all_up().await.unwrap();
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!(cloud.domains().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_be_undone_waits_for_help_and_goes_on_when_a_person_says_so() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    admin.ok("updateConfiguration", &[("name", "job.undo.attempts"), ("value", "2")]).await;
    let (id, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();
    let (app, root) = (cloud.context(), cloud.admin().await.unwrap());
    let job = vm::stop(app, &root, id, false).await.unwrap();
    cloud.ended(job).await.unwrap();
    let (code, text) = admin.refused("resumeJob", &[("jobid", &job.to_string())]).await;
    assert!(code == 431 && text.contains("does not wait for help"), "{code} {text}");

    // somebody else's libvirt domain of that name: neither the start nor its undo will touch it
    let alien = DomainView {
        uuid: Uuid::from_u128(7),
        name: "i-1-1-VM".to_owned(),
        mark: None,
        power: PowerState::On,
        reason: PowerReason::Found,
        vcpus: 1,
        memory: Mib(64),
    };
    let hypervisor = &cloud.hosts[0].hypervisor;
    hypervisor.insert(alien.clone());
    let job = vm::start(app, &root, id, Placing::default()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap().0, JobState::NeedsHelp);
    let job_id = job.to_string();
    let steps = admin.ok("listJobSteps", &[("jobid", &job_id)]).await.to_string();
    assert!(steps.contains("could not be undone"), "{steps}");
    assert!(steps.contains(&format!("hostler job resume {job_id}")), "{steps}");

    hypervisor.vanish(alien.uuid);
    admin.ok("resumeJob", &[("jobid", &job_id)]).await;
    assert_eq!(admin.job(&job_id).await["jobstatus"], 2, "undone, and so failed");
    cloud.vm_is(id, VmState::Stopped).await.unwrap();
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
}
