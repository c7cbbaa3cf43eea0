//! The security groups and affinity groups of VMs, as lists of VMs show them: one statement for all.

use std::collections::BTreeMap;

use hostler_model::{AffinityKind, VmId};
use rusqlite::params;
use uuid::Uuid;

use crate::columns::{parsed, parsed_or_null, to_json};
use crate::{StoreError, Tx};

/// A group that a VM is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOfVm {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for, for people.
    pub description: String,
    /// Where its members are to run; nothing: it is a security group.
    pub kind: Option<AffinityKind>,
    /// The owner's name.
    pub account_name: String,
}

/// The groups of VMs, by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub(crate) fn groups_of(
    tx: &Tx<'_>,
    vms: &[VmId],
) -> Result<BTreeMap<VmId, Vec<GroupOfVm>>, StoreError> {
    let found = tx.rows(
        "list the groups of VMs",
        "SELECT m.vm AS vm, g.id AS id, g.name AS name, g.description AS description, NULL AS kind,
             a.name AS account_name
         FROM vm_security_group m JOIN security_group g ON g.id = m.security_group
         JOIN account a ON a.id = g.account WHERE m.vm IN (SELECT value FROM json_each(?1))
         UNION ALL
         SELECT m.vm, g.id, g.name, g.description, g.kind, a.name
         FROM vm_affinity_group m JOIN affinity_group g ON g.id = m.affinity_group
         JOIN account a ON a.id = g.account WHERE m.vm IN (SELECT value FROM json_each(?1))
         ORDER BY name, id",
        params![to_json(&vms)],
        |row| {
            let group = GroupOfVm {
                id: parsed(row, "id")?,
                name: row.get("name")?,
                description: row.get("description")?,
                kind: parsed_or_null(row, "kind")?,
                account_name: row.get("account_name")?,
            };
            Ok((parsed::<VmId>(row, "vm")?, group))
        },
    )?;
    let mut by_vm: BTreeMap<VmId, Vec<GroupOfVm>> = BTreeMap::new();
    for (vm, group) in found {
        by_vm.entry(vm).or_default().push(group);
    }
    Ok(by_vm)
}
