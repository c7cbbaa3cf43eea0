//! Volumes: a row is the claim on its pool's space, so it lies on a pool that is there, and is of a VM that is there.

use super::Audit;
use crate::{StoreError, Tx};

pub(super) fn check(tx: &Tx<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    let all = "SELECT count(*) AS number FROM volume WHERE removed IS NULL";
    audit.volumes = super::count(tx, "count volumes", all)?;
    audit.tell_rows(
        tx,
        "volume",
        "compare volumes with pools and VMs",
        "SELECT v.id AS id, v.name || ' is Ready and lies on no storage pool' AS text
         FROM volume v WHERE v.removed IS NULL AND v.state = 'Ready' AND v.pool IS NULL
         UNION ALL
         SELECT v.id, v.name || ' is not written and takes room of a storage pool'
         FROM volume v WHERE v.removed IS NULL AND v.state = 'Allocated' AND v.pool IS NOT NULL
         UNION ALL
         SELECT v.id, v.name || ' lies on storage pool ' || p.name || ', which is of another zone'
         FROM volume v JOIN storage_pool p ON p.id = v.pool WHERE v.removed IS NULL AND p.zone <> v.zone
         UNION ALL
         SELECT p.id, 'storage pool ' || p.name || ' has ' || p.capacity || ' bytes, of which ' || sum(v.size) || ' are promised'
         FROM volume v JOIN storage_pool p ON p.id = v.pool WHERE v.removed IS NULL
         GROUP BY p.id HAVING sum(v.size) > p.capacity
         UNION ALL
         SELECT v.id, v.name || ' is of a VM that is gone'
         FROM volume v JOIN vm ON vm.id = v.vm WHERE v.removed IS NULL AND vm.removed IS NOT NULL
         UNION ALL
         SELECT v.id, v.name || ' is on the own disk of ' || there.name || ', and its VM ' || vm.instance_name
             || ' runs on ' || here.name
         FROM volume v JOIN storage_pool p ON p.id = v.pool JOIN vm ON vm.id = v.vm
         JOIN vm_run r ON r.vm = vm.id AND r.state <> 'Ended'
         JOIN host there ON there.id = p.host JOIN host here ON here.id = r.host
         WHERE v.removed IS NULL AND v.state = 'Ready' AND r.host <> p.host
         UNION ALL
         SELECT v.id, v.name || ' was thrown away and is attached to a VM'
         FROM volume v WHERE v.removed IS NULL AND v.state = 'Destroy' AND v.vm IS NOT NULL
         UNION ALL
         SELECT v.id, v.name || ' was thrown away, and since when and by whom is not recorded'
         FROM volume v WHERE v.removed IS NULL AND v.state = 'Destroy' AND (v.destroyed IS NULL OR v.destroyer IS NULL)
         UNION ALL
         SELECT v.id, v.name || ' is ' || v.state || ', and was thrown away by the record'
         FROM volume v WHERE v.removed IS NULL AND v.state NOT IN ('Destroy', 'Expunging') AND v.destroyed IS NOT NULL
         UNION ALL
         SELECT v.id, v.name || ' is ' || v.state || ', and no job is at work on it'
         FROM volume v WHERE v.removed IS NULL AND v.state IN ('Creating', 'Expunging')
             AND NOT EXISTS (SELECT 1 FROM job WHERE job.finished IS NULL AND job.subject IN (v.id, v.vm))",
    )
}
