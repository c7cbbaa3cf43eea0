//! A cloud with very many VMs, which exist in the database only: written by SQL, because that is quick.
//!
//! Not here: what is asked of it (`tests/system/lists.rs`, `tests/system/reports.rs`, `tests/bench`).

use anyhow::Context as _;
use hostler_manager::manager::Manager;
use hostler_model::{Generation, HostId, PowerReason, PowerState};
use hostler_wire::{HostReport, RunReport};
use rusqlite::Connection;

use crate::cloud::config;
use crate::furnish::{Catalogue, furnish};
use crate::http::Api;

/// A manager that has no hosts of its own.
#[derive(Debug)]
pub struct World {
    /// The manager.
    pub manager: Manager,
    /// Its administrator.
    pub admin: Api,
    /// What it has.
    pub catalogue: Catalogue,
    folder: tempfile::TempDir,
}

impl World {
    /// A manager with a zone.
    ///
    /// # Errors
    /// What went wrong, and where.
    pub async fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let manager = Manager::start(config(folder.path())).await.context("start the manager")?;
        let catalogue = furnish(&manager.context).await.context("furnish the cloud")?;
        let admin = Api::admin(manager.api, folder.path())?;
        Ok(Self { manager, admin, catalogue, folder })
    }

    /// The database, past the manager.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn database(&self) -> anyhow::Result<Connection> {
        Ok(Connection::open(self.folder.path().join("hostler.db"))?)
    }
}

/// The ids that filters are tried with: each of something that a hundredth or more of the VMs have.
#[derive(Debug, Clone)]
pub struct Many {
    /// A VM in the middle.
    pub vm: String,
    /// A job that is done.
    pub job: String,
    values: Vec<(&'static str, String)>,
}

/// `ID(kind, number)` is the text of an id.
const ID: &str = "printf('%08x-0000-4000-8000-%012x', ";

const NUMBERS: &str = "
PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;
BEGIN;
CREATE TEMP TABLE numbers (i INTEGER PRIMARY KEY);
INSERT INTO numbers WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT + 200) SELECT i FROM n;
";

/// The things around: 10 pods, 50 clusters, 200 hosts with a pool each, 100 accounts in 10 domains, 20 templates.
const AROUND: &str = "
INSERT INTO domain (id, parent, name, path, created) SELECT ID(13, i), (SELECT id FROM domain WHERE path = 'ROOT'), 'd' || i, 'ROOT/d' || i, 1 FROM numbers WHERE i < 10;
INSERT INTO account (id, domain, name, kind, created) SELECT ID(10, i), ID(13, i % 10), 'a' || i, 'User', 1 FROM numbers WHERE i < 100;
INSERT INTO user (id, account, name, first_name, last_name, email, created) SELECT ID(11, i), ID(10, i), 'u' || i, '', '', '', 1 FROM numbers WHERE i < 100;
INSERT INTO pod (id, zone, name, allocation_state, created) SELECT ID(2, i), 'ZONE', 'pod' || i, 'Enabled', 1 FROM numbers WHERE i < 10;
INSERT INTO cluster (id, zone, pod, name, hypervisor, allocation_state, cpu_ratio, memory_ratio, created) SELECT ID(3, i), 'ZONE', ID(2, i % 10), 'cluster' || i, 'KVM', 'Enabled', 1.0, 1.0, 1 FROM numbers WHERE i < 50;
INSERT INTO host (id, guid, kind, name, zone, pod, cluster, status, status_changed, created) SELECT ID(4, i), ID(4, i), 'Routing', 'host' || i, 'ZONE', ID(2, i % 10), ID(3, i % 50), 'Up', 1, 1 FROM numbers WHERE i < 200;
INSERT INTO storage_pool (id, zone, pod, cluster, host, name, kind, path, state, created) SELECT ID(9, i), 'ZONE', ID(2, i % 10), ID(3, i % 50), ID(4, i), 'pool' || i, 'Directory', '/', 'Up', 1 FROM numbers WHERE i < 200;
INSERT INTO template (id, account, name, display_text, url, format, os, state, created) SELECT ID(6, i), ID(10, 0), 't' || i, 't' || i, 'http://images.invalid', 'QCOW2', 'Linux', 'Ready', 1 FROM numbers WHERE i < 20;
INSERT INTO network (id, name, display_text, zone, offering, account, guru, guest_type, traffic_type, cidr, gateway, start_ip, end_ip, network_domain, dns, mtu, is_default, state, created)
  SELECT ID(14, 1), 'other', 'other', zone, offering, account, guru, guest_type, traffic_type, cidr, gateway, start_ip, end_ip, network_domain, dns, mtu, 0, state, created FROM network WHERE id = 'NETWORK';
";

/// For each VM a run on a host, a root volume on its pool, a NIC, and the job that made it.
const VMS: &str = "
INSERT INTO vm (number, id, account, user, zone, host_name, display_name, instance_name, offering, template, state, vnc_password, ssh_keys, group_name, created, changed)
  SELECT i + 1000, ID(5, i), ID(10, i % 100), ID(11, i % 100), 'ZONE', 'web-' || i, 'Web server ' || i, 'i-2-' || i || '-VM', 'OFFERING', ID(6, i % 20),
    CASE i % 4 WHEN 0 THEN 'Stopped' ELSE 'Running' END, '', CASE i % 50 WHEN 0 THEN '[{\"name\":\"key7\",\"public_key\":\"x\"}]' ELSE '[]' END, CASE i % 100 WHEN 0 THEN 'group7' END, i, i FROM numbers WHERE i < COUNT;
INSERT INTO vm_run (id, vm, vm_number, host, generation, owner, state, cpu_ratio, memory_ratio, created)
  SELECT ID(7, i), ID(5, i), i + 1000, ID(4, i % 200), 1, 'agent', 'Running', 1.0, 1.0, 1 FROM numbers WHERE i < COUNT AND i % 4 > 0;
INSERT INTO volume (id, account, zone, vm, kind, device, name, template, size, format, state, pool, created)
  SELECT ID(8, i), ID(10, i % 100), 'ZONE', ID(5, i), 'ROOT', 0, 'ROOT-' || i, ID(6, i % 20), 1000, 'QCOW2', 'Ready', ID(9, i % 200), 1 FROM numbers WHERE i < COUNT;
INSERT INTO nic (id, vm, vm_number, network, device, mac, ip, is_default, created)
  SELECT ID(12, i), ID(5, i), i + 1000, CASE i % 50 WHEN 0 THEN ID(14, 1) ELSE 'NETWORK' END, 0, printf('06:00:%02x:%02x:%02x:%02x', i >> 24 & 255, i >> 16 & 255, i >> 8 & 255, i & 255),
    printf('100.%d.%d.%d', i >> 16 & 255, i >> 8 & 255, i & 255), 1, 1 FROM numbers WHERE i < COUNT;
INSERT INTO job (id, kind, api_command, account, user, subject_kind, subject, state, input, result, created, finished)
  SELECT ID(15, i), 'vm.start', 'deployVirtualMachine', ID(10, i % 100), ID(11, i % 100), 'VirtualMachine', ID(5, i), 'Succeeded', '{}', NULL, 9999999999999, 9999999999999 FROM numbers WHERE i < COUNT;
";

impl Many {
    /// Writes so many VMs, and everything around them.
    ///
    /// # Errors
    /// If the schema is another one by now.
    pub fn write(world: &World, count: usize) -> anyhow::Result<Self> {
        let database = world.database()?;
        let has = world.catalogue;
        for sql in [NUMBERS, AROUND, VMS, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"] {
            let sql = sql
                .replace("ID(", ID)
                .replace("ZONE", &has.zone.to_string())
                .replace("NETWORK", &has.network.to_string())
                .replace("OFFERING", &has.offering.to_string())
                .replace("COUNT", &count.to_string());
            database.execute_batch(&sql)?;
        }
        let id = |kind: u32, number: usize| format!("{kind:08x}-0000-4000-8000-{number:012x}");
        let middle = count / 2;
        Ok(Self {
            vm: id(5, middle),
            job: id(15, middle),
            values: vec![
                ("id", id(5, middle)),
                ("ids", (middle..middle + 100).map(|n| id(5, n)).collect::<Vec<_>>().join(",")),
                ("name", format!("web-{middle}")),
                ("state", "Running".to_owned()),
                ("zoneid", world.catalogue.zone.to_string()),
                ("podid", id(2, 7)),
                ("clusterid", id(3, 7)),
                ("hostid", id(4, 7)),
                ("storageid", id(9, 7)),
                ("serviceofferingid", world.catalogue.offering.to_string()),
                ("templateid", id(6, 7)),
                ("networkid", id(14, 1)),
                ("networkid", world.catalogue.network.to_string()),
                ("userid", id(11, 7)),
                ("keypair", "key7".to_owned()),
                ("domainid", id(13, 7)),
                ("keyword", format!("b-{middle}")),
                ("keyword", "Server".to_owned()),
            ],
        })
    }

    /// Has every run be on one host, and says which, and what that would report of them at `generation`.
    ///
    /// # Errors
    /// If the schema is another one by now.
    pub fn on_one_host(world: &World, generation: u64) -> anyhow::Result<(HostId, HostReport)> {
        let database = world.database()?;
        let host = format!("{:08x}-0000-4000-8000-{:012x}", 4, 7);
        database.execute("UPDATE vm_run SET host = ?1", [&host])?;
        let sql = "SELECT r.id, r.vm, vm.instance_name FROM vm_run r JOIN vm ON vm.id = r.vm ORDER BY vm.number";
        let mut statement = database.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
        let mut report = HostReport { complete: true, ..HostReport::default() };
        for row in rows {
            let (run, vm, name) = row?;
            report.runs.push(RunReport {
                run: run.parse()?,
                vm: vm.parse()?,
                name: name.parse()?,
                generation: Generation(generation),
                power: PowerState::On,
                reason: PowerReason::Found,
            });
        }
        Ok((host.parse()?, report))
    }

    /// Parameters of `listVirtualMachines` for a page of 100: a name for people, and what is sent.
    pub fn filters(&self) -> Vec<(String, Vec<(String, String)>)> {
        let page = |page: &str, more: &[(&str, &str)]| {
            let first = [("listall", "true"), ("page", page), ("pagesize", "100")];
            let all = first.iter().chain(more);
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let domain = self.values.iter().find(|(name, _)| *name == "domainid");
        let domain = domain.map_or("", |(_, value)| value);
        let mut filters = vec![
            ("the first page".to_owned(), page("1", &[])),
            ("the 500th page".to_owned(), page("500", &[])),
        ];
        for (name, value) in &self.values {
            filters.push(((*name).to_owned(), page("1", &[(*name, value)])));
        }
        for (name, more) in [
            ("account and domainid", vec![("account", "a7"), ("domainid", domain)]),
            ("domainid, isrecursive", vec![("domainid", domain), ("isrecursive", "true")]),
            ("state=Present", vec![("state", "Present")]),
            ("state=Error, which none is in", vec![("state", "Error")]),
            ("zoneid, state, keyword", vec![("state", "Stopped"), ("keyword", "server 9")]),
            ("a keyword that nothing has", vec![("keyword", "nowhere")]),
        ] {
            filters.push((name.to_owned(), page("1", &more)));
        }
        filters
    }
}
