//! What is true at every moment, whatever has happened: the record claims nothing without evidence.
//!
//! Not here: what is true once everything is quiet (`quiet`), two copies and late starts (`ground`).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use hostler_agent::storage::Storage as _;
use hostler_model::{HostGuid, RunId, VmId, VolumeId};
use hostler_tests::books::Books;

use crate::ground::Ground;
use crate::host::Host;
use crate::trace::Trace;

/// Rows that are never there after a commit.
const NEVER: &[(&str, &str)] = &[
    (
        "a VM is on its way and no job is at it",
        "SELECT host_name, state FROM vm WHERE state IN ('Starting', 'Stopping', 'Expunging')
            AND NOT EXISTS (SELECT 1 FROM job WHERE subject = vm.id AND finished IS NULL)",
    ),
    (
        "a job waits and does not say for what",
        "SELECT number, kind FROM job WHERE state IN ('Waiting', 'NeedsHelp') AND coalesce(waiting_for, '') = ''",
    ),
];

/// States that the trace tells of: each thing with its state.
const TOLD: &[(&str, &str)] = &[
    ("vm", "SELECT host_name, state FROM vm ORDER BY number"),
    ("job", "SELECT number || ':' || kind, state FROM job ORDER BY number"),
    (
        "volume",
        "SELECT volume.name, volume.state, coalesce(vm.host_name, '-') FROM volume
         LEFT JOIN vm ON vm.id = volume.vm WHERE volume.kind = 'DATADISK' ORDER BY volume.number",
    ),
    (
        "host",
        "SELECT private_address, status FROM host WHERE kind = 'Routing' ORDER BY private_address",
    ),
];

/// The record as it was seen last.
#[derive(Debug, Default)]
pub(crate) struct Record {
    version: String,
    states: BTreeMap<(&'static str, String), String>,
    vms: BTreeMap<VmId, (String, String)>,
}

impl Record {
    /// Looks at the record, tells of what has changed in it, and holds it against what is really so.
    pub(crate) fn check(
        &mut self,
        books: &Books,
        ground: &Ground,
        hosts: &[Host],
        trace: &Trace,
    ) -> anyhow::Result<()> {
        let version = books.value("PRAGMA data_version")?.unwrap_or_default();
        let stirred = ground.has_stirred();
        let changed = version != self.version;
        if changed {
            self.version = version;
            self.tell(books, trace)?;
            self.read_vms(books)?;
            for (what, sql) in NEVER {
                if let Some(row) = books.value(sql)? {
                    bail!("{what}: {row}");
                }
            }
            runs_where_it_ran(books, ground, hosts)?;
        }
        if let Some(alien) = ground.changed_aliens().first() {
            bail!("an alien was changed: {alien}");
        }
        if changed || stirred {
            self.off_is_off(ground, hosts)?;
        }
        ground.by_hand();
        Ok(())
    }

    fn tell(&mut self, books: &Books, trace: &Trace) -> anyhow::Result<()> {
        for (kind, sql) in TOLD {
            for row in books.rows(sql)? {
                let (name, state) = row.split_once(' ').unwrap_or((&row, ""));
                let key = (*kind, name.to_owned());
                if self.states.get(&key).is_none_or(|before| before != state) {
                    trace.tell(format!("{kind} {name} {state}"));
                    self.states.insert(key, state.to_owned());
                }
            }
        }
        Ok(())
    }

    fn read_vms(&mut self, books: &Books) -> anyhow::Result<()> {
        self.vms.clear();
        for row in books.rows("SELECT id, host_name, state FROM vm")? {
            let mut words = row.split(' ').map(str::to_owned);
            if let (Some(id), Some(name), Some(state)) = (words.next(), words.next(), words.next())
            {
                self.vms.insert(id.parse()?, (name, state));
            }
        }
        Ok(())
    }

    /// A VM that is off by the record runs nowhere, and one that runs has its disks.
    fn off_is_off(&self, ground: &Ground, hosts: &[Host]) -> anyhow::Result<()> {
        let mut open = BTreeSet::new();
        for (on, domain) in ground.running() {
            let Some(host) = hosts.get(on) else { continue };
            let vm = VmId::new(domain.uuid);
            if ground.is_by_hand(on, vm) {
                continue;
            }
            let (name, state) = match self.vms.get(&vm) {
                Some((name, state)) => (name.as_str(), state.as_str()),
                None => (domain.name.as_str(), "not there"),
            };
            if !matches!(state, "Starting" | "Running" | "Stopping") {
                bail!("{name} runs on h{} and is {state} by the record", on + 1);
            }
            for file in host.hypervisor.files(domain.uuid) {
                let volume = file.strip_prefix("/simulated/volumes/");
                let volume = volume.and_then(|file| file.strip_suffix(".qcow2")?.parse().ok());
                let Some(volume) = volume.map(VolumeId::new) else { continue };
                if !open.insert(volume) {
                    bail!("{name} runs on h{} with volume {volume} open twice", on + 1);
                }
                if host.storage.volume_file(host.pool, volume).is_err() {
                    bail!("{name} runs on h{} without its volume {volume}", on + 1);
                }
            }
        }
        Ok(())
    }
}

/// A VM that runs by the record has run there, in the run that the record names.
fn runs_where_it_ran(books: &Books, ground: &Ground, hosts: &[Host]) -> anyhow::Result<()> {
    let rows = books.rows(
        "SELECT host.guid, vm_run.id, vm.id, vm.host_name FROM vm JOIN vm_run ON vm_run.id = vm.run
         JOIN host ON host.id = vm_run.host WHERE vm.state = 'Running'",
    )?;
    for row in rows {
        let words: Vec<&str> = row.split(' ').collect();
        let [guid, run, vm, name] = words[..] else { bail!("a row of four columns: {row}") };
        let (guid, run): (HostGuid, RunId) = (guid.parse()?, run.parse()?);
        let on = hosts.iter().position(|host| host.guid() == guid);
        let Some(on) = on else { bail!("{name} is Running on a host that there is not") };
        if !ground.has_run(on, run) && !ground.is_by_hand(on, vm.parse()?) {
            bail!("{name} is Running on h{} by the record, where that run never ran", on + 1);
        }
    }
    Ok(())
}
