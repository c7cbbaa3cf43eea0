//! What each host said last of its VMs, in memory: what an audit holds the record against.
//!
//! Nothing is kept of a host that is away: what it said then proves nothing now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use hostler_model::{HostId, Timestamp};
use hostler_store::host::HostRow;
use hostler_wire::{HostReport, StartupCommand, StartupResource};

use super::HostListener;

/// A report, and when it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The host's name.
    pub name: String,
    /// What it said.
    pub report: HostReport,
    /// When.
    pub at: Timestamp,
}

/// The last report of each host that is connected. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct LastReports(Arc<Mutex<BTreeMap<HostId, Heard>>>);

impl LastReports {
    /// What each host said last.
    pub fn all(&self) -> BTreeMap<HostId, Heard> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<HostId, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

#[async_trait]
impl HostListener for LastReports {
    fn name(&self) -> &'static str {
        "last-reports"
    }

    async fn connect(&self, host: &HostRow, startup: &StartupCommand) -> Result<(), String> {
        if let StartupResource::Routing(routing) = &startup.resource {
            let (name, report) = (host.name.clone(), routing.report.clone());
            self.lock().insert(host.id, Heard { name, report, at: now() });
        }
        Ok(())
    }

    async fn disconnect(&self, host: HostId, _why: &str) {
        self.lock().remove(&host);
    }

    async fn report(&self, host: HostId, report: &HostReport) {
        if let Some(heard) = self.lock().get_mut(&host) {
            (heard.report, heard.at) = (report.clone(), now());
        }
    }

    async fn removed(&self, host: HostId) {
        self.lock().remove(&host);
    }
}
