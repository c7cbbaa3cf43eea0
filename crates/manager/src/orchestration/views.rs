//! The hosts of each zone as the scheduler sees them, kept from one placement to the next.
//!
//! A view has names, tags and tenants in it; made anew for every host at every placement they cost more than the placement.
//! Only of a host whose row is another one is the view made again, and only when somebody has come or gone are all asked
//! whether they are connected. Not here: what a view is made of (`vm::spec`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::ZoneId;
use hostler_scheduler::HostView;
use hostler_store::ZoneHosts;
use hostler_store::claim::HostCapacity;

use super::vm::host_view;
use crate::agents::Agents;

/// Views of the hosts of every zone.
#[derive(Debug, Default)]
pub struct HostViews(Mutex<BTreeMap<ZoneId, Arc<Mutex<Kept>>>>);

/// One zone's.
#[derive(Debug, Default)]
struct Kept {
    /// What the views were made of.
    rows: Vec<Arc<HostCapacity>>,
    views: Vec<HostView>,
    /// [`Agents::changes`] before they were looked up.
    changes: u64,
}

impl HostViews {
    /// Has `look` look at the hosts of a zone as `rows` have them; of those that are recorded as Up, the connected ones are.
    /// Whoever wants to look at the same zone meanwhile waits.
    pub(crate) fn look<T>(
        &self,
        zone: ZoneId,
        rows: &ZoneHosts,
        agents: &Agents,
        look: impl FnOnce(&[HostView]) -> T,
    ) -> T {
        let kept = {
            let mut zones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(zones.entry(zone).or_default())
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.follow(rows, agents);
        look(&kept.views)
    }
}

impl Kept {
    fn follow(&mut self, rows: &[Arc<HostCapacity>], agents: &Agents) {
        let changes = agents.changes();
        let mut is_new = changes != self.changes;
        self.changes = changes;
        let same = |(was, is): (&Arc<HostCapacity>, &Arc<HostCapacity>)| {
            Arc::ptr_eq(was, is) || was.host == is.host
        };
        if self.rows.len() != rows.len() || !self.rows.iter().zip(rows).all(same) {
            self.views = rows.iter().map(|row| host_view(row)).collect();
            self.rows = rows.to_vec();
            is_new = true;
        }
        for ((was, view), row) in self.rows.iter_mut().zip(&mut self.views).zip(rows) {
            let is_same = Arc::ptr_eq(was, row);
            if !is_same {
                *view = host_view(row);
                *was = Arc::clone(row);
            }
            if is_new || !is_same {
                view.is_up = row.status == "Up" && agents.is_connected(row.host);
            }
        }
    }
}
