//! What users ask the manager for, and how it answers.
//!
//! Not here: when they ask (`events`).

use anyhow::Context as _;
use hostler_manager::context::Context;
use hostler_manager::error::ServiceError;
use hostler_manager::orchestration::vm::{self, DeployRequest, Placing};
use hostler_manager::orchestration::volume::{self, AttachedVolume, NewVolume, Size};
use hostler_manager::orchestration::{Caller, audit};
use hostler_model::{Bytes, DiskOfferingId, DiskTerms, VmId, VolumeId};
use hostler_store::disk_offering::{DiskOfferingRow, disk_offering_add};
use hostler_tests::cloud::admin;
use hostler_tests::furnish::{Catalogue, furnish};
use uuid::Uuid;

/// What data volumes are sold as.
const DISK: DiskOfferingId = DiskOfferingId::new(Uuid::from_u128(0xd15c));

/// Something to be asked for.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// The zone and everything else that a cloud begins with.
    Furnish,
    /// A template to be registered.
    Template,
    /// A VM of this name.
    Deploy(Catalogue, String),
    /// Something to be done with a VM that has this name.
    Vm(Wish, VmId, String),
    /// Something to be done with a data volume that has this name.
    Volume(VolumeWish, String),
    /// The product's own audit.
    Audit,
}

/// What may be asked for a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Start,
    Stop,
    ForceStop,
    Reboot,
    Destroy,
    DestroyAtOnce,
    Recover,
    Expunge,
}

/// What may be asked for a data volume.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VolumeWish {
    Create(Catalogue),
    Attach(VolumeId, VmId),
    Detach(VolumeId),
    Destroy(VolumeId),
    Recover(VolumeId),
    Delete(VolumeId),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Furnished(Catalogue),
    /// A job was recorded, or nothing had to be done.
    Taken(String),
    /// It was refused, and why.
    Refused(String, String),
    /// What the audit found, and how many hosts' reports it knew.
    Audited(Vec<String>, usize),
    /// It went wrong in a way that no user can help.
    Broken(String),
}

/// Asks the manager.
pub(crate) async fn ask(app: &Context, request: Request) -> Answer {
    match tried(app, request).await {
        Ok(answer) => answer,
        Err(error) => Answer::Broken(format!("{error:#}")),
    }
}

async fn tried(app: &Context, request: Request) -> anyhow::Result<Answer> {
    match request {
        Request::Furnish => {
            let has = furnish(app).await.context("furnish")?;
            let disk = disk_for_sale(app);
            app.store.write(move |tx| disk_offering_add(tx, &disk)).await?;
            Ok(Answer::Furnished(has))
        }
        Request::Volume(wish, name) => {
            let caller = admin(&app.store).await?;
            Ok(ask_for_volume(app, &caller, wish, name).await)
        }
        Request::Audit => {
            let (audit, heard) = audit(app).await?;
            let text = |it: &hostler_store::audit::Difference| {
                format!("{} {}: {}", it.book, it.about, it.text)
            };
            Ok(Answer::Audited(audit.differences.iter().map(text).collect(), heard))
        }
        Request::Template => {
            let caller = admin(&app.store).await?;
            let request = hostler_tests::cloud::template_request(&caller);
            hostler_manager::orchestration::template::register(app, &caller, request).await?;
            Ok(Answer::Taken("a template".to_owned()))
        }
        Request::Deploy(has, name) => {
            let caller = admin(&app.store).await?;
            let request = DeployRequest {
                name: Some(name.clone()),
                ..DeployRequest::new(has.zone, has.offering, has.template)
            };
            let deployed = vm::deploy(app, &caller, request).await;
            Ok(said(format!("deploy {name}"), deployed.map(|(_, job)| job)))
        }
        Request::Vm(wish, id, name) => {
            let caller = admin(&app.store).await?;
            let asked = match wish {
                Wish::Start => vm::start(app, &caller, id, Placing::default()).await,
                Wish::Stop => vm::stop(app, &caller, id, false).await,
                Wish::ForceStop => vm::stop(app, &caller, id, true).await,
                Wish::Reboot => vm::reboot(app, &caller, id, false).await,
                Wish::Destroy => vm::destroy(app, &caller, id, false, Vec::new()).await,
                Wish::DestroyAtOnce => vm::destroy(app, &caller, id, true, Vec::new()).await,
                Wish::Expunge => vm::expunge(app, &caller, id).await,
                Wish::Recover => {
                    let what = format!("{wish:?} {name}");
                    return Ok(match vm::recover(app, &caller, id).await {
                        Ok(()) => Answer::Taken(what),
                        Err(error) => Answer::Refused(what, error.text),
                    });
                }
            };
            Ok(said(format!("{wish:?} {name}"), asked))
        }
    }
}

fn disk_for_sale(app: &Context) -> DiskOfferingRow {
    DiskOfferingRow {
        id: DISK,
        name: "disk".to_owned(),
        display_text: "disk".to_owned(),
        size: Some(Bytes::from_gib(1)),
        storage_type: "local".to_owned(),
        tags: String::new(),
        domains: Vec::new(),
        is_shown: true,
        terms: DiskTerms::default(),
        sort_key: 0,
        state: "Active".to_owned(),
        created: app.now(),
    }
}

async fn ask_for_volume(app: &Context, caller: &Caller, wish: VolumeWish, name: String) -> Answer {
    let (what, asked) = match wish {
        VolumeWish::Create(has) => {
            let size = Size { offering: DISK, chosen: None, domain_path: None };
            let (account, zone) = (caller.account, has.zone);
            let new = NewVolume { id: None, account, zone, name: Some(name.clone()), size };
            ("create", volume::create(app, caller, new).await.map(|(_, job)| job))
        }
        VolumeWish::Attach(id, vm) => ("attach", volume::attach(app, caller, id, vm, None).await),
        VolumeWish::Detach(id) => {
            ("detach", volume::detach(app, caller, AttachedVolume::Id(id)).await)
        }
        VolumeWish::Destroy(id) => ("destroy", volume::destroy(app, caller, id).await),
        VolumeWish::Recover(id) => {
            return said(format!("recover {name}"), volume::recover(app, caller, id).await);
        }
        VolumeWish::Delete(id) => ("delete", volume::delete(app, caller, id, "deleteVolume").await),
    };
    said(format!("{what} {name}"), asked)
}

fn said<T>(what: String, asked: Result<T, ServiceError>) -> Answer {
    match asked {
        Ok(_) => Answer::Taken(what),
        Err(error) => Answer::Refused(what, error.text),
    }
}
