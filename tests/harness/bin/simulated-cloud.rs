//! A cloud for clients that are programs of their own: a real manager on loopback, and hosts that are simulated; with a
//! directory, where there is an LDAP server on this machine.
//!
//! Prints what a client needs as `CLOUD_NAME=value` lines, `CLOUD_READY=1` last, and ends when its standard input is
//! closed, so that it never outlives who started it. `simulated-cloud [HOSTS]`: 2 hosts unless told otherwise.
//!
//! Not here: what clients do with it (`tests/clients`).

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use hostler_manager::api::password;
use hostler_model::{AccountType, Mib};
use hostler_store::StoreError;
use hostler_store::domain::domain_by_path;
use hostler_store::user::{user_by_name, user_set_password};
use hostler_tests::cloud::Cloud;
use hostler_tests::furnish::PLACE;
use hostler_tests::http::{Api, tenant};
use hostler_tests::slapd::{Slapd, TEAM};

/// Memory of each host: room for some sixty small VMs.
const MEMORY: Mib = Mib(32 * 1024);
/// The administrator's; this cloud is gone with the test.
const PASSWORD: &str = "correct horse";

#[allow(clippy::print_stdout)] // whoever started it reads there how to reach the cloud
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let hosts = match std::env::args().nth(1) {
        Some(text) => text.parse().context("HOSTS is a number")?,
        None => 2,
    };
    let cloud = Cloud::configured(&vec![MEMORY; hosts], |_| ()).await?;
    let address = cloud.manager.as_ref().context("the manager runs")?.api;
    let admin = Api::admin(address, &cloud.folder().join("manager"))?;
    let user = tenant(cloud.store(), address, "ROOT", "ursula", AccountType::User).await?;
    give_password(&cloud).await?;
    let slapd = if Slapd::is_there() { Some(Slapd::start().await?) } else { None };
    if let Some(slapd) = &slapd {
        slapd.is_told_to(&admin).await;
    }
    let apis = admin.ok("listApis", &[]).await;
    let names = apis["api"].as_array().into_iter().flatten().filter_map(|api| api["name"].as_str());
    let commands = names.collect::<Vec<_>>().join(" ");
    let catalogue = cloud.catalogue;
    for (name, value) in [
        ("ENDPOINT", format!("http://{address}/client/api")),
        ("API_KEY", admin.key),
        ("SECRET_KEY", admin.secret),
        ("USERNAME", "admin".to_owned()),
        ("PASSWORD", PASSWORD.to_owned()),
        ("USER_API_KEY", user.key),
        ("USER_SECRET_KEY", user.secret),
        ("ZONE", PLACE[0].to_owned()),
        ("ZONE_ID", catalogue.zone.to_string()),
        ("NETWORK_ID", catalogue.network.to_string()),
        ("OFFERING_ID", catalogue.offering.to_string()),
        ("TEMPLATE_ID", catalogue.template.to_string()),
        ("LDAP_GROUP", slapd.as_ref().map(|_| TEAM.to_owned()).unwrap_or_default()),
        ("COMMANDS", commands),
        ("READY", "1".to_owned()),
    ] {
        writeln!(std::io::stdout(), "CLOUD_{name}={value}")?;
    }
    // the end of the input is the end of the cloud
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

async fn give_password(cloud: &Cloud) -> anyhow::Result<()> {
    let hash = password::hash(PASSWORD.to_owned()).await.map_err(anyhow::Error::msg)?;
    let given = cloud.store().write(move |tx| {
        let root = domain_by_path(tx, "ROOT")?.ok_or(StoreError::Closed)?;
        let admin = user_by_name(tx, root.id, "admin")?.ok_or(StoreError::Closed)?;
        user_set_password(tx, admin.user.id, &hash)
    });
    Ok(given.await?)
}
