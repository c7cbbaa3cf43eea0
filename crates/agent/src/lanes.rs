//! Turns: commands for one VM run one after another, in the order in which they arrived.
//!
//! Not here: how many commands run at once in all, and what they do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::VmId;
use tokio_util::sync::CancellationToken;

/// The end of every lane that somebody stands in: the token that is cancelled when its last turn is over.
type Ends = Arc<Mutex<HashMap<VmId, (u64, CancellationToken)>>>;

/// One lane for each VM. Who waits in a lane occupies no thread.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    ends: Ends,
    count: std::sync::atomic::AtomicU64,
}

/// A place in a lane. Dropping it lets the next one in, so it must be kept until [`Turn::come`] has ended.
#[derive(Debug)]
pub(crate) struct Turn {
    vm: VmId,
    number: u64,
    before: Option<CancellationToken>,
    over: CancellationToken,
    ends: Ends,
}

impl Lanes {
    /// Takes the next place in the lane of `vm`, at once; whose turn it is follows the order of these calls.
    pub(crate) fn queue_up(&self, vm: VmId) -> Turn {
        let number = self.count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let over = CancellationToken::new();
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let before = ends.insert(vm, (number, over.clone())).map(|(_, token)| token);
        Turn { vm, number, before, over, ends: Arc::clone(&self.ends) }
    }
}

impl Turn {
    /// Ends when everybody before is done.
    pub(crate) async fn come(&self) {
        if let Some(before) = &self.before {
            before.cancelled().await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.get(&self.vm).is_some_and(|(last, _)| *last == self.number) {
            ends.remove(&self.vm);
        }
        drop(ends);
        self.over.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use uuid::Uuid;

    fn vm(n: u128) -> VmId {
        VmId::new(Uuid::from_u128(n))
    }

    #[test]
    fn one_vms_turns_come_in_the_order_of_arrival() {
        let lanes = Lanes::default();
        let (first, second, third) =
            (lanes.queue_up(vm(1)), lanes.queue_up(vm(1)), lanes.queue_up(vm(1)));
        assert!(first.come().now_or_never().is_some());
        assert!(second.come().now_or_never().is_none());
        drop(first);
        assert!(second.come().now_or_never().is_some());
        assert!(third.come().now_or_never().is_none());
    }

    #[test]
    fn different_vms_never_wait_for_each_other() {
        let lanes = Lanes::default();
        let _first = lanes.queue_up(vm(1));
        assert!(lanes.queue_up(vm(2)).come().now_or_never().is_some());
    }

    #[test]
    fn a_lane_that_nobody_stands_in_takes_no_memory() {
        let lanes = Lanes::default();
        drop(lanes.queue_up(vm(1)));
        drop((lanes.queue_up(vm(1)), lanes.queue_up(vm(2))));
        assert!(lanes.ends.lock().unwrap().is_empty());
    }
}
