//! The world of one seed: a manager, hosts and the network between them, moved on together, a moment at a time.
//!
//! No machine can reach another within such a moment, because no link is that quick; so each works through it alone.
//! After each moment all promises are checked.
//!
//! Not here: what goes wrong in it (`events`, `acts`), the promises (`checks`, `quiet`).

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use hostler_model::{HostGuid, TemplateId};
use hostler_tests::books::{Books, Machine};
use hostler_tests::furnish::Catalogue;
use uuid::Uuid;

use crate::acts::Act;
use crate::checks::Record;
use crate::draw::Draw;
use crate::ground::Ground;
use crate::host::Host;
use crate::machine;
use crate::manager::Manager;
use crate::net::{Caller, Net, QUICKEST};
use crate::requests::{Answer, Request};
use crate::trace::Trace;

/// How long a cloud may take to come up, in milliseconds.
const SETUP: u64 = 60_000;

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) draw: Draw,
    pub(crate) trace: Trace,
    pub(crate) ground: Ground,
    pub(crate) net: Net,
    pub(crate) manager: Manager,
    pub(crate) hosts: Vec<Host>,
    pub(crate) books: Arc<Books>,
    pub(crate) has: Catalogue,
    /// What happens later, and when.
    pub(crate) later: Vec<(u64, Act)>,
    /// Answers that somebody waits for.
    pub(crate) inbox: Vec<Answer>,
    /// How many VMs were asked for.
    pub(crate) vms: u32,
    /// How many data volumes were.
    pub(crate) volumes: u32,
    worker: Host,
    record: Record,
}

impl World {
    /// The world of a seed, with a cloud of two or three hosts that is up. Its disks are in an empty folder.
    pub(crate) fn new(seed: u64, folder: &Path) -> anyhow::Result<Self> {
        let mut draw = Draw::of(seed);
        let (trace, ground) = (Trace::default(), Ground::default());
        let count = usize::try_from(draw.from(2, 3))?;
        let net = Net::new(draw.apart(), count + 1);
        let mut manager = Manager::new(&folder.join("manager"), net.clone(), draw.apart());
        let host = |number: usize, draw: Draw| {
            let guid = HostGuid::new(Uuid::from_u128(0xca11_0000 + number as u128));
            let mute = Arc::default();
            let manager_mute = Arc::clone(&manager.mute);
            let caller = Caller { net: net.clone(), host: number, guid, mute, manager_mute };
            Host::new(number, folder.join(format!("h{number}")), caller, draw, &ground, &trace)
        };
        let hosts: Vec<Host> =
            (0..count).map(|number| host(number, draw.apart())).collect::<Result<_, _>>()?;
        let worker = host(count, draw.apart())?;
        manager.begin(0)?;
        // a manager that begins has made its database before it first waits
        manager.work_until(QUICKEST);
        let books = Arc::new(Books::open(&folder.join("manager/hostler.db"))?);
        ground.hold_against(Arc::clone(&books));
        let mut world = Self {
            now: QUICKEST,
            draw,
            trace,
            ground,
            net,
            manager,
            hosts,
            books,
            has: Catalogue {
                zone: hostler_model::ZoneId::new(Uuid::nil()),
                network: hostler_model::NetworkId::new(Uuid::nil()),
                offering: hostler_model::ServiceOfferingId::new(Uuid::nil()),
                template: TemplateId::new(Uuid::nil()),
            },
            later: Vec::new(),
            inbox: Vec::new(),
            vms: 0,
            volumes: 0,
            worker,
            record: Record::default(),
        };
        world.set_up().context("set a cloud up in which nothing goes wrong")?;
        Ok(world)
    }

    fn set_up(&mut self) -> anyhow::Result<()> {
        self.until("the manager runs", |world| Ok(world.manager.context().is_some()))?;
        self.manager.ask(Request::Furnish);
        self.until("the zone is there", |world| {
            for answer in std::mem::take(&mut world.inbox) {
                match answer {
                    Answer::Furnished(has) => world.has = has,
                    other => bail!("{other:?}"),
                }
            }
            Ok(!world.has.zone.uuid().is_nil())
        })?;
        self.worker.begin_as_worker(self.now)?;
        for host in &mut self.hosts {
            host.begin(self.now)?;
        }
        self.until("all hosts are Up", |world| {
            let up = world.books.value("SELECT count(*) FROM host WHERE status = 'Up'")?;
            Ok(up == Some((world.hosts.len() + 1).to_string()))
        })?;
        self.manager.ask(Request::Template);
        self.until("the template is Ready", |world| {
            let ready = world.books.value("SELECT id FROM template WHERE state = 'Ready'")?;
            if let Some(id) = &ready {
                world.has.template = id.parse()?;
            }
            Ok(ready.is_some())
        })
    }

    fn until(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&mut Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let limit = self.now + SETUP;
        while !is_so(self)? {
            self.moment()?;
            if self.now > limit {
                bail!("it did not come to this: {what}");
            }
        }
        Ok(())
    }

    /// Lets so many milliseconds pass.
    pub(crate) fn pass(&mut self, span: u64) -> anyhow::Result<()> {
        let end = self.now + span;
        while self.now < end {
            self.moment()?;
        }
        Ok(())
    }

    /// Lets a moment pass. An error is a broken promise.
    fn moment(&mut self) -> anyhow::Result<()> {
        let until = self.now + QUICKEST;
        if let Some(why) = self.manager.work_until(until) {
            machine::at_work(None, until);
            self.trace.tell(format!("the manager has ended: {why}"));
            self.later.push((until + 1000, Act::ManagerBegins));
        }
        if let Some(why) = self.worker.work_until(until) {
            bail!("the image worker has ended: {why}");
        }
        for host in &mut self.hosts {
            if let Some(why) = host.work_until(until) {
                machine::at_work(None, until);
                self.trace.tell(format!("the agent of h{} has ended: {why}", host.number + 1));
                let back = until + self.draw.from(200, 4000);
                self.later.push((back, Act::AgentBegins(host.number)));
            }
        }
        self.now = until;
        machine::at_work(None, until);
        self.hear();
        self.record.check(&self.books, &self.ground, &self.hosts, &self.trace)?;
        if let Some(broken) = self.ground.all_broken().first() {
            bail!("{broken}");
        }
        self.act_what_is_due()
    }

    fn hear(&mut self) {
        for answer in self.manager.answers() {
            match &answer {
                Answer::Taken(what) => self.trace.tell(format!("{what}: taken")),
                Answer::Refused(what, why) => self.trace.tell(format!("{what}: refused: {why}")),
                Answer::Broken(why) => self.trace.tell(format!("broken: {why}")),
                _ => self.inbox.push(answer),
            }
        }
    }

    fn act_what_is_due(&mut self) -> anyhow::Result<()> {
        while let Some(at) = self.later.iter().position(|(at, _)| *at <= self.now) {
            let (_, act) = self.later.remove(at);
            self.act(act)?;
        }
        Ok(())
    }

    /// The hosts, as the record is held against them.
    pub(crate) fn machines(&self) -> Vec<Machine<'_>> {
        let machine = self.hosts.iter().map(|host| Machine {
            guid: host.guid(),
            hypervisor: &host.hypervisor,
            network: &host.network,
            storage: &host.storage,
            pool: host.pool,
        });
        machine.collect()
    }
}
