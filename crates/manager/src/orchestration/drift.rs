//! Where the record and the world differ: intended, last seen, who says so, and what would repair it.
//!
//! `differences` is pure. Repairs are the same services and jobs that everybody else uses.
//!
//! Not here: when a monitor follows a host of its own accord (`monitors`).

use std::collections::BTreeSet;
use std::time::Duration;

use hostler_model::{
    Believed, HostId, JobId, Look, PowerReason, PowerState, SyncAction, Timestamp, VmId, VmState,
    VolumeId, Work, sync_action,
};
use hostler_store::drift::{DriftRows, VmSeen};
use hostler_store::run_sight::Sighting;
use hostler_store::stray::StrayRow;
use hostler_store::volume_sight::LackingVolume;

use super::Caller;
use super::vm::{
    Told, believed_here, believed_of, confirm, destroy, found_off, look_of, never_started,
    stop_stray, take_up,
};
use crate::context::Context;
use crate::error::ServiceError;
use crate::settings::VM_MISSING_GRACE;

/// One line: a VM as it is meant to be and as it was seen, or something that a host runs beside the record.
#[derive(Debug, Clone)]
pub struct Drift {
    /// What the record has.
    pub about: About,
    /// How it is meant to be: `on` or `off`; nothing: the record does not have it.
    pub intended: Option<&'static str>,
    /// How it was seen: `on`, `off`, `missing` or `unknown`.
    pub seen: &'static str,
    /// What is different, for people; nothing: it is as it is meant to be, or a job is at it.
    pub difference: Option<String>,
    /// What would repair it.
    pub repair: Repair,
    /// Data volumes of the VM that its host does not have: when it is expunged they go with it.
    pub gone: Vec<VolumeId>,
}

/// What a line is about.
#[derive(Debug, Clone)]
pub enum About {
    /// A VM of the record.
    Vm(Box<VmSeen>),
    /// A run that a host tells of and the record does not have there.
    Stray(Box<StrayRow>),
}

/// What would repair a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Nothing is to be repaired.
    Nothing,
    /// The record can follow what its host says.
    Follow,
    /// The record can take up a run that its host knows better.
    TakeUp,
    /// The host can end what was meant to be off.
    Stop,
    /// The VM can be expunged: what it was made of is gone.
    Expunge,
    /// Nothing is proven yet: time, or a host that comes back, will tell.
    Wait,
    /// Only a person can decide.
    Person,
}

impl Repair {
    /// What is proposed, for people.
    pub const fn proposal(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Follow => Some("the record follows its host"),
            Self::TakeUp => Some("the record takes it up as it runs"),
            Self::Stop => Some("it is ended on that host, as it was meant to be off"),
            Self::Expunge => Some(
                "the VM is expunged, if fixDrift is told that it is this one; mount its storage pool if it is only that",
            ),
            Self::Wait => Some("wait: nothing is proven yet"),
            Self::Person => Some("somebody has to decide; nothing is done by itself"),
        }
    }
}

impl Drift {
    /// The VM, by the record or by the mark.
    pub fn vm(&self) -> VmId {
        match &self.about {
            About::Vm(vm) => vm.vm,
            About::Stray(stray) => stray.seen.vm,
        }
    }

    /// Its name on its host.
    pub fn name(&self) -> &str {
        match &self.about {
            About::Vm(vm) => &vm.name,
            About::Stray(stray) => stray.seen.name.as_str(),
        }
    }

    /// Its state by the record.
    pub fn state(&self) -> Option<VmState> {
        match &self.about {
            About::Vm(vm) => Some(vm.state),
            About::Stray(_) => None,
        }
    }

    /// The host that it was seen on.
    pub fn host(&self) -> Option<HostId> {
        match &self.about {
            About::Vm(vm) => vm.host.as_ref().map(|host| host.0),
            About::Stray(stray) => Some(stray.host),
        }
    }

    /// That host's name.
    pub fn host_name(&self) -> Option<&str> {
        match &self.about {
            About::Vm(vm) => vm.host.as_ref().map(|host| host.1.as_str()),
            About::Stray(_) => None,
        }
    }

    /// When its host spoke last of it: a ping says that nothing has changed since.
    pub fn last_seen(&self) -> Option<Timestamp> {
        match &self.about {
            About::Vm(vm) => {
                let seen = vm.run.as_ref().and_then(|run| run.power_seen);
                seen.map(|seen| vm.last_ping.map_or(seen, |ping| ping.max(seen)))
            }
            About::Stray(stray) => Some(stray.last_seen),
        }
    }

    /// Who said so.
    pub fn said_by(&self) -> Option<&str> {
        match &self.about {
            About::Vm(vm) => vm.said_by.as_deref().filter(|said| !said.is_empty()),
            About::Stray(_) => Some("report of its host"),
        }
    }
}

/// Does the repair of a difference, and says which job does it. One that is only to be waited for, or decided about,
/// stays.
///
/// # Errors
/// [`ServiceError`] says why it cannot be done.
pub async fn fix(
    app: &Context,
    caller: &Caller,
    drift: &Drift,
) -> Result<Option<JobId>, ServiceError> {
    let told = |host| Told { host, cause: caller.cause().text, at: app.now() };
    match (&drift.about, drift.repair) {
        (About::Vm(vm), Repair::Follow) => {
            let Some(run) = &vm.run else { return Ok(None) };
            let work = Work::Idle; // a VM at which a job is has no repair
            let grace = app.settings.duration(&VM_MISSING_GRACE);
            match sync_action(believed_here(run.state), look_of(run, grace), work) {
                SyncAction::Confirm => confirm(app, told(run.host), run.id).await?,
                SyncAction::NeverStarted => never_started(app, told(run.host), run.id).await?,
                SyncAction::FoundOff => return found_off(app, caller, vm.vm).await.map(Some),
                _ => {}
            }
            Ok(None)
        }
        (About::Stray(stray), Repair::TakeUp) => {
            take_up(app, told(stray.host), (**stray).clone()).await?;
            Ok(None)
        }
        (About::Vm(vm), Repair::Expunge) => {
            destroy(app, caller, vm.vm, true, drift.gone.clone()).await.map(Some)
        }
        (About::Stray(stray), Repair::Stop) => stop_stray(app, caller, stray).await.map(Some),
        _ => Ok(None),
    }
}

/// Every VM, and every run that the record does not have, with what is different.
pub fn differences(rows: DriftRows, grace: Duration) -> Vec<Drift> {
    let DriftRows { vms, strays, known, standing, lacking } = rows;
    let of_strays: Vec<Drift> = strays
        .into_iter()
        .filter(|stray| stray.seen.power != PowerState::Off)
        .map(|stray| {
            let believed = believed_of(stray.host, &stray, &known, &standing);
            let (difference, repair) = of_stray(&stray.seen, believed);
            let intended = match believed {
                Believed::NoVm => None,
                Believed::Ended | Believed::NewerAtRest => Some("off"),
                _ => Some("on"),
            };
            let seen = stray_seen(&stray.seen);
            Drift {
                about: About::Stray(Box::new(stray)),
                intended,
                seen,
                difference: Some(difference.to_owned()),
                repair,
                gone: Vec::new(),
            }
        })
        .collect();
    let newer: BTreeSet<VmId> =
        of_strays.iter().filter(|drift| drift.repair == Repair::TakeUp).map(Drift::vm).collect();
    let of_vms = vms.into_iter().map(|vm| of_vm(vm, grace, &lacking)).map(|drift| {
        // the newer run's own line tells
        let is_told = newer.contains(&drift.vm());
        if is_told { Drift { difference: None, repair: Repair::Nothing, ..drift } } else { drift }
    });
    of_vms.chain(of_strays).collect()
}

const fn stray_seen(seen: &Sighting) -> &'static str {
    match seen.power {
        PowerState::On => "on",
        PowerState::Off => "off",
        PowerState::Unknown => "unknown",
    }
}

fn of_vm(vm: VmSeen, grace: Duration, lacking: &[LackingVolume]) -> Drift {
    let intended = match vm.state {
        VmState::Starting | VmState::Running => "on",
        _ => "off",
    };
    let (seen, mut difference, mut repair) = look_at(&vm, grace);
    let lacking: Vec<&LackingVolume> = lacking.iter().filter(|it| it.vm == Some(vm.vm)).collect();
    if let Some(text) = without(&lacking) {
        difference = Some(difference.map_or(text.clone(), |first| format!("{first}; {text}")));
        if repair == Repair::Nothing {
            let is_at_rest = vm.run.is_none();
            let is_gone = is_at_rest && lacking.iter().any(|volume| volume.is_root);
            repair = if is_gone { Repair::Expunge } else { Repair::Person };
        }
    }
    let gone = lacking.iter().filter(|volume| !volume.is_root).map(|volume| volume.id).collect();
    let about = About::Vm(Box::new(vm));
    Drift { about, intended: Some(intended), seen, difference, repair, gone }
}

/// What its host lacks of a VM, for people.
fn without(lacking: &[&LackingVolume]) -> Option<String> {
    let host = &lacking.first()?.host_name;
    let names: Vec<&str> = lacking.iter().map(|volume| volume.name.as_str()).collect();
    let names = names.join(", ");
    Some(format!("{host} does not have {names}: deleted, or on a disk that is not mounted"))
}

fn look_at(vm: &VmSeen, grace: Duration) -> (&'static str, Option<String>, Repair) {
    let quiet = |seen| (seen, None, Repair::Nothing);
    let Some(run) = &vm.run else {
        return match vm.state {
            VmState::Starting | VmState::Running | VmState::Stopping if vm.job.is_none() => {
                let text = format!("it is {} by the record, which has no run of it", vm.state);
                ("off", Some(text), Repair::Person)
            }
            _ => quiet("off"),
        };
    };
    let look = look_of(run, grace);
    let seen = match look {
        Look::On => "on",
        Look::Off => "off",
        Look::Missing | Look::Gone => "missing",
        Look::Left | Look::Unknown => "unknown",
    };
    if let Some((state, waiting_for)) = &vm.job {
        if *state == hostler_model::JobState::NeedsHelp {
            let why = waiting_for.as_deref().unwrap_or("it does not say why");
            return (seen, Some(format!("a job on it needs help: {why}")), Repair::Person);
        }
        return quiet(seen);
    }
    if vm.host_status.as_deref() != Some("Up") {
        let status = vm.host_status.as_deref().unwrap_or("gone");
        return ("unknown", Some(format!("its host is {status}")), Repair::Wait);
    }
    let guest = |run: &hostler_store::run::RunRow| format!("its guest {}", run.power_reason);
    match (look, vm.state) {
        (Look::On, VmState::Running) if run.power_reason == PowerReason::Paused => {
            (seen, Some("its guest is paused".to_owned()), Repair::Person)
        }
        (Look::On, VmState::Running) => quiet(seen),
        (Look::On, state) => (seen, Some(format!("it is {state} and runs")), Repair::Follow),
        (Look::Off, _) => (seen, Some(guest(run)), Repair::Follow),
        (Look::Gone, _) => {
            (seen, Some("its host has not had it over the grace time".to_owned()), Repair::Follow)
        }
        (Look::Missing, _) => (seen, Some("its host does not have it".to_owned()), Repair::Wait),
        (Look::Left, _) => (seen, Some(guest(run)), Repair::Wait),
        (Look::Unknown, _) => (seen, Some("its host has not told of it".to_owned()), Repair::Wait),
    }
}

const fn of_stray(seen: &Sighting, believed: Believed) -> (&'static str, Repair) {
    if !matches!(seen.power, PowerState::On) {
        return ("the host does not know how it is", Repair::Wait);
    }
    match believed {
        Believed::Ended => ("it was started by hand", Repair::Stop),
        Believed::NewerAtRest | Believed::NewerHere => {
            ("its host knows a newer run than the record", Repair::TakeUp)
        }
        Believed::Elsewhere | Believed::NewerElsewhere => {
            ("it may run on two hosts", Repair::Person)
        }
        Believed::LeftElsewhere => {
            ("it was moved by hand to a host without a pool for its volumes", Repair::Person)
        }
        _ => ("the record does not have it", Repair::Person),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Generation, JobState, RunId, RunState};
    use hostler_store::run::RunRow;
    use uuid::Uuid;

    fn seen(state: VmState, power: PowerState, reason: PowerReason) -> VmSeen {
        let host = HostId::new(Uuid::from_u128(3));
        let vm = VmId::new(Uuid::from_u128(2));
        VmSeen {
            vm,
            name: "i-2-3-VM".to_owned(),
            state,
            run: Some(RunRow {
                id: RunId::new(Uuid::from_u128(1)),
                vm,
                host,
                generation: Generation(4),
                state: RunState::Running,
                power,
                power_reason: reason,
                power_seen: None,
                missing: None,
            }),
            host: Some((host, "h1".to_owned())),
            host_status: Some("Up".to_owned()),
            last_ping: None,
            said_by: None,
            job: None,
        }
    }

    fn repair(vm: VmSeen) -> Repair {
        of_vm(vm, Duration::from_mins(1), &[]).repair
    }

    #[test]
    fn a_vm_that_is_as_it_is_meant_to_be_is_no_difference() {
        let drift = of_vm(
            seen(VmState::Running, PowerState::On, PowerReason::Commanded),
            Duration::from_mins(1),
            &[],
        );
        assert_eq!((drift.intended, drift.seen, drift.difference), (Some("on"), "on", None));
    }

    #[test]
    fn what_a_host_has_proven_can_be_followed_and_nothing_else() {
        let crashed = seen(VmState::Running, PowerState::Off, PowerReason::Crashed);
        assert_eq!(repair(crashed.clone()), Repair::Follow);
        let away = VmSeen { host_status: Some("Alert".to_owned()), ..crashed.clone() };
        assert_eq!(repair(away), Repair::Wait);
        let missing = seen(VmState::Running, PowerState::Unknown, PowerReason::Missing);
        assert_eq!(repair(missing), Repair::Wait);
        let left = seen(VmState::Running, PowerState::Off, PowerReason::Migrated);
        assert_eq!(repair(left), Repair::Wait);
    }

    #[test]
    fn a_vm_at_rest_whose_root_volume_is_gone_can_be_expunged_and_any_other_loss_is_a_persons() {
        let running = seen(VmState::Running, PowerState::On, PowerReason::Commanded);
        let stopped = VmSeen { state: VmState::Stopped, run: None, ..running.clone() };
        let lost = |is_root: bool| LackingVolume {
            id: VolumeId::new(Uuid::from_u128(7)),
            name: "disk".to_owned(),
            is_root,
            vm: Some(running.vm),
            host_name: "h1".to_owned(),
        };
        let of = |vm: &VmSeen, is_root| of_vm(vm.clone(), Duration::from_mins(1), &[lost(is_root)]);
        let root = of(&stopped, true);
        assert_eq!((root.repair, root.seen, root.gone.len()), (Repair::Expunge, "off", 0));
        assert!(root.difference.unwrap().starts_with("h1 does not have disk"));
        let data = of(&stopped, false);
        assert_eq!((data.repair, data.gone.len()), (Repair::Person, 1));
        assert_eq!(of(&running, true).repair, Repair::Person);
        let crashed = seen(VmState::Running, PowerState::Off, PowerReason::Crashed);
        let both = of(&crashed, true);
        assert_eq!(both.repair, Repair::Follow, "first things first");
        let told = both.difference.unwrap();
        assert!(told.contains("crashed") && told.contains("; h1 does not have disk"), "{told}");
    }

    #[test]
    fn while_a_job_is_at_a_vm_there_is_no_difference_and_when_it_needs_help_there_is() {
        let of = |state| VmSeen {
            job: Some((state, Some("step stop".to_owned()))),
            ..seen(VmState::Stopping, PowerState::On, PowerReason::Commanded)
        };
        assert_eq!(repair(of(JobState::Running)), Repair::Nothing);
        assert_eq!(repair(of(JobState::NeedsHelp)), Repair::Person);
    }
}
