//! Claims: each belongs to a run that may be alive, on its host, and is what the VM's size and the ratio of its start make it.

use hostler_model::{HostId, Mhz, Mib, RunId, of_physical};

use super::Audit;
use crate::columns::{amount, parsed};
use crate::{StoreError, Tx};

/// A claim, beside what it is for.
struct Claimed {
    run: RunId,
    vm: String,
    host: String,
    cpu: Mhz,
    memory: Mib,
    sold_cpu: u64,
    sold_memory: u64,
    ratios: (f64, f64),
}

/// A host, beside what is claimed of it.
struct Sold {
    host: HostId,
    name: String,
    cpu: (u64, u64),
    memory: (u64, u64),
}

pub(super) fn check(tx: &Tx<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    audit.claims = super::count(tx, "count claims", "SELECT count(*) AS number FROM claim")?;
    audit.tell_rows(
        tx,
        "claim",
        "compare claims with runs",
        "SELECT claim.run AS id, CASE
             WHEN vm_run.id IS NULL THEN 'a claim of a run that never was'
             WHEN vm_run.state = 'Ended' THEN 'a claim of a run that has ended'
             ELSE 'a claim on another host than that of its run' END AS text
         FROM claim LEFT JOIN vm_run ON vm_run.id = claim.run
         WHERE vm_run.id IS NULL OR vm_run.state = 'Ended' OR vm_run.host <> claim.host
         UNION ALL
         SELECT vm_run.id, 'a run that may be alive has no claim'
         FROM vm_run LEFT JOIN claim ON claim.run = vm_run.id
         WHERE vm_run.state <> 'Ended' AND claim.run IS NULL
         UNION ALL
         SELECT claim.run, 'a claim on a host that was removed: ' || host.name
         FROM claim JOIN host ON host.id = claim.host WHERE host.removed IS NOT NULL",
    )?;
    amounts(tx, audit)?;
    totals(tx, audit)
}

/// Each claim is what the VM was sold, divided by the ratio that was in force at its start.
fn amounts(tx: &Tx<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    let claims = tx.rows(
        "read claims with what they are for",
        "SELECT claim.run AS run, vm.instance_name AS vm, host.name AS host, claim.cpu_mhz AS cpu,
             claim.memory_mib AS memory, r.cpu_ratio AS cpu_ratio, r.memory_ratio AS memory_ratio,
             coalesce(vm.own_cpus, o.cpus) * coalesce(vm.own_cpu_mhz, o.cpu_mhz) AS sold_cpu,
             coalesce(vm.own_memory_mib, o.memory_mib) AS sold_memory
         FROM claim JOIN vm_run r ON r.id = claim.run JOIN vm ON vm.id = r.vm
         JOIN service_offering o ON o.id = vm.offering JOIN host ON host.id = claim.host
         WHERE r.state <> 'Ended'",
        &[],
        |row| {
            Ok(Claimed {
                run: parsed(row, "run")?,
                vm: row.get("vm")?,
                host: row.get("host")?,
                cpu: Mhz(amount(row, "cpu")?),
                memory: Mib(amount(row, "memory")?),
                sold_cpu: amount(row, "sold_cpu")?,
                sold_memory: amount(row, "sold_memory")?,
                ratios: (row.get("cpu_ratio")?, row.get("memory_ratio")?),
            })
        },
    )?;
    for claim in claims {
        let Claimed { run, vm, host, .. } = &claim;
        let cpu = Mhz(of_physical(claim.sold_cpu, claim.ratios.0));
        let memory = Mib(of_physical(claim.sold_memory, claim.ratios.1));
        if cpu != claim.cpu {
            let text = format!("{vm} claims {} of {host}; its size makes it {cpu}", claim.cpu);
            audit.tell("claim", run, text);
        }
        if memory != claim.memory {
            let text =
                format!("{vm} claims {} of {host}; its size makes it {memory}", claim.memory);
            audit.tell("claim", run, text);
        }
    }
    Ok(())
}

/// No host has more claims than it has.
fn totals(tx: &Tx<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    let hosts = tx.rows(
        "add up the claims of each host",
        "SELECT host.id AS id, host.name AS name, host.cpus * host.cpu_mhz AS all_cpu,
             max(host.memory_mib - host.reserved_mib, 0) AS all_memory, sum(claim.cpu_mhz) AS cpu,
             sum(claim.memory_mib) AS memory
         FROM claim JOIN host ON host.id = claim.host GROUP BY host.id",
        &[],
        |row| {
            Ok(Sold {
                host: parsed(row, "id")?,
                name: row.get("name")?,
                cpu: (amount(row, "cpu")?, amount(row, "all_cpu")?),
                memory: (amount(row, "memory")?, amount(row, "all_memory")?),
            })
        },
    )?;
    for Sold { host, name, cpu, memory } in hosts {
        if cpu.0 > cpu.1 {
            let text = format!("{name} has {}, of which {} are claimed", Mhz(cpu.1), Mhz(cpu.0));
            audit.tell("claim", host, text);
        }
        if memory.0 > memory.1 {
            let (has, claimed) = (Mib(memory.1), Mib(memory.0));
            let text = format!("{name} has {has} for VMs, of which {claimed} are claimed");
            audit.tell("claim", host, text);
        }
    }
    Ok(())
}
