//! How many VMs lists say that there are: what triggers have kept counted, against the VMs.

use super::Audit;
use crate::{StoreError, Tx};

pub(super) fn check(tx: &Tx<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    audit.tell_rows(
        tx,
        "tally",
        "compare how many VMs there are with what lists say",
        "WITH counted AS (SELECT account, zone, offering, template, state, count(*) AS number FROM vm
             WHERE removed IS NULL GROUP BY 1, 2, 3, 4, 5),
         kept AS (SELECT account, zone, offering, template, state, number FROM vm_tally WHERE number <> 0)
         SELECT account AS id, 'lists say that its account has another number of ' || state || ' VMs than there are' AS text
         FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept)
         UNION ALL
         SELECT account, 'lists say that its account has ' || number || ' ' || state || ' VMs, and that is not so'
         FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted)",
    )
}
