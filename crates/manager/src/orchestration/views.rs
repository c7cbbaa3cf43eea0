//! The hosts of each zone as the scheduler sees them, kept from one placement to the next.
//!
//! A view has names, tags and tenants in it; made anew for every host at every placement they cost more than the placement.
//! Only of a host whose row is another one is the view made again. Not here: what a view is made of (`vm::spec`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::{HostId, ZoneId};
use hostler_scheduler::HostView;
use hostler_store::ZoneHosts;
use hostler_store::claim::HostCapacity;

use super::vm::host_view;

/// Views of the hosts of every zone.
#[derive(Debug, Default)]
pub struct HostViews(Mutex<BTreeMap<ZoneId, Arc<Mutex<Kept>>>>);

/// One zone's.
#[derive(Debug, Default)]
struct Kept {
    /// What the views were made of.
    rows: Vec<Arc<HostCapacity>>,
    views: Vec<HostView>,
}

impl HostViews {
    /// Has `look` look at the hosts of a zone as `rows` have them. `is_connected` is asked for those that are recorded as
    /// Up. Whoever wants to look at the same zone meanwhile waits.
    pub(crate) fn look<T>(
        &self,
        zone: ZoneId,
        rows: &ZoneHosts,
        is_connected: impl Fn(HostId) -> bool,
        look: impl FnOnce(&[HostView]) -> T,
    ) -> T {
        let kept = {
            let mut zones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(zones.entry(zone).or_default())
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.follow(rows, is_connected);
        look(&kept.views)
    }
}

impl Kept {
    fn follow(&mut self, rows: &[Arc<HostCapacity>], is_connected: impl Fn(HostId) -> bool) {
        let same = |(was, is): (&Arc<HostCapacity>, &Arc<HostCapacity>)| was.host == is.host;
        if self.rows.len() != rows.len() || !self.rows.iter().zip(rows).all(same) {
            self.views = rows.iter().map(|row| host_view(row)).collect();
            self.rows = rows.to_vec();
        }
        for ((was, view), row) in self.rows.iter_mut().zip(&mut self.views).zip(rows) {
            if !Arc::ptr_eq(was, row) {
                *view = host_view(row);
                *was = Arc::clone(row);
            }
            view.is_up = row.status == "Up" && is_connected(row.host);
        }
    }
}
