//! Which volumes each host says that it does not have, in memory.
//!
//! Nothing is kept of a host that is away: what it said then proves nothing now.
//!
//! Not here: who asks them (`monitors`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hostler_model::{HostId, VolumeId};

/// What each host that is connected lacks of what the record believes there. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct LackingVolumes(Arc<Mutex<BTreeMap<HostId, BTreeSet<VolumeId>>>>);

impl LackingVolumes {
    /// A host was asked, and lacks these.
    pub fn said(&self, host: HostId, lacking: BTreeSet<VolumeId>) {
        self.lock().insert(host, lacking);
    }

    /// What a host lacks; nothing: it has not been asked since it came.
    pub fn of(&self, host: HostId) -> Option<BTreeSet<VolumeId>> {
        self.lock().get(&host).cloned()
    }

    /// What all hosts lack.
    pub fn all(&self) -> Vec<(HostId, VolumeId)> {
        let hosts = self.lock();
        let of_host = |(host, lacking): (&HostId, &BTreeSet<VolumeId>)| {
            let host = *host;
            lacking.iter().map(move |volume| (host, *volume)).collect::<Vec<_>>()
        };
        hosts.iter().flat_map(of_host).collect()
    }

    /// A host is away.
    pub fn forget(&self, host: HostId) {
        self.lock().remove(&host);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<HostId, BTreeSet<VolumeId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
