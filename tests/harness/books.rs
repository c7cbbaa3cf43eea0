//! Compares the manager's record with what the hosts really have: every difference in words.
//!
//! Not here: what the right end of an operation is; only what must be true after each.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use hostler_agent::hypervisor::{DomainView, FakeHypervisor};
use hostler_agent::network::MemoryNetwork;
use hostler_agent::storage::{MemoryStorage, Storage as _};
use hostler_model::{HostGuid, NicId, PowerState, SnapshotId, StoragePoolId, VolumeId};
use rusqlite::{Connection, OpenFlags, Row};
use uuid::Uuid;

use crate::cloud::Cloud;

/// A simulated host, as the record is held against it.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    /// Its guid.
    pub guid: HostGuid,
    /// Its libvirt.
    pub hypervisor: &'a FakeHypervisor,
    /// Its network.
    pub network: &'a MemoryNetwork,
    /// Its disks.
    pub storage: &'a MemoryStorage,
    /// Its local pool.
    pub pool: StoragePoolId,
}

/// A record that is only read.
#[derive(Debug)]
pub struct Books(Mutex<Connection>);

impl Books {
    /// Opens the manager's database.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(database: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(crate::cloud::PATIENCE)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// The rows of a query, each as text with blanks between columns.
    ///
    /// # Errors
    /// If the query is wrong.
    pub fn rows(&self, sql: &str) -> anyhow::Result<Vec<String>> {
        self.mapped(sql, |row| {
            let columns = row.as_ref().column_count();
            let cell = |index| {
                let value: rusqlite::types::Value = row.get(index)?;
                Ok(match value {
                    rusqlite::types::Value::Null => "-".to_owned(),
                    rusqlite::types::Value::Integer(n) => n.to_string(),
                    rusqlite::types::Value::Real(n) => n.to_string(),
                    rusqlite::types::Value::Text(text) => text,
                    rusqlite::types::Value::Blob(_) => "(bytes)".to_owned(),
                })
            };
            let cells: rusqlite::Result<Vec<String>> = (0..columns).map(cell).collect();
            Ok(cells?.join(" "))
        })
    }

    /// The one value of a query with one row, if there is a row.
    ///
    /// # Errors
    /// If the query is wrong.
    pub fn value(&self, sql: &str) -> anyhow::Result<Option<String>> {
        Ok(self.rows(sql)?.into_iter().next())
    }

    fn mapped<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(sql).with_context(|| sql.to_owned())?;
        Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    fn ids(&self, sql: &str) -> anyhow::Result<BTreeSet<Uuid>> {
        let texts = self.mapped(sql, |row| row.get::<_, String>(0))?;
        Ok(texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
    }

    /// Everything in which record and hosts differ, and every row that is left over. Empty is right.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub fn audit(&self, cloud: &Cloud) -> anyhow::Result<Vec<String>> {
        let machines = cloud.hosts.iter().map(|host| Machine {
            guid: host.guid,
            hypervisor: &host.hypervisor,
            network: &host.network,
            storage: &host.storage,
            pool: host.pool,
        });
        let mut faults = self.differences(&machines.collect::<Vec<_>>())?;
        let expected = cloud.worker.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let still = |template| format!("the image worker still expects template {template}");
        faults.extend(expected.iter().map(still));
        Ok(faults)
    }

    /// The same of hosts that are no cloud's. Aliens are none of its business.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub fn differences(&self, machines: &[Machine<'_>]) -> anyhow::Result<Vec<String>> {
        let mut faults = Vec::new();
        for (what, sql) in LEFT_OVER {
            faults.extend(self.rows(sql)?.into_iter().map(|row| format!("{what}: {row}")));
        }
        for machine in machines {
            self.compare(machine, &mut faults)?;
        }
        Ok(faults)
    }

    fn compare(&self, host: &Machine<'_>, faults: &mut Vec<String>) -> anyhow::Result<()> {
        let guid = host.guid;
        let mut differ = |what: &str, recorded: &BTreeSet<Uuid>, there: &BTreeSet<Uuid>| {
            if recorded != there {
                faults.push(format!("{what} of {guid}: recorded {recorded:?}, there {there:?}"));
            }
        };
        let on_host = format!(
            "FROM vm JOIN vm_run ON vm_run.id = vm.run JOIN host ON host.id = vm_run.host
             WHERE vm.state = 'Running' AND vm_run.state = 'Running' AND host.guid = '{guid}'"
        );
        let views = host.hypervisor.domains();
        // Aliens are nobody's; a domain that was adopted has a UUID of its own, and stays defined while it is off.
        let marked = || views.iter().filter_map(|d| d.mark.as_ref().map(|mark| (d, mark)));
        let is_on = |view: &DomainView| view.power == PowerState::On;
        let domains = marked()
            .filter(|(view, mark)| mark.adopted.is_none() || is_on(view))
            .map(|(_, mark)| mark.vm.uuid())
            .collect();
        let running =
            marked().filter(|(view, _)| is_on(view)).map(|(_, mark)| mark.vm.uuid()).collect();
        let recorded = self.ids(&format!("SELECT vm.id {on_host}"))?;
        differ("libvirt domains", &recorded, &domains);
        differ("libvirt domains that run", &recorded, &running);

        let nics = host.network.nics().into_iter().map(NicId::uuid).collect();
        let recorded = self.ids(&format!(
            "SELECT nic.id FROM nic WHERE removed IS NULL AND vm IN (SELECT vm.id {on_host})
             AND vm NOT IN (SELECT vm FROM adoption)"
        ))?;
        differ("NICs served", &recorded, &nics);

        let files: Vec<String> = views.iter().flat_map(|d| host.hypervisor.files(d.uuid)).collect();
        let plugged = |id: &Uuid| files.iter().any(|file| file.contains(&id.to_string()));
        let there = self.ids("SELECT id FROM volume")?.into_iter().filter(plugged).collect();
        let recorded = self.ids(&format!(
            "SELECT id FROM volume WHERE removed IS NULL AND vm IN (SELECT vm.id {on_host})
             AND vm NOT IN (SELECT vm FROM adoption)"
        ))?;
        differ("disks of libvirt domains", &recorded, &there);

        let has = |id: &Uuid| host.storage.volume_file(host.pool, VolumeId::new(*id)).is_ok();
        let all = self.ids("SELECT id FROM volume")?;
        let there = all.into_iter().filter(has).collect();
        let recorded = self.ids(&format!(
            "SELECT id FROM volume WHERE state IN ('Ready', 'Destroy') AND pool = '{}'",
            host.pool
        ))?;
        differ("files of volumes", &recorded, &there);

        let there = host.storage.snapshots().into_iter().map(SnapshotId::uuid).collect();
        let recorded = self.ids(&format!(
            "SELECT id FROM snapshot WHERE state = 'BackedUp' AND pool = '{}'",
            host.pool
        ))?;
        differ("files of snapshots", &recorded, &there);
        Ok(())
    }
}

/// Rows that must not be there once no job is at work.
const LEFT_OVER: &[(&str, &str)] = &[
    ("a job that is not finished", "SELECT kind, state FROM job WHERE finished IS NULL"),
    (
        "a step in the middle of a job that is finished",
        "SELECT job.kind, step.name, step.state FROM step JOIN job ON job.id = step.job
         WHERE job.finished IS NOT NULL AND step.state IN ('Begun', 'Undoing')",
    ),
    (
        "a VM on its way with no job",
        "SELECT id, state FROM vm WHERE state IN ('Starting', 'Stopping', 'Expunging')",
    ),
    (
        "a VM whose run is not its state",
        "SELECT vm.id, vm.state, coalesce(vm_run.state, 'no run') FROM vm
         LEFT JOIN vm_run ON vm_run.vm = vm.id AND vm_run.state <> 'Ended'
         WHERE (vm.state = 'Running') <> (vm_run.state IS NOT NULL AND vm_run.state = 'Running' AND vm_run.id = vm.run)
            OR (vm.state <> 'Running' AND vm_run.state IS NOT NULL)",
    ),
    (
        "a claim of no run that is alive",
        "SELECT claim.run FROM claim LEFT JOIN vm_run ON vm_run.id = claim.run
         WHERE vm_run.id IS NULL OR vm_run.state = 'Ended' OR vm_run.host <> claim.host",
    ),
    (
        "a run that is alive without a claim",
        "SELECT vm_run.id FROM vm_run LEFT JOIN claim ON claim.run = vm_run.id
         WHERE vm_run.state <> 'Ended' AND claim.run IS NULL",
    ),
    (
        "a volume on its way",
        "SELECT id, state FROM volume WHERE state IN ('Creating', 'Expunging')",
    ),
    (
        "a snapshot on its way",
        "SELECT id, state FROM snapshot WHERE state IN ('Allocated', 'Creating', 'Destroying')",
    ),
    (
        "a volume of no VM",
        "SELECT volume.id FROM volume LEFT JOIN vm ON vm.id = volume.vm
         WHERE volume.removed IS NULL AND (vm.removed IS NOT NULL
             OR vm.id IS NULL AND (volume.kind = 'ROOT' OR volume.vm IS NOT NULL))",
    ),
    (
        "a NIC of no VM",
        "SELECT nic.id FROM nic LEFT JOIN vm ON vm.id = nic.vm
         WHERE nic.removed IS NULL AND (vm.id IS NULL OR vm.removed IS NOT NULL)",
    ),
    (
        "an address of no NIC",
        "SELECT address.ip FROM address LEFT JOIN nic ON nic.id = address.nic
         WHERE address.nic IS NOT NULL AND (nic.id IS NULL OR nic.removed IS NOT NULL)",
    ),
    (
        "a NIC without its address",
        "SELECT nic.id FROM nic LEFT JOIN address ON address.nic = nic.id AND address.ip = nic.ip
         WHERE nic.removed IS NULL AND address.ip IS NULL
             AND (nic.ip IS NOT NULL OR nic.vm NOT IN (SELECT vm FROM adoption))",
    ),
    (
        "a template on its way",
        "SELECT name, state FROM template WHERE state IN ('Registered', 'Downloading')
            OR (state = 'Deleting' AND NOT EXISTS (
                SELECT 1 FROM job WHERE subject = template.id AND kind = 'template.delete' AND state = 'Failed'))",
    ),
    (
        "a copy of a template that is gone",
        "SELECT template.name FROM template_copy JOIN template ON template.id = template_copy.template
         WHERE template.removed IS NOT NULL",
    ),
];
