//! What operations begin with: VMs, volumes, templates, accounts, wires.

use anyhow::{Context as _, ensure};
use hostler_client::{Patience, Request};
use hostler_model::JobState;
use hostler_tests::books::Books;
use hostler_tests::cloud::PATIENCE;
use hostler_tests::process::CrashCloud;

use super::Operation;

/// The kind of guest of that name, the same in every cloud.
pub(super) const LINUX: &str = "4be007aa-6ec5-5de2-83f2-499fa51a08f9";

/// A domain with an account that has a VM: the ids of domain and account.
pub(super) async fn account_with_vm(
    crash: &CrashCloud,
    name: &str,
) -> anyhow::Result<(String, String)> {
    crash.call(&Request::new("createDomain").with("name", name)).await?;
    let sql = format!("SELECT id FROM domain WHERE path = 'ROOT/{name}'");
    let domain = Books::open(&crash.database())?.value(&sql)?.context("the domain")?;
    let account = Request::new("createAccount")
        .with("username", name)
        .with("password", "secret")
        .with("firstname", "A")
        .with("lastname", "B")
        .with("email", "a@b.invalid")
        .with("accounttype", "0")
        .with("domainid", &domain);
    crash.call(&account).await?;
    let sql = format!("SELECT id FROM account WHERE domain = '{domain}'");
    let account = Books::open(&crash.database())?.value(&sql)?.context("the account")?;
    let vm = new_vm(crash, name, None).with("account", name).with("domainid", &domain);
    let handle = crash.client()?.start_job(&vm).await?;
    succeeded(crash, &handle.job).await?;
    Ok((domain, account))
}

/// A libvirt domain that somebody else made, on the first host and known to the manager: ids of host and domain.
pub(super) async fn alien(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let host = &crash.cloud.hosts[0];
    let uuid = uuid::Uuid::new_v4();
    let (view, xml) = hostler_tests::simulated::alien(uuid, name);
    let sql = format!("SELECT host || ' ' || uuid FROM alien WHERE uuid = '{uuid}'");
    let told = async {
        loop {
            if let Some(both) = Books::open(&crash.database())?.value(&sql)? {
                return anyhow::Ok(both);
            }
            // what a host sees while it is not connected is told with its next ping, unless it sees it again
            host.hypervisor.insert_with(view.clone(), &xml);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.context("the alien is never told of")?
}

/// A host that runs VMs.
pub(super) fn host(crash: &CrashCloud) -> anyhow::Result<String> {
    let sql = "SELECT id FROM host WHERE kind = 'Routing' ORDER BY name LIMIT 1";
    Books::open(&crash.database())?.value(sql)?.context("a host")
}

pub(super) fn new_vm(crash: &CrashCloud, name: &str, template: Option<&str>) -> Request {
    let catalogue = crash.cloud.catalogue;
    let template = template.map_or_else(|| catalogue.template.to_string(), str::to_owned);
    Request::new("deployVirtualMachine")
        .with("zoneid", catalogue.zone.to_string())
        .with("serviceofferingid", catalogue.offering.to_string())
        .with("templateid", template)
        .with("name", name)
}

/// Sells data volumes of any size, once in the life of a cloud.
pub(super) async fn offer(crash: &CrashCloud) -> anyhow::Result<()> {
    if offering(crash).is_none() {
        let request = Request::new("createDiskOffering").with("name", "any");
        crash.client()?.call(&request.with("customized", "true")).await?;
    }
    Ok(())
}

pub(super) fn offering(crash: &CrashCloud) -> Option<String> {
    Books::open(&crash.database()).ok()?.value("SELECT id FROM disk_offering").ok()?
}

/// The same VM with a data volume, where any are for sale.
pub(super) fn with_data(crash: &CrashCloud, vm: Request) -> Request {
    match offering(crash) {
        Some(offering) => vm.with("diskofferingid", offering).with("size", "1"),
        None => vm,
    }
}

pub(super) async fn volume(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let zone = crash.cloud.catalogue.zone.to_string();
    let request = Request::new("createVolume").with("name", name).with("zoneid", zone);
    let handle = crash.client()?.start_job(&with_data(crash, request)).await?;
    handle.id.context("the id of the volume")
}

/// A data volume that began as a file.
pub(super) async fn uploaded(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    job(crash, &Operation::Upload.request(crash, name, None)).await?;
    idle(crash).await?;
    let sql = format!("SELECT id FROM volume WHERE name = '{name}' AND removed IS NULL");
    Books::open(&crash.database())?.value(&sql)?.context("the volume")
}

/// A second network, once in the life of a cloud.
pub(super) async fn wires(crash: &CrashCloud) -> anyhow::Result<String> {
    let sql = "SELECT id FROM network WHERE name = 'second'";
    if let Some(there) = Books::open(&crash.database())?.value(sql)? {
        return Ok(there);
    }
    let offering = Books::open(&crash.database())?.value("SELECT offering FROM network")?;
    let request = Request::new("createNetwork")
        .with("name", "second")
        .with("zoneid", crash.cloud.catalogue.zone.to_string())
        .with("networkofferingid", offering.context("the offering of the network")?)
        .with("gateway", "10.2.0.1")
        .with("netmask", "255.255.255.0")
        .with("startip", "10.2.0.10")
        .with("endip", "10.2.0.99")
        .with("bridge", "br2");
    crash.call(&request).await?;
    Books::open(&crash.database())?.value(sql)?.context("the network")
}

/// The root volume of a VM.
pub(super) fn root_of(crash: &CrashCloud, vm: &str) -> anyhow::Result<String> {
    let sql = format!("SELECT id FROM volume WHERE vm = '{vm}' AND kind = 'ROOT'");
    Books::open(&crash.database())?.value(&sql)?.context("the root volume")
}

/// An ISO that is Ready.
pub(super) async fn iso(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let request = Request::new("registerIso")
        .with("name", name)
        .with("url", "http://images.invalid/cd.iso")
        .with("zoneid", crash.cloud.catalogue.zone.to_string());
    crash.call(&request).await?;
    let sql = format!("SELECT id FROM template WHERE name = '{name}' AND format = 'ISO'");
    let iso = Books::open(&crash.database())?.value(&sql)?.context("the ISO")?;
    crash.cloud.ended_of(&iso).await?;
    Ok(iso)
}

pub(super) async fn deploy(
    crash: &CrashCloud,
    name: &str,
    template: Option<&str>,
) -> anyhow::Result<String> {
    let handle = crash.client()?.start_job(&new_vm(crash, name, template)).await?;
    succeeded(crash, &handle.job).await?;
    handle.id.context("the id of the VM")
}

pub(super) async fn expunge(crash: &CrashCloud, vm: &str) -> anyhow::Result<()> {
    job(crash, &Operation::Expunge.request(crash, "", Some(vm))).await
}

pub(super) async fn job(crash: &CrashCloud, request: &Request) -> anyhow::Result<()> {
    let handle = crash.client()?.start_job(request).await?;
    succeeded(crash, &handle.job).await
}

pub(super) async fn succeeded(crash: &CrashCloud, job: &str) -> anyhow::Result<()> {
    let (state, why) = crash.cloud.ended(job.parse()?).await?;
    ensure!(state == JobState::Succeeded, "a job of the preparation is {state}: {why}");
    // as clients hear of it
    let patience = Patience::AtMost(PATIENCE);
    crash.client()?.wait_job(job, patience, &mut |_| ()).await?;
    Ok(())
}

/// A template that a host has a copy of, and no VM uses.
pub(super) async fn unused_template(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    crash.call(&Operation::Register.request(crash, name, None)).await?;
    let sql = format!(
        "SELECT job.id FROM job JOIN template ON template.id = job.subject WHERE name = '{name}'"
    );
    let fetched = Books::open(&crash.database())?.value(&sql)?.context("its job")?;
    crash.cloud.ended(fetched.parse()?).await?;
    let sql = format!("SELECT id FROM template WHERE name = '{name}'");
    let template = Books::open(&crash.database())?.value(&sql)?.context("it")?;
    // a host has a copy of it from now on
    let vm = deploy(crash, name, Some(&template)).await?;
    expunge(crash, &vm).await?;
    Ok(template)
}

/// A VM that was an alien.
pub(super) async fn adopted(crash: &CrashCloud, name: &str) -> anyhow::Result<String> {
    let alien = alien(crash, name).await?;
    let request = Operation::Adopt.request(crash, name, Some(&alien));
    let handle = crash.client()?.start_job(&request).await?;
    succeeded(crash, &handle.job).await?;
    handle.id.context("the id of the VM")
}

/// Waits until no job is at work: files of image workers are removed by jobs that nobody waits for.
pub(crate) async fn idle(crash: &CrashCloud) -> anyhow::Result<()> {
    let sql = "SELECT id FROM job WHERE finished IS NULL AND state <> 'NeedsHelp' LIMIT 1";
    while let Some(job) = Books::open(&crash.database())?.value(sql)? {
        crash.cloud.ended(job.parse()?).await?;
    }
    Ok(())
}
