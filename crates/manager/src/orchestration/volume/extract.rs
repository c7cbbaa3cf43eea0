//! `volume.extract`: choose → expect → send → keep → share → tell. What a volume holds that nobody has open is had by a link for
//! a while.
//!
//! The volume's host sends a copy to an image worker, as for a template, and the worker makes a link to it. The volume
//! stays as it is. The copy is recorded as a staged file and goes when the link has ended (`unstage`).

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{HostId, JobId, TemplateId, VolumeId};
use hostler_store::event::event_add;
use hostler_store::host::host_get;
use hostler_store::staged_file::{
    NewStagedFile, Purpose, staged_add, staged_complete, staged_remove, staged_until,
};
use hostler_store::template::image_worker;
use hostler_wire::{
    DeleteTemplateCommand, DiskFormat, ExpectTemplateCommand, KeepTemplateCommand, Secret,
    SendTemplateAnswer, SendTemplateCommand, ShareTemplateCommand, TemplateOrigin,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::unstage::record_surplus;
use super::{Ask, LONG, WAIT, input, refused, run, step_event, volume_of};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::template::create::most;
use crate::orchestration::template::{Origin, file_name, worker_of};
use crate::settings::EXTRACT_URL_EXPIRES;

const STEPS: &[&str] = &["choose", "expect", "send", "keep", "share", "tell"];

/// See the file's description.
#[derive(Debug)]
pub struct ExtractVolume;

/// What the journal says of the job.
#[derive(Debug, Serialize, Deserialize)]
struct Wants {
    /// What the image worker knows the copy by.
    file: TemplateId,
    /// What the link is known by.
    token: String,
    /// The name that the copy is had as.
    name: String,
    /// How long.
    seconds: u32,
}

impl Wants {
    fn of(cx: &StepContext) -> Result<Self, ServiceError> {
        serde_json::from_value(input(cx)?.wants).map_err(|e| {
            let text = format!("the journal does not say which link is meant: {e}");
            ServiceError::new(ServiceErrorKind::Internal, text)
        })
    }
}

/// What the steps leave for later ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Memory {
    worker: Option<HostId>,
    sent: Option<SendTemplateAnswer>,
    url: String,
}

impl Memory {
    fn of(cx: &StepContext) -> Self {
        serde_json::from_value(cx.job.memory.clone()).unwrap_or_default()
    }

    /// The image worker that was chosen.
    fn worker(&self) -> Result<HostId, ServiceError> {
        self.worker.ok_or_else(|| {
            let text = "the journal does not say which image worker was chosen";
            ServiceError::new(ServiceErrorKind::Internal, text)
        })
    }
}

/// Checks, takes the volume, records the job, and has it run; `token` is what the link will be known by.
///
/// # Errors
/// [`ServiceError`] says what is in the way; nothing is written then.
pub async fn extract(
    app: &Context,
    caller: &Caller,
    id: VolumeId,
    token: String,
) -> Result<JobId, ServiceError> {
    let (caller, context, most) = (caller.clone(), app.clone(), most(app));
    let seconds = u32::try_from(app.settings.number(&EXTRACT_URL_EXPIRES)).unwrap_or(u32::MAX);
    let (job, old) = app
        .store
        .write(move |tx| {
            let origin = Origin::read(tx, TemplateOrigin::Volume(id))?;
            origin.check(most)?;
            if !caller.is_root() && !origin.is_extractable {
                let text = format!("the template of {} may not be downloaded", origin.name);
                return Err(ServiceError::new(ServiceErrorKind::Denied, text));
            }
            let Some(volume) = &origin.volume else {
                return Err(refused(format!("{} is no volume", origin.name)));
            };
            let (file, name) = (TemplateId::new(Uuid::now_v7()), file_name(&volume.name, "QCOW2"));
            let ask = Ask {
                kind: "volume.extract",
                api_command: "extractVolume",
                steps: STEPS,
                wants: json!(Wants { file, token, name, seconds }),
                vm: volume.vm,
            };
            let text = format!("a link to {} is to be made", origin.name);
            let old = record_surplus(tx, context.now())?;
            let job = ask.record(tx, &caller, volume, ("VOLUME.EXTRACT", text), &context)?;
            Ok::<_, ServiceError>((job, old))
        })
        .await?;
    for job in &old {
        run(app, job);
    }
    Ok(run(app, &job))
}

#[async_trait]
impl Workflow for ExtractVolume {
    fn kind(&self) -> &'static str {
        "volume.extract"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "choose" => choose(cx).await,
            "expect" => expect(cx).await,
            "send" => send(cx).await,
            "keep" => keep(cx).await,
            "share" => share(cx).await,
            _ => Ok(tell(cx, volume_of(cx)?)),
        }
    }

    /// The host leaves nothing behind by itself; whatever the worker has goes with the second step.
    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let file = Wants::of(cx)?.file;
        let worker = Memory::of(cx).worker;
        if let Some(worker) = worker.filter(|_| step == "expect") {
            cx.call(worker, "delete", DeleteTemplateCommand { template: file }, WAIT).await?;
        }
        let commit: Commit = match step {
            "choose" => Box::new(move |tx| staged_remove(tx, file)),
            _ => nothing(),
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        json!({ "extractvolume": cx.job.input.get("volume"), "url": Memory::of(cx).url })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VOLUME.EXTRACT", "ERROR", volume_of(cx)?, why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

/// The volume as it is, still fit to be sent.
async fn origin(cx: &StepContext) -> Result<Origin, ServiceError> {
    let volume = volume_of(cx)?;
    let origin = cx.read(move |tx| Origin::read(tx, TemplateOrigin::Volume(volume))).await?;
    origin.check(most(&cx.app))?;
    Ok(origin)
}

/// Chooses an image worker of the zone, and records what it is going to have.
async fn choose(cx: &StepContext) -> Result<Done, StepError> {
    let (origin, wants, now) = (origin(cx).await?, Wants::of(cx)?, cx.app.now());
    let worker = worker_of(cx, Some(origin.zone)).await?;
    let new = NewStagedFile {
        id: wants.file,
        volume: volume_of(cx)?,
        purpose: Purpose::Given,
        worker,
        user: cx.job.user,
        format: "QCOW2".to_owned(),
    };
    let memory = json!(Memory { worker: Some(worker), ..Memory::default() });
    let done = Done::writing("an image worker is chosen", move |tx| staged_add(tx, &new, now));
    Ok(done.remembering(memory))
}

/// Has the worker expect a copy from the volume's host.
async fn expect(cx: &StepContext) -> Result<Done, StepError> {
    let (origin, file, worker) = (origin(cx).await?, Wants::of(cx)?.file, Memory::of(cx).worker()?);
    let (_, host) = origin.place()?;
    let from = cx.read(move |tx| Ok(host_get(tx, host)?.guid)).await?;
    let command = ExpectTemplateCommand { template: file, from, max_size: most(&cx.app) };
    cx.call(worker, "expect", command, WAIT).await.map_err(ServiceError::from)?;
    Ok(Done::writing(format!("an image worker expects it from host {from}"), |_| Ok(())))
}

/// Has the host send it.
async fn send(cx: &StepContext) -> Result<Done, StepError> {
    let (origin, file, memory) = (origin(cx).await?, Wants::of(cx)?.file, Memory::of(cx));
    let ((pool, host), to) = (origin.place()?, memory.worker()?);
    let Some((worker, address)) = cx.read(move |tx| image_worker(tx, to)).await? else {
        let text = "the image worker that expects it is not in the cloud any more";
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    };
    let origin_id = TemplateOrigin::Volume(volume_of(cx)?);
    let command = SendTemplateCommand { template: file, origin: origin_id, pool, worker, address };
    let sent = cx.call(host, "send", command, LONG).await.map_err(ServiceError::from)?;
    let text = format!("{} of {} sent", sent.size, origin.name);
    let memory = json!(Memory { sent: Some(sent), ..memory });
    Ok(Done::writing(text, |_| Ok(())).remembering(memory))
}

/// Has the worker check what has come, and keep it.
async fn keep(cx: &StepContext) -> Result<Done, StepError> {
    let (file, memory) = (Wants::of(cx)?.file, Memory::of(cx));
    let (worker, Some(sent)) = (memory.worker()?, memory.sent) else {
        let text = "the journal does not say what was sent";
        return Err(StepError::fail(ServiceErrorKind::Internal, text));
    };
    let command = KeepTemplateCommand {
        template: file,
        size: sent.size,
        sha256: sent.sha256.clone(),
        format: DiskFormat::Qcow2,
        max_size: most(&cx.app),
    };
    let kept = cx.call(worker, "keep", command, LONG).await.map_err(ServiceError::from)?;
    Ok(Done::writing(format!("an image worker has {}", sent.size), move |tx| {
        staged_complete(tx, file, sent.size, kept.virtual_size, &sent.sha256)
    }))
}

/// Has the worker make the link.
async fn share(cx: &StepContext) -> Result<Done, StepError> {
    let (Wants { file, token, name, seconds }, memory) = (Wants::of(cx)?, Memory::of(cx));
    let link = format!("{token}/{name}");
    let command = ShareTemplateCommand { template: file, token: Secret::new(token), name, seconds };
    let worker = memory.worker()?;
    let answer = cx.call(worker, "share", command, WAIT).await.map_err(ServiceError::from)?;
    let until = cx.app.now().plus(Duration::from_secs(seconds.into()));
    let text = format!("a link to the volume that lasts {seconds} s");
    let memory = json!(Memory { url: format!("{}/{link}", answer.base), ..memory });
    Ok(Done::writing(text, move |tx| staged_until(tx, file, until)).remembering(memory))
}

/// Says that there is a link; which one is in the job's result alone.
fn tell(cx: &StepContext, volume: VolumeId) -> Done {
    let text = "a link to the volume is made";
    let event = step_event(cx, "VOLUME.EXTRACT", "INFO", volume, text.to_owned());
    Done::writing(text, move |tx| event_add(tx, &event))
}
