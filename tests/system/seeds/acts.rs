//! What can happen in a world, and how it is done to it.
//!
//! Not here: what happens when (`events`).

use std::sync::atomic::Ordering;

use hostler_agent::hypervisor::{DomainView, Trouble};
use hostler_model::{Mib, PowerReason, PowerState, VmId};
use uuid::Uuid;

use crate::net::Way;
use crate::requests::{Request, VolumeWish, Wish};
use crate::world::World;

/// Something that happens. Hosts are numbers from 0.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// A user asks for a VM.
    Deploy,
    /// A user asks for something to be done with a VM.
    Ask(Wish, VmId, String),
    /// A user asks for something to be done with a data volume.
    AskForVolume(VolumeWish, String),
    /// A direction of a host's cable is cut.
    Cut(usize, Way),
    /// It is whole again.
    Mend(usize, Way),
    AgentBegins(usize),
    /// `systemctl stop`.
    AgentEnds(usize),
    /// `kill -9`.
    AgentDies(usize),
    /// It dies before the call of libvirt that is so many calls away.
    AgentWillDie(usize, u32),
    /// The host's power fails: its domains are off, its agent is gone.
    PowerFails(usize),
    ManagerBegins,
    ManagerEnds,
    ManagerDies,
    /// Its machine's power fails: nobody hears a goodbye.
    ManagerPowerFails,
    /// libvirt on a host does not answer, or refuses calls.
    Trouble(usize, &'static str, Trouble),
    /// It is well again.
    NoTrouble(usize),
    /// A wall clock is so many milliseconds ahead from now on.
    Clock(Option<usize>, i64),
    /// Something outside ends a domain.
    Off(usize, Uuid, PowerReason),
    /// The same, and libvirt's event gets lost.
    OffUnheard(usize, Uuid, PowerReason),
    /// `virsh destroy` and `virsh undefine`.
    Vanish(usize, Uuid),
    /// A full disk pauses a domain.
    Pause(usize, Uuid),
    /// `virsh start` of a domain that is off.
    StartByHand(usize, Uuid),
    /// Somebody makes a domain that is not this cloud's, starts or stops it.
    Alien(usize, Uuid, PowerState),
    AlienGoes(usize, Uuid),
}

impl World {
    /// Has it happen.
    pub(crate) fn act(&mut self, act: Act) -> anyhow::Result<()> {
        let now = self.now;
        match act {
            Act::Deploy => {
                self.vms += 1;
                self.manager.ask(Request::Deploy(self.has, format!("vm{}", self.vms)));
            }
            Act::Ask(wish, vm, name) => self.manager.ask(Request::Vm(wish, vm, name)),
            Act::AskForVolume(wish, name) => self.manager.ask(Request::Volume(wish, name)),
            Act::Cut(host, way) => {
                self.trace.tell(format!("h{} is cut {way:?}", host + 1));
                self.net.cut(host, way, true);
            }
            Act::Mend(host, way) => {
                self.trace.tell(format!("h{} is mended {way:?}", host + 1));
                self.net.cut(host, way, false);
            }
            Act::AgentBegins(host) if !self.hosts[host].lives() => {
                self.trace.tell(format!("the agent of h{} begins", host + 1));
                self.hosts[host].begin(now)?;
            }
            Act::AgentEnds(host) => {
                self.trace.tell(format!("the agent of h{} is to end", host + 1));
                self.hosts[host].shut_down();
            }
            Act::AgentDies(host) => {
                self.trace.tell(format!("the agent of h{} is killed", host + 1));
                self.hosts[host].kill();
            }
            Act::AgentWillDie(host, calls) => {
                self.hosts[host].doom.store(calls, Ordering::Relaxed);
            }
            Act::PowerFails(host) => {
                self.trace.tell(format!("the power of h{} fails", host + 1));
                self.hosts[host].lose_power();
                self.ground.power_failed(host);
            }
            Act::ManagerBegins if !self.manager.lives() => {
                self.trace.tell("the manager begins");
                self.manager.begin(now)?;
            }
            Act::ManagerEnds => {
                self.trace.tell("the manager is to end");
                self.manager.shut_down();
            }
            Act::ManagerDies => {
                self.trace.tell("the manager is killed");
                self.manager.kill();
            }
            Act::ManagerPowerFails => {
                self.trace.tell("the power of the manager fails");
                self.manager.lose_power();
            }
            Act::Trouble(host, what, trouble) => {
                self.trace.tell(format!("h{}: libvirt {what}", host + 1));
                self.hosts[host].hypervisor.trouble(trouble);
            }
            Act::NoTrouble(host) => {
                self.trace.tell(format!("h{}: libvirt is well", host + 1));
                self.hosts[host].hypervisor.trouble(Trouble::default());
            }
            Act::Clock(host, ahead) => {
                let whose = host.map_or("the manager".to_owned(), |host| format!("h{}", host + 1));
                self.trace.tell(format!("the clock of {whose} is {ahead} ms ahead"));
                match host {
                    Some(host) => self.hosts[host].ahead = ahead,
                    None => self.manager.ahead = ahead,
                }
            }
            Act::AgentBegins(_) | Act::ManagerBegins => {}
            by_hand => self.act_by_hand(&by_hand),
        }
        Ok(())
    }

    fn act_by_hand(&mut self, act: &Act) {
        let name = |world: &Self, host: usize, uuid: Uuid| -> Option<String> {
            let all = world.hosts[host].hypervisor.domains();
            all.iter().find(|domain| domain.uuid == uuid).map(|domain| domain.name.clone())
        };
        match *act {
            Act::Off(host, uuid, reason) => {
                let Some(name) = name(self, host, uuid) else { return };
                self.trace.tell(format!("h{} {name} goes off: {reason:?}", host + 1));
                self.hosts[host].hypervisor.power_lost(uuid, reason);
            }
            Act::OffUnheard(host, uuid, reason) => {
                let Some(name) = name(self, host, uuid) else { return };
                self.trace.tell(format!("h{} {name} goes off unheard: {reason:?}", host + 1));
                self.hosts[host].hypervisor.power_lost_unheard(uuid, reason);
            }
            Act::Vanish(host, uuid) => {
                let Some(name) = name(self, host, uuid) else { return };
                self.trace.tell(format!("h{} {name} vanishes", host + 1));
                self.hosts[host].hypervisor.vanish(uuid);
            }
            Act::Pause(host, uuid) => {
                let Some(name) = name(self, host, uuid) else { return };
                self.trace.tell(format!("h{} {name} is paused", host + 1));
                self.hosts[host].hypervisor.pause(uuid);
            }
            Act::StartByHand(host, uuid) => {
                let Some(name) = name(self, host, uuid) else { return };
                self.trace.tell(format!("h{} {name} is started by hand", host + 1));
                self.ground.will_be_by_hand(host, uuid);
                self.hosts[host].hypervisor.start_by_hand(uuid);
            }
            Act::Alien(host, uuid, power) => {
                let name = format!("alien-{}", uuid.as_u128() & 0xffff);
                self.trace.tell(format!("h{} {name} is {power}", host + 1));
                let view = DomainView {
                    uuid,
                    name,
                    mark: None,
                    power,
                    reason: PowerReason::Other,
                    vcpus: 1,
                    memory: Mib(256),
                };
                self.ground.alien(host, uuid, Some(view.clone()));
                self.hosts[host].hypervisor.insert(view);
            }
            Act::AlienGoes(host, uuid) => {
                self.trace.tell(format!("h{} loses an alien", host + 1));
                self.ground.alien(host, uuid, None);
                self.hosts[host].hypervisor.vanish(uuid);
            }
            _ => {}
        }
    }
}
