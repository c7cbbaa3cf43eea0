//! What is compared at the end of an operation, and how everything is removed after it.

use anyhow::ensure;
use hostler_client::Request;
use hostler_model::JobId;
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::process::CrashCloud;

use super::Operation as O;
use super::ground::{expunge, idle, job};

/// How often each host was told something so far.
pub(crate) fn said(cloud: &Cloud) -> Vec<usize> {
    cloud.hosts.iter().map(|host| host.hypervisor.calls().len()).collect()
}

/// How everything is after an operation: what must be the same with and without a kill.
pub(crate) fn end(crash: &CrashCloud, job: JobId, said: &[usize]) -> anyhow::Result<Vec<String>> {
    let books = Books::open(&crash.database())?;
    let mut lines = Vec::new();
    let of_job = format!("(SELECT subject FROM job WHERE id = '{job}')");
    for (what, sql) in [
        ("job", format!("SELECT state, error_code FROM job WHERE id = '{job}'")),
        ("step", format!("SELECT name, state FROM step WHERE job = '{job}' ORDER BY position")),
        ("vm", format!("SELECT state FROM vm WHERE id = {of_job}")),
        ("iso", format!("SELECT iso IS NOT NULL FROM vm WHERE id = {of_job}")),
        ("why", format!("SELECT error IS NOT NULL FROM vm WHERE id = {of_job}")),
        ("volume", format!("SELECT state FROM volume WHERE vm = {of_job}")),
        (
            "data",
            "SELECT state, vm IS NOT NULL, device, size >> 30, disk_offering IS NOT NULL FROM volume
             WHERE kind = 'DATADISK' AND removed IS NULL"
                .to_owned(),
        ),
        (
            "snapshot",
            "SELECT state, pool IS NOT NULL, physical_size IS NOT NULL FROM snapshot WHERE removed IS NULL"
                .to_owned(),
        ),
        ("whole", "SELECT state FROM vm_snapshot WHERE removed IS NULL".to_owned()),
        (
            "staged",
            format!(
                "SELECT purpose, sha256 IS NOT NULL, until IS NOT NULL FROM staged_file
                 WHERE volume = (SELECT json_extract(input, '$.volume') FROM job WHERE id = '{job}')"
            ),
        ),
        (
            "files",
            format!("SELECT count(*) FROM staged_file WHERE id <> {of_job} AND purpose = 'Fetched'"),
        ),
        (
            "event",
            format!(
                "SELECT kind, level, state FROM event WHERE job = '{job}' AND subject <> {of_job} ORDER BY number"
            ),
        ),
        ("NICs", format!("SELECT count(*) FROM nic WHERE vm = {of_job} AND removed IS NULL")),
        ("addresses", "SELECT count(*) FROM address WHERE nic IS NOT NULL".to_owned()),
        ("claims", "SELECT count(*) FROM claim".to_owned()),
        ("runs", format!("SELECT state FROM vm_run WHERE vm = {of_job}")),
        ("placed", format!("SELECT host IS NOT NULL FROM placement WHERE vm = {of_job}")),
        ("template", format!("SELECT state FROM template WHERE id = {of_job}")),
        (
            "made",
            "SELECT state, size IS NOT NULL FROM template WHERE url = '' AND removed IS NULL".to_owned(),
        ),
        ("host", format!("SELECT admin_state FROM host WHERE id = {of_job}")),
        (
            "event",
            format!(
                "SELECT kind, level, state FROM event WHERE subject = {of_job}
                 AND at >= (SELECT created FROM job WHERE id = '{job}')
                 AND cause NOT LIKE 'connection %' ORDER BY number"
            ),
        ),
    ] {
        lines.extend(books.rows(&sql)?.into_iter().map(|row| format!("{what} {row}")));
    }
    lines.push(format!("domains {}", crash.cloud.domains().len()));
    let nics: usize = crash.cloud.hosts.iter().map(|host| host.network.nics().len()).sum();
    lines.push(format!("NICs served {nics}"));
    for (host, before) in crash.cloud.hosts.iter().zip(said) {
        let calls = host.hypervisor.calls();
        let verbs = calls[*before..].iter().filter_map(|call| call.split(' ').next());
        lines.extend(verbs.map(|verb| format!("call {verb}")));
    }
    let faults = books.audit(&crash.cloud)?;
    ensure!(faults.is_empty(), "the books are wrong: {faults:#?}\n{lines:#?}");
    Ok(lines)
}

/// Removes every VM and every template but the cloud's own, and makes sure that nothing is left of them.
pub(crate) async fn clean_up(crash: &CrashCloud) -> anyhow::Result<()> {
    let books = Books::open(&crash.database())?;
    for vm in books.rows("SELECT id FROM vm WHERE removed IS NULL")? {
        expunge(crash, &vm).await?;
    }
    for host in &crash.cloud.hosts {
        let aliens = host.hypervisor.domains().into_iter().filter(|domain| domain.mark.is_none());
        aliens.for_each(|domain| host.hypervisor.vanish(domain.uuid));
    }
    let copies = "SELECT id FROM snapshot WHERE removed IS NULL AND vm_snapshot IS NULL";
    for snapshot in books.rows(copies)? {
        job(crash, &O::DeleteSnapshot.request(crash, "", Some(&snapshot))).await?;
    }
    for volume in books.rows("SELECT id FROM volume WHERE removed IS NULL")? {
        job(crash, &O::DeleteVolume.request(crash, "", Some(&format!("- {volume}")))).await?;
    }
    for host in books.rows("SELECT id FROM host WHERE admin_state <> 'Enabled'")? {
        job(crash, &O::Resume.request(crash, "", Some(&host))).await?;
    }
    let own = crash.cloud.catalogue.template;
    let others = format!("SELECT id FROM template WHERE removed IS NULL AND id <> '{own}'");
    for iso in books.rows(&format!("{others} AND format = 'ISO'"))? {
        job(crash, &Request::new("deleteIso").with("id", iso)).await?;
    }
    for template in books.rows(&others)? {
        job(crash, &O::Delete.request(crash, "", Some(&template))).await?;
    }
    idle(crash).await?;
    // files whose removal was refused are removed by a timer; the next scenario does not wait for that
    rusqlite::Connection::open(crash.database())?.execute("DELETE FROM staged_file", [])?;
    let mut faults = books.audit(&crash.cloud)?;
    faults.extend(crash.cloud.audit().await?);
    ensure!(faults.is_empty(), "the books are wrong: {faults:#?}");
    for (what, sql) in [
        ("VMs", "SELECT id FROM vm WHERE removed IS NULL"),
        ("volumes", "SELECT id FROM volume WHERE removed IS NULL"),
        ("NICs", "SELECT id FROM nic WHERE removed IS NULL"),
        ("addresses", "SELECT ip FROM address WHERE nic IS NOT NULL"),
        ("claims", "SELECT run FROM claim"),
    ] {
        let left = books.rows(sql)?;
        ensure!(left.is_empty(), "{what} are left over: {left:?}");
    }
    for host in &crash.cloud.hosts {
        ensure!(host.storage.seeds().is_empty(), "a seed is left over on {}", host.guid);
    }
    ensure!(crash.cloud.domains().is_empty(), "libvirt domains are left over");
    Ok(())
}
