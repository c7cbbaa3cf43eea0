//! The end of a world: everything is mended, nobody does anything any more, and then all books agree.
//!
//! Not here: what is true at every moment (`checks`).

use anyhow::bail;
use hostler_agent::hypervisor::Trouble;

use crate::acts::Act;
use crate::net::Way;
use crate::requests::{Answer, Request};
use crate::world::World;

/// How long a world may take to come to rest, in milliseconds: longer than an order's lost answer, a job's pauses and
/// a missing domain's grace take together.
const PATIENCE: u64 = 400_000;
/// How often somebody looks whether it has.
const LOOK: u64 = 2000;
/// So many looks in a row have to find nothing wrong.
const LOOKS: u32 = 3;

impl World {
    /// Mends everything and waits until nothing is wrong.
    ///
    /// # Errors
    /// What is still wrong after a long time.
    pub(crate) fn come_to_rest(&mut self) -> anyhow::Result<()> {
        self.trace.tell("everything is mended");
        self.mend()?;
        let (limit, mut good) = (self.now + PATIENCE, 0);
        loop {
            self.pass(LOOK)?;
            let wrong = self.wrong()?;
            good = if wrong.is_empty() { good + 1 } else { 0 };
            if good == LOOKS {
                self.trace.tell("all is quiet");
                return Ok(());
            }
            if self.now > limit {
                for fault in &wrong {
                    self.trace.tell(format!("still wrong: {fault}"));
                }
                bail!("it does not come to rest: {}", wrong.join("; "));
            }
        }
    }

    fn mend(&mut self) -> anyhow::Result<()> {
        self.later.clear();
        for host in 0..self.hosts.len() {
            self.hosts[host].hypervisor.trouble(Trouble::default());
            self.act(Act::Mend(host, Way::Up))?;
            self.act(Act::Mend(host, Way::Down))?;
            self.act(Act::AgentBegins(host))?;
            self.hosts[host].ahead = 0;
        }
        self.manager.ahead = 0;
        // who started a domain past the manager ends it again, and who paused one leaves it
        for (host, uuid) in self.ground.by_hand() {
            self.act(Act::Vanish(host, uuid))?;
        }
        self.act(Act::ManagerBegins)
    }

    /// Everything that would be wrong if this were the end.
    fn wrong(&mut self) -> anyhow::Result<Vec<String>> {
        let mut wrong = self.books.differences(&self.machines())?;
        let away = self.books.rows("SELECT name, status FROM host WHERE status <> 'Up'")?;
        wrong.extend(away.into_iter().map(|host| format!("a host is not Up: {host}")));
        let drift = self.books.rows("SELECT name, power, kind FROM stray")?;
        wrong.extend(drift.into_iter().map(|stray| format!("a stray: {stray}")));
        if !wrong.is_empty() {
            return Ok(wrong);
        }
        self.manager.ask(Request::Audit);
        self.pass(LOOK)?;
        match self.inbox.pop() {
            Some(Answer::Audited(found, heard)) if heard == self.hosts.len() => Ok(found),
            Some(Answer::Audited(_, heard)) => {
                Ok(vec![format!("only {heard} hosts have reported")])
            }
            _ => Ok(vec!["the audit does not answer".to_owned()]),
        }
    }
}
