//! What happens in a world, and when: drawn from its seed.
//!
//! Everything that breaks has its end beside it, so that a world can go on.
//!
//! Not here: how it is done (`acts`).

use hostler_agent::hypervisor::{DomainView, Trouble};
use hostler_model::{PowerReason, PowerState, VolumeId};
use uuid::Uuid;

use crate::acts::Act;
use crate::net::Way;
use crate::requests::{VolumeWish, Wish};
use crate::world::World;

/// In milliseconds.
const HOUR: u64 = 3_600_000;

/// A VM of the record.
struct Known {
    id: hostler_model::VmId,
    name: String,
    state: String,
}

impl World {
    /// Draws what happens now, does it, and writes down what follows from it later.
    pub(crate) fn event(&mut self) -> anyhow::Result<()> {
        let kind = self.draw.from(0, 99);
        match kind {
            0..45 => self.user()?,
            45..55 => self.partition()?,
            55..68 => self.agent()?,
            68..73 => self.power()?,
            73..80 => self.manager()?,
            80..92 => self.by_hand()?,
            92..96 => self.trouble()?,
            _ => self.clock()?,
        }
        Ok(())
    }

    fn some_host(&mut self) -> usize {
        let last = u64::try_from(self.hosts.len() - 1).unwrap_or(0);
        usize::try_from(self.draw.from(0, last)).unwrap_or(0)
    }

    fn after(&mut self, least: u64, most: u64, act: Act) {
        let at = self.now + self.draw.from(least, most);
        self.later.push((at, act));
    }

    fn user(&mut self) -> anyhow::Result<()> {
        let rows = self.books.rows("SELECT id, host_name, state FROM vm WHERE removed IS NULL")?;
        let known = rows.iter().filter_map(|row| {
            let mut words = row.split(' ');
            let id = words.next()?.parse().ok()?;
            Some(Known { id, name: words.next()?.to_owned(), state: words.next()?.to_owned() })
        });
        let known: Vec<Known> = known.collect();
        let wanted = self.draw.from(0, 99);
        if known.len() < 2 || (wanted < 35 && known.len() < 9) {
            return self.act(Act::Deploy);
        }
        if self.draw.percent(30) {
            return self.volume(&known);
        }
        let draw = &mut self.draw;
        let Some(vm) = draw.one(&known) else { return Ok(()) };
        let wish = match (vm.state.as_str(), draw.from(0, 9)) {
            ("Destroyed", 0..4) => Wish::Recover,
            ("Destroyed", _) => Wish::Expunge,
            ("Stopped", 0..7) => Wish::Start,
            ("Stopped", 7) => Wish::Destroy,
            ("Error", _) => Wish::DestroyAtOnce,
            (_, 0..4) => Wish::Stop,
            (_, 4..6) => Wish::ForceStop,
            (_, 6) => Wish::Reboot,
            (_, 7) => Wish::Start,
            (_, 8) => Wish::Destroy,
            _ => Wish::DestroyAtOnce,
        };
        self.act(Act::Ask(wish, vm.id, vm.name.clone()))
    }

    fn volume(&mut self, vms: &[Known]) -> anyhow::Result<()> {
        let rows = self.books.rows(
            "SELECT id, name, state, coalesce(vm, '') FROM volume WHERE kind = 'DATADISK' AND removed IS NULL",
        )?;
        let volumes: Vec<(VolumeId, String, String, bool)> = rows
            .iter()
            .filter_map(|row| {
                let mut words = row.split(' ');
                let (id, name) = (words.next()?.parse().ok()?, words.next()?.to_owned());
                let state = words.next()?.to_owned();
                Some((id, name, state, words.next().is_some_and(|vm| !vm.is_empty())))
            })
            .collect();
        if volumes.len() < 5 && self.draw.percent(40) {
            self.volumes += 1;
            let name = format!("data{}", self.volumes);
            return self.act(Act::AskForVolume(VolumeWish::Create(self.has), name));
        }
        let Some((id, name, state, is_attached)) = self.draw.one(&volumes).cloned() else {
            return Ok(());
        };
        let wish = match self.draw.from(0, 9) {
            0 => VolumeWish::Delete(id),
            _ if is_attached => VolumeWish::Detach(id),
            1..6 if state == "Destroy" => VolumeWish::Recover(id),
            1..3 => VolumeWish::Destroy(id),
            _ => match self.draw.one(vms) {
                Some(vm) => VolumeWish::Attach(id, vm.id),
                None => return Ok(()),
            },
        };
        self.act(Act::AskForVolume(wish, name))
    }

    fn partition(&mut self) -> anyhow::Result<()> {
        let host = self.some_host();
        let ways: &[Way] = match self.draw.from(0, 2) {
            0 => &[Way::Up, Way::Down],
            1 => &[Way::Up],
            _ => &[Way::Down],
        };
        let most = if self.draw.percent(50) { 3000 } else { 30_000 };
        let span = self.draw.from(100, most);
        for way in ways {
            self.act(Act::Cut(host, *way))?;
            self.later.push((self.now + span, Act::Mend(host, *way)));
        }
        Ok(())
    }

    fn agent(&mut self) -> anyhow::Result<()> {
        let host = self.some_host();
        match self.draw.from(0, 9) {
            0..3 => self.act(Act::AgentEnds(host)),
            3..6 => {
                self.after(100, 15_000, Act::AgentBegins(host));
                self.act(Act::AgentDies(host))
            }
            _ => {
                let calls = u32::try_from(self.draw.from(1, 6))?;
                self.act(Act::AgentWillDie(host, calls))
            }
        }
    }

    fn power(&mut self) -> anyhow::Result<()> {
        let host = self.some_host();
        self.after(2000, 25_000, Act::AgentBegins(host));
        self.act(Act::PowerFails(host))
    }

    fn manager(&mut self) -> anyhow::Result<()> {
        self.after(100, 10_000, Act::ManagerBegins);
        match self.draw.from(0, 9) {
            0..3 => self.act(Act::ManagerEnds),
            3..8 => self.act(Act::ManagerDies),
            _ => self.act(Act::ManagerPowerFails),
        }
    }

    fn by_hand(&mut self) -> anyhow::Result<()> {
        let host = self.some_host();
        if self.draw.percent(25) {
            return self.alien(host);
        }
        let domains = self.hosts[host].hypervisor.domains();
        let ours: Vec<DomainView> = domains.into_iter().filter(|d| d.mark.is_some()).collect();
        let Some(domain) = self.draw.one(&ours).cloned() else { return Ok(()) };
        let uuid = domain.uuid;
        if domain.power == PowerState::Off {
            let elsewhere = self.ground.running().iter().any(|(_, other)| other.uuid == uuid);
            return if elsewhere { Ok(()) } else { self.act(Act::StartByHand(host, uuid)) };
        }
        let reason = match self.draw.from(0, 3) {
            0 | 1 => PowerReason::Destroyed,
            2 => PowerReason::GuestShutdown,
            _ => PowerReason::Crashed,
        };
        match self.draw.from(0, 9) {
            0..5 => self.act(Act::Off(host, uuid, reason)),
            5 | 6 => self.act(Act::OffUnheard(host, uuid, reason)),
            7 | 8 => self.act(Act::Vanish(host, uuid)),
            _ => self.act(Act::Pause(host, uuid)),
        }
    }

    fn alien(&mut self, host: usize) -> anyhow::Result<()> {
        let there = self.ground.aliens(host);
        match self.draw.one(&there).cloned() {
            Some(alien) if self.draw.percent(60) => {
                if self.draw.percent(50) {
                    return self.act(Act::AlienGoes(host, alien.uuid));
                }
                let power =
                    if alien.power == PowerState::On { PowerState::Off } else { PowerState::On };
                self.act(Act::Alien(host, alien.uuid, power))
            }
            _ => {
                let uuid = Uuid::from_u128(u128::from(self.draw.next()));
                self.act(Act::Alien(host, uuid, PowerState::On))
            }
        }
    }

    fn trouble(&mut self) -> anyhow::Result<()> {
        let host = self.some_host();
        let refusing = |call| Trouble { refuse: [call].into(), ..Trouble::default() };
        let (what, trouble) = match self.draw.from(0, 5) {
            0 | 1 => ("does not answer", Trouble { unreachable: true, ..Trouble::default() }),
            2 => ("lists only some", Trouble { incomplete: true, ..Trouble::default() }),
            3 => ("refuses to define", refusing("define")),
            4 => ("refuses to start", refusing("start")),
            _ => ("refuses to destroy", refusing("destroy")),
        };
        self.after(500, 12_000, Act::NoTrouble(host));
        self.act(Act::Trouble(host, what, trouble))
    }

    fn clock(&mut self) -> anyhow::Result<()> {
        let host = self.some_host();
        let whose = if self.draw.percent(50) { Some(host) } else { None };
        let far = self.draw.from(0, 40 * HOUR).cast_signed() - 20 * HOUR.cast_signed();
        let near = self.draw.from(0, 20_000).cast_signed() - 10_000;
        let ahead = if self.draw.percent(40) { far } else { near };
        self.act(Act::Clock(whose, ahead))
    }
}
