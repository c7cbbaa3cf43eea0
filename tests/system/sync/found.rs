//! What a guest's end, a missing domain, a start and a move by hand are recognised as.

use std::time::{Duration, Instant};

use hostler_agent::hypervisor::Trouble;
use hostler_manager::orchestration::vm::{self, Placing};
use hostler_model::{JobState, Look, PowerReason, VmState};
use hostler_store::stray::strays;
use hostler_store::volume::volumes_of;

use crate::{
    cloud, cloud_with, domain_of, host_of, look, run_of, running, sides, told, until, until_told,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_end_of_a_guest_is_told_by_its_host_and_recorded_with_an_event_that_says_which() {
    // no sign of life heals what the host does not tell by itself
    let cloud = cloud_with(1, &[("ping.interval", "600")]).await;
    let ends = [
        (PowerReason::GuestShutdown, "its guest shut itself down"),
        (PowerReason::Destroyed, "its guest was destroyed by somebody on its host"),
        (PowerReason::Crashed, "its guest crashed"),
        (PowerReason::Saved, "its guest was saved to a file"),
    ];
    for (number, (reason, words)) in ends.into_iter().enumerate() {
        let vm = running(&cloud, &format!("web-{number}")).await;
        cloud.hosts[0].hypervisor.power_lost(vm.uuid(), reason);
        cloud.vm_is(vm, VmState::Stopped).await.unwrap();
        until_told(&cloud, vm.uuid(), "VM.STOP", words).await;
    }
    assert_eq!(cloud.audit().await.unwrap(), Vec::<String>::new());
}

/// Y-09: the ping's number heals a missed event.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_whose_event_got_lost_is_found_at_the_next_ping() {
    let cloud = cloud(1).await;
    let vm = running(&cloud, "web").await;
    cloud.hosts[0].hypervisor.power_lost_unheard(vm.uuid(), PowerReason::Crashed);
    cloud.vm_is(vm, VmState::Stopped).await.unwrap();
}

/// Y-10.
#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_is_missing_is_off_only_after_two_complete_listings_over_the_grace_time() {
    let cloud = cloud(1).await;
    let vm = running(&cloud, "web").await;
    let begun = Instant::now();
    cloud.hosts[0].hypervisor.vanish(vm.uuid());
    until("it is missing", || async {
        run_of(&cloud, vm).await.is_some_and(|run| look(&run) == Look::Missing)
    })
    .await;
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    cloud.vm_is(vm, VmState::Stopped).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(told(&cloud, vm.uuid(), "VM.MISSING").await.len(), 1);
    until_told(&cloud, vm.uuid(), "VM.STOP", "has no libvirt domain any more").await;
}

/// Y-10.
#[tokio::test(flavor = "multi_thread")]
async fn while_listings_are_incomplete_or_libvirt_is_gone_nothing_is_off() {
    let cloud = cloud(1).await;
    let vm = running(&cloud, "web").await;
    let domain = domain_of(&cloud.hosts[0], vm);
    for trouble in [
        Trouble { incomplete: true, ..Trouble::default() },
        Trouble { unreachable: true, ..Trouble::default() },
    ] {
        cloud.hosts[0].hypervisor.trouble(trouble);
        cloud.hosts[0].hypervisor.vanish(vm.uuid());
        let last = cloud.hosts[0].hypervisor.looks();
        // each ping looks; so several of them, over more than the grace time, have seen nothing
        until("it has been looked at", || async { cloud.hosts[0].hypervisor.looks() >= last + 4 })
            .await;
        assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
        cloud.hosts[0].hypervisor.insert(domain.clone());
        cloud.hosts[0].hypervisor.trouble(Trouble::default());
        until("it is seen again", || async {
            run_of(&cloud, vm).await.is_some_and(|run| look(&run) == Look::On)
        })
        .await;
    }
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!(told(&cloud, vm.uuid(), "VM.STOP").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_was_missing_for_a_moment_goes_on() {
    let cloud = cloud(1).await;
    let vm = running(&cloud, "web").await;
    let domain = domain_of(&cloud.hosts[0], vm);
    cloud.hosts[0].hypervisor.vanish(vm.uuid());
    until_told(&cloud, vm.uuid(), "VM.MISSING", "has no libvirt domain any more").await;
    cloud.hosts[0].hypervisor.insert(domain);
    until("it is seen again", || async {
        run_of(&cloud, vm).await.is_some_and(|run| look(&run) == Look::On)
    })
    .await;
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_is_moved_by_hand_is_followed_with_its_claim_and_its_volumes() {
    let cloud = cloud(2).await;
    let vm = running(&cloud, "web").await;
    let (here, there) = sides(&cloud, host_of(&cloud, vm).await).await;
    let moved = here.hypervisor.leave(vm.uuid()).unwrap();
    until_told(&cloud, vm.uuid(), "VM.MIGRATE", "was migrated away by somebody").await;
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    there.hypervisor.insert(moved);
    let to = cloud.host_id(there.guid).await.unwrap();
    until("the record follows", || async { host_of(&cloud, vm).await == to }).await;
    until_told(&cloud, vm.uuid(), "VM.MIGRATE", "by hand").await;
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!(cloud.audit().await.unwrap(), Vec::<String>::new());
    let volumes = cloud.store().read(move |tx| volumes_of(tx, vm)).await.unwrap();
    assert!(volumes.iter().all(|volume| volume.host == Some(to)), "{volumes:?}");
    // and it is still a VM like any other
    there.hypervisor.power_lost(vm.uuid(), PowerReason::GuestShutdown);
    cloud.vm_is(vm, VmState::Stopped).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_seems_to_run_on_two_hosts_is_left_alone_and_told_of() {
    let cloud = cloud(2).await;
    let vm = running(&cloud, "web").await;
    let from = host_of(&cloud, vm).await;
    let (here, there) = sides(&cloud, from).await;
    there.hypervisor.insert(domain_of(here, vm));
    until_told(&cloud, vm.uuid(), "VM.DRIFT", "may run on another host too").await;
    assert_eq!(host_of(&cloud, vm).await, from);
    // that it was seen is noted in its mark, and nothing else was done to it
    assert!(there.hypervisor.calls().iter().all(|call| call.starts_with("mark ")));
    assert_eq!(cloud.domains().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_is_started_by_hand_is_told_of_left_alone_and_not_started_a_second_time() {
    let cloud = cloud(1).await;
    let vm = running(&cloud, "web").await;
    let domain = domain_of(&cloud.hosts[0], vm);
    let admin = cloud.admin().await.unwrap();
    let job = vm::stop(cloud.context(), &admin, vm, true).await.unwrap();
    cloud.ended(job).await.unwrap();
    cloud.hosts[0].hypervisor.insert(domain);
    until_told(&cloud, vm.uuid(), "VM.DRIFT", "was started on").await;
    let job = vm::start(cloud.context(), &admin, vm, Placing::default()).await.unwrap();
    let (state, why) = cloud.ended(job).await.unwrap();
    assert!(state == JobState::Failed && why.contains("see listDrift"), "{state}: {why}");
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Stopped);
    assert_eq!(cloud.domains().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_was_started_by_hand_and_has_vanished_can_be_started_when_that_is_sure() {
    let cloud = cloud(1).await;
    let vm = running(&cloud, "web").await;
    let domain = domain_of(&cloud.hosts[0], vm);
    let admin = cloud.admin().await.unwrap();
    let job = vm::stop(cloud.context(), &admin, vm, true).await.unwrap();
    cloud.ended(job).await.unwrap();
    cloud.hosts[0].hypervisor.insert(domain);
    until_told(&cloud, vm.uuid(), "VM.DRIFT", "was started on").await;
    cloud.hosts[0].hypervisor.vanish(vm.uuid());
    until_told(&cloud, vm.uuid(), "VM.STOP", "has vanished").await;
    let no_stray = || async { cloud.store().read(strays).await.unwrap().is_empty() };
    until("its host has cleaned up", no_stray).await;
    let job = vm::start(cloud.context(), &admin, vm, Placing::default()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Succeeded);
    assert_eq!(cloud.audit().await.unwrap(), Vec::<String>::new());
}
