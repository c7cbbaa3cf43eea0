//! Reports: what is told after which event, and what is never concluded.

use crate::commands::tests::{World, world};
use crate::domain_xml::tests::linux;
use crate::hypervisor::{DomainView, Trouble};
use crate::resource::Resource;
use crate::runs::{Phase, RunRecord};
use hostler_model::{Mib, PowerReason, PowerState};
use hostler_wire::{HostReport, RunReport, VmSpec};
use tokio::sync::mpsc;
use uuid::Uuid;

struct Watched {
    world: World,
    told: mpsc::UnboundedReceiver<HostReport>,
}

fn watched() -> Watched {
    let world = world();
    let (changes, told) = mpsc::unbounded_channel();
    world.resource.watch(changes);
    Watched { world, told }
}

impl Watched {
    /// The next news of a run that `wanted` asks for.
    fn next(&mut self, wanted: impl Fn(&RunReport) -> bool) -> RunReport {
        loop {
            let report = self.told.blocking_recv().unwrap();
            if let Some(run) = report.runs.into_iter().find(&wanted) {
                return run;
            }
        }
    }
}

#[test]
fn a_guest_that_shuts_itself_down_is_told_and_reported_until_it_is_stopped() {
    let mut watched = watched();
    let started = watched.world.start(&linux(1)).unwrap();
    watched.world.hypervisor.power_lost(linux(1).vm.uuid(), PowerReason::GuestShutdown);
    let news = watched.next(|run| run.power == PowerState::Off);
    assert_eq!(news.reason, PowerReason::GuestShutdown);
    assert_eq!(news.generation, started.generation.next());
    assert_eq!(watched.world.resource.report().runs, [news]);
    watched.world.stop(&linux(1)).unwrap();
    assert_eq!(watched.world.resource.report().runs, []);
}

#[test]
fn a_domain_that_vanishes_is_told_as_missing_and_not_as_off() {
    let mut watched = watched();
    watched.world.start(&linux(1)).unwrap();
    watched.world.hypervisor.vanish(linux(1).vm.uuid());
    let news = watched.next(|run| run.power != PowerState::On);
    assert_eq!((news.power, news.reason), (PowerState::Unknown, PowerReason::Missing));
}

#[test]
fn a_domain_that_was_missing_and_is_back_is_on() {
    let mut watched = watched();
    watched.world.start(&linux(1)).unwrap();
    let domain = watched.world.hypervisor.domains().remove(0);
    watched.world.hypervisor.vanish(domain.uuid);
    let missing = watched.next(|run| run.power == PowerState::Unknown);
    watched.world.hypervisor.insert(domain);
    let back = watched.next(|run| run.power == PowerState::On);
    assert!(back.generation > missing.generation);
}

#[test]
fn a_change_whose_event_got_lost_is_seen_at_the_next_sign_of_life() {
    let world = world();
    world.start(&linux(1)).unwrap();
    let before = world.resource.ping().report_digest;
    world.hypervisor.power_lost_unheard(linux(1).vm.uuid(), PowerReason::Crashed);
    assert_ne!(world.resource.ping().report_digest, before);
    assert_eq!(world.resource.report().runs[0].reason, PowerReason::Crashed);
}

#[test]
fn a_paused_vm_is_on_and_its_reason_is_told() {
    let mut watched = watched();
    watched.world.start(&linux(1)).unwrap();
    watched.world.hypervisor.pause(linux(1).vm.uuid());
    let news = watched.next(|run| run.reason == PowerReason::Paused);
    assert_eq!(news.power, PowerState::On);
}

#[test]
fn what_a_command_does_is_told_by_its_answer_and_never_as_a_surprise() {
    let mut watched = watched();
    watched.world.start(&linux(1)).unwrap();
    watched.world.stop(&linux(1)).unwrap();
    watched.world.start(&linux(2)).unwrap();
    watched.world.hypervisor.power_lost(linux(2).vm.uuid(), PowerReason::Crashed);
    let first_off = watched.next(|run| run.power == PowerState::Off);
    assert_eq!(first_off.vm, linux(2).vm);
}

#[test]
fn when_libvirt_cannot_be_asked_nothing_is_known_and_nothing_is_off() {
    let world = world();
    world.start(&linux(1)).unwrap();
    world.hypervisor.trouble(Trouble { unreachable: true, ..Trouble::default() });
    assert_eq!(world.resource.report(), HostReport::default());
    world.hypervisor.trouble(Trouble::default());
    assert_eq!(world.resource.report().runs[0].power, PowerState::On);
}

#[test]
fn a_run_that_an_incomplete_listing_lacks_is_not_off() {
    let world = world();
    world.start(&linux(1)).unwrap();
    world.hypervisor.vanish(linux(1).vm.uuid());
    world.hypervisor.trouble(Trouble { incomplete: true, ..Trouble::default() });
    let report = world.resource.report();
    assert!(!report.complete);
    assert_eq!(report.runs[0].power, PowerState::On);
}

#[test]
fn a_domain_of_ours_that_the_journal_does_not_know_is_found_with_a_newer_generation() {
    let before = world();
    before.start(&linux(1)).unwrap();
    let found = before.hypervisor.domains().remove(0);
    let after = world(); // an agent whose state was lost
    after.hypervisor.insert(found.clone());
    let report = after.resource.report();
    assert_eq!(report.runs[0].run, linux(1).run);
    assert!(report.runs[0].generation > found.mark.unwrap().generation);
}

#[test]
fn an_alien_may_have_any_name() {
    let world = world();
    world.hypervisor.insert(DomainView {
        uuid: Uuid::from_u128(5),
        name: "größe 💥\n<x>".to_owned(),
        mark: None,
        power: PowerState::Unknown,
        reason: PowerReason::Other,
        vcpus: 4,
        memory: Mib(4096),
    });
    let report = world.resource.report();
    assert!(report.complete);
    assert_eq!(report.aliens[0].name, "größe 💥\n<x>");
}

#[test]
fn an_alien_is_told_with_its_disks_and_network_interfaces() {
    let world = world();
    let alien = DomainView {
        uuid: Uuid::from_u128(5),
        name: "i-2-17-VM".to_owned(),
        mark: None,
        power: PowerState::On,
        reason: PowerReason::Found,
        vcpus: 1,
        memory: Mib(128),
    };
    let xml = "<domain><disk><source file='/x.img'/><target dev='vda'/></disk>\
               <interface><mac address='52:54:00:00:00:01'/><source bridge='br0'/></interface></domain>";
    world.hypervisor.insert_with(alien, xml);
    let told = world.resource.report().aliens.remove(0);
    assert_eq!((told.disks[0].source.as_str(), told.nics[0].source.as_str()), ("/x.img", "br0"));
}

#[test]
fn the_digest_changes_with_the_report_and_only_then() {
    let world = world();
    let digest = || world.resource.ping().report_digest;
    let empty = digest();
    assert_eq!(digest(), empty);
    world.start(&linux(1)).unwrap();
    assert_ne!(digest(), empty);
}

fn starting(vm: &VmSpec) -> RunRecord {
    RunRecord {
        domain: None,
        run: vm.run,
        vm: vm.vm,
        name: vm.name.clone(),
        generation: vm.generation,
        power: PowerState::Unknown,
        reason: PowerReason::Commanded,
        phase: Phase::Starting,
    }
}

#[test]
fn a_start_that_the_agent_did_not_survive_is_not_reported_as_a_run_and_can_be_repeated() {
    let world = world();
    let vm = linux(1);
    world.resource.runs.put(starting(&vm)).unwrap();
    assert_eq!(world.resource.report().runs, []);
    world.start(&vm).unwrap();
}

#[test]
fn a_start_that_the_agent_did_not_survive_after_defining_the_domain_can_be_repeated() {
    let world = world();
    let vm = linux(1);
    world.start(&vm).unwrap();
    world.hypervisor.power_lost(vm.vm.uuid(), PowerReason::Other); // defined, not started
    world.resource.runs.put(starting(&vm)).unwrap();
    assert_eq!(world.resource.report().runs[0].power, PowerState::Unknown);
    assert!(!world.start(&vm).unwrap().was_running);
}

#[test]
fn a_start_that_the_agent_did_not_survive_after_starting_the_domain_is_found_and_finished() {
    let world = world();
    let vm = linux(1);
    world.start(&vm).unwrap();
    world.resource.runs.put(starting(&vm)).unwrap();
    assert_eq!(world.resource.report().runs[0].power, PowerState::On);
    assert!(world.start(&vm).unwrap().was_running);
}
