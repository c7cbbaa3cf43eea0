//! How many things are in which state: a read across tables, for whoever watches the cloud.

use crate::columns::amount;
use crate::{StoreError, Tx};

/// A kind of thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Hosts that are not removed, by their status.
    Hosts,
    /// Jobs that are not finished, by their state.
    Jobs,
    /// VMs that are not expunged, by their state.
    Vms,
}

/// How many there are in each state.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn census(tx: &Tx<'_>) -> Result<Vec<(Counted, String, u64)>, StoreError> {
    tx.rows(
        "count things by their state",
        "SELECT 'host' AS kind, status AS state, count(*) AS number FROM host
             WHERE removed IS NULL AND kind = 'Routing' GROUP BY status
         UNION ALL SELECT 'job', state, count(*) FROM job WHERE finished IS NULL GROUP BY state
         UNION ALL SELECT 'vm', state, count(*) FROM vm WHERE removed IS NULL GROUP BY state",
        &[],
        |row| {
            let kind = match row.get::<_, String>("kind")?.as_str() {
                "host" => Counted::Hosts,
                "job" => Counted::Jobs,
                _ => Counted::Vms,
            };
            Ok((kind, row.get("state")?, amount(row, "number")?))
        },
    )
}
