//! Asks each host that comes whether it has the volumes that the record believes on its pools.
//!
//! What it lacks is shown by `listDrift` and `auditCloud`, and asked for again at each of its pings. Nothing follows from
//! it by itself: a volume that is not there may be on a disk that is not mounted.
//!
//! Not here: what is kept of the answers (`agents::LackingVolumes`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{CommandId, HostId, StoragePoolId, VolumeId};
use hostler_store::StoreError;
use hostler_store::host::HostRow;
use hostler_store::volume_sight::volumes_on;
use hostler_wire::{FindVolumesCommand, Ping};
use tracing::warn;
use uuid::Uuid;

use crate::agents::HostListener;
use crate::context::Context;
use crate::error::ServiceError;

/// How long a host may take to look.
const ANSWER: Duration = Duration::from_secs(10);

/// Listens to hosts' coming.
#[derive(Debug)]
pub struct VolumeLook {
    app: Context,
}

impl VolumeLook {
    /// One that asks `app`'s hosts.
    pub fn new(app: Context) -> Self {
        Self { app }
    }

    /// Asks a host for everything that it should have, or, once it has answered that, for what it lacked.
    async fn look(&self, host: HostId) -> Result<(), ServiceError> {
        let lacked = self.app.lacking.of(host);
        if lacked.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(());
        }
        let believed = self.app.store.read(move |tx| volumes_on(tx, host)).await;
        let mut asked: BTreeMap<StoragePoolId, Vec<VolumeId>> = BTreeMap::new();
        for (pool, volume) in believed.map_err(|error: StoreError| ServiceError::from(error))? {
            if lacked.as_ref().is_none_or(|lacked| lacked.contains(&volume)) {
                asked.entry(pool).or_default().push(volume);
            }
        }
        let mut lacking = BTreeSet::new();
        for (pool, volumes) in asked {
            let order = CommandId::new(Uuid::now_v7());
            let question = FindVolumesCommand { pool, volumes };
            let answer = self.app.agents.call(host, order, question, ANSWER).await;
            lacking.extend(answer.map_err(|error| ServiceError::unavailable(&error))?.missing);
        }
        if lacked.is_none() && !lacking.is_empty() {
            let volumes = lacking.len();
            warn!(%host, volumes, "a host lacks volumes that the record believes there; see listDrift");
        }
        self.app.lacking.said(host, lacking);
        Ok(())
    }

    async fn try_to_look(&self, host: HostId) {
        if let Err(error) = self.look(host).await {
            warn!(%host, %error, "a host could not be asked for its volumes; it is again at its next ping");
        }
    }
}

#[async_trait]
impl HostListener for VolumeLook {
    fn name(&self) -> &'static str {
        "volume-look"
    }

    async fn ready(&self, host: &HostRow) {
        self.try_to_look(host.id).await;
    }

    async fn ping(&self, host: HostId, _ping: &Ping) {
        self.try_to_look(host).await;
    }

    async fn disconnect(&self, host: HostId, _why: &str) {
        self.app.lacking.forget(host);
    }
}
