//! Addresses: each is given to a NIC or a host that is there, on its own network and within its ranges, and every NIC has its own.

use std::net::IpAddr;

use super::Audit;
use crate::address::{NetworkRoom, ROOM};
use crate::columns::json;
use crate::{StoreError, Tx};

pub(super) fn check(tx: &Tx<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    audit.addresses =
        super::count(tx, "count addresses", "SELECT count(*) AS number FROM address")?;
    audit.tell_rows(
        tx,
        "address",
        "compare addresses with NICs",
        "SELECT a.network AS id, 'address ' || a.ip || ' is given to ' || CASE
             WHEN a.nic IS NULL THEN 'nobody'
             WHEN nic.id IS NULL THEN 'a NIC that never was'
             WHEN nic.removed IS NOT NULL THEN 'a NIC that is gone'
             ELSE 'a NIC on another network' END AS text
         FROM address a LEFT JOIN nic ON nic.id = a.nic
         WHERE a.host IS NULL AND (nic.id IS NULL OR nic.removed IS NOT NULL OR nic.network <> a.network)
         UNION ALL
         SELECT nic.id, 'NIC of ' || vm.instance_name || ' has ' || nic.ip || ', which is not given to it'
         FROM nic JOIN vm ON vm.id = nic.vm
         LEFT JOIN address a ON a.nic = nic.id AND a.network = nic.network AND a.ip = nic.ip
         WHERE nic.removed IS NULL AND nic.ip IS NOT NULL AND a.ip IS NULL
         UNION ALL
         SELECT nic.id, 'a NIC of a VM that is gone'
         FROM nic LEFT JOIN vm ON vm.id = nic.vm
         WHERE nic.removed IS NULL AND (vm.id IS NULL OR vm.removed IS NOT NULL)
         UNION ALL
         SELECT a.network, 'address ' || a.ip || ' is given to host ' || host.name || ', which was removed'
         FROM address a JOIN host ON host.id = a.host WHERE host.removed IS NOT NULL
         UNION ALL
         SELECT network.id, 'network ' || network.name || ' is gone and ' || count(*) || ' of its addresses are not'
         FROM address a JOIN network ON network.id = a.network
         WHERE network.removed IS NOT NULL GROUP BY network.id",
    )?;
    let sql = format!(
        "SELECT {ROOM} AS room, (SELECT json_group_array(ip) FROM address a WHERE a.network = network.id) AS given
         FROM network WHERE removed IS NULL"
    );
    let rooms: Vec<(NetworkRoom, Vec<IpAddr>)> =
        tx.rows("read the addresses of every network", &sql, &[], |row| {
            Ok((json(row, "room")?, json(row, "given")?))
        })?;
    for (room, given) in rooms {
        for ip in given.into_iter().filter(|ip| !room.has(*ip)) {
            let text = format!("address {ip} of network {} is of none of its ranges", room.name);
            audit.tell("address", room.id, text);
        }
    }
    Ok(())
}
