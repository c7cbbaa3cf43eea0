//! `host.maintain` and `host.resume`: a host takes no new VMs, and is in maintenance when the last one has left.
//!
//! The job ends when the host takes no new VMs any more. VMs that are still there keep it in
//! `PrepareForMaintenance`; the end of the last one's run moves it on, in the same transaction (`store::run`).

use async_trait::async_trait;
use hostler_model::{HostId, JobId, ResourceEvent, ResourceState};
use hostler_store::Tx;
use hostler_store::host::{host_administer, host_get};
use hostler_store::host_view::host_view;
use serde_json::Value;

use super::{Ask, ask, host_of, host_result};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

/// No new VMs; in maintenance when the last one has left.
pub static MAINTAIN: Maintenance =
    Maintenance { kind: "host.maintain", event: ResourceEvent::MaintenanceRequested };
/// New VMs again.
pub static RESUME: Maintenance =
    Maintenance { kind: "host.resume", event: ResourceEvent::CancelRequested };

/// See [`MAINTAIN`] and [`RESUME`].
#[derive(Debug)]
pub struct Maintenance {
    kind: &'static str,
    event: ResourceEvent,
}

/// Has a host take no new VMs, and be in maintenance when the last one has left.
///
/// # Errors
/// [`ServiceError`] if there is none, or it runs no VMs.
pub async fn maintain(app: &Context, caller: &Caller, host: HostId) -> Result<JobId, ServiceError> {
    let what = Ask {
        workflow: &MAINTAIN,
        api_command: "prepareHostForMaintenance",
        event: "MAINT.PREPARE",
        what: "go into maintenance",
    };
    ask(app, caller, host, what, move |tx| may(tx, host, MAINTAIN.event)).await
}

/// Has a host take VMs again.
///
/// # Errors
/// [`ServiceError`] if there is none, or it is not in maintenance.
pub async fn resume(app: &Context, caller: &Caller, host: HostId) -> Result<JobId, ServiceError> {
    let what = Ask {
        workflow: &RESUME,
        api_command: "cancelHostMaintenance",
        event: "MAINT.CANCEL",
        what: "come out of maintenance",
    };
    ask(app, caller, host, what, move |tx| may(tx, host, RESUME.event)).await
}

fn may(tx: &Tx<'_>, host: HostId, event: ResourceEvent) -> Result<String, ServiceError> {
    let row = host_get(tx, host)?;
    if row.kind != "Routing" {
        let text =
            format!("{} is an image worker; only hosts that run VMs are maintained", row.name);
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    }
    if row.admin_state.after(event).is_none() {
        let text = format!("host {} is {}, not in maintenance", row.name, row.admin_state);
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    }
    Ok(row.name)
}

#[async_trait]
impl Workflow for Maintenance {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn steps(&self) -> &'static [&'static str] {
        &["admit"]
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (host, event) = (host_of(cx), self.event);
        let view = cx.read(move |tx| host_view(tx, host)).await?;
        let output = match view.admin_state.next(event) {
            Ok(ResourceState::Enabled) => format!("{} takes VMs again", view.name),
            _ => format!("{} takes no new VMs; it is in maintenance when none is left", view.name),
        };
        Ok(Done::writing(output, move |tx| host_administer(tx, host, event).map(|_| ())))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // the one step writes nothing but its commit
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        host_result(cx)
    }
}
