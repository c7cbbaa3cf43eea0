//! `volume.upload`: choose → download. A data volume begins as a file from outside.
//!
//! An image worker fetches and checks the file as it does a template. No host has the volume then: the one that first runs
//! a VM with it writes it from there, and the file goes (`unstage`). A job that fails leaves no volume.

use async_trait::async_trait;
use hostler_model::{
    AccountId, Bytes, DiskOfferingId, JobId, LimitKind, TemplateId, VolumeId, ZoneId,
};
use hostler_store::disk_offering::disk_offering_for_sale;
use hostler_store::event::event_add;
use hostler_store::limit;
use hostler_store::staged_file::{
    NewStagedFile, Purpose, staged_add, staged_complete, staged_worker,
};
use hostler_store::volume::{NewDataVolume, volume_add, volume_get, volume_set_size};
use hostler_wire::DownloadCommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::create::wanted;
use super::unstage::record_surplus;
use super::{Ask, LONG, input, never_was, refused, run, step_event, volume_of, volume_result};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::template::create::most;
use crate::orchestration::template::{check_source, worker_of};
use crate::orchestration::vm::disk_format;
use crate::settings::SECSTORAGE_ALLOW_PRIVATE;

const STEPS: &[&str] = &["choose", "download"];

/// See the file's description.
#[derive(Debug)]
pub struct UploadVolume;

/// A volume that is to begin as a file from outside.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Whose it is to be.
    pub account: AccountId,
    /// Where it is to be used.
    pub zone: ZoneId,
    /// Its name.
    pub name: String,
    /// `http`, `https`, or, from a root administrator, `file`.
    pub url: String,
    /// `QCOW2` or `RAW`.
    pub format: String,
    /// What it must hash to.
    pub checksum: Option<String>,
    /// What it is sold as; nothing: it is as large as the file has it.
    pub offering: Option<DiskOfferingId>,
    /// Path of the caller's domain, which must be one that may use the offering; nothing: an administrator asks.
    pub domain_path: Option<String>,
}

/// What the journal says of the job.
#[derive(Debug, Serialize, Deserialize)]
struct Wants {
    /// What the image worker knows the file by.
    file: TemplateId,
    url: String,
    format: String,
    checksum: Option<String>,
    /// The size that it is sold with, if the offering says one.
    size: Option<Bytes>,
}

impl Wants {
    fn of(cx: &StepContext) -> Result<Self, ServiceError> {
        serde_json::from_value(input(cx)?.wants).map_err(|e| {
            let text = format!("the journal does not say what is to be fetched: {e}");
            ServiceError::new(ServiceErrorKind::Internal, text)
        })
    }
}

/// Checks, records the volume and its job, and has the job run.
///
/// # Errors
/// [`ServiceError`] names the parameter; nothing is written then.
pub async fn upload(
    app: &Context,
    caller: &Caller,
    upload: Upload,
) -> Result<(VolumeId, JobId), ServiceError> {
    check_source(caller, &upload.url, &upload.format, &["QCOW2", "RAW"])?;
    let id = VolumeId::new(Uuid::now_v7());
    let (caller, context, limits) = (caller.clone(), app.clone(), app.settings.limits());
    let (job, old) = app
        .store
        .write(move |tx| {
            let size = match upload.offering {
                None => None,
                Some(offering) => {
                    let path = upload.domain_path.as_deref();
                    let sold = disk_offering_for_sale(tx, offering, path)?.ok_or_else(|| {
                        let text = format!("no disk offering {offering} is for sale");
                        ServiceError::parameter(format!("parameter diskofferingid: {text}"))
                    })?;
                    sold.size
                }
            };
            // its size is claimed when it is known
            limit::claim(tx, &limits, upload.account, &wanted(Bytes(0)))?;
            let new = NewDataVolume {
                id,
                account: upload.account,
                zone: upload.zone,
                vm: None,
                name: upload.name,
                offering: upload.offering,
                size: Bytes(0),
            };
            volume_add(tx, &new, context.now())?;
            let wants = Wants {
                file: TemplateId::new(Uuid::now_v7()),
                url: upload.url,
                format: upload.format.to_ascii_uppercase(),
                checksum: upload.checksum,
                size,
            };
            let ask = Ask {
                kind: "volume.upload",
                api_command: "uploadVolume",
                steps: STEPS,
                wants: json!(wants),
                vm: None,
            };
            let text = format!("volume {} is to be fetched", new.name);
            let volume = volume_get(tx, id)?;
            let old = record_surplus(tx, context.now())?;
            let job = ask.record(tx, &caller, &volume, ("VOLUME.UPLOAD", text), &context)?;
            Ok::<_, ServiceError>((job, old))
        })
        .await?;
    for job in &old {
        run(app, job);
    }
    Ok((id, run(app, &job)))
}

#[async_trait]
impl Workflow for UploadVolume {
    fn kind(&self) -> &'static str {
        "volume.upload"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "choose" => choose(cx).await,
            _ => download(cx).await,
        }
    }

    /// What there is of the file is not needed when the volume is gone, and is removed then like any other.
    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        volume_result(cx)
    }

    /// There is no such volume.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        never_was(cx, "VOLUME.UPLOAD", why)
    }
}

/// Chooses an image worker of the zone, and records what it is going to have.
async fn choose(cx: &StepContext) -> Result<Done, StepError> {
    let (id, wants, now) = (volume_of(cx)?, Wants::of(cx)?, cx.app.now());
    let zone = cx.read(move |tx| Ok(volume_get(tx, id)?.zone)).await?;
    let new = NewStagedFile {
        id: wants.file,
        volume: id,
        purpose: Purpose::Fetched,
        worker: worker_of(cx, Some(zone)).await?,
        user: cx.job.user,
        format: wants.format,
    };
    Ok(Done::writing("an image worker is chosen", move |tx| staged_add(tx, &new, now)))
}

/// Has the worker fetch and check the file; the volume is as large as that, or as it is sold.
async fn download(cx: &StepContext) -> Result<Done, StepError> {
    let (id, wants) = (volume_of(cx)?, Wants::of(cx)?);
    let (file, sold) = (wants.file, wants.size);
    let Some(worker) = cx.read(move |tx| staged_worker(tx, file)).await? else {
        let text = "the image worker that was chosen is not in the cloud any more";
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    };
    let command = DownloadCommand {
        template: file,
        url: wants.url,
        format: disk_format(&wants.format),
        checksum: wants.checksum,
        max_size: most(&cx.app),
        allow_private_addresses: cx.app.settings.flag(&SECSTORAGE_ALLOW_PRIVATE),
    };
    let answer = cx.call(worker, "download", command, LONG).await.map_err(ServiceError::from)?;
    let there = answer.virtual_size;
    if let Some(sold) = sold.filter(|sold| *sold < there) {
        return Err(StepError::Fail(refused(format!(
            "the file holds a disk of {there}, and volumes of the disk offering have {sold}; choose a larger one"
        ))));
    }
    let (size, limits) = (sold.unwrap_or(there), cx.app.settings.limits());
    let text = format!("{} fetched and checked; the volume has {size}", answer.size);
    let event = step_event(cx, "VOLUME.UPLOAD", "INFO", id, text.clone());
    Ok(Done::writing(text, move |tx| {
        let volume = volume_get(tx, id)?;
        limit::claim(tx, &limits, volume.account, &[(LimitKind::PrimaryStorage, size.0)])?;
        volume_set_size(tx, &volume, size, volume.offering)?;
        staged_complete(tx, file, answer.size, there, &answer.sha256)?;
        event_add(tx, &event)
    }))
}
